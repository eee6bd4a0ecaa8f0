"""What the measurements share: timing, percentiles, and one line of the table."""
import statistics
import time


def milliseconds(action):
    began = time.perf_counter()
    action()
    return (time.perf_counter() - began) * 1000


def repeat(times, action):
    """The milliseconds of each of `times` calls."""
    return [milliseconds(action) for _ in range(times)]


def percentile(values, percent):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def show(values, unit="ms"):
    """"median (p99 or worst) unit" of some values."""
    if len(values) == 1:
        return f"{values[0]:.1f} {unit}"
    return f"p50 {statistics.median(values):.1f}, p99 {percentile(values, 99):.1f} {unit} (n={len(values)})"


class Table:
    def __init__(self):
        self.rows = []

    def add(self, what, ours, beside=""):
        self.rows.append((what, ours, beside))
        print(f"  {what}: {ours}{'; beside it ' + beside if beside else ''}", flush=True)

    def print(self):
        widths = [max(len(row[column]) for row in [("what", "measured", "beside it"), *self.rows]) for column in range(2)]
        print()
        for row in [("what", "measured", "beside it"), ("-" * widths[0], "-" * widths[1], "-" * 9), *self.rows]:
            print(f"| {row[0]:{widths[0]}} | {row[1]:{widths[1]}} | {row[2]} |")

// The log of the shown lane grows in place: bytes are asked for by offset, so that nothing is missed or shown twice.
// Only with "Follow" on does the view move.
import { AnsiLine } from "./ansi";
import type { ServerEvent } from "./live";

const most = 20_000;        // rows kept in the page; the raw log has the rest
const patience = 10_000;    // ms until asked again without an event, while the lane runs

export function log(): ((event: ServerEvent) => void) | undefined {
  const block = document.getElementById("log");
  if (!block) return undefined;
  for (const input of document.querySelectorAll<HTMLInputElement>("[data-wrap]"))
    input.addEventListener("change", () => block.classList.toggle("wrap", input.checked));
  const follow = document.querySelector<HTMLInputElement>("[data-follow]");
  const toEnd = (): void => {
    if (follow?.checked) block.scrollTop = block.scrollHeight;
  };
  follow?.addEventListener("change", toEnd);
  if (!location.hash) block.scrollTop = block.scrollHeight;  // the end is what one came for
  if (block.dataset.closed === "1") return undefined;
  if (follow && !location.hash) follow.checked = true;
  toEnd();

  const reader = new LogReader(block, toEnd);
  void reader.read();
  return (event) => {
    const lane = event.data.lane;
    if (typeof lane === "string" && lane !== block.dataset.lane) return;
    void reader.read();
  };
}

class LogReader {
  private next: number;
  private line: number;
  private row: HTMLElement | null;
  private rest = "";
  private readonly numbered: boolean;
  private readonly ansi = new AnsiLine();
  private readonly decoder = new TextDecoder("utf-8");
  private reading = false;
  private again = false;
  private closed = false;
  private timer: number | undefined;

  constructor(private readonly block: HTMLElement, private readonly moved: () => void) {
    this.next = Number(block.dataset.next ?? "0");
    const last = block.querySelector<HTMLElement>(".row:last-child");
    this.numbered = last === null || last.id !== "";
    this.line = last ? Number(last.id.slice(1)) : 0;
    this.row = block.dataset.partial === "1" ? last : null;
  }

  async read(): Promise<void> {
    if (this.closed) return;
    if (this.reading) {
      this.again = true;
      return;
    }
    this.reading = true;
    clearTimeout(this.timer);
    do {
      this.again = false;
      try {
        const address = new URL(this.block.dataset.raw!, location.href);
        address.searchParams.set("offset", String(this.next));
        const answer = await fetch(address, { credentials: "same-origin" });
        if (!answer.ok) break;
        const bytes = new Uint8Array(await answer.arrayBuffer());
        this.next = Number(answer.headers.get("X-Log-Next-Offset") ?? this.next + bytes.length);
        this.append(this.decoder.decode(bytes, { stream: true }));
        if (bytes.length > 0) this.again = true;
        else if (answer.headers.get("X-Log-Complete") === "true") this.closed = true;
      } catch {
        break;
      }
    } while (this.again);
    this.reading = false;
    if (!this.closed) this.timer = window.setTimeout(() => void this.read(), patience);
  }

  private append(text: string): void {
    if (text === "") return;
    document.getElementById("log-empty")?.remove();
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop()!;
    const rows = document.createDocumentFragment();
    for (const line of lines) {
      const row = this.row ?? this.newRow(rows);
      this.row = null;
      this.ansi.write(row, line);
      row.append("\n");
    }
    this.block.append(rows);
    while (this.block.childElementCount > most) this.block.firstElementChild!.remove();
    const size = document.getElementById("log-size");
    if (size) size.textContent = `raw, ${sizeWords(this.next)}`;
    this.moved();
  }

  private newRow(parent: ParentNode): HTMLElement {
    const row = document.createElement("span");
    row.className = "row";
    this.line += 1;
    if (this.numbered) {
      row.id = `L${this.line}`;
      const link = document.createElement("a");
      link.className = "ln";
      link.tabIndex = -1;
      link.href = `#L${this.line}`;
      link.textContent = String(this.line);
      row.append(link);
    }
    parent.append(row);
    return row;
  }
}

function sizeWords(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  let value = bytes;
  for (const unit of ["kB", "MB", "GB"]) {
    value /= 1000;
    if (value < 999.95) return `${value.toFixed(1)} ${unit}`;
  }
  return `${(value / 1000).toFixed(1)} TB`;
}

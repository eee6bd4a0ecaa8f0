"""Manual pages and completion, by the programs that read them."""
import pathlib
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "harness"))
from pikatest import BIN, Project, main  # noqa: E402

PROGRAMS = ["pikaci", "ph", "pika-git", "pika-invariants"]
HELPERS = ["pikaci-fulfill-prepared-output", "pikaci-launch-fulfill-prepared-output"]
CATALOGUE = 'version = 1\n[[lane]]\nid = "unit"\ncommand = ["true"]\n[[lane]]\nid = "unusual"\ncommand = ["true"]\n'


def text(program, *words):
    return subprocess.run([BIN / program, *words], capture_output=True, text=True, check=True).stdout


class Manual(unittest.TestCase):
    def complete(self, folder, *words):
        """What bash would offer for the last word."""
        script = text(words[0], "completion", "bash")
        line = " ".join(f"'{w}'" for w in words)
        script += f"COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _{words[0].replace('-', '_')}; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        answer = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, env={"PATH": f"{BIN}:/usr/bin:/bin", "HOME": folder})
        self.assertEqual(answer.stderr, "")
        return answer.stdout.split()

    def test_bash_offers_commands_options_values_and_names(self):
        with Project(files={"ci/pikaci.toml": CATALOGUE}) as project:
            folder = str(project.folder)
            self.assertEqual(self.complete(folder, "pikaci", "re"), ["replay", "rerun"])
            self.assertEqual(self.complete(folder, "pikaci", "-o", "js"), ["json", "jsonl"])
            self.assertEqual(self.complete(folder, "pikaci", "-o", "json", "why", "un"), ["unit", "unusual"])
            self.assertEqual(self.complete(folder, "pikaci", "run", "--fail"), ["--fail-fast"])
            self.assertEqual(self.complete(folder, "pikaci", "status", ""), [])
            self.assertIn("login", self.complete(folder, "ph", "lo"))
            self.assertEqual(self.complete(folder, "pika-git", "ser"), ["serve"])

    def test_every_shell_reads_its_script(self):
        for program in PROGRAMS:
            for shell in ("bash", "zsh", "fish"):
                if shutil.which(shell):
                    with self.subTest(program=program, shell=shell):
                        answer = subprocess.run([shell, "-n"], input=text(program, "completion", shell), capture_output=True, text=True)
                        self.assertEqual((answer.returncode, answer.stderr), (0, ""))

    def test_troff_has_no_complaint(self):
        for program, asked in [*((p, "man-page") for p in PROGRAMS), *((p, "--man-page") for p in HELPERS)]:
            page = text(program, asked)
            self.assertTrue(page.startswith(f".TH {program.upper()} 1"))
            if shutil.which("groff"):
                answer = subprocess.run(["groff", "-man", "-ww", "-Tutf8", "-z"], input=page, capture_output=True, text=True)
                self.assertEqual((answer.returncode, answer.stderr), (0, ""))


if __name__ == "__main__":
    main()

// The same as libs/pika-git/web/src/ansi.cpp, for lines of a log that arrive while the page is open.
const sequence = /\x1b(?:\[([0-?]*)[ -/]*([@-~]?)|[\]P^_][^\x07\x1b]*(?:\x07|\x1b\\|$)|[ -/]*[0-~]?)/g;
// Controls and characters that steer what is seen without being seen (html.cpp).
const hidden =
  /[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff]|[\u{e0000}-\u{e007f}]/gu;

export function visible(text: string): string {
  return text.replace(hidden, (c) => {
    const point = c.codePointAt(0)!;
    if (point < 0x20) return String.fromCodePoint(0x2400 + point);
    if (point === 0x7f) return "\u2421";
    return `<U+${point.toString(16).toUpperCase().padStart(4, "0")}>`;
  });
}

export class AnsiLine {
  private colour = -1;
  private bold = false;
  private dim = false;
  private underline = false;

  write(row: HTMLElement, line: string): void {
    line = line.replace(/\r+$/, "");
    line = line.slice(line.lastIndexOf("\r") + 1);
    let at = 0;
    for (const found of line.matchAll(sequence)) {
      this.piece(row, line.slice(at, found.index));
      if (found[2] === "m") this.apply(found[1] ?? "");
      at = found.index + found[0].length;
    }
    this.piece(row, line.slice(at));
  }

  private piece(row: HTMLElement, text: string): void {
    if (text === "") return;
    const classes: string[] = [];
    if (this.colour >= 0) classes.push(`n${this.colour}`);
    if (this.bold) classes.push("bo");
    if (this.dim) classes.push("di");
    if (this.underline) classes.push("un");
    if (classes.length === 0) {
      row.append(visible(text));
      return;
    }
    const span = document.createElement("span");
    span.className = classes.join(" ");
    span.textContent = visible(text);
    row.append(span);
  }

  private apply(parameters: string): void {
    const parts = parameters.split(";").map((part) => (part === "" ? 0 : Number(part)));
    for (let i = 0; i < parts.length; i += 1) {
      const n = parts[i];
      if (n === 0) {
        this.colour = -1;
        this.bold = this.dim = this.underline = false;
      } else if (n === 1) this.bold = true;
      else if (n === 2) this.dim = true;
      else if (n === 4) this.underline = true;
      else if (n === 22) this.bold = this.dim = false;
      else if (n === 24) this.underline = false;
      else if (n >= 30 && n <= 37) this.colour = n - 30;
      else if (n >= 90 && n <= 97) this.colour = n - 82;
      else if (n === 39) this.colour = -1;
      else if (n === 38 || n === 48) {
        const mode = parts[i + 1];
        if (n === 38 && mode === 5) this.colour = parts[i + 2] >= 0 && parts[i + 2] < 16 ? parts[i + 2] : -1;
        i += mode === 5 ? 2 : mode === 2 ? 4 : 0;
      }
    }
  }
}

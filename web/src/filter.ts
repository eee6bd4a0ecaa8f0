// The file filter of the outline (data-filter names the list) and the search in a log (data-find names the block).
function filterFiles(input: HTMLInputElement, list: HTMLElement): void {
  const wanted = input.value.trim().toLowerCase();
  let folder: HTMLElement | null = null;
  let shown = 0;
  const close = (): void => {
    if (folder) folder.hidden = shown === 0;
  };
  for (const item of list.children as HTMLCollectionOf<HTMLElement>) {
    if (item.classList.contains("dir")) {
      close();
      folder = item;
      shown = 0;
      continue;
    }
    const match = (item.dataset.path ?? "").toLowerCase().includes(wanted);
    item.hidden = !match;
    if (match) shown += 1;
  }
  close();
  for (const file of document.querySelectorAll<HTMLElement>(".dfile"))
    file.hidden = !(file.dataset.path ?? "").toLowerCase().includes(wanted);
}

function findInLog(input: HTMLInputElement, block: HTMLElement, next: boolean): void {
  const wanted = input.value.toLowerCase();
  const rows = [...block.querySelectorAll<HTMLElement>(".row")];
  const hits = rows.filter((row) => {
    const hit = wanted !== "" && (row.textContent ?? "").toLowerCase().includes(wanted);
    row.classList.toggle("hit", hit);
    return hit;
  });
  if (hits.length === 0) return;
  const last = Number(input.dataset.at ?? "-1");
  const at = next ? (last + 1) % hits.length : 0;
  input.dataset.at = String(at);
  hits[at].scrollIntoView({ block: "nearest" });
}

export function filters(): void {
  begin();
  document.addEventListener("pika:walk", begin);
}

function begin(): void {
  for (const input of document.querySelectorAll<HTMLInputElement>("input[data-filter]")) {
    const list = document.getElementById(input.dataset.filter ?? "");
    if (list) input.addEventListener("input", () => filterFiles(input, list));
  }
  for (const input of document.querySelectorAll<HTMLInputElement>("input[data-find]")) {
    const block = document.getElementById(input.dataset.find ?? "");
    if (!block) continue;
    input.addEventListener("input", () => findInLog(input, block, false));
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") findInLog(input, block, true);
    });
  }
}

// Keys: j k steps, n p hunks, x reviewed, d diff, l lanes, m merge, ? help. None is taken while somebody types.
import type { Walk } from "./review";

function typing(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  return !!element?.closest("input, textarea, select, [contenteditable]");
}

// The place that j, k, n and p count from: the last one gone to, else what is at the top of the window.
function place(elements: HTMLElement[], current: HTMLElement | null): number {
  const known = current ? elements.indexOf(current) : -1;
  if (known >= 0) {
    const box = elements[known].getBoundingClientRect();
    if (box.bottom > 0 && box.top < innerHeight) return known;
  }
  let at = -1;
  elements.forEach((element, i) => {
    if (element.getBoundingClientRect().top <= 24) at = i;
  });
  return at;
}

function go(elements: HTMLElement[], current: HTMLElement | null, by: number): HTMLElement | null {
  const shown = elements.filter((element) => element.offsetParent !== null);
  if (shown.length === 0) return current;
  const next = shown[Math.min(Math.max(place(shown, current) + by, 0), shown.length - 1)];
  next.scrollIntoView({ block: "start" });
  next.tabIndex = -1;
  next.focus({ preventScroll: true });
  return next;
}

function help(): void {
  const dialog = document.getElementById("keys") as HTMLDialogElement | null;
  if (!dialog) return;
  if (dialog.open) dialog.close();
  else dialog.showModal();
}

function follow(selector: string): boolean {
  const link = document.querySelector<HTMLAnchorElement>(selector);
  link?.click();
  return link !== null;
}

export function keys(walk: Walk): void {
  let step: HTMLElement | null = null;
  let hunk: HTMLElement | null = null;
  const files = [...document.querySelectorAll<HTMLElement>(".dfile")];
  const stops = (): HTMLElement[] => (walk.steps.length > 0 ? walk.steps : files);

  const actions: Record<string, () => void> = {
    j: () => (step = go(stops(), step, 1)),
    k: () => (step = go(stops(), step, -1)),
    n: () => mark(1),
    p: () => mark(-1),
    x: () => {
      const here = walk.steps[place(walk.steps, step)];
      if (here) walk.toggle(here);
    },
    d: () => void follow('.tabs a[href*="/diff"]'),
    l: () => {
      const lanes = document.querySelector<HTMLElement>(".lanelist a, .lanes2 a");
      if (lanes) {
        lanes.scrollIntoView({ block: "center" });
        lanes.focus({ preventScroll: true });
      } else {
        follow('.tabs a[href$="/ci"]');
      }
    },
    m: () => {
      const merge = document.getElementById("merge");
      merge?.scrollIntoView({ block: "center" });
      merge?.focus({ preventScroll: true });
    },
    "?": help,
  };
  const mark = (by: number): void => {
    hunk?.classList.remove("now");
    hunk = go([...document.querySelectorAll<HTMLElement>(".hunk")], hunk, by);
    hunk?.classList.add("now");
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) return;
    const action = Object.hasOwn(actions, event.key) ? actions[event.key] : undefined;
    if (!action) return;
    event.preventDefault();
    action();
  });
  document.querySelector("[data-help]")?.addEventListener("click", help);
}

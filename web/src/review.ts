// Which steps somebody has reviewed. The mark belongs to what the step's hunks say (data-key), so it stays through a
// push that leaves them as they are and goes with one that changes them. Kept in this browser.
const prefix = "pika.reviewed.";

export interface Walk {
  steps: HTMLElement[];
  toggle(step: HTMLElement): void;
}

function read(key: string): boolean {
  try {
    return localStorage.getItem(prefix + key) === "1";
  } catch {
    return false;
  }
}

function write(key: string, done: boolean): void {
  try {
    if (done) localStorage.setItem(prefix + key, "1");
    else localStorage.removeItem(prefix + key);
  } catch {
    // private windows may refuse: the mark then lasts as long as the page
  }
}

export function review(): Walk {
  const walk: Walk = { steps: [], toggle: () => undefined };
  const show = (step: HTMLElement, done: boolean): void => {
    step.classList.toggle("done", done);
    const button = step.querySelector<HTMLButtonElement>(".tick");
    button?.setAttribute("aria-pressed", String(done));
    const words = button?.querySelector("span");
    if (words) words.textContent = done ? "Reviewed" : "Mark reviewed";
    document.querySelector(`.toc li[data-for="${step.id}"]`)?.classList.toggle("done", done);
  };
  const tally = (): void => {
    const steps = walk.steps;
    const progress = document.getElementById("walk-progress") as HTMLProgressElement | null;
    const count = document.getElementById("walk-count");
    const done = steps.filter((step) => step.classList.contains("done")).length;
    if (progress) progress.value = done;
    if (count && steps.length > 0) count.textContent = `${done} of ${steps.length}`;
  };
  walk.toggle = (step) => {
    const done = !step.classList.contains("done");
    write(step.dataset.key ?? "", done);
    show(step, done);
    tally();
  };

  const begin = (): void => {
    walk.steps = [...document.querySelectorAll<HTMLElement>("article.step")];
    for (const step of walk.steps) {
      show(step, read(step.dataset.key ?? ""));
      step.querySelector(".tick")?.addEventListener("click", () => walk.toggle(step));
    }
    tally();
    markPlace(walk.steps);
  };
  begin();
  document.addEventListener("pika:walk", begin);
  return walk;
}

// The outline shows which step is being read.
function markPlace(steps: HTMLElement[]): void {
  if (steps.length === 0 || !("IntersectionObserver" in window)) return;
  const seen = new Set<Element>();
  const observer = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) entry.isIntersecting ? seen.add(entry.target) : seen.delete(entry.target);
      const here = steps.find((step) => seen.has(step));
      for (const item of document.querySelectorAll<HTMLElement>(".toc li"))
        item.classList.toggle("here", here !== undefined && item.dataset.for === here.id);
    },
    { rootMargin: "-10% 0px -60% 0px" },
  );
  for (const step of steps) observer.observe(step);
}

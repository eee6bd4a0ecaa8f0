// The page follows the server's events. Once the stream is open, and after every burst of events, the page's live
// regions are fetched, and those that changed are put in place. A region in which somebody types or has something open
// waits.
export interface ServerEvent {
  type: string;
  data: Record<string, unknown>;
}

const kinds = ["branch.changed", "suite.changed", "lane.changed", "log.appended", "queue.changed", "tutorial.changed"];
const pause = 400;  // ms between fetches, so that a burst of events is one

function busy(region: Element): boolean {
  const focus = document.activeElement;
  if (focus && region.contains(focus) && focus.matches("input, textarea, select")) return true;
  return region.querySelector("details[open]") !== null;
}

// What the server last said of each region, so that only a real change touches the page.
const known = new Map<string, string>();

function remember(root: ParentNode): void {
  for (const region of root.querySelectorAll<HTMLElement>("[data-live]")) known.set(region.dataset.live!, region.outerHTML);
}

function putInPlace(fresh: Document): void {
  for (const region of fresh.querySelectorAll<HTMLElement>("[data-live]")) {
    const name = region.dataset.live!;
    const html = region.outerHTML;
    if (known.get(name) === html) continue;
    const old = document.querySelector<HTMLElement>(`[data-live="${CSS.escape(name)}"]`);
    if (!old || busy(old)) continue;
    known.set(name, html);
    const focused = document.activeElement instanceof HTMLElement && old.contains(document.activeElement)
      ? document.activeElement.getAttribute("href") : null;
    const node = document.importNode(region, true);
    old.replaceWith(node);
    if (focused) node.querySelector<HTMLElement>(`[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }
}

function news(words: string): void {
  const line = document.getElementById("news");
  if (!line) return;
  const link = document.createElement("a");
  link.href = location.pathname + location.hash;
  link.textContent = "Show it";
  link.addEventListener("click", (event) => {
    event.preventDefault();
    location.reload();
  });
  line.replaceChildren(words + " ", link);
  line.hidden = false;
}

// Where a page waited for its tutorial, walk and outline come in whole: nothing was being read there.
async function bringWalk(): Promise<void> {
  const answer = await fetch(location.pathname + location.search, { credentials: "same-origin" });
  if (!answer.ok) return;
  const whole = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const selector of ["main", ".outline"]) {
    const fresh = whole.querySelector(selector);
    if (fresh) document.querySelector(selector)?.replaceWith(document.importNode(fresh, true));
  }
  document.dispatchEvent(new Event("pika:walk"));
}

// Nobody has begun: the page stands at its top, nothing of it was opened, no step is marked.
function unread(): boolean {
  const main = document.querySelector("main");
  return window.scrollY < 80 && !main?.querySelector("details[open], .step.done") && !(document.activeElement && main?.contains(document.activeElement));
}

// A model's words came (or others in their place): brought in where nobody reads yet, else announced.
async function bringWords(fresh: Document): Promise<void> {
  const main = document.querySelector<HTMLElement>("main[data-words]");
  const there = fresh.querySelector<HTMLElement>("[data-words]")?.dataset.words;
  if (!main || !there || main.dataset.words === there) return;
  if (unread()) return bringWalk();
  main.dataset.words = there;
  news("A model’s words about this version are here.");
}

// A new version is only announced: putting it in place would move what somebody reads.
async function announce(fresh: Document): Promise<void> {
  const here = document.querySelector<HTMLElement>("main[data-tutorial]")?.dataset.tutorial;
  const there = fresh.querySelector<HTMLElement>("[data-tutorial]")?.dataset.tutorial;
  if (here !== undefined && here !== "ready" && there === "ready") {
    await bringWalk();
  }
  await bringWords(fresh);
  const before = Number(document.body.dataset.versions ?? "0");
  const now = Number(fresh.querySelector<HTMLElement>("[data-versions]")?.dataset.versions ?? "0");
  if (before > 0 && now > before) {
    document.body.dataset.versions = String(now);
    news(`Version ${now} was pushed.`);
  }
}

export function live(onEvent: (event: ServerEvent) => void): void {
  const stream = document.body.dataset.events;
  if (!stream || !("EventSource" in window)) return;
  remember(document);
  document.body.dataset.versions = document.querySelector<HTMLElement>("[data-versions]")?.dataset.versions ?? "0";

  let wanted = false;
  let fetching = false;
  const refresh = async (): Promise<void> => {
    if (fetching) {
      wanted = true;
      return;
    }
    fetching = true;
    do {
      wanted = false;
      await new Promise((resolve) => setTimeout(resolve, pause));
      try {
        const address = new URL(location.href);
        address.hash = "";
        address.searchParams.set("part", "live");
        const answer = await fetch(address, { credentials: "same-origin" });
        if (!answer.ok) continue;
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        await announce(fresh);
        putInPlace(fresh);
      } catch {
        // the stream tells when the server is back
      }
    } while (wanted);
    fetching = false;
  };

  const address = new URL(stream, location.href);
  const sequence = document.body.dataset.sequence;
  if (sequence) address.searchParams.set("since", sequence);
  const source = new EventSource(address);
  // Subscribed, then the snapshot: what happened between the page and the stream, or while it was lost, is seen now.
  source.addEventListener("open", () => void refresh());
  for (const type of kinds) {
    source.addEventListener(type, (event) => {
      let data: Record<string, unknown> = {};
      try {
        data = JSON.parse((event as MessageEvent<string>).data);
      } catch {
        // an event without ids concerns everything
      }
      onEvent({ type, data });
      if (type !== "log.appended") void refresh();
    });
  }
}

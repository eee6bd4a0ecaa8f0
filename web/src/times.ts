// Relative times are kept true while the page is open; the exact time stays in the title.
export function relativeWords(time: number, now: number): string {
  let span = Math.trunc((now - time) / 1000);
  const future = span < 0;
  span = Math.abs(span);
  if (span < 45) return future ? "in a moment" : "just now";
  let amount: string;
  if (span < 90 * 60) amount = `${Math.max(1, Math.floor((span + 30) / 60))} min`;
  else if (span < 36 * 3600) amount = `${Math.floor((span + 1800) / 3600)} h`;
  else if (span < 60 * 86400) amount = `${Math.floor((span + 43200) / 86400)} days`;
  else if (span < 700 * 86400) amount = `${Math.floor((span + 15 * 86400) / (30 * 86400))} months`;
  else amount = `${Math.floor((span + 182 * 86400) / (365 * 86400))} years`;
  return future ? `in ${amount}` : `${amount} ago`;
}

function refresh(): void {
  const now = Date.now();
  for (const element of document.querySelectorAll<HTMLTimeElement>("time.rel")) {
    const words = relativeWords(Date.parse(element.dateTime), now);
    if (element.textContent !== words) element.textContent = words;
  }
}

export function times(): void {
  setInterval(refresh, 30_000);
}

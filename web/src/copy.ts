// Buttons that copy: the text is in data-copy. One listener, so that buttons which arrive later work too.
export function copyButtons(): void {
  document.addEventListener("click", async (event) => {
    const button = (event.target as Element).closest<HTMLButtonElement>("button[data-copy]");
    if (!button) return;
    const words = button.textContent ?? "";
    try {
      await navigator.clipboard.writeText(button.dataset.copy ?? "");
      button.textContent = "Copied";
    } catch {
      button.textContent = "Select and copy";  // no clipboard over plain http on another host
    }
    setTimeout(() => (button.textContent = words), 1500);
  });
}

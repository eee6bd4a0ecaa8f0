// One browser for the tests: reads a JSON operation a line on standard input, answers a line each.
//   node tests/harness/browser.mjs NODE_MODULES
// The operations are the methods of pikatest/browser.py.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { join } from "node:path";

const { chromium } = createRequire(join(process.argv[2], "x.js"))("playwright-core");

// Debian's chromium talks to its maker's hosts in the background unless told not to.
const quiet = [
  "--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync",
  "--disable-default-apps", "--disable-domain-reliability", "--no-first-run", "--no-pings", "--disable-dev-shm-usage",
  "--disable-features=OptimizationHints,MediaRouter,Translate,InterestFeedContentSuggestions",
  "--force-color-profile=srgb", "--font-render-hinting=none",
];
const patience = Number(process.env.PIKA_TEST_PATIENCE ?? "120") * 1000;
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", headless: true, args: quiet });
let context;
let page;
let complaints = [];

const operations = {
  async context({ width, height, dark, scripts }) {
    await context?.close();
    context = await browser.newContext({
      viewport: { width, height }, colorScheme: dark ? "dark" : "light", javaScriptEnabled: scripts, reducedMotion: "reduce",
    });
    context.setDefaultTimeout(patience);
    page = await context.newPage();
    complaints = [];
    page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
    page.on("dialog", async (dialog) => { complaints.push(`dialog: ${dialog.message()}`); await dialog.dismiss(); });
    page.on("console", (line) => { if (line.type() === "error") complaints.push(`console: ${line.text()}`); });
    page.on("request", (request) => {
      const host = new URL(request.url()).hostname;
      if (host !== "127.0.0.1" && !request.url().startsWith("data:")) complaints.push(`foreign request: ${request.url()}`);
    });
  },
  async goto({ url }) { return (await page.goto(url, { waitUntil: "load" })).status(); },
  async click({ selector }) { await page.locator(selector).first().click(); },
  async fill({ selector, text }) { await page.locator(selector).first().fill(text); },
  async wait_text({ selector, text }) { await page.locator(selector, { hasText: text }).first().waitFor({ state: "attached" }); },
  async text({ selector }) { return await page.locator(selector).first().innerText(); },
  async count({ selector }) { return await page.locator(selector).count(); },
  async url() { return page.url(); },
  async evaluate({ expression }) { return await page.evaluate(expression); },
  async complaints() { return complaints; },
  async picture({ path, full }) { await page.screenshot({ path, fullPage: full, animations: "disabled" }); },
  async close() { await browser.close(); },
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  let answer;
  try {
    answer = { value: (await operations[request.op](request)) ?? null };
  } catch (error) {
    answer = { error: String(error) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
await browser.close().catch(() => {});

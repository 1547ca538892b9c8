// Runs journeys through the app's pages in a browser, one for each line of JSON on standard input:
// {"journey": name, "given": {…}} is answered by {"ok": true, "value": …} or {"ok": false, "error"}.

import readline from "node:readline";
import { chromium } from "playwright-core";
import * as consoleJourneys from "./journeys.mjs";
import * as docsJourneys from "./docs_page.mjs";

const journeys = { ...consoleJourneys, ...docsJourneys };

const [executablePath, base] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });

async function run({ journey, given = {}, view = {} }) {
  const context = await browser.newContext({ viewport: { width: 1100, height: 900 }, locale: "en-GB", ...view });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(String(error.stack)));
  page.on("console", (message) => {
    if (/Content Security Policy/.test(message.text())) faults.push(message.text());
  });
  page.on("dialog", (dialog) => {
    faults.push(`a dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  try {
    const value = await journeys[journey]({ page, base, ...given });
    const left = await page.evaluate(() => [localStorage.length, document.cookie, location.href]);
    if (left[0] || left[1] || /token|code=/.test(left[2])) faults.push(`left behind: ${left}`);
    if (faults.length) throw new Error(faults.join("\n"));
    return { ok: true, value: value ?? null };
  } catch (error) {
    const text = await page.evaluate(() => document.body.innerText).catch(() => "");
    return { ok: false, error: `${error.stack}\n${faults.join("\n")}\n--- the page\n${text.slice(0, 3000)}` };
  } finally {
    await context.close();
  }
}

console.log(JSON.stringify({ ok: true, value: browser.version() }));
for await (const line of readline.createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await run(JSON.parse(line))));
}
await browser.close();

// What people do with the console. Each journey throws when the page is not as it should be.

import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";

const AXE = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

// The first: the result of a ticket may begin with its title, too.
const heading = (page, name) => page.getByRole("heading", { level: 1, name }).first();
const go = (page, name) => page.getByRole("navigation", { name: "Main" }).getByRole("link", { name }).click();

export async function signIn({ page, base, user, password }) {
  await page.goto(`${base}/console`);
  await page.getByLabel("Username or email").fill(user);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await heading(page, "Tickets").waitFor();
  await page.getByText("Live", { exact: true }).waitFor();
}

async function open(page, type, title, fields, files = []) {
  await go(page, "New ticket");
  await page.getByRole("radio", { name: type }).check();
  await page.getByLabel("Title").fill(title);
  for (const [name, value] of Object.entries(fields)) await page.locator(`#field-${name}`).fill(value);
  if (files.length) await drop(page, files);
  await page.getByRole("button", { name: "Open the ticket" }).click();
  await heading(page, title).waitFor();
}

/** As a person drops files from the desktop. */
async function drop(page, files) {
  const transfer = await page.evaluateHandle((given) => {
    const transfer = new DataTransfer();
    for (const [name, text] of given) transfer.items.add(new File([text], name));
    return transfer;
  }, files);
  await page.locator(".drop").dispatchEvent("drop", { dataTransfer: transfer });
}

const completed = (page) => page.locator(".badge.completed").waitFor();

/** The page is there before any answer of the API, and loads nothing from elsewhere. */
export async function firstPaint({ page, base }) {
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.goto(`${base}/console`);
  await heading(page, "Sign in").waitFor();
  assert.deepEqual(asked.filter((url) => !url.startsWith(`${base}/console`) && !url.startsWith("data:")), []);
  await page.getByLabel("Username or email").fill("nobody");
  await page.getByLabel("Password").fill("wrong password");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("alert").waitFor();
}

export async function custom({ page, title, ...who }) {
  await signIn({ page, ...who });
  await go(page, "New ticket");
  await page.getByRole("radio", { name: "custom" }).check();
  await page.getByLabel("Title").fill(title);
  await page.locator("#field-task_description").fill("Summarise the text.");
  await page.locator("#field-context").fill("The berth is free. The pilot guides ships.");
  await page.locator("#field-output_schema").fill("{not json");
  await page.getByRole("button", { name: "Open the ticket" }).click();
  await page.getByText("This is not JSON.").waitFor();
  await page.locator("#field-output_schema").fill('{"type": 7}');
  await page.getByRole("button", { name: "Open the ticket" }).click();
  await page.locator("#field-output_schema-fault").waitFor();
  await page.locator("#field-output_schema").fill("");
  await page.getByRole("button", { name: "Open the ticket" }).click();
  await heading(page, title).waitFor();
  await completed(page);
  await page.locator("article.report p").first().waitFor();
  await page.getByText("Course", { exact: true }).click();
  await page.getByRole("table", { name: "Steps, calls and waits" }).getByText("call", { exact: true }).first().waitFor();
  const saved = page.waitForEvent("download");
  await page.getByRole("button", { name: "json", exact: true }).click();
  const result = JSON.parse(fs.readFileSync(await (await saved).path(), "utf8"));
  assert.ok(result.summary);
  await page.getByRole("button", { name: "Reprocess" }).click();
  await page.locator(".facts").getByText("attempt 2").waitFor();
  await completed(page);
  return page.url().split("/").pop();
}

export async function document({ page, files, ...who }) {
  await signIn({ page, ...who });
  await open(page, "doc analysis", "The harbour papers", { analysis_type: "risk" }, files);
  await completed(page);
  const proof = page.locator(".insights li li").first();
  const quote = (await proof.locator("blockquote").textContent()).trim();
  await proof.getByRole("button", { name: "Show in the text" }).click();
  assert.equal(await proof.locator("pre.source mark").textContent(), quote);
  await drop(page, [["more.txt", "One more text that came later."]]);
  await page.getByText("more.txt").waitFor();
  const saved = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download more.txt" }).click();
  assert.equal(fs.readFileSync(await (await saved).path(), "utf8"), "One more text that came later.");
}

export async function review({ page, url, ...who }) {
  await signIn({ page, ...who });
  await open(page, "pr review", "Orders, faster", { pr_url: url });
  await completed(page);
  const finding = page.locator(".findings > li").first();
  await finding.locator(".diff tr.meant").first().waitFor();
  assert.ok((await finding.locator(".diff tr").count()) > 1);
  assert.match(await finding.locator(".diff tr.meant").first().innerText(), /require_admin|page \* 20/);
  const saved = page.waitForEvent("download");
  await page.getByRole("button", { name: "github-review", exact: true }).click();
  assert.equal((await saved).suggestedFilename(), "Orders-faster.review.json");
}

/** Results of types whose services are not here, as their contract has them. */
export async function otherResults({ page, base, ticket, results, ...who }) {
  await signIn({ page, base, ...who });
  const found = {};
  for (const [type, result] of Object.entries(results)) {
    await page.route(`**/tickets/${ticket}`, async (route) => {
      const answer = await (await route.fetch()).json();
      await route.fulfill({ json: { ...answer, task_type: type, result_data: result } });
    });
    await page.route(`**/tickets/${ticket}/result?format=svg`, (route) =>
      route.fulfill({ contentType: "image/svg+xml", body: '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>' }));
    await page.goto(`${base}/console#/tickets/${ticket}`);
    await page.reload();
    await page.getByRole("heading", { name: "Result" }).waitFor();
    if (type === "snowflake_query") {
      await page.locator("img.chart").waitFor();
      await page.waitForFunction(() => document.querySelector("img.chart").naturalWidth === 9);
    }
    found[type] = await page.locator("section.result").innerText();
    await page.unroute(`**/tickets/${ticket}`);
  }
  return found;
}

/** A report that is a page of its own stays within this one, as do the links of its contents. */
export async function paper({ page, title, ...who }) {
  await signIn({ page, ...who });
  await open(page, "paper writing", title, { topic: "Harbours" });
  const address = page.url();
  const report = page.locator("article.report");
  const link = report.locator("nav a").last();
  const section = await link.textContent();
  await link.click();
  await page.waitForFunction((section) => document.activeElement.textContent === section, section);
  assert.equal(page.url(), address);
  assert.equal(await page.locator("main").count(), 1);
  assert.equal(await report.locator("style, meta, title").count(), 0);
}

/** Ten thousand tickets are pages of fifty, however far one goes, also while news come in. */
export async function many({ page, base, ...who }) {
  let socket = null;
  await page.routeWebSocket(/\/client\/hubs\//, (route) => {
    socket = route;
    route.connectToServer();
  });
  const ticket = (number) => ({ id: `t${number}`, title: `Ticket ${number}`, task_type: "custom", priority: "low", status: "completed", created_by: "x", created_at: "2026-01-01T00:00:00Z", progress: { stage: "completed", done: 1, total: 1, percent: 100 } });
  await page.route(/\/api\/v1\/tickets\?/, (route) => {
    const start = Number(new URL(route.request().url()).searchParams.get("cursor") || 0);
    const tickets = Array.from({ length: 50 }, (_, place) => ticket(start + place));
    return route.fulfill({ json: { tickets, total: 10_000, next_cursor: start < 9_950 ? String(start + 50) : null } });
  });
  await page.clock.install();
  await signIn({ page, base, ...who });
  await page.getByText("10,000 tickets").waitFor();
  await page.getByText("Live", { exact: true }).waitFor();
  for (let number = 1; number <= 30; number++) {
    await page.getByRole("button", { name: "Older" }).click();
    await page.getByRole("link", { name: `Ticket ${number * 50}`, exact: true }).waitFor();
  }
  assert.equal(await page.locator(".tickets li").count(), 50);
  // News of a ticket let the list be read again soon: it stays at the page that was opened meanwhile.
  await page.clock.pauseAt(await page.evaluate(() => Date.now() + 1_000));
  socket.send(JSON.stringify({ type: "message", data: { type: "attachment_added", ticket_id: "t1", seq: 1 } }));
  await page.getByRole("button", { name: "Older" }).click();
  const arrived = page.getByRole("link", { name: "Ticket 1550", exact: true });
  for (let step = 0; step < 10 && !(await arrived.isVisible()); step++) await page.clock.runFor(30);
  await arrived.waitFor();
  const asked = [];
  page.on("request", (request) => asked.push(new URL(request.url()).searchParams.get("cursor")));
  await page.clock.runFor(1_000);
  await page.clock.resume();
  await page.getByRole("button", { name: "Newer" }).click();
  await page.getByRole("link", { name: "Ticket 1500", exact: true }).waitFor();
  assert.deepEqual(asked.filter((cursor) => cursor !== null), ["1500"]);
  await page.getByRole("button", { name: "Newer" }).click();
  await page.getByRole("link", { name: "Ticket 1450", exact: true }).waitFor();
}

/** A ticket that asks is answered by who may edit it, and what comes before the result shows as it comes. */
export async function question({ page, base, ticket, ...who }) {
  let asked = { kind: "outline", text: "Is this the outline?", outline: { sections: ["One"] }, expires_at: "2099-01-01T00:00:00Z" };
  let owner = { created_by: "somebody else" };
  await page.route(`**/tickets/${ticket}`, async (route) => {
    const answer = await (await route.fetch()).json();
    await route.fulfill({ json: { ...answer, ...owner, status: "processing", result_data: {}, question: asked } });
  });
  let answer = null;
  await page.route(`**/tickets/${ticket}/answer`, (route) => {
    answer = route.request().postDataJSON();
    asked = null;
    return route.fulfill({ json: {} });
  });
  let socket = null;
  await page.routeWebSocket(/\/client\/hubs\//, (route) => {
    socket = route;
    route.connectToServer();
  });
  await signIn({ page, base, ...who });
  await page.goto(`${base}/console#/tickets/${ticket}`);
  const box = page.getByLabel("Your answer");
  await page.getByText(asked.text).waitFor();
  assert.equal(await box.count(), 0);
  owner = {};
  await page.reload();
  await box.fill("{no json");
  await page.getByRole("button", { name: "Answer", exact: true }).click();
  await page.getByText("no JSON any more").waitFor();
  await box.fill('{"sections": ["One", "Two"]}');
  await page.getByRole("button", { name: "Answer", exact: true }).click();
  await box.waitFor({ state: "detached" });
  const say = (n, text) => socket.send(JSON.stringify({ type: "message", data: { type: "partial_text", ticket_id: ticket, attempt: 1, section: "intro", n, text, unchecked: true } }));
  say(1, "First, ");
  say(2, "<b>then</b>");
  await page.locator(".partial pre").getByText("First, <b>then</b>").waitFor();
  return answer;
}

/** A type that nobody here knows has its form by its schema alone. */
export async function unknownType({ page, base, ...who }) {
  await signIn({ page, base, ...who });
  const schema = {
    type: "object",
    required: ["name", "size"],
    $defs: { Colour: { enum: ["red", "green_blue"], type: "string", title: "Hue" } },
    properties: {
      name: { type: "string", maxLength: 40, description: "What it is called." },
      size: { type: "integer", minimum: 1 },
      colour: { anyOf: [{ $ref: "#/$defs/Colour" }, { type: "null" }], default: null },
      tags: { type: "array", items: { type: "string" } },
      loud: { type: "boolean", default: false },
      more: { anyOf: [{ type: "object" }, { type: "null" }] },
      pace: { anyOf: [{ enum: ["slow", "fast"], type: "string" }, { type: "integer" }], default: "slow" },
      speed: { anyOf: [{ enum: ["slow", "fast"], type: "string" }, { type: "integer" }], default: "slow" },
      points: { anyOf: [{ type: "string" }, { type: "array", items: { type: "string" } }, { type: "null" }] },
    },
  };
  await page.route("**/task-types", (route) => route.fulfill({ json: { team_type: { schema, example: { name: "x" }, enabled: true } } }));
  let sent = null;
  await page.route("**/api/v1/tickets", (route) => {
    if (route.request().method() !== "POST") return route.continue();
    sent = { body: route.request().postDataJSON(), key: route.request().headers()["idempotency-key"] };
    const errors = [{ loc: ["task_data", "size"], msg: "Too large", type: "x" }];
    return route.fulfill({ status: 422, json: { detail: "task_data.size: Too large.", errors } });
  });
  await go(page, "New ticket");
  await page.getByLabel("Title").fill("T");
  await page.getByLabel("name").fill("a name");
  await page.getByLabel("size").fill("7");
  await page.getByLabel("colour").selectOption("green_blue");
  await page.getByLabel("tags").fill("one\n\ntwo");
  await page.getByLabel("loud").check();
  await page.getByLabel("more").fill('{"a": 1}');
  await page.getByLabel("speed").fill("12");
  await page.getByLabel("points").fill('["12", "[b"]');
  await page.getByRole("button", { name: "Open the ticket" }).click();
  await page.locator("#field-size-fault").getByText("Too large").waitFor();
  const first = sent.key;
  const again = page.waitForResponse("**/api/v1/tickets");
  await page.getByRole("button", { name: "Open the ticket" }).click();
  await again;
  assert.equal(sent.key, first);
  return sent.body;
}

/** The list and an open ticket follow what happens elsewhere; a lost connection is said and mended. */
export async function live({ page, base, title, token, body, ...who }) {
  let down = false;
  let socket = null;
  await page.routeWebSocket(/\/client\/hubs\//, (route) => {
    if (down) return route.close();
    socket = route;
    route.connectToServer();
  });
  await page.route("**/ws/negotiate", (route) => (down ? route.abort() : route.continue()));
  await signIn({ page, base, ...who });
  const post = () => fetch(`${base}/tickets`, { method: "POST", body: JSON.stringify(body), headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" } });
  assert.equal((await post()).status, 201);
  const rows = page.locator(".tickets li").filter({ hasText: title });
  await rows.first().locator(".badge.completed").waitFor();
  down = true;
  await socket.close();
  await page.getByText("No live connection").waitFor();
  assert.equal((await post()).status, 201);
  await rows.nth(1).locator(".badge.completed").waitFor();
  down = false;
  await page.getByText("Live", { exact: true }).waitFor();
}

export async function admin({ page, base, person, failed, ...who }) {
  await signIn({ page, base, ...who });
  await go(page, "Overview");
  await page.getByRole("table", { name: "By user" }).getByText(person).waitFor();
  await page.getByRole("table", { name: "Failures by reason" }).getByText(failed).waitFor();
  await go(page, "Audit");
  await page.getByLabel("Entity").selectOption("ticket");
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByRole("button", { name: "Verify" }).first().click();
  await page.getByText("is whole").waitFor();
  await go(page, "Users");
  await page.getByLabel(`Role of ${person}`).selectOption("manager");
  await page.waitForResponse((answer) => answer.request().method() === "PUT" && answer.ok());
  await page.reload();
  assert.equal(await page.getByLabel(`Role of ${person}`).inputValue(), "manager");
  await page.getByRole("button", { name: "Sign out" }).click();
  await heading(page, "Sign in").waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
}

export async function entra({ page, base }) {
  const seen = [];
  page.on("framenavigated", (frame) => seen.push(frame.url()));
  await page.goto(`${base}/console`);
  await page.getByRole("button", { name: "Sign in with Microsoft" }).click();
  await heading(page, "Tickets").waitFor();
  assert.ok(!/code=|state=/.test(page.url()), page.url());
  // The token is renewed when it is about to end.
  await page.evaluate(() => {
    const session = JSON.parse(sessionStorage.getItem("amida.session"));
    sessionStorage.setItem("amida.session", JSON.stringify({ ...session, until: 0 }));
  });
  await page.reload();
  await heading(page, "Tickets").waitFor();
  // A code that comes without having been asked for is refused.
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.goto("about:blank");
  await page.goto(`${base}/console#code=stolen&state=made-up`);
  await page.getByText("was not begun here").waitFor();
  assert.ok(!/stolen/.test(page.url()));
}

/** Nothing that others wrote is anything but text. */
export async function hostile({ page, base, ticket, markup, ...who }) {
  await signIn({ page, base, ...who });
  await page.locator(".tickets li").filter({ hasText: markup }).first().waitFor();
  await page.goto(`${base}/console#/tickets/${ticket}`);
  await heading(page, markup).waitFor();
  await page.getByText("Course", { exact: true }).click();
  await page.locator("pre.log").waitFor();
  await page.locator("article.report h1").waitFor();
  assert.equal(await page.locator("main script, main iframe, main img:not(.chart), main svg, main style").count(), 0);
  return page.locator("main").innerText();
}

/** No serious barrier on any view, and nothing wider than the page. */
export async function barriers({ page, base, tickets, ...who }) {
  await page.goto(`${base}/console`);
  const found = [];
  const look = async (name) => {
    await page.evaluate(AXE);
    const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
    for (const { id, impact, nodes } of violations) {
      if (["serious", "critical"].includes(impact)) found.push(`${name}: ${id}: ${nodes[0].html} ${nodes[0].failureSummary}`);
    }
    const [wide, width] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    if (wide > width) found.push(`${name}: ${wide} px wide on ${width}`);
  };
  await look("sign in");
  await signIn({ page, base, ...who });
  await page.locator(".tickets li").first().waitFor();
  await look("tickets");
  for (const name of ["New ticket", "Overview", "Audit", "Users"]) {
    await go(page, name);
    await page.waitForLoadState("networkidle");
    await look(name);
  }
  for (const ticket of tickets) {
    await page.goto(`${base}/console#/tickets/${ticket}`);
    await page.getByRole("heading", { name: "Result" }).waitFor();
    for (const name of ["Course", "Report"]) {
      const details = page.locator("details").filter({ has: page.locator("summary", { hasText: name }) });
      if (!(await details.evaluate((element) => element.open))) await details.locator("summary").click();
    }
    const show = page.getByRole("button", { name: "Show in the text" });
    if (await show.count()) await show.first().click();
    await page.waitForLoadState("networkidle");
    await look(ticket);
  }
  return found;
}

/** Everything can be reached and done with the keyboard alone. */
export async function keyboard({ page, base, user, password }) {
  await page.goto(`${base}/console`);
  await page.getByLabel("Username or email").focus();
  await page.keyboard.type(user);
  await page.keyboard.press("Tab");
  await page.keyboard.type(password);
  await page.keyboard.press("Enter");
  await heading(page, "Tickets").waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to content");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.tagName), "H1");
  await page.getByRole("link", { name: "New ticket" }).first().focus();
  await page.keyboard.press("Enter");
  await heading(page, "New ticket").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "New ticket");
}

/** The pictures of the README. */
export async function pictures({ page, base, tickets, folder, ...who }) {
  await page.setViewportSize({ width: 960, height: 720 });
  await signIn({ page, base, ...who });
  const [analysis, review] = tickets;
  const made = [];
  const take = async (name) => {
    await page.screenshot({ path: `${folder}/${name}` });
    made.push(`docs/${name}`);
  };
  await page.goto(`${base}/console#/tickets/${analysis}`);
  const proof = page.locator(".insights li li").first();
  await proof.getByRole("button", { name: "Show in the text" }).click();
  await proof.locator("pre.source mark").waitFor();
  await proof.scrollIntoViewIfNeeded();
  await take("console-analysis.png");
  await page.goto(`${base}/console#/tickets/${review}`);
  await page.locator(".findings .diff").first().scrollIntoViewIfNeeded();
  await take("console-review.png");
  return made;
}

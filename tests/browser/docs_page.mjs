// What people do with the page that describes the API. Each journey throws when it is not as it should be.

import assert from "node:assert/strict";
import fs from "node:fs";

const operation = (page, id) => page.locator(`.opblock[id$="-${id}"]`);

async function signIn(page, user, password) {
  await page.locator(".btn.authorize.unlocked").click();
  const form = page.locator(".auth-container").filter({ hasText: "OAuth2, password" });
  await form.locator("#oauth_username").fill(user);
  await form.locator("#oauth_password").fill(password);
  await form.getByRole("button", { name: "Apply given OAuth2 credentials" }).click();
  await form.getByRole("button", { name: "Remove authorization" }).waitFor();
  await form.getByRole("button", { name: "Close", exact: true }).click();
}

async function open(page, id) {
  const block = operation(page, id);
  await block.locator(".opblock-summary-control").click();
  await block.getByRole("button", { name: "Try it out" }).click();
  return block;
}

/** What comes back, and the token that was sent for it. */
async function execute(page, block) {
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.request().resourceType() === "fetch" && !/auth\/refresh/.test(response.url())),
    block.getByRole("button", { name: "Execute" }).click(),
  ]);
  await block.locator(".live-responses-table .response-col_status").getByText(String(answer.status())).waitFor();
  return { status: answer.status(), text: await answer.text(), token: await answer.request().headerValue("authorization") };
}

/** Sign in, upload a file with a ticket, read its result; over a reload and the end of an access token. */
export async function docs({ page, base, user, password, file, ticket }) {
  await page.emulateMedia({ colorScheme: "dark" });
  await page.goto(`${base}/docs`);
  await page.locator(".opblock-tag").first().waitFor();
  assert.equal(await page.locator(".opblock-tag").first().getAttribute("data-tag"), "tickets");
  await page.locator("html.dark-mode").waitFor();
  await page.emulateMedia({ colorScheme: "light" });
  await page.locator("html:not(.dark-mode)").waitFor();
  await signIn(page, user, password);

  const creating = await open(page, "create_ticket");
  await creating.getByLabel("Request content type").selectOption("multipart/form-data");
  await creating.locator("textarea").first().fill(JSON.stringify(ticket));
  await creating.locator("input[type=file]").setInputFiles({ name: file[0], mimeType: "text/plain", buffer: Buffer.from(file[1]) });
  const made = await execute(page, creating);
  assert.equal(made.status, 201);
  const { id } = JSON.parse(made.text);

  await page.reload();
  await page.locator(".btn.authorize.locked").waitFor();
  const reading = await open(page, "read_result");
  await reading.getByPlaceholder("ticket_id").fill(id);
  let read = await execute(page, reading);
  for (let tries = 0; read.status === 409 && tries < 100; tries++) read = await execute(page, reading);
  assert.equal(read.status, 200);
  assert.equal(read.token, made.token);

  await page.evaluate(() => {
    const session = JSON.parse(sessionStorage.getItem("amida.session"));
    sessionStorage.setItem("amida.session", JSON.stringify({ ...session, until: 0 }));
  });
  const renewed = await execute(page, reading);
  assert.equal(renewed.status, 200);
  assert.notEqual(renewed.token, made.token);
  const saved = page.waitForEvent("download");
  await reading.getByRole("link", { name: "Download file" }).click();
  const result = fs.readFileSync(await (await saved).path(), "utf8");

  await page.locator(".btn.authorize.locked").click();
  await page.getByRole("button", { name: "Remove authorization" }).click();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  return result;
}

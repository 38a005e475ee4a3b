// Goes through the pages of a server of Pocket's in Chromium, as a person does, and fails where something is not as it should be.
//
// pages.mjs FOLDER URL URL    each URL lets one browser in; FOLDER gets pictures and the text of each page
//
// POCKET_TEST_NODE_CLIENTS is the folder with playwright-core and axe-core, POCKET_TEST_CHROMIUM the browser. The server has the tools
// `slack_get_messages`, `fetch_page`, `typed_report` (which takes `text`, `count` and `names`) and `sleep_forever`, and nobody is signed in.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";

const [folder, enter, enterAgain] = process.argv.slice(2);
const { origin } = new URL(enter);
const require = createRequire(join(process.env.POCKET_TEST_NODE_CLIENTS, "package.json"));
const { chromium } = require("playwright-core");
const axe = await readFile(require.resolve("axe-core/axe.min.js"), "utf8");

const PATIENCE = 30_000;
const SCHEMES = ["light", "dark"];
const WIDTHS = { screen: { width: 1280, height: 860 }, phone: { width: 360, height: 740 } };

// What a person would see go wrong: what a page tried and was not let, and what its script fell over.
const wrong = [];

async function main() {
  const browser = await chromium.launch({
    executablePath: process.env.POCKET_TEST_CHROMIUM,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  try {
    // The sign-in's own page has a certificate that it signed itself: a person compares its fingerprint, and goes on.
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    context.setDefaultTimeout(PATIENCE);
    await context.addInitScript(axe);
    const page = await context.newPage();
    watch(page);
    await isLetIn(page);
    await connects(page);
    await calls(page);
    await isRefused(page);
    await fillsAForm(page);
    await stops(page);
    await looksBack(page);
    await disconnects(page);
    await leaves(page);
    assert.deepEqual(await cookiesOf(context), [], "whoever left has no session");
    await withoutScript(browser);
  } finally {
    await browser.close();
  }
  assert.deepEqual(wrong, []);
  console.log("all is well");
}

function watch(page) {
  page.on("request", (asked) => {
    const { protocol, hostname } = new URL(asked.url());
    if (protocol !== "data:" && !["127.0.0.1", "localhost"].includes(hostname)) wrong.push(`${page.url()} asked ${asked.url()}`);
  });
  page.on("pageerror", (error) => wrong.push(`${page.url()}: ${error}`));
  page.on("console", (said) => {
    // The provider's own page is none of ours.
    if (new URL(page.url()).pathname.startsWith("/oauth/")) return;
    // A page that is not there is one of those that are looked at.
    const isStatus = said.text().startsWith("Failed to load resource") && said.location().url === page.url();
    if (["error", "warning"].includes(said.type()) && !isStatus) wrong.push(`${page.url()}: ${said.text()}`);
  });
}

async function cookiesOf(context) {
  return (await context.cookies(origin)).map((cookie) => cookie.value);
}

/// Looks at a page in both schemes and both widths: nobody is kept from reading it, and nothing scrolls sideways.
async function look(page, name) {
  const text = await page.content();
  for (const cookie of await cookiesOf(page.context())) assert(!text.includes(cookie), `${name}: no cookie is on a page`);
  await writeFile(join(folder, `${name}.html`), text);
  for (const colorScheme of SCHEMES) {
    for (const [width, size] of Object.entries(WIDTHS)) {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme });
      const seen = `${name} (${colorScheme}, ${width})`;
      await page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}.png`), fullPage: true });
      const { violations } = await page.evaluate(() => globalThis.axe.run());
      const found = violations.map(({ id, impact, nodes }) => ({ id, impact, at: nodes.map((node) => node.html) }));
      assert.deepEqual(found, [], seen);
      const [wide, room] = await page.evaluate(() => {
        const { scrollWidth, clientWidth } = document.documentElement;
        return [scrollWidth, clientWidth];
      });
      assert(wide <= room, `${seen}: it is ${wide} wide, and there is room for ${room}`);
    }
  }
  await page.setViewportSize(WIDTHS.screen);
}

async function shows(page, words) {
  await page.getByText(words).first().waitFor();
}

async function heading(page, words) {
  await page.getByRole("heading", { level: 1, name: words }).waitFor();
}

async function isLetIn(page) {
  await page.goto(origin);
  await heading(page, "Enter");
  await look(page, "enter");
  await page.getByLabel("Key").fill("pocket_0123456789ab_AAAA");
  await page.keyboard.press("Enter");
  await shows(page, "This is no key of this server");
  await look(page, "enter-refused");
  await page.goto(enter);
  await heading(page, "Tools");
  assert.equal(page.url(), `${origin}/`, "the code does not stay in the address");
  await look(page, "tools");
  // With keys alone: the first leads past what all pages have in common.
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "To the content");
}

async function connects(page) {
  await page.getByRole("link", { name: "Accounts" }).click();
  await shows(page, "There are none yet");
  await look(page, "accounts-none");
  await page.getByRole("button", { name: "Sign in to slack" }).click();
  await heading(page, "Sign in to slack");
  await shows(page, "Your browser will ask about its certificate");
  await look(page, "sign-in-begun");
  await page.getByRole("link", { name: "Go on to slack" }).click();
  const goOn = page.getByRole("button").or(page.locator("main a")).first();
  await goOn.waitFor();
  await look(page, "sign-in");
  await goOn.click();
  await heading(page, "Acme");
  await page.getByRole("button", { name: "Go" }).click();
  await heading(page, /^Signed in to/);
  await look(page, "sign-in-done");
  await page.goto(`${origin}/accounts`);
  await page.getByText("ready", { exact: true }).waitFor();
  await look(page, "accounts");
}

/// Waits for a call to end: its page goes on by itself.
async function ends(page) {
  await page.getByText("It ended:").waitFor();
}

async function calls(page) {
  await page.getByRole("link", { name: "Tools" }).click();
  await page.getByRole("link", { name: "Get Slack messages" }).click();
  await heading(page, "Get Slack messages");
  await look(page, "tool");
  await page.getByLabel("Channel").fill("C123");
  await page.getByLabel("Limit").fill("2");
  await page.keyboard.press("Enter");
  await ends(page);
  await heading(page, "Call of slack_get_messages");
  await shows(page, "What it gave");
  const timeline = page.locator("ol.timeline");
  await timeline.getByText(/^\+\d+ ms (GET|POST) https:\/\/localhost:\d+: 200 in \d+ ms/).waitFor();
  const times = (await timeline.locator("li > .dim").allTextContents()).map((text) => parseInt(text.slice(1), 10));
  assert.deepEqual(times, [...times].sort((one, other) => one - other), "what came first stands first");
  assert(times.length >= 4 && !times.includes(NaN), `${times}`);
  await look(page, "call");
}

async function isRefused(page) {
  await page.goto(`${origin}/tools/fetch_page`);
  await page.getByLabel("Url").fill("http://refused.example/x");
  await page.getByRole("button", { name: "Call", exact: true }).last().click();
  await ends(page);
  await page.locator("ol.timeline li.refused").getByText("GET http://refused.example").waitFor();
  await look(page, "call-refused");
}

async function fillsAForm(page) {
  await page.goto(`${origin}/tools/typed_report`);
  await page.getByLabel("Text").fill("keep me");
  await page.getByLabel("Count").fill("many");
  await page.getByRole("button", { name: "Call", exact: true }).last().click();
  await shows(page, "this is not a whole number");
  // Who hears the page hears first what is wrong; a browser puts the focus there once it has drawn the page.
  await page.waitForFunction(() => document.activeElement.className === "errors");
  await look(page, "form-wrong");
  await page.getByRole("checkbox", { name: "names" }).check();
  await page.getByRole("button", { name: /^Add / }).click();
  await page.getByLabel(/^Names? 1/).fill("one");
  assert.equal(await page.getByLabel("Text").inputValue(), "keep me");
  await look(page, "form-list");
  await page.getByLabel("Count").fill("3");
  await page.getByRole("button", { name: "Call", exact: true }).last().click();
  await ends(page);
  await shows(page, "Its log");
  await look(page, "call-logged");
}

async function stops(page) {
  await page.goto(`${origin}/tools/sleep_forever`);
  const call = page.getByRole("button", { name: /^Call/ }).last();
  await call.click();
  // Told by the page's script, as it happens.
  await page.locator("#so-far").getByText("It runs.").waitFor();
  await look(page, "call-running");
  await page.getByRole("button", { name: "Stop it" }).click();
  await shows(page, "the call was cancelled");
  await look(page, "call-stopped");
}

async function looksBack(page) {
  await page.getByRole("link", { name: "Calls" }).click();
  for (const words of ["ok", "cancelled", "slack_get_messages"]) await page.getByText(words, { exact: true }).first().waitFor();
  await look(page, "calls");
  await page.goto(`${origin}/tools/nothing`);
  await shows(page, "there is no tool of this name");
  await look(page, "nothing-there");
}

async function disconnects(page) {
  await page.goto(`${origin}/accounts`);
  await page.getByRole("button", { name: /^Sign out of slack/ }).click();
  await shows(page, "There are none yet");
}

async function leaves(page) {
  await page.getByRole("button", { name: "Leave" }).click();
  await heading(page, "Enter");
  await page.goto(`${origin}/calls`);
  await heading(page, "Enter");
}

/// The same works for who lets no page run a script.
async function withoutScript(browser) {
  const context = await browser.newContext({ javaScriptEnabled: false });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  await page.goto(enterAgain);
  await heading(page, "Tools");
  await page.getByRole("link", { name: "Fetch a page" }).click();
  await page.getByLabel("Url").fill("http://refused.example/x");
  await page.getByRole("button", { name: "Call", exact: true }).last().click();
  await ends(page);
  await page.locator("ol.timeline li.refused").waitFor();
}

await main();

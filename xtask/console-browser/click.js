// The web console in Chromium: an IMDSv1 script fails, the dialog is set to optional, the script works, and the
// live view shows both. Every page is looked at by axe-core, in both languages, in both colour schemes and as
// wide as a phone; a form of another origin is refused.
//
// Arguments: the program `imds`, and a directory for screenshots. `cargo xtask console-browser` runs it in a network
// with nothing but loopback.
"use strict";

const assert = require("node:assert/strict");
const { execFileSync, spawn } = require("node:child_process");
const fs = require("node:fs");
const http = require("node:http");
const os = require("node:os");
const path = require("node:path");
const { chromium } = require("playwright-core");
const axe = require("axe-core");

const [imds, screenshots] = process.argv.slice(2);
const home = fs.mkdtempSync(path.join(os.tmpdir(), "console-browser-"));
const state = path.join(home, "state.db");
const INSTANCE = "i-1234567890abcdef0";
const PAGES = {
  instances: "/",
  instance: `/instances/${INSTANCE}`,
  options: `/instances/${INSTANCE}/options`,
  events: `/instances/${INSTANCE}/events`,
  listing: `/instances/${INSTANCE}/metadata/latest/meta-data`,
  value: `/instances/${INSTANCE}/metadata/latest/meta-data/instance-id`,
  requests: "/requests",
  callers: "/callers",
  history: "/history",
  days: "/history?hours=360",
  templates: "/launch-templates",
  defaults: "/defaults",
  faults: "/faults",
};
/** Pages that say why there is nothing else. */
const REFUSALS = { "no-instance": "/instances/i-00000000", "no-page": "/no-such-page" };

/** Where the console and the metadata are, once the service runs. */
let consoleUrl;
let metadata;
let api;

main();

async function main() {
  const service = await serve();
  try {
    await click();
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
  } finally {
    service.kill();
    fs.rmSync(home, { recursive: true });
  }
}

/** Starts a service, and waits until it is ready. */
async function serve() {
  const ready = path.join(home, "ready.json");
  const service = spawn(imds, [
    "serve", "--ami", "al2023", "--role", "my-role", "--tag", "Name=web-1", "--access-log", "off",
    "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--no-auth", "--console", "127.0.0.1:0",
    "--state", state, "--ready-file", ready,
  ], { stdio: ["ignore", "ignore", "inherit"] });
  while (!fs.existsSync(ready)) {
    assert.equal(service.exitCode, null, "the service has ended");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const document = JSON.parse(fs.readFileSync(ready, "utf8"));
  consoleUrl = document.console.url;
  metadata = document.metadata[0].url;
  api = document.control.url;
  return service;
}

async function click() {
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    // Root has no sandbox, and there is no other machine.
    args: ["--no-sandbox", "--disable-gpu"],
  });
  try {
    const context = await newContext(browser, {});
    const errors = [];
    const page = await context.newPage();
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") errors.push(message.text());
    });
    await theArticle(page);
    await theKeyboard(page);
    await otherOriginsAreRefused(context);
    assert.deepEqual(errors.filter((error) => !error.includes("Failed to load resource")), [], "errors of scripts or policies");
    const session = await context.storageState();
    await context.close();
    await everyPage(browser, session);
    await withoutScripts(browser, session);
  } finally {
    await browser.close();
  }
}

function newContext(browser, options) {
  return browser.newContext({ locale: "en-US", viewport: { width: 1280, height: 800 }, ...options });
}

/** The status of a request as IMDSv1 sends it. */
function script() {
  return new Promise((resolve, reject) => {
    const options = { headers: { "User-Agent": "backup-script/1.2" } };
    http.get(`${metadata}/latest/meta-data/instance-id`, options, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on("error", reject);
  });
}

/** The way of the article. */
async function theArticle(page) {
  const signInUrl = execFileSync(imds, ["console", "--state", state], { encoding: "utf8" }).trimEnd();
  await page.goto(signInUrl);
  await page.waitForURL(`${consoleUrl}/`);
  const again = await page.request.get(signInUrl);
  assert.equal(again.status(), 403, "a code works once");

  assert.equal(await script(), 401, "tokens are required");
  await page.getByRole("link", { name: INSTANCE, exact: true }).click();
  await page.getByRole("link", { name: "Modify instance metadata options" }).click();
  await page.getByLabel("V1 and V2 (token optional)").check();
  await shoot(page, "dialog");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("The instance metadata options were changed.").waitFor();
  await page.getByText("V1 and V2 (token optional)").waitFor();
  await page.locator("[data-state=applied]").waitFor();
  await shoot(page, "applied");

  await page.getByRole("link", { name: "Events" }).click();
  await page.getByLabel("Event", { exact: true }).selectOption("maintenance instance-stop");
  await page.getByLabel("In how many minutes").fill("90");
  await page.getByRole("button", { name: "Add" }).click();
  await page.getByRole("button", { name: "Call off: instance-event-" }).click();
  await page.getByText("Canceled", { exact: true }).waitFor();

  await page.getByRole("link", { name: "Requests" }).click();
  await page.locator("#live[data-state=live]").waitFor();
  const rows = page.locator("#requests tr");
  await rows.getByText("401", { exact: true }).first().waitFor();
  assert.equal(await script(), 200, "the script works");
  await rows.getByText("200", { exact: true }).first().waitFor();

  await page.getByRole("button", { name: "Pause" }).click();
  const count = await rows.count();
  assert.equal(await script(), 200);
  await page.waitForTimeout(300);
  assert.equal(await rows.count(), count, "it is paused");
  await page.getByRole("button", { name: "Resume" }).click();
  await page.waitForFunction((before) => document.querySelectorAll("#requests tr").length > before, count);
  await page.getByLabel("Status").selectOption("401");
  await page.waitForFunction(() => document.querySelectorAll("#requests tr").length === 1);
  await page.getByLabel("Status").selectOption("");
  await page.waitForFunction(() => document.querySelectorAll("#requests tr").length > 1);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "Export" }).click(),
  ]);
  assert.equal(download.suggestedFilename(), "imds-requests.jsonl");
  await shoot(page, "live");

  await page.getByRole("link", { name: "IMDSv1 callers" }).click();
  await page.getByText("backup-script/1.2").first().waitFor();

  await page.getByRole("link", { name: "History" }).click();
  await page.getByRole("img", { name: "Requests by metadata version" }).locator("rect.v1").first().waitFor();
  await page.getByText("The same as a table").click();
  await page.getByRole("table", { name: "History" }).getByRole("cell", { name: "1", exact: true }).first().waitFor();
  await shoot(page, "charts");

  await theTemplates(page);

  await page.getByRole("link", { name: "IMDS defaults" }).click();
  await page.getByLabel("Metadata version").selectOption("required");
  await page.getByLabel("Metadata response hop limit").fill("2");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("The IMDS defaults were changed.").waitFor();
  assert.equal(await page.getByLabel("Metadata version").inputValue(), "required");
  await page.getByRole("link", { name: "Faults", exact: true }).click();
  await page.getByLabel("Fault", { exact: true }).fill("status=502");
  await page.getByRole("button", { name: "Add" }).click();
  await page.getByRole("alert").waitFor();
  await page.getByLabel("Fault", { exact: true }).fill("user-data,status=503");
  await page.getByRole("button", { name: "Add" }).click();
  await page.getByRole("button", { name: "Remove: user-data,status=503" }).waitFor();
}

/** A template with two versions; what a launch from each gets, and who decides. */
async function theTemplates(page) {
  const images = await call("DescribeImages", { "Filter.1.Name": "name", "Filter.1.Value.1": "al2023-*-x86_64" });
  const image = images.match(/<imageId>([^<]*)</)[1];
  const data = "LaunchTemplateData";
  const name = { LaunchTemplateName: "web" };
  const made = await call("CreateLaunchTemplate", {
    ...name, VersionDescription: "for old scripts", [`${data}.ImageId`]: image, [`${data}.InstanceType`]: "t3.micro",
    [`${data}.MetadataOptions.HttpTokens`]: "optional",
  });
  await call("CreateLaunchTemplateVersion", { ...name, [`${data}.MetadataOptions.HttpPutResponseHopLimit`]: "3" });
  PAGES.template = `/launch-templates/${made.match(/<launchTemplateId>([^<]*)</)[1]}`;
  PAGES.refused = `${PAGES.template}?version=2`;

  await page.getByRole("link", { name: "Launch templates" }).click();
  await page.getByRole("link", { name: "web" }).click();
  const launch = page.getByRole("table", { name: "Instance metadata options" });
  const row = (option) => launch.getByRole("row").filter({ has: page.getByRole("rowheader", { name: option }) });
  await row("Metadata version").getByText("Launch template").waitFor();
  await row("Metadata response hop limit").getByText("AMI").waitFor();
  await page.getByRole("link", { name: "What a launch gets: 2" }).click();
  await page.getByText("A launch from this version is refused.").waitFor();
  await page.getByLabel("With another AMI").fill(image);
  await page.getByRole("button", { name: "Show" }).click();
  await row("Metadata response hop limit").getByText("Launch template").waitFor();
  await row("Metadata version").getByText("V2 only (token required)").waitFor();
}

/** Calls an action of the EC2 API; gives the answer's document. */
async function call(action, parameters) {
  const body = new URLSearchParams({ Action: action, Version: "2016-11-15", ...parameters });
  const answer = await fetch(api, { method: "POST", body });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return text;
}

/** Of every page, the tab key reaches all that can be used, in order, and shows where it is. */
async function everythingByKeyboard(page) {
  for (const [name, place] of Object.entries({ ...PAGES, ...REFUSALS })) {
    await page.goto(consoleUrl + place);
    const count = await page.evaluate(() => {
      const all = "a[href], button, input:not([type=hidden]), select, summary, [tabindex='0']";
      // One stop for a group of radio buttons.
      const isStop = (it) => it.checkVisibility() && (it.type !== "radio" || it.checked);
      window.stops = [...document.querySelectorAll(all)].filter(isStop);
      return window.stops.length;
    });
    for (let at = 0; at < count; at++) {
      await page.keyboard.press("Tab");
      const found = await page.evaluate((index) => {
        const active = document.activeElement;
        const isNext = active === window.stops[index];
        const isShown = getComputedStyle(active).outlineStyle !== "none";
        return isNext && isShown ? "" : `${active.outerHTML}, not ${window.stops[index].outerHTML}`;
      }, at);
      assert.equal(found, "", `${name}: stop ${at} of ${count}`);
    }
  }
}

/** The skip link comes first, and leads to the content. */
async function theKeyboard(page) {
  await everythingByKeyboard(page);
  await page.goto(`${consoleUrl}/`);
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "content");
  await page.keyboard.press("Tab");
  const focused = await page.evaluate(() => document.activeElement.closest("main") !== null);
  assert.ok(focused, "after the skip link the focus is in the content");
}

/** A page on another port has the browser send the console's own form. */
async function otherOriginsAreRefused(context) {
  const action = `${consoleUrl}/instances/${INSTANCE}/options`;
  const form = `<form method="post" action="${action}"><input name="http_tokens" value="required"></form>
    <script>document.forms[0].submit()</script><iframe src="${consoleUrl}/"></iframe>`;
  const server = http.createServer((_, response) => {
    response.writeHead(200, { "Content-Type": "text/html" });
    response.end(form);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const page = await context.newPage();
  const answer = page.waitForResponse((response) => response.url() === action);
  await page.goto(`http://127.0.0.1:${server.address().port}/`).catch(() => {});
  assert.equal((await answer).status(), 403, "a form of another origin");
  await page.close();
  server.close();
  assert.equal(await script(), 200, "the forged form changed nothing");
}

async function everyPage(browser, storageState) {
  const looks = [
    { name: "en", locale: "en-US", colorScheme: "light", viewport: { width: 1280, height: 800 } },
    { name: "ja", locale: "ja-JP", colorScheme: "dark", viewport: { width: 1280, height: 800 } },
    { name: "phone", locale: "en-US", colorScheme: "dark", viewport: { width: 390, height: 844 } },
    { name: "phone-ja", locale: "ja-JP", colorScheme: "light", viewport: { width: 390, height: 844 } },
  ];
  for (const { name: look, ...options } of looks) {
    const context = await newContext(browser, { ...options, storageState, bypassCSP: true });
    for (const [name, place] of Object.entries({ ...PAGES, ...REFUSALS })) {
      const page = await context.newPage();
      await page.goto(consoleUrl + place);
      if (name === "requests") await page.locator("#requests tr").first().waitFor();
      await looksRight(page, `${name}-${look}`);
      await page.close();
    }
    await context.close();
    const stranger = await newContext(browser, { ...options, bypassCSP: true });
    const page = await stranger.newPage();
    await page.goto(`${consoleUrl}/`);
    await looksRight(page, `sign-in-${look}`);
    await stranger.close();
  }
}

async function looksRight(page, name) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
  await shoot(page, name);
  assert.deepEqual(found, [], `axe-core on ${name}`);
  const width = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(width <= 0, `${name} is ${width} pixels too wide`);
}

/** All pages show what they have; the live view shows what came until now. */
async function withoutScripts(browser, storageState) {
  const context = await newContext(browser, { storageState, javaScriptEnabled: false });
  const page = await context.newPage();
  for (const place of Object.values(PAGES)) {
    const answer = await page.goto(consoleUrl + place);
    assert.equal(answer.status(), 200, place);
  }
  await page.goto(`${consoleUrl}/requests`);
  assert.ok((await page.locator("#requests tr").count()) > 0, "requests without a script");
  await page.getByLabel("Status").selectOption("401");
  await page.getByRole("button", { name: "Apply" }).click();
  assert.equal(await page.locator("#requests tr").count(), 1, "a filter without a script");
  await page.goto(`${consoleUrl}/faults`);
  await page.getByRole("button", { name: "Remove: user-data,status=503" }).click();
  await page.getByText("No faults.").waitFor();
  await context.close();
}

async function shoot(page, name) {
  await page.screenshot({ path: path.join(screenshots, `${name}.png`), fullPage: true });
}

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const axe = readFileSync(new URL("node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const folder = new URL("screenshots/", import.meta.url).pathname;

export function launch() {
  return chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-quic",
      "--no-first-run",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

// Scene is the page in a browser, with its own servers.
export class Scene {
  static async open(browser, screen = { viewport: { width: 1000, height: 720 } }) {
    const scene = new Scene();
    scene.browser = browser;
    scene.stage = spawn(process.env.STAGE, { stdio: ["pipe", "pipe", "pipe"] });
    scene.responses = createInterface({ input: scene.stage.stdout });
    scene.log = "";
    scene.stage.stderr.on("data", (text) => (scene.log += text));
    [scene.url] = await once(scene.responses, "line");
    scene.errors = [];
    await scene.useScreen(screen);
    return scene;
  }

  // useScreen opens a new window on a screen with the given viewport and deviceScaleFactor.
  async useScreen(screen) {
    await this.context?.close();
    this.context = await this.browser.newContext({ locale: "en-US", ...screen });
    this.page = await this.context.newPage();
    this.page.setDefaultTimeout(10_000);
    this.page.on("console", (message) => message.type() === "error" && this.errors.push(message.text()));
    this.page.on("pageerror", (error) => this.errors.push(String(error)));
  }

  async close() {
    await this.context.close();
    this.stage.stdin.end();
    const [code] = await once(this.stage, "close");
    assert.equal(code, 0, this.log);
  }

  async visit() {
    await this.page.goto(this.url);
    await this.page.getByText("Loading…").waitFor({ state: "hidden" });
  }

  // command sends a command to the program stage, which documents the commands.
  async command(text) {
    this.stage.stdin.write(`${text}\n`);
    await once(this.responses, "line");
  }

  choose(...files) {
    return this.page.getByLabel("Choose images").setInputFiles(files);
  }

  // row returns the row of a file in the list of uploads.
  row(name) {
    return this.page.getByRole("listitem").filter({ has: this.page.getByRole("button", { name: `Remove ${name} from the list` }) });
  }

  // waitFor waits until the row of a file shows a text.
  waitFor(name, text) {
    return this.row(name).getByText(text).waitFor();
  }

  // gallery waits until all images in the gallery are shown, and returns their titles.
  async gallery() {
    return (await this.images()).map((img) => img.title);
  }

  // images waits until all images in the gallery are shown, and returns their titles and
  // the URLs that the browser has loaded.
  async images() {
    await this.page.waitForFunction(() =>
      [...document.querySelectorAll("#gallery img")].every((img) => img.complete && img.naturalWidth > 0),
    );
    return this.page.locator("#gallery img").evaluateAll((images) => images.map((img) => ({ title: img.alt, url: img.currentSrc })));
  }

  // slowDown limits how fast the browser sends, in bytes per second; -1 means no limit.
  async slowDown(uploadThroughput) {
    this.session ??= await this.context.newCDPSession(this.page);
    await this.session.send("Network.emulateNetworkConditions", {
      offline: false, latency: 0, downloadThroughput: -1, uploadThroughput,
    });
  }

  // look takes screenshots of the page: dark, light and on a phone. It also checks the
  // page's accessibility with axe.
  async look(name, { fullPage = true } = {}) {
    await this.page.evaluate(axe);
    for (const colorScheme of ["dark", "light"]) {
      await this.page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await this.page.screenshot({ path: `${folder}${name}-${colorScheme}.png`, fullPage });
      const report = await this.page.evaluate(() => window.axe.run(document, { preload: false }));
      assert.deepEqual(report.violations.map((v) => `${v.id}: ${v.nodes.map((node) => node.html)}`), [], colorScheme);
    }
    const size = this.page.viewportSize();
    await this.page.setViewportSize({ width: 360, height: 720 });
    await this.page.screenshot({ path: `${folder}${name}-narrow.png`, fullPage });
    assert.equal(await this.page.evaluate(() => document.documentElement.scrollWidth), 360, "the page fits on a phone");
    await this.page.setViewportSize(size);
  }
}

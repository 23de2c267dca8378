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

// Scene is the page in a browser, in front of servers of its own.
export class Scene {
  static async open(browser) {
    const scene = new Scene();
    scene.stage = spawn(process.env.STAGE, { stdio: ["pipe", "pipe", "pipe"] });
    scene.answers = createInterface({ input: scene.stage.stdout });
    scene.log = "";
    scene.stage.stderr.on("data", (text) => (scene.log += text));
    [scene.url] = await once(scene.answers, "line");
    scene.context = await browser.newContext({ viewport: { width: 1000, height: 720 } });
    scene.page = await scene.context.newPage();
    scene.page.setDefaultTimeout(10_000);
    scene.errors = [];
    scene.page.on("console", (message) => message.type() === "error" && scene.errors.push(message.text()));
    scene.page.on("pageerror", (error) => scene.errors.push(String(error)));
    return scene;
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

  // advance moves the image service's clock.
  async advance(duration) {
    this.stage.stdin.write(`advance ${duration}\n`);
    await once(this.answers, "line");
  }

  choose(...files) {
    return this.page.getByLabel("Choose images").setInputFiles(files);
  }

  // row is a file's in the list of uploads.
  row(name) {
    return this.page.getByRole("listitem").filter({ has: this.page.getByRole("button", { name: `Take ${name} off the list` }) });
  }

  // says waits until a file's row says so.
  says(name, text) {
    return this.row(name).getByText(text).waitFor();
  }

  // shelf returns the titles of the images in the gallery, checking that each is seen.
  async shelf() {
    await this.page.waitForFunction(() =>
      [...document.querySelectorAll("#shelf img")].every((img) => img.complete && img.naturalWidth > 0),
    );
    return this.page.locator("#shelf img").evaluateAll((images) => images.map((img) => img.alt));
  }

  // slowDown limits how fast the browser sends, in bytes a second; -1 does not.
  async slowDown(uploadThroughput) {
    this.session ??= await this.context.newCDPSession(this.page);
    await this.session.send("Network.emulateNetworkConditions", {
      offline: false, latency: 0, downloadThroughput: -1, uploadThroughput,
    });
  }

  // look takes screenshots of the page, dark, light and on a telephone, and lets
  // axe look for what keeps people from using it.
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
    assert.equal(await this.page.evaluate(() => document.documentElement.scrollWidth), 360, "all fits on a telephone");
    await this.page.setViewportSize(size);
  }
}

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { picture } from "./pictures.js";
import { launch, Scene } from "./scene.js";

const oneTimeURL = /\/upload\//;

let browser;
let scene;
let expectedErrors; // patterns of the errors in the browser's console

before(async () => (browser = await launch()));
after(() => browser.close());
beforeEach(async () => {
  expectedErrors = [];
  scene = await Scene.open(browser);
});
afterEach(async () => {
  await scene.close();
  assert.equal(scene.errors.length, expectedErrors.length, scene.errors.join("\n"));
  expectedErrors.forEach((expected, i) => assert.match(scene.errors[i], expected));
  assert.doesNotMatch(scene.log, /\/upload\/|sig=|not-a-secret/, "no secrets in the log");
});

test("the gallery is empty and does not show images of other applications", async () => {
  await scene.visit();
  await scene.page.getByText("No images yet").waitFor();
  assert.deepEqual(await scene.gallery(), []);
  await scene.look("empty");
});

test("three files are uploaded, with progress", async () => {
  const names = ["dawn.png", "noon.png", "dusk.png"];
  await scene.visit();
  await scene.slowDown(600_000);
  const seen = scene.page.evaluate(watchProgress, names.length);
  await scene.choose(...names.map((name, i) => picture(name, i)));
  await scene.row("dusk.png").getByText(/^[1-9]\d? %$/).waitFor();
  await scene.look("uploading");
  await scene.slowDown(-1);
  for (const name of names) await scene.waitFor(name, "Uploaded");
  for (const values of await seen) assert.ok(values.length >= 2, `values of one bar: ${values}`);
  assert.deepEqual((await scene.gallery()).sort(), names.toSorted());

  await scene.page.reload();
  await scene.page.getByText("3 in total").waitFor();
  assert.deepEqual((await scene.gallery()).sort(), names.toSorted());
  await scene.look("gallery");
});

// watchProgress waits until all uploads are done, and returns the values between 0 and 1
// that each bar had.
function watchProgress(bars) {
  const seen = new Map();
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      for (const bar of document.querySelectorAll("progress")) {
        if (!seen.has(bar)) seen.set(bar, new Set());
        if (bar.value > 0 && bar.value < 1) seen.get(bar).add(bar.value);
      }
      if (document.querySelectorAll("[data-state=done]").length < bars) return;
      clearInterval(timer);
      resolve([...seen.values()].map((values) => [...values]));
    }, 20);
  });
}

test("files that cannot be stored are rejected with a reason", async () => {
  expectedErrors = [/status of 413/, /status of 415/];
  await scene.visit();
  await scene.choose({ name: "huge.png", mimeType: "image/png", buffer: Buffer.alloc(10e6 + 1) });
  await scene.waitFor("huge.png", "The file is too large: the limit is 10 MB.");
  await scene.choose({ name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("no image") });
  await scene.waitFor("notes.txt", "This is not an image in a supported format.");
  await scene.choose({ name: "empty.png", mimeType: "image/png", buffer: Buffer.alloc(0) });
  await scene.waitFor("empty.png", "The file is empty.");
  await scene.choose({ name: "large.png", mimeType: "image/png", buffer: Buffer.alloc(2 * 2 ** 20 + 1) });
  await scene.waitFor("large.png", "too large for the image service");
  await scene.choose({ name: "fake.png", mimeType: "image/png", buffer: Buffer.from("no image") });
  await scene.waitFor("fake.png", "This is not an image in a supported format.");
  assert.equal(await scene.page.getByRole("button", { name: "Retry" }).count(), 0);
  await scene.page.getByRole("button", { name: "Clear list" }).click();
  assert.equal(await scene.page.getByRole("heading", { name: "Uploads" }).count(), 0);
});

test("an expired upload link is replaced by a new one", async () => {
  expectedErrors = [/status of 410/];
  await scene.visit();
  await scene.page.route(oneTimeURL, async (route) => {
    await scene.command("advance 1h");
    await route.continue();
  }, { times: 1 });
  await scene.choose(picture("late.png"));
  await scene.waitFor("late.png", "The upload link has expired.");
  await scene.command("advance -1h"); // upload links are created by the real time
  await scene.page.getByRole("button", { name: "Retry late.png" }).click();
  await scene.waitFor("late.png", "Uploaded");
  assert.deepEqual(await scene.gallery(), ["late.png"]);
});

test("uploads are retried after the connection was lost", async () => {
  // Before a retry, the page checks whether the upload has completed: 409 means no.
  expectedErrors = [/ERR_CONNECTION_RESET/, /ERR_CONNECTION_RESET/, /status of 409/, /status of 409/];
  const long = "the-second-of-them-has-quite-a-long-name-for-a-picture.png";
  await scene.visit();
  await scene.page.route(oneTimeURL, (route) => route.abort("connectionreset"), { times: 2 });
  await scene.choose(picture("first.png"), picture(long, 2));
  await scene.waitFor("first.png", "The connection was lost.");
  await scene.waitFor(long, "The connection was lost.");
  await scene.choose({ name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("no image") });
  await scene.look("errors");
  await scene.page.getByRole("button", { name: "Retry all" }).click();
  await scene.waitFor("first.png", "Uploaded");
  await scene.waitFor(long, "Uploaded");
  assert.deepEqual((await scene.gallery()).sort(), ["first.png", long]);
});

test("a file is not sent twice if only the response was lost", async () => {
  expectedErrors = [/ERR_CONNECTION_RESET/];
  let sent = 0;
  await scene.visit();
  await scene.page.route(oneTimeURL, async (route) => {
    sent++;
    assert.equal((await route.fetch()).status(), 200);
    await route.abort("connectionreset");
  });
  await scene.choose(picture("once.png"));
  await scene.waitFor("once.png", "The connection was lost.");
  await scene.page.getByRole("button", { name: "Retry once.png" }).click();
  await scene.waitFor("once.png", "Uploaded");
  assert.equal(sent, 1);
  assert.deepEqual(await scene.gallery(), ["once.png"]);
});

test("a stalled upload times out", async () => {
  await scene.page.clock.install();
  await scene.visit();
  const requested = scene.page.waitForRequest(oneTimeURL);
  await scene.page.route(oneTimeURL, () => {}); // no response
  await scene.choose(picture("stuck.png"));
  await requested;
  await scene.page.clock.fastForward("00:31");
  await scene.waitFor("stuck.png", "The connection was lost.");
});

test("a running upload can be canceled", async () => {
  await scene.visit();
  await scene.slowDown(100_000);
  await scene.choose(picture("oops.png"));
  await scene.row("oops.png").getByText(/^[1-9]\d? %$/).waitFor();
  const canceled = scene.page.waitForResponse((response) => response.request().method() === "DELETE");
  await scene.page.getByRole("button", { name: "Remove oops.png from the list" }).click();
  assert.equal((await canceled).status(), 204);
  assert.equal(await scene.page.getByRole("heading", { name: "Uploads" }).count(), 0);
});

test("an image is deleted by keyboard, after a confirmation", async () => {
  await scene.visit();
  await scene.choose(picture("old.png"));
  const button = scene.page.getByRole("button", { name: "Delete old.png" });
  await button.press("Enter");
  await scene.page.getByRole("dialog", { name: "Delete this image?" }).waitFor();
  await scene.look("confirmation", { fullPage: false });
  await scene.page.keyboard.press("Escape");
  assert.deepEqual(await scene.gallery(), ["old.png"]);
  await button.press("Enter");
  await scene.page.keyboard.press("Tab");
  await scene.page.keyboard.press("Enter");
  await scene.page.getByText("No images yet").waitFor();
  assert.equal(await scene.page.evaluate(() => document.activeElement.id), "gallery-title");
  await scene.page.reload();
  await scene.page.getByText("No images yet").waitFor();
});

test("the gallery loads further pages, and retries after a failure", async () => {
  expectedErrors = [/status of 503/];
  const image = (id) => ({ id, title: `${id}.png`, uploaded: "2026-01-02T03:04:05Z", src: "icon.svg" });
  const responses = [
    { json: { images: [image("newer")], next: "token" } },
    { status: 503, json: { error: "The image service is busy." } },
    { json: { images: [image("newer"), image("older")], next: "" } }, // one image is repeated, because the list has changed
  ];
  const requested = [];
  await scene.page.route(/\/images/, (route) => {
    requested.push(new URL(route.request().url()).searchParams.get("after"));
    return route.fulfill(responses.shift());
  });
  await scene.visit();
  await scene.page.getByRole("button", { name: "Show more" }).click();
  await scene.page.getByText("The images could not be loaded. The image service is busy.").waitFor();
  await scene.page.getByRole("button", { name: "Retry" }).click();
  await scene.page.getByText("2 in total").waitFor();
  assert.deepEqual(await scene.gallery(), ["newer.png", "older.png"]);
  assert.deepEqual(requested, ["", "token", "token"]);
  assert.equal(await scene.page.getByRole("button", { name: "Show more" }).count(), 0);
});

test("the browser loads the width that fits its screen", async () => {
  await scene.visit();
  await scene.choose(picture("lake.png", 1));
  await scene.waitFor("lake.png", "Uploaded");
  for (const { viewport, deviceScaleFactor, width } of [
    { viewport: { width: 1280, height: 720 }, deviceScaleFactor: 1, width: 240 }, // four in a row
    { viewport: { width: 1280, height: 720 }, deviceScaleFactor: 2, width: 480 },
    { viewport: { width: 700, height: 720 }, deviceScaleFactor: 1, width: 360 }, // two in a row
    { viewport: { width: 360, height: 720 }, deviceScaleFactor: 2, width: 720 }, // one in a row, on a phone
    { viewport: { width: 360, height: 720 }, deviceScaleFactor: 3, width: 960 },
  ]) {
    await scene.useScreen({ viewport, deviceScaleFactor });
    const loaded = [];
    scene.page.on("response", (response) => /imagedelivery/.test(response.url()) && loaded.push(response));
    await scene.visit();
    const [{ title, url }] = await scene.images();
    const screen = `${viewport.width} px, ${deviceScaleFactor}x`;
    assert.equal(title, "lake.png");
    assert.match(url, new RegExp(`/width=${width},`), screen);
    assert.deepEqual(loaded.map((response) => [response.url(), response.status()]), [[url, 200]], `${screen}: it loads only this width`);
  }
});

test("the sizes attribute has the width of an image", async () => {
  await scene.visit();
  await scene.choose(picture("lake.png", 1));
  await scene.waitFor("lake.png", "Uploaded");
  await scene.gallery();
  for (let width = 320; width <= 1600; width += 40) {
    await scene.page.setViewportSize({ width, height: 720 });
    const { shown, sizes } = await scene.page.locator("#gallery img").evaluate((img) => {
      const matching = img.sizes.split(", ").find((size) => !size.startsWith("(") || matchMedia(size.slice(0, size.indexOf(")") + 1)).matches);
      const probe = document.body.appendChild(document.createElement("div"));
      probe.style.width = matching.split(" ").at(-1);
      const sizes = parseFloat(getComputedStyle(probe).width);
      probe.remove();
      return { shown: img.clientWidth, sizes };
    });
    assert.ok(sizes >= shown && sizes < 1.25 * shown, `at ${width} px: shown ${shown} px wide, sizes says ${sizes} px`);
  }
});

test("without flexible variants, an image is loaded in the variant public", async () => {
  const requested = [];
  scene.page.on("request", (request) => /imagedelivery/.test(request.url()) && requested.push(request.url().split("/").at(-1)));
  await scene.command("flexible off");
  await scene.visit();
  await scene.choose(picture("lake.png", 1));
  await scene.waitFor("lake.png", "Uploaded");
  const [{ title, url }] = await scene.images();
  assert.equal(title, "lake.png");
  assert.match(url, /\/public$/);
  assert.deepEqual(requested, ["width=240,height=180,fit=crop", "public"]);
});

test("a private image is shown only by a signed URL", async () => {
  await scene.visit();
  await scene.page.getByLabel("Keep them private").check();
  await scene.choose(picture("secret.png", 3));
  await scene.waitFor("secret.png", "Uploaded");
  const [{ title, url }] = await scene.images();
  assert.equal(title, "secret.png");
  await scene.page.locator("#gallery").getByText("Private").waitFor();
  assert.equal((await fetch(url)).status, 200);
  assert.equal((await fetch(url.split("?")[0])).status, 401);
  await scene.command("advance 61m");
  assert.equal((await fetch(url)).status, 403);
});

test("files are chosen by keyboard or dropped anywhere", async () => {
  await scene.visit();
  const chooser = scene.page.waitForEvent("filechooser");
  await scene.page.keyboard.press("Tab");
  await scene.page.keyboard.press("Enter");
  await (await chooser).setFiles([picture("chosen.png")]);
  await scene.waitFor("chosen.png", "Uploaded");
  await scene.page.getByRole("log").getByText("chosen.png was uploaded.").waitFor({ state: "attached" });

  const { buffer } = picture("dropped.png", 2);
  const dropped = await scene.page.evaluateHandle((bytes) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], "dropped.png", { type: "image/png" }));
    return transfer;
  }, buffer.toString("base64"));
  await scene.page.dispatchEvent("h1", "drop", { dataTransfer: dropped });
  await scene.waitFor("dropped.png", "Uploaded");
  assert.deepEqual(await scene.gallery(), ["dropped.png", "chosen.png"]);
});

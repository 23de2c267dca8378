import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { picture } from "./pictures.js";
import { launch, Scene } from "./scene.js";

const oneTimeURL = /\/upload\//;

let browser;
let scene;
let expectedErrors; // what the browser's console shall say of failed requests

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

test("an empty page shows nothing of other applications", async () => {
  await scene.visit();
  await scene.page.getByText("Nothing here yet").waitFor();
  assert.deepEqual(await scene.shelf(), []);
  await scene.look("empty");
});

test("three files are uploaded, with progress", async () => {
  const names = ["dawn.png", "noon.png", "dusk.png"];
  await scene.visit();
  await scene.slowDown(600_000);
  const seen = scene.page.evaluate(watchProgress, names.length);
  await scene.choose(...names.map((name, i) => picture(name, 1.4 * i)));
  await scene.row("dusk.png").getByText(/^[1-9]\d? %$/).waitFor();
  await scene.look("uploading");
  await scene.slowDown(-1);
  for (const name of names) await scene.says(name, "Uploaded");
  for (const values of await seen) assert.ok(values.length >= 2, `seen of one bar: ${values}`);
  assert.deepEqual((await scene.shelf()).sort(), names.toSorted());

  await scene.page.reload();
  await scene.page.getByText("3 in all").waitFor();
  assert.deepEqual((await scene.shelf()).sort(), names.toSorted());
  await scene.look("gallery");
});

// watchProgress returns, when all bars are done, which values in between each had.
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

test("files that cannot be kept are refused, and say why", async () => {
  expectedErrors = [/status of 413/, /status of 415/];
  await scene.visit();
  await scene.choose({ name: "huge.png", mimeType: "image/png", buffer: Buffer.alloc(10 * 2 ** 20 + 1) });
  await scene.says("huge.png", "The file is too large: the limit is 10 MB.");
  await scene.choose({ name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("no image") });
  await scene.says("notes.txt", "This is not an image");
  await scene.choose({ name: "empty.png", mimeType: "image/png", buffer: Buffer.alloc(0) });
  await scene.says("empty.png", "The file is empty.");
  await scene.choose({ name: "large.png", mimeType: "image/png", buffer: Buffer.alloc(2 * 2 ** 20 + 1) });
  await scene.says("large.png", "does not take files this large");
  await scene.choose({ name: "fake.png", mimeType: "image/png", buffer: Buffer.from("no image") });
  await scene.says("fake.png", "This is not an image");
  assert.equal(await scene.page.getByRole("button", { name: "Try again" }).count(), 0);
  await scene.page.getByRole("button", { name: "Clear list" }).click();
  assert.equal(await scene.page.getByRole("heading", { name: "Uploads" }).count(), 0);
});

test("an expired link is replaced by a fresh one", async () => {
  expectedErrors = [/status of 410/];
  await scene.visit();
  await scene.page.route(oneTimeURL, async (route) => {
    await scene.advance("1h");
    await route.continue();
  }, { times: 1 });
  await scene.choose(picture("late.png"));
  await scene.says("late.png", "The upload link has expired.");
  await scene.advance("-1h"); // the page asks for links by the real time
  await scene.page.getByRole("button", { name: "Try again: late.png" }).click();
  await scene.says("late.png", "Uploaded");
  assert.deepEqual(await scene.shelf(), ["late.png"]);
});

test("uploads are taken up again after the network was cut", async () => {
  // Before a file is sent again, the page asks whether it has come: 409 is no.
  expectedErrors = [/ERR_CONNECTION_RESET/, /ERR_CONNECTION_RESET/, /status of 409/, /status of 409/];
  const long = "the-second-of-them-has-quite-a-long-name-for-a-picture.png";
  await scene.visit();
  await scene.page.route(oneTimeURL, (route) => route.abort("connectionreset"), { times: 2 });
  await scene.choose(picture("first.png"), picture(long, 2));
  await scene.says("first.png", "The connection was lost.");
  await scene.says(long, "The connection was lost.");
  await scene.choose({ name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("no image") });
  await scene.look("errors");
  await scene.page.getByRole("button", { name: "Try all again" }).click();
  await scene.says("first.png", "Uploaded");
  await scene.says(long, "Uploaded");
  assert.deepEqual((await scene.shelf()).sort(), ["first.png", long]);
});

test("a file whose answer was lost is not sent twice", async () => {
  expectedErrors = [/ERR_CONNECTION_RESET/];
  let sent = 0;
  await scene.visit();
  await scene.page.route(oneTimeURL, async (route) => {
    sent++;
    assert.equal((await route.fetch()).status(), 200);
    await route.abort("connectionreset");
  });
  await scene.choose(picture("once.png"));
  await scene.says("once.png", "The connection was lost.");
  await scene.page.getByRole("button", { name: "Try again: once.png" }).click();
  await scene.says("once.png", "Uploaded");
  assert.equal(sent, 1);
  assert.deepEqual(await scene.shelf(), ["once.png"]);
});

test("an upload that stands still counts as lost", async () => {
  await scene.page.clock.install();
  await scene.visit();
  const asked = scene.page.waitForRequest(oneTimeURL);
  await scene.page.route(oneTimeURL, () => {}); // never answered
  await scene.choose(picture("stuck.png"));
  await asked;
  await scene.page.clock.fastForward("00:31");
  await scene.says("stuck.png", "The connection was lost.");
});

test("an upload on its way can be called back", async () => {
  await scene.visit();
  await scene.slowDown(100_000);
  await scene.choose(picture("oops.png"));
  await scene.row("oops.png").getByText(/^[1-9]\d? %$/).waitFor();
  const calledBack = scene.page.waitForResponse((response) => response.request().method() === "DELETE");
  await scene.page.getByRole("button", { name: "Take oops.png off the list" }).click();
  assert.equal((await calledBack).status(), 204);
  assert.equal(await scene.page.getByRole("heading", { name: "Uploads" }).count(), 0);
});

test("an image is deleted by keyboard, after a question", async () => {
  await scene.visit();
  await scene.choose(picture("old.png"));
  const button = scene.page.getByRole("button", { name: "Delete old.png" });
  await button.press("Enter");
  await scene.page.getByRole("dialog", { name: "Delete this image?" }).waitFor();
  await scene.look("question", { fullPage: false });
  await scene.page.keyboard.press("Escape");
  assert.deepEqual(await scene.shelf(), ["old.png"]);
  await button.press("Enter");
  await scene.page.keyboard.press("Tab");
  await scene.page.keyboard.press("Enter");
  await scene.page.getByText("Nothing here yet").waitFor();
  assert.equal(await scene.page.evaluate(() => document.activeElement.id), "shelf-title");
  await scene.page.reload();
  await scene.page.getByText("Nothing here yet").waitFor();
});

test("the gallery goes on where it ends, and again after a failure", async () => {
  expectedErrors = [/status of 503/];
  const image = (id) => ({ id, title: `${id}.png`, uploaded: "2026-01-02T03:04:05Z", src: "icon.svg" });
  const answers = [
    { json: { images: [image("newer")], next: "token" } },
    { status: 503, json: { error: "The image service is busy." } },
    { json: { images: [image("newer"), image("older")], next: "" } }, // one came again: the list had moved on
  ];
  const asked = [];
  await scene.page.route(/\/images/, (route) => {
    asked.push(new URL(route.request().url()).searchParams.get("after"));
    return route.fulfill(answers.shift());
  });
  await scene.visit();
  await scene.page.getByRole("button", { name: "Show more" }).click();
  await scene.page.getByText("The images could not be loaded. The image service is busy.").waitFor();
  await scene.page.getByRole("button", { name: "Try again" }).click();
  await scene.page.getByText("2 in all").waitFor();
  assert.deepEqual(await scene.shelf(), ["newer.png", "older.png"]);
  assert.deepEqual(asked, ["", "token", "token"]);
  assert.equal(await scene.page.getByRole("button", { name: "Show more" }).count(), 0);
});

test("a private image is seen by a signed URL only", async () => {
  await scene.visit();
  await scene.page.getByLabel("Keep them private").check();
  await scene.choose(picture("secret.png", 3));
  await scene.says("secret.png", "Uploaded");
  assert.deepEqual(await scene.shelf(), ["secret.png"]);
  await scene.page.locator("#shelf").getByText("Private").waitFor();
  const signed = await scene.page.getByRole("img", { name: "secret.png" }).getAttribute("src");
  assert.equal((await fetch(signed)).status, 200);
  assert.equal((await fetch(signed.split("?")[0])).status, 401);
  await scene.advance("61m");
  assert.equal((await fetch(signed)).status, 403);
});

test("files are chosen by keyboard, or dropped anywhere", async () => {
  await scene.visit();
  const chooser = scene.page.waitForEvent("filechooser");
  await scene.page.keyboard.press("Tab");
  await scene.page.keyboard.press("Enter");
  await (await chooser).setFiles([picture("chosen.png")]);
  await scene.says("chosen.png", "Uploaded");
  await scene.page.getByRole("log").getByText("chosen.png was uploaded.").waitFor({ state: "attached" });

  const { buffer } = picture("dropped.png", 2);
  const dropped = await scene.page.evaluateHandle((bytes) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], "dropped.png", { type: "image/png" }));
    return transfer;
  }, buffer.toString("base64"));
  await scene.page.dispatchEvent("h1", "drop", { dataTransfer: dropped });
  await scene.says("dropped.png", "Uploaded");
  assert.deepEqual(await scene.shelf(), ["dropped.png", "chosen.png"]);
});

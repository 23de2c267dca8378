// cfimages and imagestest, compared with Cloudflare's own local simulator.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { compare } from "../lib/comparison.js";
import { checkDifferences } from "../lib/differences.js";
import { picture } from "../lib/picture.js";
import { build, probe, startLocalServer } from "../lib/programs.js";
import { SIGNING_KEY, startSimulator } from "../lib/simulator.js";
import { compareUpdates } from "../lib/updates.js";

let built, simulator, dir, file;

before(async () => {
  built = build("./examples/localserver", "./internal/interop/probe");
  simulator = await startSimulator();
  dir = await mkdtemp(path.join(tmpdir(), "cfimages-interop-"));
  file = path.join(dir, "pixel.png");
  await writeFile(file, picture);
});

after(async () => {
  await simulator?.stop();
  built?.remove();
  if (dir) await rm(dir, { recursive: true });
});

test("our filters find what the simulator's find", async (t) => {
  const [n, seed] = [100, 2];
  t.diagnostic(`seed ${seed}; ./compare -n 500 -seed 1 compares more`);
  const server = await startLocalServer(built, "-rate", "100000000/1h");
  try {
    const outcome = await compare({ built, env: server.env, simulator: await freshSimulator(t), n, seed });
    assert.deepEqual(outcome.differences, []);
    assert.ok(outcome.empty < n * 0.6, `${outcome.empty} of ${n} filters match nothing`);
  } finally {
    await server.stop();
  }
});

test("our updates replace and keep what the simulator's do", async () => {
  const server = await startLocalServer(built, "-rate", "100000000/1h");
  try {
    const outcome = await compareUpdates({ built, env: server.env, simulator, n: 60, seed: 2 });
    assert.deepEqual(outcome.differences, []);
    for (const [field, times] of Object.entries(outcome.replaced)) assert.ok(times >= 10, `${field} is replaced ${times} times`);
  } finally {
    await server.stop();
  }
});

test("the known differences are as listed", async () => {
  for (const { name, problem } of await checkDifferences(built, simulator)) assert.ok(!problem, `${name}: ${problem}`);
});

test("our uploader completes the simulator's one-time URLs", async () => {
  const { id, uploadURL } = await simulator.call("createDirectUpload", { metadata: { n: 1 } });
  assert.equal((await simulator.call("details", id)).draft, true);
  assert.deepEqual(await probe(built, "upload", uploadURL, file), { id });
  const { draft, filename, meta, variants } = await simulator.call("details", id);
  assert.deepEqual({ draft, filename, meta }, { draft: false, filename: "probe.png", meta: { n: 1 } });
  assert.deepEqual(await bytes(variants[0]), picture);

  assert.equal((await probe(built, "upload", uploadURL, file)).kind, "conflict", "the URL was used");
  assert.equal((await probe(built, "upload", uploadURL.replace(id, "unknown"), file)).kind, "notFound");
});

test("our signed URLs open the simulator's private images", async () => {
  const { id, uploadURL } = await simulator.call("createDirectUpload", { requireSignedURLs: true });
  await probe(built, "upload", uploadURL, file);
  const [url] = (await simulator.call("details", id)).variants;
  const sign = async (key, seconds) => (await probe(built, "sign", key, url, String(seconds))).url;
  const now = Math.floor(Date.now() / 1000);

  assert.equal((await fetch(url)).status, 401, "unsigned");
  assert.deepEqual(await bytes(await sign(SIGNING_KEY, now + 3600)), picture);
  assert.deepEqual(await bytes(await sign(SIGNING_KEY, 0)), picture, "never expires");
  assert.equal((await fetch(await sign("another-key", now + 3600))).status, 401);
  assert.equal((await fetch(await sign(SIGNING_KEY, now - 3600))).status, 401, "expired");
  assert.equal((await fetch((await sign(SIGNING_KEY, now + 3600)).replace(/exp=\d+/, `exp=${now + 7200}`))).status, 401, "changed");
});

test("we sign as the simulator signs, and verify its URLs", async () => {
  const { id, variants: [url] } = await simulator.call("upload", "any bytes", { requireSignedURLs: true });
  for (const expiresIn of [undefined, 3600]) {
    const theirs = await simulator.call("signedUrl", id, { variant: "public", expiresIn });
    const exp = new URL(theirs).searchParams.get("exp") ?? "0";
    assert.equal((await probe(built, "sign", SIGNING_KEY, url, exp)).url, theirs);
    assert.deepEqual(await probe(built, "verify", SIGNING_KEY, theirs), { url: theirs });
    assert.equal((await probe(built, "verify", "another-key", theirs)).kind, "signatureInvalid");
  }
});

/** Starts a simulator for one test: lists would show the images of other tests. */
async function freshSimulator(t) {
  const fresh = await startSimulator();
  t.after(() => fresh.stop());
  return fresh;
}

async function bytes(url) {
  const response = await fetch(url);
  assert.equal(response.status, 200, await (response.ok ? "" : response.text()));
  return Buffer.from(await response.arrayBuffer());
}

// Clients of other authors, unchanged, against localserver.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import Cloudflare from "cloudflare";
import { picture } from "../lib/picture.js";
import { build, output, startLocalServer } from "../lib/programs.js";

const seeded = 25; // images, as localserver makes them

const source = "https://user:secret@example.com/cats/tom.png?size=big";

let built, dir, server, client, account_id;

before(async () => {
  built = build("./examples/localserver");
  dir = await mkdtemp(path.join(tmpdir(), "cfimages-interop-"));
  const file = path.join(dir, "tom.png");
  await writeFile(file, picture);
  server = await startLocalServer(built, "-images", String(seeded), "-source", `${source}=${file}`);
  Object.assign(process.env, server.env); // which the SDK reads
  client = new Cloudflare();
  account_id = process.env.CLOUDFLARE_ACCOUNT_ID;
});

after(async () => {
  await server?.stop();
  built?.remove();
  if (dir) await rm(dir, { recursive: true });
});

const list = (params = {}) => client.images.v2.list({ account_id, ...params });

/** Lists all pages by continuation tokens. */
async function walk(params) {
  const pages = [];
  let continuation_token;
  do {
    const page = await list({ ...params, continuation_token });
    pages.push(page.images);
    continuation_token = page.continuation_token ?? undefined;
  } while (continuation_token);
  return pages;
}

test("TypeScript SDK: lists by tokens, in both orders", async () => {
  const newestFirst = await walk({ per_page: 10 });
  assert.deepEqual(newestFirst.map((page) => page.length), [10, 10, 5]);
  const oldestFirst = await walk({ per_page: 10, sort_order: "asc" });
  const ids = oldestFirst.flat().map((image) => image.id);
  assert.equal(new Set(ids).size, seeded);
  assert.deepEqual(newestFirst.flat().map((image) => image.id), ids.toReversed());
});

test("TypeScript SDK: filters by metadata and creator", async () => {
  const all = (await list()).images;
  const holds = {
    "status[eq]": ["active", (image) => image.meta.status === "active"],
    "priority[gte:number]": ["4", (image) => image.meta.priority >= 4],
    "priority[in:number]": ["1|2", (image) => [1, 2].includes(image.meta.priority)],
    "enabled[eq:boolean]": ["false", (image) => !image.meta.enabled],
    "region.name[in]": ["eu-west|us-east", (image) => ["eu-west", "us-east"].includes(image.meta.region.name)],
  };
  for (const [filter, [value, condition]] of Object.entries(holds)) {
    const want = all.filter(condition);
    assert.ok(want.length > 0 && want.length < all.length, filter);
    assert.deepEqual((await list({ meta: { [filter]: value } })).images, want, filter);
  }
  const both = await list({ meta: { "status[eq:string]": "active", "region.name[eq]": "eu-west" } });
  assert.deepEqual(both.images, all.filter((image) => image.meta.status === "active" && image.meta.region.name === "eu-west"));
  for (const creator of ["alice", ""]) {
    assert.deepEqual((await list({ creator })).images, all.filter((image) => (image.creator ?? "") === creator));
  }
  await assert.rejects(list({ meta: { "status[not-eq]": "active" } }), (error) => {
    assert.ok(error instanceof Cloudflare.BadRequestError);
    assert.deepEqual(error.errors.map(({ code, message }) => [code, message]), [[5400, "Unsupported metadata filter operator: 'not-eq'"]]);
    return true;
  });
});

test("TypeScript SDK: creates, uploads, looks, finds and deletes", async () => {
  const upload = await client.images.v2.directUploads.create({
    account_id,
    creator: "carol",
    expiry: new Date(Date.now() + 10 * 60_000).toISOString(),
    metadata: { story: "sdk", region: { name: "moon" } },
    requireSignedURLs: false,
  });
  const details = () => client.images.v1.get(upload.id, { account_id });
  assert.equal((await details()).draft, true);
  assert.deepEqual(await list({ creator: "carol" }).then((page) => page.images), [], "a draft is not listed");

  const form = () => {
    const body = new FormData();
    body.set("file", new Blob([picture], { type: "image/png" }), "pixel.png");
    return { method: "POST", body };
  };
  assert.equal((await fetch(upload.uploadURL, form())).status, 200);
  assert.equal((await fetch(upload.uploadURL, form())).status, 409, "the URL can be used once");

  const image = await details();
  assert.equal(image.draft, undefined);
  assert.equal(image.filename, "pixel.png");
  assert.deepEqual(image.meta, { story: "sdk", region: { name: "moon" } });
  const delivered = await fetch(image.variants[0]);
  assert.deepEqual(Buffer.from(await delivered.arrayBuffer()), picture);
  const found = await list({ meta: { "story[eq:string]": "sdk", "region.name[eq:string]": "moon" } });
  assert.deepEqual(found.images.map(({ id, creator }) => [id, creator]), [[upload.id, "carol"]]);

  await client.images.v1.delete(upload.id, { account_id });
  await assert.rejects(details(), Cloudflare.NotFoundError);
  assert.equal((await list()).images.length, seeded);
});

test("TypeScript SDK: metadata keeps its types as one JSON text", async () => {
  const metadata = JSON.stringify({ priority: 5, tags: ["a"], enabled: true });
  const { id } = await client.images.v2.directUploads.create({ account_id, metadata });
  const draft = await client.images.v1.get(id, { account_id });
  assert.deepEqual(draft.meta, JSON.parse(metadata));
});

const upload = (params) => client.images.v1.create({ account_id, file: new File([picture], "pixel.png", { type: "image/png" }), ...params });

async function statusOf(url) {
  const response = await fetch(url);
  await response.arrayBuffer();
  return response.status;
}

test("TypeScript SDK: uploads a file", async (t) => {
  const metadata = { status: "active", region: { name: "moon" } };
  const image = await upload({ id: "cats/tom", creator: "dora", metadata });
  t.after(() => client.images.v1.delete(image.id, { account_id }));
  const { id, creator, filename, meta, requireSignedURLs, variants } = image;
  assert.deepEqual({ id, creator, filename, meta, requireSignedURLs },
    { id: "cats/tom", creator: "dora", filename: "pixel.png", meta: metadata, requireSignedURLs: false });
  assert.deepEqual(Buffer.from(await (await fetch(variants[0])).arrayBuffer()), picture);
  const original = await client.images.v1.blobs.get(id, { account_id });
  assert.deepEqual(Buffer.from(await original.arrayBuffer()), picture);
  assert.deepEqual(await client.images.v1.get(id, { account_id }), image);
  await assert.rejects(upload({ id }), Cloudflare.ConflictError);
});

test("TypeScript SDK: uploads from a URL", async (t) => {
  const image = await client.images.v1.create({ account_id, url: source, creator: "dora" });
  t.after(() => client.images.v1.delete(image.id, { account_id }));
  assert.deepEqual([image.filename, image.creator], ["tom.png", "dora"]);
  assert.deepEqual(Buffer.from(await (await fetch(image.variants[0])).arrayBuffer()), picture);
  await assert.rejects(client.images.v1.create({ account_id, url: "https://example.com/missing.png" }), Cloudflare.BadRequestError);
});

test("TypeScript SDK: updates", async (t) => {
  const image = await upload({ creator: "dora", metadata: { status: "pending", old: "yes" } });
  let id = image.id;
  t.after(() => client.images.v1.delete(id, { account_id }));
  const edit = async (change) => {
    const edited = await client.images.v1.edit(id, { account_id, ...change });
    assert.deepEqual(await client.images.v1.get(edited.id, { account_id }), edited, "what was returned is stored");
    return edited;
  };
  const metadata = { status: "edited", priority: 7, tags: ["a"] };
  assert.deepEqual(await edit({ metadata }), { ...image, meta: metadata }, "metadata is replaced, all else is kept");
  assert.deepEqual(await edit({ creator: "eve" }), { ...image, meta: metadata, creator: "eve" });
  const found = await list({ meta: { "status[eq:string]": "edited", "priority[eq:number]": "7" } });
  assert.deepEqual(found.images.map((found) => found.id), [id]);

  const edited = await edit({ requireSignedURLs: true });
  assert.notEqual(edited.id, id, "a change of access gives a new ID");
  await assert.rejects(client.images.v1.get(id, { account_id }), Cloudflare.NotFoundError);
  id = edited.id;
  assert.equal(edited.requireSignedURLs, true);
  assert.notEqual(await statusOf(edited.variants[0]), 200, "it is private");
});

test("TypeScript SDK: counts images", async (t) => {
  const current = async () => (await client.images.v1.stats.get({ account_id })).count.current;
  const before = await current();
  const { id } = await upload();
  assert.equal(await current(), before + 1);
  await client.images.v1.delete(id, { account_id });
  assert.equal(await current(), before);
});

test("TypeScript SDK: creates, edits and deletes variants", async () => {
  const { variants } = client.images.v1;
  const hero = { id: "hero", options: { fit: "scale-down", height: 768, metadata: "none", width: 1366 }, neverRequireSignedURLs: true };
  assert.deepEqual((await variants.create({ account_id, ...hero })).variant, hero);
  const all = (await variants.list({ account_id })).variants;
  assert.deepEqual(Object.keys(all).sort(), ["hero", "public"]);
  assert.deepEqual(all.hero, hero);

  const options = { fit: "cover", height: 100, metadata: "keep", width: 200 };
  const edited = { id: "hero", options, neverRequireSignedURLs: false };
  assert.deepEqual((await variants.edit("hero", { account_id, options, neverRequireSignedURLs: false })).variant, edited);
  assert.deepEqual((await variants.get("hero", { account_id })).variant, edited);
  await variants.delete("hero", { account_id });
  await assert.rejects(variants.get("hero", { account_id }), Cloudflare.NotFoundError);
  await assert.rejects(variants.delete("public", { account_id }), Cloudflare.APIError);
});

test("TypeScript SDK: enables and disables flexible variants", async (t) => {
  const { id, variants } = await upload();
  t.after(() => client.images.v1.delete(id, { account_id }));
  const transformed = variants[0].replace(/public$/, "w=100,fit=cover");
  for (const flexible_variants of [true, false]) {
    // The SDK has no method for this request.
    const { success } = await client.patch(`/accounts/${account_id}/images/v1/config`, { body: { flexible_variants } });
    assert.equal(success, true);
    assert.equal(await statusOf(transformed) === 200, flexible_variants);
  }
});

test("TypeScript SDK: creates and deletes signing keys, which sign", async (t) => {
  const { keys } = client.images.v1;
  const names = (response) => response.keys.map((key) => key.name);
  assert.deepEqual(names(await keys.list({ account_id })), ["default"]);
  const created = await keys.update("next", { account_id });
  assert.deepEqual(names(created), ["default", "next"]);

  const { id, variants: [url] } = await upload({ requireSignedURLs: true });
  t.after(() => client.images.v1.delete(id, { account_id }));
  const { pathname } = new URL(url);
  const query = `?exp=${Math.floor(Date.now() / 1000) + 3600}`;
  const signed = `${url}${query}&sig=${createHmac("sha256", created.keys[1].value).update(pathname + query).digest("hex")}`;
  assert.equal(await statusOf(signed), 200);
  assert.deepEqual(names(await keys.delete("next", { account_id })), ["default"]);
  assert.notEqual(await statusOf(signed), 200, "its key is deleted");
});

test("curl: a direct upload, its update, lists and delete", async () => {
  const story = fileURLToPath(new URL("../story.sh", import.meta.url));
  assert.deepEqual((await output(story, [], { env: server.env })).trim().split("\n"), [
    "draft: true",
    'uploaded: ["pixel.png",false]',
    "found: 1",
    'updated: {"story":"curl","priority":6}',
    "found: 1",
    `images: ${seeded + 1}`,
    "deleted: 404",
  ]);
});

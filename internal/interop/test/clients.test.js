// Clients that know nothing of imagestest, unchanged, against localserver.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import Cloudflare from "cloudflare";
import { picture } from "../lib/picture.js";
import { build, output, startLocalServer } from "../lib/programs.js";

const seeded = 25; // images, as localserver makes them

let built, server, client, account_id;

before(async () => {
  built = build("./examples/localserver");
  server = await startLocalServer(built, "-images", String(seeded));
  Object.assign(process.env, server.env); // which the SDK reads
  client = new Cloudflare();
  account_id = process.env.CLOUDFLARE_ACCOUNT_ID;
});

after(async () => {
  await server?.stop();
  built?.remove();
});

const list = (params = {}) => client.images.v2.list({ account_id, ...params });

/** Walks by continuation tokens. */
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
  assert.equal((await fetch(upload.uploadURL, form())).status, 409, "the URL is good once");

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

test("curl: the same story", async () => {
  const story = fileURLToPath(new URL("../story.sh", import.meta.url));
  assert.deepEqual((await output(story, [], { env: server.env })).trim().split("\n"), [
    "draft: true",
    'uploaded: ["pixel.png",false]',
    "found: 1",
    `images: ${seeded + 1}`,
    "deleted: 404",
  ]);
});

// Sends the same updates to imagestest and to the simulator.
import { query } from "./programs.js";
import { random, randomMetadata } from "./random.js";

const imageCount = 20;
// The simulator keeps an image's whole record in the 1024 bytes that a KV key may have for metadata.
const maxMetadata = 600;

/** Compares n random updates; resolves to what was compared, and every update whose results differ. */
export async function compareUpdates({ built, env, simulator, n, seed }) {
  const rnd = random(seed);
  const images = [];
  for (let i = 0; i < imageCount; i++) images.push(await storeInBoth(built, env, simulator, { meta: metadata(rnd) }));
  const outcome = { images: images.length, updates: n, replaced: { creator: 0, metadata: 0, requireSignedURLs: 0 }, differences: [] };
  for (let i = 0; i < n; i++) {
    const image = rnd.pick(images);
    const change = randomChange(rnd);
    for (const field of Object.keys(change)) outcome.replaced[field]++;
    const answer = await updateOurs(built, env, image.ours.id, change);
    if (answer.error) throw new Error(`imagestest rejected ${JSON.stringify(change)}: ${answer.error}`);
    const updated = await simulator.call("update", image.simulator.id, change);
    const stored = await simulator.call("details", image.simulator.id);
    // The JSON form of cfimages.Image leaves out what is empty.
    const mine = [answer.updated, answer.stored].map((details) => comparable({ creator: "", meta: null, ...details }, image.ours));
    const theirs = [updated, stored].map((details) => comparable(details, image.simulator));
    if (JSON.stringify(mine) !== JSON.stringify(theirs)) outcome.differences.push({ change, ours: mine, simulator: theirs });
    image.ours.id = answer.id; // a change of access has given it a new one
  }
  return outcome;
}

/** Stores an image in both; resolves to its details in each. Without an ID each generates one. */
async function storeInBoth(built, env, simulator, { id, draft, meta }) {
  const creator = "alice";
  const [answer] = await query(built, env, [{ store: { id, creator, draft, meta: JSON.stringify(meta) } }]);
  if (answer.error) throw new Error(`imagestest stored no image: ${answer.error}`);
  if (draft) return { ours: { id: answer.id }, simulator: await simulator.call("createDirectUpload", { creator, metadata: meta }) };
  const options = { id, creator, metadata: meta, filename: answer.image.filename };
  return { ours: answer.image, simulator: await simulator.call("upload", "any bytes", options) };
}

/** Updates by cfimages; resolves to the answer of `probe query`. */
async function updateOurs(built, env, id, { creator, metadata, requireSignedURLs }) {
  const meta = metadata && JSON.stringify(metadata);
  const [answer] = await query(built, env, [{ update: { id, creator, meta, requireSignedURLs } }]);
  return answer;
}

// The known differences, checked as those in lib/differences.js are.
const updateDifferences = [
  {
    name: "the ID after a change of access",
    why: "the API reference says that a change gives a new one; the simulator keeps it",
    image: {},
    change: { requireSignedURLs: true },
    ours: { newID: true },
    simulator: { newID: false },
  },
  {
    name: "a custom ID made private",
    why: "the simulator allows it; Cloudflare's developer documentation says that custom IDs cannot require signed URLs",
    image: { id: "custom" },
    change: { requireSignedURLs: true },
    ours: "badRequest",
    simulator: { newID: false },
  },
  {
    name: "an update of a draft",
    why: "the simulator allows it; nothing is published, and imagestest is strict",
    image: { draft: true },
    change: { metadata: { n: 2 } },
    ours: "conflict",
    simulator: { newID: false },
  },
];

/** Resolves to the differences of updates. One that is not as listed has a problem. */
export async function checkUpdateDifferences(built, env, simulator) {
  const checked = [];
  for (const difference of updateDifferences) {
    const { image, change, ours, simulator: theirs } = difference;
    const stored = await storeInBoth(built, env, simulator, { meta: { n: 1 }, ...image });
    const answer = await updateOurs(built, env, stored.ours.id, change);
    const mine = answer.kind ?? answer.error ?? { newID: answer.id !== stored.ours.id };
    const updated = await simulator.call("update", stored.simulator.id, change);
    const got = JSON.stringify([mine, { newID: updated.id !== stored.simulator.id }]);
    const want = JSON.stringify([ours, theirs]);
    checked.push({ ...difference, problem: got === want ? "" : `[imagestest, simulator] is ${got}, not ${want}` });
  }
  return checked;
}

/** What an update can replace, and what it keeps. The ID is a known difference. */
function comparable({ creator, filename, meta, requireSignedURLs, uploaded }, stored) {
  return {
    creator,
    requireSignedURLs,
    meta: sorted(meta),
    filenameKept: filename === stored.filename,
    uploadedKept: Date.parse(uploaded) === Date.parse(stored.uploaded),
  };
}

/** The same value with the members of objects in one order. */
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).sort().map(([name, member]) => [name, sorted(member)]));
}

/** One to three of the fields that an update may have. */
function randomChange(rnd) {
  const change = {};
  if (rnd.chance(0.4)) change.creator = rnd.pick(["alice", "bob", "été", ""]);
  if (rnd.chance(0.6)) change.metadata = rnd.chance(0.2) ? {} : metadata(rnd);
  if (rnd.chance(0.3)) change.requireSignedURLs = rnd.chance(0.5);
  return Object.keys(change).length > 0 ? change : randomChange(rnd);
}

function metadata(rnd) {
  const object = randomMetadata(rnd);
  return Buffer.byteLength(JSON.stringify(object)) <= maxMetadata ? object : metadata(rnd);
}

// Stores the same images in imagestest and in the simulator, and sends the same filters to both.
import { query } from "./programs.js";
import { random, randomFilter, randomMetadata } from "./random.js";

const imageCount = 120;
// The simulator keeps an image's whole record in the 1024 bytes that a KV key may have for metadata.
const maxMetadata = 600;

/** Compares n random filters; resolves to what was compared and every filter whose results differ. */
export async function compare({ built, env, simulator, n, seed }) {
  const rnd = random(seed);
  const images = randomImages(rnd);
  const filters = Array.from({ length: n }, () => randomFilter(rnd, images.map((image) => JSON.parse(image.meta))));
  const ours = await askOurs(built, env, images, filters.map((conditions) => ({ conditions })));
  await storeInSimulator(simulator, images);
  const outcome = { images: images.length, filters: n, conditions: filters.flat().length, matches: 0, empty: 0, differences: [] };
  for (const [i, conditions] of filters.entries()) {
    const theirs = await listSimulator(simulator, conditions);
    outcome.matches += theirs.length;
    if (theirs.length === 0) outcome.empty++;
    const mine = ours[i].error ?? ours[i].ids ?? [];
    if (JSON.stringify(mine) !== JSON.stringify(theirs)) outcome.differences.push({ conditions, ours: mine, simulator: theirs });
  }
  return outcome;
}

function randomImages(rnd) {
  const images = [];
  while (images.length < imageCount) {
    const meta = JSON.stringify(randomMetadata(rnd));
    if (Buffer.byteLength(meta) <= maxMetadata) images.push({ id: `image-${String(images.length).padStart(4, "0")}`, meta });
  }
  return images;
}

/** Stores images (their meta as JSON text) in the server that env describes; resolves to one answer for each find. */
export async function askOurs(built, env, images, finds) {
  const answers = await query(built, env, [
    ...images.map((image) => ({ store: image })),
    ...finds.map(({ conditions = [], ...rest }) => ({ find: { ...rest, conditions: conditions.map(asText) } })),
  ]);
  const stored = answers.splice(0, images.length);
  const failed = stored.find((answer) => answer.error);
  if (failed) throw new Error(`imagestest stored no image: ${failed.error}`);
  return answers;
}

const asText = (condition) => ({ ...condition, values: condition.values.map(String) });

/** Stores images in the simulator. */
export async function storeInSimulator(simulator, images) {
  for (const { id, creator, meta } of images) {
    await simulator.call("upload", "any bytes", { id, creator, metadata: JSON.parse(meta) });
  }
}

/** Lists the IDs of the simulator's images, oldest first, by conditions in the form of `probe query`. */
export async function listSimulator(simulator, conditions, options = {}) {
  const metadata = {};
  for (const { field, operator, values } of conditions) {
    metadata[field] = { ...metadata[field], [operator]: operator === "in" ? values : values[0] };
  }
  const page = await simulator.call("list", { limit: 10_000, sortOrder: "asc", ...options, filter: { metadata } });
  return page.images.map((image) => image.id);
}

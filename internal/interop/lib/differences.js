// The known differences of imagestest and the simulator, with reasons. Each is checked, so that one that disappears is noticed.
import { askOurs, listSimulator, storeInSimulator } from "./comparison.js";
import { startLocalServer } from "./programs.js";
import { checkUpdateDifferences } from "./updates.js";

const eq = (field, type, value) => ({ field, operator: "eq", type, values: [value] });

const differences = [
  {
    name: "a path into a list, tags.0",
    why: "the simulator's paths are JavaScript property look-ups; the API documents nested objects only",
    images: [{ id: "list", meta: `{"tags":["a"]}` }],
    conditions: [eq("tags.0", "string", "a")],
    ours: [],
    simulator: ["list"],
  },
  {
    name: "the length of a list, items.length",
    why: "as before",
    images: [{ id: "length", meta: `{"items":["a"]}` }],
    conditions: [eq("items.length", "number", 1)],
    ours: [],
    simulator: ["length"],
  },
  {
    name: "integers over 2^53",
    why: "JavaScript rounds them; imagestest compares exactly, as cfimages sends them exactly",
    images: [{ id: "exact", meta: `{"big":9007199254740993}` }, { id: "near", meta: `{"big":9007199254740992}` }],
    conditions: [eq("big", "number", 9007199254740992)],
    ours: ["near"],
    simulator: ["exact", "near"],
  },
  {
    name: "more than five filters",
    why: "the simulator has no limits; five filters, five levels and ten values are those of the API reference",
    images: [{ id: "six", meta: `{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1}` }],
    conditions: ["a", "b", "c", "d", "e", "f"].map((field) => eq(field, "number", 1)),
    ours: "invalidParams",
    simulator: ["six"],
  },
  {
    name: "drafts in lists",
    why: "the simulator shows them; Cloudflare's developer documentation says that lists leave them out",
    images: [{ id: "draft", meta: `{"kind":"draft"}`, draft: true }],
    conditions: [eq("kind", "string", "draft")],
    ours: [],
    simulator: ["draft"],
  },
  {
    name: `the creator ""`,
    why: "any to the simulator; the API reference says the images whose creator is not set",
    images: [{ id: "hers", creator: "alice", meta: `{"for":"creator"}` }, { id: "nobodys", meta: `{"for":"creator"}` }],
    creator: "",
    conditions: [eq("for", "string", "creator")],
    ours: ["nobodys"],
    simulator: ["hers", "nobodys"],
  },
];

/** Resolves to the differences. One that is not as listed has a problem. */
export async function checkDifferences(built, simulator) {
  const server = await startLocalServer(built);
  try {
    const checked = [];
    for (const difference of differences) checked.push({ ...difference, problem: await problem(built, server.env, simulator, difference) });
    return [...checked, ...(await checkUpdateDifferences(built, server.env, simulator)), untyped];
  } finally {
    await server.stop();
  }
}

const untyped = {
  name: "untyped eq and in",
  why: "values have types in the simulator and none in a query, and how Cloudflare infers them is not published: " +
    "compared only with words that every rule takes for strings (not checked)",
};

async function problem(built, env, simulator, { images, conditions, creator, ours, simulator: theirs }) {
  const [answer] = await askOurs(built, env, images, [{ conditions, creator }]);
  const mine = answer.kind ?? answer.error ?? answer.ids ?? [];
  const drafts = images.filter((image) => image.draft);
  await storeInSimulator(simulator, images.filter((image) => !image.draft));
  for (const { id, meta } of drafts) await simulator.call("createDirectUpload", { id, metadata: JSON.parse(meta) });
  const listed = await listSimulator(simulator, conditions, { creator });
  const got = JSON.stringify([mine, listed]);
  return got === JSON.stringify([ours, theirs]) ? "" : `[imagestest, simulator] is ${got}, not ${JSON.stringify([ours, theirs])}`;
}

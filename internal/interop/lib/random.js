// Random metadata and filters, the same for the same seed.

/** Returns a generator (Mulberry32) with the few choices that are needed here. */
export function random(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    below: (n) => Math.floor(next() * n),
    chance: (probability) => next() < probability,
    pick: (list) => list[Math.floor(next() * list.length)],
  };
}

// Few values, so that filters match images, and values of one type that look like another.
const words = ["active", "eu-west", "Active", "été", "日本 🗻", "a b&c=d", "100%", "\"quoted\"\\", "null", "a+b", "tab\there"];
const strings = [...words, "", "5", "5.0", "true", "false", "-1", "a|b"];
const numbers = [0, 1, 5, -1, 4.5, -0.25, 0.1, 1e21, 1e-7, 2 ** 53 - 1, -(2 ** 53) + 1];
const names = ["status", "priority", "region", "Status", "_x1"];
const maxLevels = 6; // one more than filters reach

/** Returns a JSON object; every field may hold any type. */
export function randomMetadata(rnd, level = 1) {
  const object = {};
  for (const name of names) {
    if (rnd.chance(level === 1 ? 0.9 : 0.5)) object[name] = randomValue(rnd, level);
  }
  if (level === 1 && rnd.chance(0.2)) object["region.status"] = rnd.pick(strings); // a dot that is no path
  return object;
}

function randomValue(rnd, level) {
  switch (rnd.below(level < maxLevels ? 9 : 6)) {
    case 0: case 1: return rnd.pick(strings);
    case 2: case 3: return rnd.pick(numbers);
    case 4: return rnd.chance(0.5);
    case 5: return rnd.pick([null, [], [5, "active"], [{ status: "active" }]]);
    default: return randomMetadata(rnd, level + 1);
  }
}

/** Returns one to five conditions, most of them met by one of the images. */
export function randomFilter(rnd, metadata) {
  const wanted = leaves(rnd.pick(metadata));
  const conditions = [];
  for (let n = 1 + rnd.below(5); n > 0; n--) {
    const condition = rnd.chance(0.8) && wanted.length > 0 ? matching(rnd, rnd.pick(wanted)) : anyCondition(rnd);
    const taken = conditions.some((c) => c.field === condition.field && c.operator === condition.operator);
    if (!taken) conditions.push(condition); // the simulator's filter holds an operator once for a field
  }
  return conditions;
}

/** Lists the scalars that a filter can name: [field, value]. */
function leaves(object, path = []) {
  return Object.entries(object).flatMap(([name, value]) => {
    const field = [...path, name];
    if (name.includes(".") || field.length > 5 || value === null || Array.isArray(value)) return [];
    return typeof value === "object" ? leaves(value, field) : [[field.join("."), value]];
  });
}

/** Returns a condition that the value meets. */
function matching(rnd, [field, value]) {
  if (typeof value === "boolean") return condition(field, "eq", "boolean", [value]);
  if (typeof value === "string") {
    const type = words.includes(value) && !/^null$/.test(value) && rnd.chance(0.3) ? "" : "string";
    if (value.includes("|") || rnd.chance(0.5)) return condition(field, "eq", type, [value]);
    return condition(field, "in", type, listWith(rnd, value, type === "" ? plainWords : listable));
  }
  switch (rnd.below(6)) {
    case 0: return condition(field, "eq", "number", [value]);
    case 1: return condition(field, "in", "number", listWith(rnd, value, numbers));
    case 2: return condition(field, "gte", "number", [value]);
    case 3: return condition(field, "lte", "number", [value]);
    case 4: return condition(field, "gt", "number", [below(rnd, value)]);
    default: return condition(field, "lt", "number", [-below(rnd, -value)]);
  }
}

const listable = strings.filter((text) => !text.includes("|"));
const plainWords = words.filter((text) => text !== "null"); // of no other type, by any rule

/** Returns any condition. */
function anyCondition(rnd) {
  const levels = 1 + rnd.below(3);
  const field = Array.from({ length: levels }, () => rnd.pick([...names, "missing"])).join(".");
  switch (rnd.below(7)) {
    case 0: return condition(field, "eq", "string", [rnd.pick(strings)]);
    case 1: return condition(field, "eq", "number", [rnd.pick(numbers)]);
    case 2: return condition(field, "eq", "boolean", [rnd.chance(0.5)]);
    case 3: return condition(field, "in", "string", listWith(rnd, rnd.pick(listable), listable));
    case 4: return condition(field, "in", "number", listWith(rnd, rnd.pick(numbers), numbers));
    case 5: return condition(field, "eq", "", [rnd.pick(plainWords)]);
    default: return condition(field, rnd.pick(["gt", "gte", "lt", "lte"]), "number", [rnd.pick(numbers)]);
  }
}

/** Returns one to ten values, the given one at any place. */
function listWith(rnd, value, others) {
  const list = Array.from({ length: rnd.below(10) }, () => rnd.pick(others));
  list.splice(rnd.below(list.length + 1), 0, value);
  return list;
}

function below(rnd, number) {
  const less = numbers.filter((n) => n < number);
  return less.length > 0 ? rnd.pick(less) : number - 1e22;
}

const condition = (field, operator, type, values) => ({ field, operator, type, values });

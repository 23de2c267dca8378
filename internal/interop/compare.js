// The program behind the script compare.
import { parseArgs } from "node:util";
import { compare } from "./lib/comparison.js";
import { checkDifferences } from "./lib/differences.js";
import { build, startLocalServer } from "./lib/programs.js";
import { startSimulator } from "./lib/simulator.js";
import { compareUpdates } from "./lib/updates.js";

const { values } = parseArgs({ options: { n: { type: "string", default: "500" }, seed: { type: "string", default: "1" } } });
const [n, seed] = [values.n, values.seed].map(Number);
if (!Number.isSafeInteger(n) || n < 1 || !Number.isSafeInteger(seed)) throw new Error("-n and -seed must be whole numbers, -n at least 1");

const built = build("./examples/localserver", "./internal/interop/probe");
const simulator = await startSimulator();
// The client keeps to the rate limit of the response headers: this one is large enough for all calls.
const server = await startLocalServer(built, "-rate", "100000000/1h");
try {
  const outcome = await compare({ built, env: server.env, simulator, n, seed });
  console.log(`seed ${seed}: ${outcome.filters} filters of ${outcome.conditions} conditions over ${outcome.images} images, ` +
    `${outcome.matches} matches, ${outcome.empty} filters that match nothing`);
  report(outcome.filters, outcome.differences);

  const updated = await compareUpdates({ built, env: server.env, simulator, n, seed });
  console.log(`seed ${seed}: ${updated.updates} updates of ${updated.images} images: ${JSON.stringify(updated.replaced)}`);
  report(updated.updates, updated.differences);

  console.log("known differences, each checked:");
  for (const { name, why, problem } of await checkDifferences(built, simulator)) {
    console.log(`- ${name}: ${why}${problem ? `\n  NOT AS LISTED: ${problem}` : ""}`);
    if (problem) process.exitCode = 1;
  }
} finally {
  await server.stop();
  await simulator.stop();
  built.remove();
}

function report(compared, differences) {
  for (const difference of differences) console.log(`DIFFERENT ${JSON.stringify(difference)}`);
  console.log(`${compared - differences.length} equal, ${differences.length} different`);
  if (differences.length > 0) process.exitCode = 1;
}

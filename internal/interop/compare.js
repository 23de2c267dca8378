// See compare, the command.
import { parseArgs } from "node:util";
import { compare } from "./lib/comparison.js";
import { checkDifferences } from "./lib/differences.js";
import { build, startLocalServer } from "./lib/programs.js";
import { startSimulator } from "./lib/simulator.js";

const { values } = parseArgs({ options: { n: { type: "string", default: "500" }, seed: { type: "string", default: "1" } } });
const [n, seed] = [values.n, values.seed].map(Number);
if (!Number.isSafeInteger(n) || n < 1 || !Number.isSafeInteger(seed)) throw new Error("-n and -seed must be whole numbers, -n at least 1");

const built = build("./examples/localserver", "./internal/interop/probe");
const simulator = await startSimulator();
// The client heeds the rate limit that it is told of: a large one lets it go on.
const server = await startLocalServer(built, "-rate", "100000000/1h");
try {
  const outcome = await compare({ built, env: server.env, simulator, n, seed });
  console.log(`seed ${seed}: ${outcome.filters} filters of ${outcome.conditions} conditions over ${outcome.images} images, ` +
    `${outcome.matches} matches, ${outcome.empty} filters that match nothing`);
  for (const difference of outcome.differences) console.log(`DIFFERENT ${JSON.stringify(difference)}`);
  console.log(`${outcome.filters - outcome.differences.length} equal, ${outcome.differences.length} different`);
  if (outcome.differences.length > 0) process.exitCode = 1;

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

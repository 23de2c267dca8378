// Builds and runs the Go programs that the tests need.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Builds the packages into a temporary directory. Signals reach a built program, but not the one that `go run` starts. */
export function build(...packages) {
  const dir = mkdtempSync(path.join(tmpdir(), "cfimages-interop-"));
  execFileSync("go", ["build", "-o", dir + path.sep, ...packages], { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  return {
    program: (name) => path.join(dir, name),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** Starts localserver on a free port; resolves to the variables that it prints, as env, and to stop. */
export async function startLocalServer(built, ...args) {
  const child = spawn(built.program("localserver"), ["-addr", "127.0.0.1:0", "-json", ...args], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const exited = once(child, "exit");
  const announced = once(child.stdout.setEncoding("utf8"), "data");
  const first = await Promise.race([announced, exited.then(([code]) => Promise.reject(new Error(`localserver ended with ${code}`)))]);
  return {
    env: JSON.parse(first[0]),
    async stop() {
      child.kill("SIGTERM");
      await exited;
    },
  };
}

/** Runs a program to its end; resolves to its stdout. */
export async function output(program, args = [], { env = {}, input = "" } = {}) {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
  child.stdin.on("error", () => {}); // its exit code reports the failure
  child.stdin.end(input);
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${path.basename(program)} ended with ${code}: ${stderr}${stdout}`);
  return stdout;
}

/** Runs one command of the probe; resolves to its answer. */
export async function probe(built, ...args) {
  return JSON.parse(await output(built.program("probe"), args));
}

/** Sends questions to `probe query`; resolves to its answers, in order. */
export async function query(built, env, questions) {
  const input = questions.map((question) => JSON.stringify(question)).join("\n");
  const answers = (await output(built.program("probe"), ["query"], { env, input })).trim().split("\n");
  return answers.map((line) => JSON.parse(line));
}

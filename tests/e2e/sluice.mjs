/*
 * Starts the gateway under test, and ends it: the binary of the environment's SLUICE, on ports that the kernel picks.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const DEADLINE_MS = 20000; // for things that take milliseconds when all is well

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const binary =
  process.env.SLUICE ??
  ["build-test/sluice", "build/sluice"].map((file) => path.join(root, file)).find(existsSync);

const SANITIZER = /ERROR: (Address|Leak|Thread|Memory)Sanitizer|runtime error:|Assertion .* failed/;

/* Fails loudly when `promise` does not settle; what it waits for is an event, never a stretch of time. */
export function within(promise, what, deadline_ms = DEADLINE_MS) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), deadline_ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/* Asks `probe` again and again until it answers something true, and returns that. For states that no event tells. */
export async function until(probe, what, deadline_ms = DEADLINE_MS) {
  for (const end = Date.now() + deadline_ms; ;) {
    const answer = await probe();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/* Nested plain objects as TOML: strings, numbers, booleans, lists of them, tables, and lists of tables. */
export function toml(table, prefix = "") {
  const isTable = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
  const key = (name) => (/^[A-Za-z0-9_-]+$/.test(name) ? name : JSON.stringify(name));
  let own = "";
  let inner = "";
  for (const [name, value] of Object.entries(table)) {
    const full = prefix ? `${prefix}.${key(name)}` : key(name);
    if (isTable(value)) {
      inner += `[${full}]\n${toml(value, full)}`;
    } else if (Array.isArray(value) && value.some(isTable)) {
      for (const item of value) inner += `[[${full}]]\n${toml(item, full)}`;
    } else {
      own += `${key(name)} = ${JSON.stringify(value)}\n`;
    }
  }
  return own + inner;
}

/* What every test starts from: one worker, so that what a test sees does not hang on which one accepted. */
function complete(config) {
  return {
    ...config,
    server: { host: "127.0.0.1", port: 0, workers: 1, ...config.server },
    admin: { port: 0, ...config.admin },
  };
}

/* Where the tests are run may need a proxy; what they start must not find it. */
const NO_PROXIES = { HTTPS_PROXY: "", https_proxy: "", NO_PROXY: "", no_proxy: "" };

function environment(env = {}) {
  /* The quarantine would make freed memory look like a leak to the tests that watch it. */
  const asan = ["abort_on_error=0", "quarantine_size_mb=4", process.env.ASAN_OPTIONS];
  return { ...process.env, ...NO_PROXIES, ...env, ASAN_OPTIONS: asan.filter(Boolean).join(":") };
}

/* Runs the gateway's binary to its end: for what ends by itself.
 * @param words   of the command line; "-c" and the configuration's file follow the first of them
 * @param config  as Sluice.start() takes it */
export async function run(words, config, env) {
  assert.ok(binary && existsSync(binary), "set SLUICE to the gateway's binary");
  const folder = await mkdtemp(path.join(tmpdir(), "sluice-e2e-"));
  const file = path.join(folder, "gateway.toml");
  await writeFile(file, typeof config === "string" ? config : toml(complete(config)));
  const [command, ...rest] = words;
  const child = spawn(binary, [command, "-c", file, ...rest], {
    cwd: folder,
    env: environment(env),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const told = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"])
    child[name].setEncoding("utf8").on("data", (text) => {
      told[name] += text;
    });
  try {
    const closed = new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    told.code = await within(closed, `the end of ${words.join(" ")}`);
  } finally {
    child.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  }
  assert.ok(!SANITIZER.test(told.stderr), told.stderr.slice(0, 6000));
  return told;
}

export class Sluice {
  /* @param config       as toml() takes it; [server] and [admin] are filled in
   * @param options.env  further environment */
  static async start(config, options = {}) {
    assert.ok(binary && existsSync(binary), "set SLUICE to the gateway's binary");
    const sluice = new Sluice();
    sluice.folder = await mkdtemp(path.join(tmpdir(), "sluice-e2e-"));
    sluice.file = path.join(sluice.folder, "gateway.toml");
    await sluice.write(config);
    sluice.launch(options.env);
    const port = (prefix) =>
      sluice.line((line) => {
        const told = String(line.msg).match(`^${prefix}listening on .*:([0-9]+)$`);
        return told && Number(told[1]);
      }, `the line "${prefix}listening on"`);
    try {
      [sluice.port, sluice.adminPort] = await Promise.all([port(""), port("admin ")]);
    } catch (error) {
      sluice.child.kill("SIGKILL");
      await rm(sluice.folder, { recursive: true, force: true });
      throw new Error(`${error.message}; it wrote:\n${sluice.stderr}`);
    }
    sluice.origin = `http://127.0.0.1:${sluice.port}`;
    sluice.url = `${sluice.origin}/v1`;
    sluice.admin = `http://127.0.0.1:${sluice.adminPort}`;
    sluice.fdsAtStart = sluice.fds();
    return sluice;
  }

  constructor() {
    this.stdout = "";
    this.stderr = "";
    this.lines = []; // parsed, as they came
    this.waiting = [];
  }

  launch(env) {
    this.child = spawn(binary, ["serve", "-c", this.file], {
      cwd: this.folder,
      env: environment(env),
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child.stdout.setEncoding("utf8").on("data", (text) => {
      this.stdout += text;
    });
    this.pid = this.child.pid;
    this.exited = new Promise((resolve, reject) => {
      this.child.once("error", reject);
      this.child.once("close", (code, signal) => {
        this.isOver = true;
        for (const waiter of this.waiting.splice(0))
          waiter.reject(new Error(`the gateway ended (${signal ?? code})`));
        resolve({ code, signal });
      });
    });
    this.exited.catch(() => {});
    let partial = "";
    this.child.stderr.setEncoding("utf8");
    this.child.stderr.on("data", (text) => {
      this.stderr += text;
      const lines = (partial + text).split("\n");
      partial = lines.pop();
      for (const line of lines) this.take(line);
    });
  }

  take(text) {
    let line;
    try {
      line = JSON.parse(text);
    } catch {
      line = { unparsed: text };
    }
    this.lines.push(line);
    this.waiting = this.waiting.filter((waiter) => {
      const found = waiter.find(line);
      if (found) waiter.resolve(found);
      return !found;
    });
  }

  /* The first thing that `find` makes of a line on stderr, written already or yet to come. */
  line(find, what, from = 0) {
    for (const line of this.lines.slice(from)) {
      const found = find(line);
      if (found) return Promise.resolve(found);
    }
    if (this.isOver) return Promise.reject(new Error("the gateway ended"));
    const found = new Promise((resolve, reject) => this.waiting.push({ find, resolve, reject }));
    return within(found, what);
  }

  /* The access log's line of a request. */
  logged(requestId) {
    return this.line(
      (line) => line.msg === "request" && line.request_id === requestId && line,
      `the log line of ${requestId}`,
    );
  }

  async write(config) {
    await writeFile(this.file, typeof config === "string" ? config : toml(complete(config)));
  }

  signal(name) {
    this.child.kill(name);
  }

  fds() {
    return readdirSync(`/proc/${this.pid}/fd`).length;
  }

  residentBytes() {
    const kib = readFileSync(`/proc/${this.pid}/status`, "utf8").match(/VmRSS:\s+([0-9]+)/)[1];
    return Number(kib) * 1024;
  }

  /* SIGTERM, and the end it must come to: in order, with nothing for the sanitizers to say. */
  async stop() {
    if (!this.isOver) this.signal("SIGTERM");
    let end;
    try {
      end = await within(this.exited, "the end of the gateway");
    } catch (error) {
      this.signal("SIGKILL");
      throw error;
    } finally {
      await rm(this.folder, { recursive: true, force: true });
    }
    const found = this.stderr.search(SANITIZER);
    assert.ok(found < 0, `a sanitizer says:\n${this.stderr.slice(found, found + 6000)}`);
    assert.deepEqual(end, { code: 0, signal: null }, this.stderr.slice(-4000));
  }
}

/* Stops gateways and mocks, all of them, and then tells the first trouble: what is left running keeps a test from ending. */
export async function stopAll(...running) {
  const ends = [];
  for (const each of running) ends.push(...(await Promise.allSettled([each?.stop()])));
  const failed = ends.find(({ status }) => status === "rejected");
  if (failed) throw failed.reason;
}

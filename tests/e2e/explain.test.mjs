/* `sluice explain` beside a gateway that runs with the same file: what it tells of its targets, and what it never tells. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { post } from "./client.mjs";
import { Mock } from "./mock.mjs";
import { Sluice, stopAll, toml, until } from "./sluice.mjs";

const KEYS = {
  EXPLAIN_KEY_ONE: "sk-one-0123456789",
  EXPLAIN_KEY_TWO: "sk-two-0123456789",
  EXPLAIN_TOKEN: "admin-token-0123456789",
};

let first, second, sluice, file;

const config = (admin = {}) => ({
  server: { port: 0 },
  admin: { token: "env::EXPLAIN_TOKEN", ...admin },
  providers: {
    one: { base_url: first.url, models: ["m-1"], credential: "env::EXPLAIN_KEY_ONE" },
    two: { base_url: second.url, models: ["m-2"] },
  },
  targets: {
    primary: { model: "m-1" },
    backup: { model: "m-2", credential: "env::EXPLAIN_KEY_TWO" },
    spare: { model: "m-2", credential: "env::EXPLAIN_KEY_TWO" },
  },
  routes: {
    safe: { models: ["fast"], strategy: "fallback", targets: ["primary", "backup"] },
    drawn: { models: ["drawn"], strategy: "weighted", targets: ["backup", "spare"] },
  },
  functions: {
    summarize: { endpoint: "chat", variants: { brief: { model: "m-1", max_tokens: 50 } } },
  },
  routing: { breaker: { failures: 2, window_ms: 600000, open_ms: 600000 } },
});

/* Runs the binary. Nothing it writes may hold a secret, whatever the test is about. */
async function run(args, env = KEYS) {
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^EXPLAIN_|_API_KEY$/.test(name)),
  );
  const ended = await new Promise((resolve) =>
    execFile(
      sluice.child.spawnfile,
      args,
      { cwd: sluice.folder, env: { ...clean, ...env } },
      (error, stdout, stderr) => resolve({ code: error ? error.code : 0, stdout, stderr }),
    ),
  );
  for (const secret of Object.values(KEYS))
    assert.ok(!(ended.stdout + ended.stderr).includes(secret), `${args}: a secret is shown`);
  return ended;
}

const explain = (args, env) => run(["explain", "-c", file, ...args], env);

async function explainJson(args, env) {
  const { code, stdout, stderr } = await explain(["--json", ...args], env);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

/* States of health by target. */
async function healthOf(model) {
  const { steps } = await explainJson([model]);
  return Object.fromEntries(
    steps.flatMap(({ targets }) => targets.map(({ name, health }) => [name, health.state])),
  );
}

async function writeFor(name, admin) {
  const written = path.join(sluice.folder, name);
  await writeFile(written, toml(config(admin)));
  return written;
}

before(async () => {
  first = await Mock.start();
  second = await Mock.start();
  sluice = await Sluice.start(config({ port: 0 }), { env: KEYS });
  file = await writeFor("explain.toml", { port: sluice.adminPort });
});

after(() => stopAll(sluice, first, second));

describe("beside a gateway", () => {
  test("all are healthy at first, and the whole decision is told", async () => {
    await until(
      async () => Object.values(await healthOf("fast")).every((state) => state === "healthy"),
      "two healthy targets",
    );
    const { steps, ...told } = await explainJson(["fast"]);
    assert.deepEqual(told, {
      model: "fast",
      endpoint: "chat",
      layer: "route",
      name: "safe",
      strategy: "fallback",
      retry: { max_retries: 2, backoff_base_ms: 500, backoff_max_ms: 10000 },
      breaker: { enabled: true, failures: 2, window_ms: 600000, open_ms: 600000 },
    });
    assert.equal(steps.length, 1);
    assert.deepEqual(
      steps[0].targets.map(({ name, provider, model, url }) => [name, provider, model, url]),
      [
        ["primary", "one", "m-1", `${first.url}/chat/completions`],
        ["backup", "two", "m-2", `${second.url}/chat/completions`],
      ],
    );
    assert.deepEqual(
      steps[0].targets.map(({ credential }) => credential),
      [
        { place: "env::EXPLAIN_KEY_ONE", level: "provider", found: true },
        { place: "env::EXPLAIN_KEY_TWO", level: "target", found: true },
      ],
    );
  });

  test("requests go where it says", async () => {
    const answer = await post(sluice.port, "/v1/chat/completions", {
      model: "fast",
      messages: [{ role: "user", content: "hi" }],
    });
    assert.equal(answer.status, 200, answer.text());
    assert.equal(answer.header("x-gateway-target"), "primary");
    assert.equal(first.last.path, "/v1/chat/completions");
    assert.equal(first.last.header("authorization"), `Bearer ${KEYS.EXPLAIN_KEY_ONE}`);
  });

  test("a token that is missing or wrong leaves health unknown, with the reason", async () => {
    for (const [token, says] of [
      [undefined, "asks for a token"],
      ["another-token", "has another token"],
    ]) {
      const env = { ...KEYS };
      delete env.EXPLAIN_TOKEN;
      if (token) env.EXPLAIN_TOKEN = token;
      const health = `not known: the gateway at 127.0.0.1:${sluice.adminPort} ${says}\n`;
      await until(async () => {
        const { code, stdout, stderr } = await explain(["fast"], env);
        assert.equal(code, 0, stderr);
        assert.equal(/EXPLAIN_TOKEN is not set/.test(stderr), !token, stderr);
        return stdout.includes(health);
      }, health);
    }
  });

  test("a target that dies is open, and the others are not", async () => {
    await first.stop();
    await until(async () => {
      const answer = await post(sluice.port, "/v1/chat/completions", {
        model: "fast",
        messages: [{ role: "user", content: "hi" }],
      });
      assert.equal(answer.status, 200, answer.text());
      assert.equal(answer.header("x-gateway-target"), "backup");
      const { primary, backup } = await healthOf("fast");
      return primary === "open" && backup === "healthy";
    }, "the first target to be open");
    await until(async () => {
      const { stdout } = await explain(["fast"]);
      const said = [...stdout.matchAll(/^    health +(.*)$/gm)].map(([, health]) => health);
      return said.join() === "open: skipped while another target is left,healthy";
    }, "the same in words");
    const drawn = await healthOf("drawn");
    assert.ok(!Object.values(drawn).includes("open"), JSON.stringify(drawn));
  });

  test("a target of which the gateway does not know", async () => {
    const text = toml(config({ port: sluice.adminPort })).replaceAll("primary", "renamed");
    const other = path.join(sluice.folder, "other.toml");
    await writeFile(other, text);
    await until(async () => {
      const { code, stdout } = await run(["explain", "-c", other, "fast"]);
      assert.equal(code, 0);
      return /not known: the gateway at [0-9.:]+ knows no target of this name\n/.test(stdout);
    }, "an unknown target");
  });
});

describe("without a gateway", () => {
  for (const [label, admin, says] of [
    ["nobody listens", { port: 1 }, "no gateway answers at 127.0.0.1:1"],
    ["[admin] is off", { enabled: false }, "[admin] is off, so the gateway cannot be asked"],
    [
      "the port is the kernel's choice",
      { port: 0 },
      "the port of [admin] is 0: the kernel picks one",
    ],
  ])
    test(`health is not known, which is no failure: ${label}`, async () => {
      const other = await writeFor("alone.toml", admin);
      const { code, stdout } = await run(["explain", "-c", other, "fast"]);
      assert.equal(code, 0);
      assert.ok(stdout.includes(`not known: ${says}\n`), stdout);
    });

  test("credentials that are missing are warnings", async () => {
    const { code, stdout, stderr } = await explain(["fast"], { EXPLAIN_TOKEN: "x" });
    assert.equal(code, 0);
    assert.match(stdout, /env::EXPLAIN_KEY_ONE \(the provider's\): NOT FOUND/);
    assert.match(stdout, /env::EXPLAIN_KEY_TWO \(the target's\): NOT FOUND/);
    assert.match(stderr, /warning: .*EXPLAIN_KEY_ONE/);
    const { code: check } = await run(["check", "-c", file], { EXPLAIN_TOKEN: "x" });
    assert.equal(check, 1);
  });

  test("only warnings of what can be reached are told", async () => {
    for (const [model, told] of [
      ["fast", { ONE: true, TWO: true }],
      ["drawn", { ONE: false, TWO: true }],
      ["function::summarize", { ONE: true, TWO: false }],
      ["one::m-9", { ONE: false, TWO: false }],
      ["nobody", { ONE: true, TWO: true }],
    ]) {
      const { stderr } = await explain([model], { EXPLAIN_TOKEN: "x" });
      for (const [key, is] of Object.entries(told))
        assert.equal(stderr.includes(`EXPLAIN_KEY_${key}`), is, `${model}: ${stderr}`);
    }
  });
});

describe("exit status", () => {
  for (const [label, args, code, says] of [
    ["a route", ["fast"], 0, ""],
    ["passthrough", ["one::m-9"], 0, ""],
    ["a function", ["--json", "function::summarize"], 0, ""],
    ["options after the model", ["fast", "-e", "chat", "--json"], 0, ""],
    ["an unknown model", ["nobody"], 1, 'could not find the model "nobody"'],
    ["an unknown route", ["route::nobody"], 1, 'could not find the route "nobody"'],
    [
      "another kind of call",
      ["-e", "rerank", "route::safe"],
      1,
      'answers calls of the endpoint "chat"',
    ],
    ["an unknown endpoint", ["-e", "chats", "fast"], 1, 'unknown endpoint "chats"'],
    ["no model", [], 2, "usage: sluice explain [-c FILE] [-e ENDPOINT] [--json] MODEL"],
    ["two models", ["fast", "drawn"], 2, 'unexpected "drawn"'],
    ["an unknown option", ["--yaml", "fast"], 2, 'unexpected "--yaml"'],
  ])
    test(`${code} for ${label}`, async () => {
      const ended = await explain(args);
      assert.equal(ended.code, code, ended.stderr);
      assert.ok(ended.stderr.includes(says), ended.stderr);
      assert.equal(ended.stdout === "", code !== 0, ended.stdout);
    });

  for (const command of ["serve", "check", "explain", "translate", "version"])
    test(`${command} --help tells how it is used`, async () => {
      const ended = await run([command, "--help"]);
      assert.equal(ended.code, 0, ended.stderr);
      assert.match(ended.stdout, new RegExp(`^usage: sluice ${command}`));
    });

  test("an unknown dialect is told with the known ones", async () => {
    const ended = await run(["translate", "--from", "chatt", "--to", "anth"]);
    assert.equal(ended.code, 2);
    assert.match(ended.stderr, /a dialect is chat, resp or anth, not chatt/);
  });

  test("--json is of explain alone", async () => {
    const ended = await run(["check", "-c", file, "--json"]);
    assert.equal(ended.code, 2);
  });
});

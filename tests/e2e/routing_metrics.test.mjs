/* What the metrics and the log say of managed requests: after a known course of things, exactly that. */
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { event } from "./answers.mjs";
import { Connection, post, request } from "./client.mjs";
import { Keyed, bearer } from "./keyed.mjs";
import { Mock } from "./mock.mjs";
import { scrape, total } from "./scrape.mjs";
import { CALLERS_KEY } from "./sdks.mjs";
import { Sluice, stopAll, until, within } from "./sluice.mjs";

const KEYS = { OPENAI_API_KEY: "sk-gateway-openai" };
const HASTE = { max_retries: 2, backoff_base_ms: 1, backoff_max_ms: 1 };
const CHAT = (model) => ({ model, messages: [{ role: "user", content: "hi" }] });

const status =
  (code, headers = {}) =>
  async (seen, wire) => {
    await seen.body();
    await wire.json(code, {}, headers);
  };
const resets = async (seen, wire) => {
  await seen.body();
  wire.reset();
};
const hangs = async (seen) => {
  await seen.body();
  await seen.gone;
};
const cutJson = async (seen, wire) => {
  await seen.body();
  await wire.head(200, { "content-type": "application/json", "content-length": 9 });
  await wire.raw('{"a"');
  wire.close();
};
const cutStream = async (seen, wire) => {
  await seen.body();
  await wire.streamHead();
  await wire.chunk(event({ choices: [] }));
  wire.close();
};

/* Of the three families that count attempts, what is not 0: `target outcome`, `reason`, `from > to`. */
async function counts(sluice) {
  const families = await scrape(sluice);
  const read = (name, form) => {
    const found = {};
    for (const [sample, value] of families.get(name)?.samples ?? []) {
      const labels = Object.fromEntries(
        [...sample.matchAll(/([a-z_]+)="([^"]*)"/g)].map(([, key, text]) => [key, text]),
      );
      if (value) found[form(labels)] = value;
    }
    return found;
  };
  return {
    attempts: read("gateway_upstream_attempts_total", (l) => `${l.target} ${l.outcome}`),
    retries: read("gateway_retries_total", (l) => l.reason),
    fallbacks: read("gateway_fallbacks_total", (l) => `${l.from} > ${l.to}`),
  };
}

/* What `now` has more than `before`. */
function grown(now, before) {
  const change = {};
  for (const [name, values] of Object.entries(now)) {
    change[name] = {};
    for (const [key, value] of Object.entries(values))
      if (value !== (before[name][key] ?? 0)) change[name][key] = value - (before[name][key] ?? 0);
  }
  return change;
}

/* ---- one request at a time ---- */

describe("a request", () => {
  let mock, sluice;

  before(async () => {
    const dead = await Mock.start();
    await dead.stop();
    mock = await Keyed.start([bearer(KEYS.OPENAI_API_KEY), bearer(CALLERS_KEY)]);
    const named = (model, rest) => ({ model, provider: "openai", ...rest });
    const credential = "env::OPENAI_API_KEY";
    sluice = await Sluice.start(
      {
        providers: {
          openai: { base_url: mock.url, models: ["gpt-4o", "gpt-4o-mini", "o3", "bare-1"] },
          dead: { base_url: dead.url, models: ["dead-1"], credential },
          nowhere: {
            base_url: "http://no-such-host.invalid/v1",
            models: ["nowhere-1"],
            credential,
          },
        },
        routing: { retry: HASTE, breaker: { enabled: false } },
        targets: {
          bare: named("bare-1"),
          alone: named("gpt-4o"),
          a: named("gpt-4o"),
          b: named("gpt-4o-mini"),
          c: named("o3"),
          hasty: named("gpt-4o", { timeout_ms: 200 }),
          dead: { model: "dead-1" },
          nowhere: { model: "nowhere-1" },
        },
        routes: {
          "to-alone": { models: ["one"], targets: ["alone"] },
          "to-both": { models: ["both"], strategy: "fallback", targets: ["a", "b"] },
          "to-any": { models: ["any"], strategy: "weighted", targets: ["a", "b"] },
          "to-hasty": { models: ["hasty"], strategy: "fallback", targets: ["hasty", "b"] },
          "to-dead": { models: ["dead"], strategy: "fallback", targets: ["dead", "nowhere", "b"] },
          "to-steps": {
            models: ["steps"],
            steps: [
              { strategy: "single", targets: ["a"] },
              { strategy: "single", targets: ["b"] },
              { strategy: "single", targets: ["c"] },
            ],
            retry: { max_retries: 1 },
          },
        },
        functions: {
          summarize: { strategy: "fallback", models: ["gpt-4o-mini", "o3"] },
          support: {
            strategy: "experiment",
            variants: { v: { model: "gpt-4o", temperature: 0 } },
          },
        },
      },
      { env: KEYS },
    );
  });

  beforeEach(() => mock.reset());

  after(() => stopAll(sluice, mock));

  const rows = [
    {
      label: "a bare target that answers",
      model: "bare-1",
      attempts: { "bare success": 1 },
      log: { status: 200, route: "bare", target: "bare", attempts: 1, model_used: "bare-1" },
    },
    {
      label: "a single target that answers at its third try",
      model: "one",
      scripts: [status(503), status(429)],
      attempts: { "alone server_error": 1, "alone rate_limited": 1, "alone success": 1 },
      retries: { server_error: 1, rate_limited: 1 },
      log: { status: 200, route: "to-alone", target: "alone", attempts: 3, model_used: "gpt-4o" },
    },
    {
      label: "a single target that never does",
      model: "route::to-alone",
      scripts: [status(408), resets, status(500)],
      attempts: {
        "alone request_timeout": 1,
        "alone connection_error": 1,
        "alone server_error": 1,
      },
      retries: { request_timeout: 1, connection_error: 1 },
      log: { status: 500, route: "to-alone", target: "alone", attempts: 3, error_type: "500" },
    },
    {
      label: "a refusal that is final",
      model: "one",
      scripts: [status(404)],
      attempts: { "alone client_error": 1 },
      log: { status: 404, route: "to-alone", target: "alone", attempts: 1, error_type: "404" },
    },
    {
      label: "JSON that was cut, and then came whole",
      model: "one",
      scripts: [cutJson],
      attempts: { "alone upstream_broken": 1, "alone success": 1 },
      retries: { upstream_broken: 1 },
      log: { status: 200, route: "to-alone", target: "alone", attempts: 2 },
    },
    {
      label: "a stream that was cut",
      model: "one",
      stream: true,
      scripts: [cutStream],
      attempts: { "alone upstream_broken": 1 },
      log: {
        status: 200,
        level: "error",
        route: "to-alone",
        target: "alone",
        attempts: 1,
        stream: true,
      },
    },
    {
      label: "a stream that was not",
      model: "one",
      stream: true,
      attempts: { "alone success": 1 },
      log: {
        status: 200,
        level: "info",
        route: "to-alone",
        target: "alone",
        attempts: 1,
        stream: true,
      },
    },
    {
      label: "a fallback to the second target",
      model: "both",
      scripts: [status(529)],
      attempts: { "a server_error": 1, "b success": 1 },
      fallbacks: { "a > b": 1 },
      log: {
        status: 200,
        route: "to-both",
        target: "b",
        attempts: 2,
        model_requested: "both",
        model_used: "gpt-4o-mini",
      },
    },
    {
      label: "a fallback that comes back to the first",
      model: "both",
      scripts: [status(500), resets],
      attempts: { "a server_error": 1, "b connection_error": 1, "a success": 1 },
      retries: { connection_error: 1 },
      fallbacks: { "a > b": 1, "b > a": 1 },
      log: { status: 200, route: "to-both", target: "a", attempts: 3, model_used: "gpt-4o" },
    },
    {
      label: "a fallback of which all fail",
      model: "both",
      scripts: [status(500), status(429), status(503)],
      attempts: { "a server_error": 2, "b rate_limited": 1 },
      retries: { rate_limited: 1 },
      fallbacks: { "a > b": 1, "b > a": 1 },
      log: { status: 503, route: "to-both", target: "a", attempts: 3, error_type: "503" },
    },
    {
      label: "a target that is too slow",
      model: "hasty",
      scripts: [hangs],
      attempts: { "hasty timeout": 1, "b success": 1 },
      fallbacks: { "hasty > b": 1 },
      log: { status: 200, route: "to-hasty", target: "b", attempts: 2 },
    },
    {
      label: "targets that are not there",
      model: "dead",
      attempts: { "dead connection_error": 1, "nowhere dns_error": 1, "b success": 1 },
      fallbacks: { "dead > nowhere": 1, "nowhere > b": 1 },
      log: { status: 200, route: "to-dead", target: "b", attempts: 3, provider: "openai" },
    },
    {
      label: "three steps",
      model: "steps",
      scripts: [status(500), status(500), status(500)],
      attempts: { "a server_error": 1, "b server_error": 1, "c server_error": 1, "c success": 1 },
      retries: { server_error: 1 },
      fallbacks: { "a > b": 1, "b > c": 1 },
      log: { status: 200, route: "to-steps", target: "c", attempts: 4, model_used: "o3" },
    },
    {
      label: "a function's models",
      model: "function::summarize",
      scripts: [status(500)],
      attempts: { "openai::gpt-4o-mini server_error": 1, "openai::o3 success": 1 },
      fallbacks: { "openai::gpt-4o-mini > openai::o3": 1 },
      log: {
        status: 200,
        function: "summarize",
        target: "openai::o3",
        attempts: 2,
        model_requested: "function::summarize",
        model_used: "o3",
      },
    },
    {
      label: "an experiment",
      model: "support",
      attempts: { "openai::gpt-4o success": 1 },
      log: { status: 200, function: "support", target: "openai::gpt-4o", attempts: 1 },
    },
    {
      label: "passthrough, which is none of these",
      model: "openai::gpt-4o",
      scripts: [status(503)],
      attempts: {},
      log: { status: 503, attempts: 1, model_used: "gpt-4o", error_type: "503" },
    },
    {
      label: "a route that nobody has",
      model: "route::nothing",
      attempts: {},
      log: { status: 404, attempts: 0 },
    },
  ];
  for (const row of rows)
    test(row.label, async () => {
      for (const script of row.scripts ?? []) mock.once(script);
      const before = await counts(sluice);
      const answer = await post(
        sluice.port,
        "/v1/chat/completions",
        { ...CHAT(row.model), ...(row.stream ? { stream: true } : {}) },
        { authorization: `Bearer ${CALLERS_KEY}` },
      );
      const line = await sluice.logged(answer.header("x-gateway-request-id"));
      assert.equal(answer.status, row.log.status);
      assert.deepEqual(grown(await counts(sluice), before), {
        attempts: row.attempts,
        retries: row.retries ?? {},
        fallbacks: row.fallbacks ?? {},
      });
      for (const [name, value] of Object.entries(row.log)) assert.equal(line[name], value, name);
      for (const name of ["route", "function", "target"])
        assert.equal(line[name], row.log[name], name);
    });

  test("two targets by weight: each draw after the first is a retry and a move", async () => {
    mock.once(status(500));
    const before = await counts(sluice);
    const answer = await post(sluice.port, "/v1/chat/completions", CHAT("any"));
    const line = await sluice.logged(answer.header("x-gateway-request-id"));
    const [first, second] = line.target === "b" ? ["a", "b"] : ["b", "a"];
    assert.deepEqual(grown(await counts(sluice), before), {
      attempts: { [`${first} server_error`]: 1, [`${second} success`]: 1 },
      retries: { server_error: 1 },
      fallbacks: { [`${first} > ${second}`]: 1 },
    });
    assert.equal(line.attempts, 2);
    assert.equal(answer.header("x-gateway-target"), second);
  });

  const chat = (model) =>
    request({ path: "/v1/chat/completions", body: JSON.stringify(CHAT(model)) });

  test("a caller who leaves before an answer", async () => {
    const before = await counts(sluice);
    const from = sluice.lines.length;
    mock.once(hangs);
    const asked = mock.next();
    const connection = await Connection.open(sluice.port);
    await connection.write(chat("one"));
    await within(asked, "the request");
    connection.close();
    const line = await sluice.line(({ msg, ...rest }) => msg === "request" && rest, "a line", from);
    assert.deepEqual(grown(await counts(sluice), before), {
      attempts: { "alone cancelled": 1 },
      retries: {},
      fallbacks: {},
    });
    assert.equal(line.status, 499);
    assert.equal(line.target, "alone");
  });

  test("a caller who leaves while the next try waits", async () => {
    const before = await counts(sluice);
    const from = sluice.lines.length;
    mock.once(status(429, { "retry-after": "9" }));
    const connection = await Connection.open(sluice.port);
    await connection.write(chat("one"));
    const now = async () => grown(await counts(sluice), before);
    await until(async () => (await now()).attempts["alone rate_limited"], "the refusal");
    connection.close();
    const line = await sluice.line(({ msg, ...rest }) => msg === "request" && rest, "a line", from);
    assert.equal(line.status, 499);
    assert.equal(line.target, "alone");
    assert.equal(line.attempts, 1);
    assert.deepEqual((await now()).attempts, { "alone rate_limited": 1 });
    assert.equal(mock.requests.length, 1);
    assert.equal(total(await scrape(sluice), "gateway_inflight_requests"), 0);
  });
});

/* ---- health ---- */

describe("gateway_target_healthy", () => {
  let mock, sluice;

  const config = (breaker) => ({
    providers: { openai: { base_url: mock.url, models: ["gpt-4o", "gpt-4o-mini", "o3"] } },
    routing: { retry: { ...HASTE, max_retries: 0 }, breaker },
    targets: { a: { model: "gpt-4o" }, b: { model: "gpt-4o-mini" }, lone: { model: "o3" } },
    routes: { both: { models: ["both"], strategy: "fallback", targets: ["a", "b"] } },
  });
  const LONG = { failures: 3, window_ms: 3600000, open_ms: 3600000 };
  const healthy = async (target) =>
    total(await scrape(sluice), "gateway_target_healthy", { target });
  const ask = async (model, answers = []) => {
    mock.reset();
    for (const each of answers) mock.once(each);
    const answer = await post(sluice.port, "/v1/chat/completions", CHAT(model));
    await sluice.logged(answer.header("x-gateway-request-id"));
    const models = [];
    for (const seen of mock.requests) models.push((await seen.json()).model);
    return { status: answer.status, models };
  };
  const reload = async (breaker) => {
    const from = sluice.lines.length;
    await sluice.write(config(breaker));
    sluice.signal("SIGHUP");
    await sluice.line(({ msg }) => /^configuration reloaded/.test(msg), "the reload", from);
  };

  /* Of each test its own: what is remembered of a target lives as long as the gateway. */
  beforeEach(async () => {
    mock = await Keyed.start([bearer(KEYS.OPENAI_API_KEY)]);
    sluice = await Sluice.start(config(LONG), { env: KEYS });
  });

  afterEach(() => stopAll(sluice, mock));

  test("three failures in a row open it, and it is skipped, past a reload", async () => {
    const BOTH = ["gpt-4o", "gpt-4o-mini"];
    assert.deepEqual([await healthy("a"), await healthy("b")], [1, 1]);
    for (const script of [status(500), resets]) await ask("both", [script]);
    assert.deepEqual(await ask("both"), { status: 200, models: ["gpt-4o"] });
    for (const script of [status(503), status(429)])
      assert.deepEqual(await ask("both", [script]), { status: 200, models: BOTH });
    assert.equal(await healthy("a"), 1, "a success was between them");
    assert.deepEqual(await ask("both", [status(408)]), { status: 200, models: BOTH });
    assert.deepEqual([await healthy("a"), await healthy("b")], [0, 1]);
    assert.deepEqual(await ask("both"), { status: 200, models: ["gpt-4o-mini"] });
    await reload(LONG);
    assert.equal(await healthy("a"), 0);
    assert.deepEqual(await ask("both"), { status: 200, models: ["gpt-4o-mini"] });
    /* When nothing else is left, it is asked after all. */
    assert.deepEqual(await ask("both", [status(500)]), {
      status: 200,
      models: ["gpt-4o-mini", "gpt-4o"],
    });
    await reload({ enabled: false });
    assert.equal(await healthy("a"), 1);
    assert.deepEqual(await ask("both"), { status: 200, models: ["gpt-4o"] });
  });

  test("refusals are no failures of a target", async () => {
    for (const code of [400, 401, 403, 404, 422])
      assert.equal((await ask("both", [status(code)])).status, code);
    assert.equal(await healthy("a"), 1);
  });

  test("a single target is asked all the same", async () => {
    for (let i = 0; i < 5; i++)
      assert.deepEqual(await ask("o3", [status(500)]), { status: 500, models: ["o3"] });
    assert.equal(await healthy("lone"), 0);
    assert.deepEqual(await ask("o3"), { status: 200, models: ["o3"] });
  });

  test("a probe that succeeds closes it, one that fails does not", async () => {
    await reload({ ...LONG, open_ms: 1 });
    for (let i = 0; i < 3; i++) await ask("both", [status(500)]);
    assert.equal(await healthy("a"), 0);
    const probe = (answers) =>
      until(async () => (await ask("both", answers)).models.includes("gpt-4o"), "a probe");
    await probe([status(500)]);
    assert.equal(await healthy("a"), 0);
    await probe();
    assert.equal(await healthy("a"), 1);
    for (let i = 0; i < 2; i++) await ask("both", [status(500)]);
    assert.equal(await healthy("a"), 1, "and counting has begun anew");
  });
});

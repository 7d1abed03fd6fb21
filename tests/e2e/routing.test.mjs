/* Managed routing through the vendors' SDKs: single targets beside passthrough, weighted ones, steps, and functions. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { NotFoundError } from "openai";
import { Keyed, bearer } from "./keyed.mjs";
import { ANTHROPIC_SDKS, CALLERS_KEY, OPENAI_SDKS, many, openai } from "./sdks.mjs";
import { Sluice, stopAll } from "./sluice.mjs";

const KEY = "sk-gateway-openai";
const PRIMARY = "sk-gateway-primary";
const SECONDARY = "sk-gateway-secondary";
const CLAUDE = "sk-ant-api03-gateway";
const ENV = {
  OPENAI_API_KEY: KEY,
  OPENAI_API_KEY_PRIMARY: PRIMARY,
  OPENAI_API_KEY_SECONDARY: SECONDARY,
  ANTHROPIC_API_KEY: CLAUDE,
};
const CHAT = (model) => ({ model, messages: [{ role: "user", content: "hi" }] });
const HASTE = { backoff_base_ms: 1, backoff_max_ms: 1 }; // waits are not what is tested here

const mocks = {};
let sluice;

before(async () => {
  mocks.openai = await Keyed.start([KEY, PRIMARY, SECONDARY, CALLERS_KEY].map(bearer));
  /* Passed through, the key comes as the one SDK or the other sends it. */
  const callers = [bearer(CALLERS_KEY), `x-api-key: ${CALLERS_KEY}`];
  mocks.anthropic = await Keyed.start([`x-api-key: ${CLAUDE}`, ...callers]);
});

beforeEach(() => {
  for (const mock of Object.values(mocks)) mock.reset();
});

after(() => stopAll(...Object.values(mocks)));

const providers = () => ({
  openai: {
    base_url: mocks.openai.url,
    models: ["gpt-4o", "gpt-4o-mini", "o3", "emb-1"],
  },
  anthropic: {
    base_url: mocks.anthropic.url,
    models: ["claude-test-1", "claude-test-2", "claude-test-3"],
  },
});

/* A gateway for the tests of one describe(). */
function serves(config) {
  before(async () => {
    sluice = await Sluice.start({ routing: { retry: HASTE }, ...config() }, { env: ENV });
  });
  after(() => stopAll(sluice));
}

/* What the one provider that was asked has seen: key and model, and that nobody else was. */
async function seen(name) {
  for (const [other, { requests }] of Object.entries(mocks))
    assert.equal(requests.length, other === name ? 1 : 0, `requests to ${other}`);
  return { key: mocks[name].last.key, model: (await mocks[name].last.json()).model };
}

/* ---- single ---- */

describe("single, beside passthrough", () => {
  serves(() => ({
    providers: providers(),
    targets: {
      "gpt-main": { model: "gpt-4o", credential: "env::OPENAI_API_KEY" },
      "claude-main": { model: "claude-test-1", credential: "env::ANTHROPIC_API_KEY" },
      "gpt-named": { model: "o3", credential: "env::OPENAI_API_KEY_PRIMARY" },
      "claude-named": { model: "claude-test-3" }, // ANTHROPIC_API_KEY by convention
    },
    routes: {
      assistant: { models: ["assistant"], strategy: "single", targets: ["gpt-named"] },
      writer: { models: ["writer", "author"], targets: ["claude-named"] },
    },
  }));

  const cases = [
    [
      OPENAI_SDKS,
      "openai",
      [
        ["a bare target", "gpt-4o", KEY, "gpt-4o", "gpt-main"],
        ["passthrough", "gpt-4o-mini", CALLERS_KEY, "gpt-4o-mini", null],
        ["passthrough by prefix", "openai::gpt-4o", CALLERS_KEY, "gpt-4o", null],
        ["passthrough past a route", "openai::o3", CALLERS_KEY, "o3", null],
        ["a route", "assistant", PRIMARY, "o3", "gpt-named"],
        ["a route by prefix", "route::assistant", PRIMARY, "o3", "gpt-named"],
      ],
    ],
    [
      ANTHROPIC_SDKS,
      "anthropic",
      [
        ["a bare target", "claude-test-1", CLAUDE, "claude-test-1", "claude-main"],
        ["passthrough", "claude-test-2", CALLERS_KEY, "claude-test-2", null],
        ["a route", "writer", CLAUDE, "claude-test-3", "claude-named"],
        ["a route's other name", "author", CLAUDE, "claude-test-3", "claude-named"],
      ],
    ],
  ];
  for (const [sdks, provider, rows] of cases)
    for (const [sdk, ask] of Object.entries(sdks))
      for (const [label, model, key, sent, target] of rows)
        test(`${sdk}: ${label}`, async () => {
          const { text, headers } = await ask(sluice, model);
          assert.equal(text, "You said: hi");
          assert.equal(headers.get("x-gateway-target"), target);
          assert.deepEqual(await seen(provider), { key, model: sent });
        });

  for (const [label, model] of [
    ["a bare target by its table's name", "gpt-main"],
    ["a bare target as a route", "route::gpt-main"],
    ["a route by its table's name", "writer-route"],
    ["a model in another case", "GPT-4o"],
  ])
    test(`nobody knows ${label}`, async () => {
      await assert.rejects(openai(sluice).chat.completions.create(CHAT(model)), (error) => {
        assert.ok(error instanceof NotFoundError);
        assert.equal(error.code, "UnknownModel");
        return true;
      });
      assert.equal(mocks.openai.requests.length, 0);
    });

  test("models are listed with what routes add to them", async () => {
    const listed = await openai(sluice).models.list();
    const ids = listed.data.map(({ id }) => id);
    for (const id of ["gpt-4o", "gpt-4o-mini", "assistant", "writer", "author"])
      assert.equal(ids.filter((each) => each === id).length, 1, id);
  });
});

/* ---- weighted ---- */

describe("weighted", () => {
  serves(() => ({
    providers: providers(),
    targets: {
      primary: { model: "gpt-4o", credential: "env::OPENAI_API_KEY_PRIMARY", weight: 70 },
      secondary: { model: "gpt-4o", credential: "env::OPENAI_API_KEY_SECONDARY", weight: 30 },
      heavy: { model: "o3", credential: "env::OPENAI_API_KEY_PRIMARY", weight: 1 },
      weightless: { model: "o3", credential: "env::OPENAI_API_KEY_SECONDARY", weight: 0 },
    },
    routes: {
      gpt: { models: ["gpt-4o"], strategy: "weighted", targets: ["primary", "secondary"] },
      lone: { models: ["o3"], strategy: "weighted", targets: ["weightless", "heavy"] },
    },
  }));

  test("two keys share the requests of one model as their weights say", async () => {
    const count = 400;
    const asks = [OPENAI_SDKS["openai, chat"], OPENAI_SDKS["openai, chat streamed"]];
    const targets = await many(count, 20, async (i) => {
      const { text, headers } = await asks[i % 2](sluice, "gpt-4o");
      assert.equal(text, "You said: hi");
      return headers.get("x-gateway-target");
    });
    const { shown } = mocks.openai;
    const primary = shown.filter((key) => key === PRIMARY).length;
    assert.equal(shown.length, count);
    assert.equal(shown.filter((key) => key === SECONDARY).length, count - primary);
    assert.equal(targets.filter((name) => name === "primary").length, primary);
    /* Six standard deviations of a share of 0.7: one run in 500 million is outside. */
    const sigma = Math.sqrt(count * 0.7 * 0.3);
    assert.ok(Math.abs(primary - 0.7 * count) < 6 * sigma, `${primary} of ${count}`);
  });

  for (const [sdk, ask] of Object.entries(OPENAI_SDKS))
    test(`${sdk}: one that fails is stood in for by the other, whichever was drawn`, async () => {
      let failed;
      mocks.openai.always(null);
      mocks.openai.once(async (request, wire) => {
        failed = request.key;
        await request.body();
        await wire.json(500, { error: { message: "drawn first" } });
      });
      const { text, headers } = await ask(sluice, "gpt-4o");
      assert.equal(text, "You said: hi");
      const [first, second, ...more] = mocks.openai.shown;
      assert.equal(first, failed);
      assert.deepEqual([first, second].sort(), [PRIMARY, SECONDARY]);
      assert.deepEqual(more, []);
      assert.equal(headers.get("x-gateway-target"), second === PRIMARY ? "primary" : "secondary");
    });

  test("weight 0 is drawn only when nothing else is left", async () => {
    await many(40, 10, () => OPENAI_SDKS["openai, chat"](sluice, "o3"));
    assert.deepEqual([...new Set(mocks.openai.shown)], [PRIMARY]);
    mocks.openai.reset();
    mocks.openai.once(async (request, wire) => {
      await request.body();
      await wire.json(500, {});
    });
    assert.equal((await OPENAI_SDKS["openai, chat"](sluice, "o3")).text, "You said: hi");
    assert.deepEqual(mocks.openai.shown, [PRIMARY, SECONDARY]);
  });
});

/* ---- steps ---- */

const fails = (status) => async (request, wire) => {
  await request.body();
  await wire.json(status, { type: "error", error: { type: "api_error", message: `${status}!` } });
};

describe("steps", () => {
  serves(() => ({
    providers: providers(),
    routing: { retry: { ...HASTE, max_retries: 1 }, breaker: { enabled: false } },
    targets: {
      one: { model: "gpt-4o", credential: "env::OPENAI_API_KEY" },
      two: { model: "gpt-4o-mini", credential: "env::OPENAI_API_KEY_PRIMARY" },
      three: { model: "o3", credential: "env::OPENAI_API_KEY_SECONDARY" },
      "claude-one": { model: "claude-test-1" },
      "claude-two": { model: "claude-test-2" },
    },
    routes: {
      assistant: {
        models: ["assistant", "claude-assistant"],
        steps: [
          { strategy: "single", targets: ["one"] },
          { strategy: "single", targets: ["claude-one"] },
          { strategy: "fallback", targets: ["two", "three", "claude-two"] },
        ],
      },
    },
  }));

  /* Whatever the caller speaks: provider, key and target, in the order that they are tried. */
  const order = [
    ["openai", KEY, "one"],
    ["anthropic", CLAUDE, "claude-one"],
    ["openai", PRIMARY, "two"],
    ["openai", SECONDARY, "three"],
    ["anthropic", CLAUDE, "claude-two"],
    ["openai", PRIMARY, "two"],
  ];
  const keysOf = (provider, count) =>
    order
      .slice(0, count)
      .filter(([name]) => name === provider)
      .map(([, key]) => key);

  for (const [sdk, ask] of Object.entries({ ...OPENAI_SDKS, ...ANTHROPIC_SDKS }))
    for (let failures = 0; failures < order.length; failures++)
      test(`${sdk}: answered after ${failures} failures`, async () => {
        for (const [i, [provider]] of order.slice(0, failures).entries())
          mocks[provider].once(fails(500 + i));
        const { text, headers } = await ask(sluice, "assistant");
        assert.equal(text, "You said: hi");
        assert.equal(headers.get("x-gateway-target"), order[failures][2]);
        for (const provider of Object.keys(mocks))
          assert.deepEqual(mocks[provider].shown, keysOf(provider, failures + 1));
      });

  test("when all have failed, the last error is told", async () => {
    for (const [i, [provider]] of order.entries()) mocks[provider].once(fails(500 + i));
    await assert.rejects(OPENAI_SDKS["openai, chat"](sluice, "assistant"), (error) => {
      assert.equal(error.status, 505);
      assert.match(error.message, /505!/);
      return true;
    });
    for (const provider of Object.keys(mocks))
      assert.deepEqual(mocks[provider].shown, keysOf(provider, order.length));
  });
});

/* ---- functions ---- */

describe("functions", () => {
  serves(() => ({
    providers: {
      openai: { ...providers().openai, credential: "env::OPENAI_API_KEY" },
      anthropic: { ...providers().anthropic, credential: "env::ANTHROPIC_API_KEY" },
    },
    routing: { retry: { ...HASTE, max_retries: 0 } },
    targets: {
      large: { model: "gpt-4o", credential: "env::OPENAI_API_KEY_PRIMARY", weight: 1 },
      small: { model: "gpt-4o-mini", credential: "env::OPENAI_API_KEY_SECONDARY", weight: 1 },
    },
    functions: {
      summarize: { strategy: "fallback", models: ["gpt-4o-mini", "o3"] },
      review: { models: ["claude-test-1"] },
      translate: { strategy: "weighted", targets: ["large", "small"], retry: { max_retries: 3 } },
      "gpt-4o": { models: ["o3"] }, // called like a model
      index: { endpoint: "embeddings", models: ["emb-1"] },
    },
  }));

  for (const prefix of ["function::", ""]) {
    for (const [sdk, ask] of Object.entries(OPENAI_SDKS)) {
      test(`${sdk}: ${prefix}summarize, a fallback over models by their names`, async () => {
        const first = await ask(sluice, `${prefix}summarize`);
        assert.equal(first.text, "You said: hi");
        assert.equal(first.headers.get("x-gateway-target"), "openai::gpt-4o-mini");
        assert.deepEqual(await seen("openai"), { key: KEY, model: "gpt-4o-mini" });
        mocks.openai.once(fails(503));
        const second = await ask(sluice, `${prefix}summarize`);
        assert.equal(second.text, "You said: hi");
        assert.equal(second.headers.get("x-gateway-target"), "openai::o3");
        assert.equal((await mocks.openai.last.json()).model, "o3");
        assert.equal(mocks.openai.requests.length, 3);
      });

      test(`${sdk}: ${prefix}gpt-4o is the function, openai::gpt-4o the model`, async () => {
        const own = await ask(sluice, `${prefix}gpt-4o`);
        assert.equal(own.headers.get("x-gateway-target"), "openai::o3");
        assert.deepEqual(await seen("openai"), { key: KEY, model: "o3" });
        mocks.openai.reset();
        const passed = await ask(sluice, "openai::gpt-4o");
        assert.equal(passed.headers.get("x-gateway-target"), null);
        assert.deepEqual(await seen("openai"), { key: CALLERS_KEY, model: "gpt-4o" });
      });
    }

    for (const [sdk, ask] of Object.entries({ ...ANTHROPIC_SDKS, ...OPENAI_SDKS }))
      test(`${sdk}: ${prefix}review`, async () => {
        const { text, headers } = await ask(sluice, `${prefix}review`);
        assert.equal(text, "You said: hi");
        assert.equal(headers.get("x-gateway-target"), "anthropic::claude-test-1");
        assert.deepEqual(await seen("anthropic"), { key: CLAUDE, model: "claude-test-1" });
      });

    test(`openai, embeddings: ${prefix}index`, async () => {
      const answer = await openai(sluice).embeddings.create({
        model: `${prefix}index`,
        input: "four",
      });
      assert.deepEqual(answer.data[0].embedding, [4, 0.25, -0.5]);
      assert.deepEqual(await seen("openai"), { key: KEY, model: "emb-1" });
    });
  }

  test("named targets by weight, each with its key", async () => {
    const count = 100;
    await many(count, 10, () => OPENAI_SDKS["openai, chat"](sluice, "function::translate"));
    const keys = { "gpt-4o": PRIMARY, "gpt-4o-mini": SECONDARY };
    for (const request of mocks.openai.requests)
      assert.equal(request.key, keys[(await request.json()).model]);
    const primary = mocks.openai.shown.filter((key) => key === PRIMARY).length;
    assert.ok(Math.abs(primary - count / 2) < 6 * Math.sqrt(count / 4), `${primary} of ${count}`);
  });

  test("a function's own retry goes before the one of all", async () => {
    mocks.openai.always(fails(500));
    await assert.rejects(OPENAI_SDKS["openai, chat"](sluice, "translate"), { status: 500 });
    assert.equal(mocks.openai.requests.length, 4, "and 3 retries");
    mocks.openai.reset();
    mocks.openai.always(fails(500));
    await assert.rejects(OPENAI_SDKS["openai, chat"](sluice, "function::gpt-4o"), { status: 500 });
    assert.equal(mocks.openai.requests.length, 1, "and no retry");
  });

  test("an unknown function is 404, one for other calls 400", async () => {
    const chat = (model) => openai(sluice).chat.completions.create(CHAT(model));
    await assert.rejects(chat("function::nothing"), { status: 404, code: "UnknownModel" });
    await assert.rejects(chat("function::index"), { status: 400, code: "unsupported_capability" });
    await assert.rejects(chat("index"), { status: 400, code: "unsupported_capability" });
    assert.equal(mocks.openai.requests.length, 0);
  });

  test("functions are listed", async () => {
    const listed = await openai(sluice).models.list();
    const ids = listed.data.map(({ id }) => id);
    for (const name of ["summarize", "review", "translate", "gpt-4o", "index"])
      assert.ok(ids.includes(`function::${name}`), name);
  });
});

/* Experiments: what a variant sets is what its provider sees, whatever the caller sent, and the answer names it. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { post } from "./client.mjs";
import { Keyed, bearer } from "./keyed.mjs";
import { ANTHROPIC_SDKS, OPENAI_SDKS, anthropic, many, openai } from "./sdks.mjs";
import { Sluice, stopAll } from "./sluice.mjs";

const KEY = "sk-gateway-openai";
const PLAIN = "gateway-mistral";
const CLAUDE = "sk-ant-api03-gateway";
const SAID = [{ role: "user", content: "hi" }];
const TWO = 60; // requests after which both of two equal variants have been seen, but for one run in 10^17

const mocks = {};
let sluice;

/* Of the variants of a function, by name: what they set, under the names of the file. */
const VARIANTS = {
  low: { temperature: 0.2, max_tokens: 111 },
  high: { temperature: 0.9, max_tokens: 222 },
};

before(async () => {
  mocks.openai = await Keyed.start([bearer(KEY)]);
  mocks.mistral = await Keyed.start([bearer(PLAIN)]);
  mocks.anthropic = await Keyed.start([`x-api-key: ${CLAUDE}`]);
  const of = (low, high) => ({
    low: { ...low, ...VARIANTS.low },
    high: { ...high, ...VARIANTS.high },
  });
  sluice = await Sluice.start(
    {
      providers: {
        openai: { base_url: mocks.openai.url, models: ["gpt-4o", "gpt-4o-mini"] },
        mistral: { base_url: mocks.mistral.url, models: ["mistral-small-latest"] },
        anthropic: { base_url: mocks.anthropic.url, models: ["claude-test-1", "claude-test-2"] },
      },
      routing: { retry: { backoff_base_ms: 1, backoff_max_ms: 1 } },
      functions: {
        support: {
          strategy: "experiment",
          variants: of({ model: "gpt-4o" }, { model: "gpt-4o-mini" }),
        },
        "support-claude": {
          strategy: "experiment",
          variants: of({ model: "claude-test-1" }, { model: "claude-test-2" }),
        },
        "support-same": {
          strategy: "experiment",
          variants: of({ model: "gpt-4o" }, { model: "gpt-4o" }),
        },
        "support-mistral": {
          strategy: "experiment",
          variants: of({ model: "mistral-small-latest" }, { model: "mistral-small-latest" }),
        },
        mixed: {
          strategy: "experiment",
          variants: { gpt: { model: "gpt-4o" }, claude: { model: "claude-test-1" } },
        },
        full: {
          strategy: "experiment",
          variants: {
            all: {
              model: "gpt-4o",
              temperature: 0,
              top_p: 0.5,
              max_tokens: 7,
              seed: 42,
              reasoning_effort: "low",
            },
          },
        },
        "full-claude": {
          strategy: "experiment",
          variants: {
            all: { model: "claude-test-1", top_p: 0.5, seed: 42, reasoning_effort: "low" },
          },
        },
        shares: {
          strategy: "experiment",
          variants: {
            most: { model: "gpt-4o", weight: 80 },
            rest: { model: "gpt-4o-mini", weight: 20 },
            none: { model: "mistral-small-latest", weight: 0 },
          },
        },
      },
    },
    { env: { OPENAI_API_KEY: KEY, MISTRAL_API_KEY: PLAIN, ANTHROPIC_API_KEY: CLAUDE } },
  );
});

beforeEach(() => {
  for (const mock of Object.values(mocks)) mock.reset();
});

after(() => stopAll(sluice, ...Object.values(mocks)));

/* Reads an SDK's answer to its end, and tells its variant. */
async function variantOf(asked) {
  const { data, response } = await asked.withResponse();
  if (data[Symbol.asyncIterator]) for await (const told of data) assert.ok(told);
  return { variant: response.headers.get("x-gateway-variant"), headers: response.headers };
}

/* ---- the caller's values and the variant's ---- */

const callers = {
  chat: {
    mock: "openai",
    function: "support",
    models: { low: "gpt-4o", high: "gpt-4o-mini" },
    provider: "openai",
    ask: (body) => openai(sluice).chat.completions.create(body),
    body: { messages: SAID, stop: ["x"], user: "ü 🌍" },
    callers: {
      none: {},
      both: { temperature: 1.5, max_tokens: 5 },
      "the newer name": { temperature: 1.5, max_completion_tokens: 5 },
      "both names": { max_completion_tokens: 5, max_tokens: 6, temperature: null },
    },
    metered: { stream_options: { include_usage: true } }, // asked for by the gateway
    expect: ({ temperature, max_tokens: most }, had) => ({
      temperature,
      ...("max_tokens" in had ? { max_tokens: most } : {}),
      ...("max_completion_tokens" in had || !("max_tokens" in had)
        ? { max_completion_tokens: most }
        : {}),
    }),
  },
  "chat, at a provider of the older name": {
    mock: "mistral",
    function: "support-mistral",
    models: { low: "mistral-small-latest", high: "mistral-small-latest" },
    provider: "mistral",
    ask: (body) => openai(sluice).chat.completions.create(body),
    body: { messages: SAID },
    callers: { none: {}, both: { temperature: 1.5, max_tokens: 5 } },
    expect: ({ temperature, max_tokens }) => ({ temperature, max_tokens }),
  },
  responses: {
    mock: "openai",
    function: "support",
    models: { low: "gpt-4o", high: "gpt-4o-mini" },
    provider: "openai",
    ask: (body) => openai(sluice).responses.create(body),
    body: { input: "hi", store: false, reasoning: { summary: "auto" } },
    callers: { none: {}, both: { temperature: 1.5, max_output_tokens: 5 } },
    expect: ({ temperature, max_tokens }) => ({ temperature, max_output_tokens: max_tokens }),
  },
  messages: {
    mock: "anthropic",
    function: "support-claude",
    models: { low: "claude-test-1", high: "claude-test-2" },
    provider: "anthropic",
    ask: (body) => anthropic(sluice).messages.create(body),
    body: { messages: SAID, system: [{ type: "text", text: "be brief" }] },
    callers: { one: { max_tokens: 5 }, both: { max_tokens: 5, temperature: 1 } },
    expect: ({ temperature, max_tokens }) => ({ temperature, max_tokens }),
  },
};

for (const [name, caller] of Object.entries(callers))
  describe(name, () => {
    for (const [label, sent] of Object.entries(caller.callers))
      for (const stream of [false, true])
        for (const prefix of ["function::", ""])
          test(`${prefix || "bare"}, the caller sent ${label}${stream ? ", streamed" : ""}`, async () => {
            const mock = mocks[caller.mock];
            const seen = new Set();
            await many(TWO, 1, async () => {
              const { variant, headers } = await variantOf(
                caller.ask({
                  model: `${prefix}${caller.function}`,
                  ...sent,
                  ...caller.body,
                  ...(stream ? { stream } : {}),
                }),
              );
              seen.add(variant);
              const model = caller.models[variant];
              assert.equal(headers.get("x-gateway-target"), `${caller.provider}::${model}`);
              assert.deepEqual(await mock.last.json(), {
                model,
                ...caller.body,
                ...(stream ? { stream, ...caller.metered } : {}),
                ...caller.expect(VARIANTS[variant], sent),
              });
            });
            assert.deepEqual([...seen].sort(), ["high", "low"]);
            assert.equal(mock.requests.length, TWO);
          });
  });

/* ---- all SDKs ---- */

for (const [sdks, model, mock] of [
  [OPENAI_SDKS, "support", "openai"],
  [ANTHROPIC_SDKS, "support-claude", "anthropic"],
])
  for (const [sdk, ask] of Object.entries(sdks))
    test(`${sdk}: the variant's temperature, and its name`, async () => {
      const { text, headers } = await ask(sluice, `function::${model}`);
      assert.equal(text, "You said: hi");
      const variant = VARIANTS[headers.get("x-gateway-variant")];
      assert.equal((await mocks[mock].last.json()).temperature, variant.temperature);
    });

/* ---- other settings, and bytes ---- */

test("all that a variant can set, in Chat Completions", async () => {
  const body = { model: "full", messages: SAID, top_p: 1, seed: 1, reasoning_effort: "high" };
  await openai(sluice).chat.completions.create(body);
  assert.deepEqual(await mocks.openai.last.json(), {
    model: "gpt-4o",
    messages: SAID,
    temperature: 0,
    top_p: 0.5,
    max_completion_tokens: 7,
    seed: 42,
    reasoning_effort: "low",
  });
});

test("in Responses, which has no seed: the answer says so", async () => {
  const body = { model: "full", input: "hi", reasoning: { effort: "high", summary: "auto" } };
  const { headers } = await variantOf(openai(sluice).responses.create(body));
  assert.equal(headers.get("x-gateway-warnings"), "drop:seed");
  assert.deepEqual(await mocks.openai.last.json(), {
    model: "gpt-4o",
    input: "hi",
    temperature: 0,
    top_p: 0.5,
    max_output_tokens: 7,
    reasoning: { effort: "low", summary: "auto" },
  });
});

test("in Messages", async () => {
  const body = { model: "full-claude", max_tokens: 9, messages: SAID };
  const { headers } = await variantOf(anthropic(sluice).messages.create(body));
  assert.equal(headers.get("x-gateway-warnings"), "drop:seed");
  assert.deepEqual(await mocks.anthropic.last.json(), {
    model: "claude-test-1",
    max_tokens: 9,
    messages: SAID,
    top_p: 0.5,
    output_config: { effort: "low" },
  });
});

test("bytes that the variant does not name stay as they came", async () => {
  const rest =
    '"messages":[ {"role":"user","content":"\\u0068i"} ], "n":1.0, "x":{"temperature":7}';
  const body = `{ ${rest},"temperature":1.50e0 , "model" : "support-same","max_tokens":5 }`;
  const answer = await post(sluice.port, "/v1/chat/completions", body);
  assert.equal(answer.status, 200);
  const { temperature, max_tokens: most } = VARIANTS[answer.header("x-gateway-variant")];
  assert.equal(
    await mocks.openai.last.text(),
    `{ ${rest},"temperature":${temperature} , "model" : "gpt-4o","max_tokens":${most} }`,
  );
});

/* ---- which variant ---- */

test("variants are drawn by weight, and none of weight 0", async () => {
  const count = 400;
  const drawn = await many(count, 20, async () => {
    const body = { model: "shares", messages: SAID };
    return (await variantOf(openai(sluice).chat.completions.create(body))).variant;
  });
  const most = drawn.filter((variant) => variant === "most").length;
  assert.equal(drawn.filter((variant) => variant === "rest").length, count - most);
  const sigma = Math.sqrt(count * 0.8 * 0.2);
  assert.ok(Math.abs(most - 0.8 * count) < 6 * sigma, `${most} of ${count}`);
});

test("variants of other dialects are drawn too", async () => {
  const drawn = { chat: new Set(), messages: new Set() };
  /* Forty times the same side of a coin: one run in 500 billion. */
  for (let i = 0; i < 40; i++) {
    const chat = openai(sluice).chat.completions.create({ model: "mixed", messages: SAID });
    drawn.chat.add((await variantOf(chat)).variant);
    const body = { model: "mixed", max_tokens: 9, messages: SAID };
    drawn.messages.add((await variantOf(anthropic(sluice).messages.create(body))).variant);
  }
  for (const variants of Object.values(drawn))
    assert.deepEqual([...variants].sort(), ["claude", "gpt"]);
});

test("a variant that fails is stood in for by the other, with its own settings", async () => {
  let failed;
  mocks.openai.once(async (seen, wire) => {
    failed = await seen.json();
    await wire.json(503, {});
  });
  const body = { model: "support", messages: SAID, temperature: 1.5 };
  const { variant } = await variantOf(openai(sluice).chat.completions.create(body));
  const { models, expect } = callers.chat;
  const other = variant === "low" ? "high" : "low";
  const settings = (name) => ({
    model: models[name],
    messages: SAID,
    ...expect(VARIANTS[name], {}),
  });
  assert.deepEqual(failed, settings(other));
  assert.deepEqual(await mocks.openai.last.json(), settings(variant));
});

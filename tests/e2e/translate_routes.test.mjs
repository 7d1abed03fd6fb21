/* Routing over dialects: whose key a provider of another dialect sees, and chains of targets in several
 * dialects. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { post } from "./client.mjs";
import { Sluice, stopAll } from "./sluice.mjs";
import { AnthropicMessages } from "./translate_clients.mjs";
import { CLIENTS } from "./translate_frameworks.mjs";
import { KEY, PLAIN, Vendor } from "./translate_mocks.mjs";
import { APIS, MODELS, forPairs, providersAt } from "./translate_site.mjs";

const ENV = { OPENAI_API_KEY: "sk-gateway-openai", ANTHROPIC_API_KEY: "sk-ant-gateway" };
const TEXT = PLAIN.parts[0].text;
const SAID = [{ role: "user", content: "hi" }];
const GPT = MODELS.chat.plain;
const CLAUDE = MODELS.messages.plain;
const RESP = MODELS.responses.plain;
const BUSY = { type: "overloaded_error", message: "mock says: busy" };

let openai, claude, sluice;

const site = (more) => ({
  providers: {
    openai: { ...providersAt(openai).openai },
    anthropic: { ...providersAt(claude).anthropic },
  },
  models: APIS,
  routing: {
    retry: { max_retries: 1, backoff_base_ms: 1, backoff_max_ms: 1 },
    breaker: { enabled: false },
  },
  ...more,
});

before(async () => {
  openai = await Vendor.start([KEY, ENV.OPENAI_API_KEY]);
  claude = await Vendor.start([KEY, ENV.ANTHROPIC_API_KEY]);
  const targets = {
    "claude-main": { model: CLAUDE },
    "gpt-main": { model: GPT },
    "resp-main": { model: RESP },
  };
  const chain = (...names) => ({
    models: [names.join(" ")],
    strategy: "fallback",
    targets: names.map((name) => `${name}-main`),
  });
  sluice = await Sluice.start(
    site({
      targets,
      routes: {
        a: chain("claude", "gpt"),
        b: chain("gpt", "claude"),
        c: chain("claude", "resp"),
        d: chain("resp", "claude"),
        e: chain("gpt", "resp"),
        f: chain("resp", "gpt"),
        g: { models: ["managed chat"], targets: ["gpt-main"] },
        h: { models: ["managed responses"], targets: ["resp-main"] },
        i: { models: ["managed messages"], targets: ["claude-main"] },
      },
      functions: {
        answer: { strategy: "fallback", models: [CLAUDE, GPT] },
        tuned: {
          strategy: "experiment",
          variants: { only: { model: CLAUDE, max_tokens: 321, temperature: 0.5 } },
        },
      },
    }),
    { env: ENV },
  );
});
beforeEach(() => {
  for (const vendor of [openai, claude]) vendor.reset();
});
after(() => stopAll(sluice, openai, claude));

/* ---- keys ---- */

describe("keys", () => {
  const at = { chat: () => openai, responses: () => openai, messages: () => claude };
  const named = (dialect) =>
    `${dialect === "messages" ? "anthropic" : "openai"}::${MODELS[dialect].plain}`;

  forPairs(
    "passed through, the caller's key moves to where the provider reads it",
    async ({ Client, dialect, streamed }) => {
      await new Client(sluice, { model: named(dialect), streamed }).say("hi");
      assert.equal(at[dialect]().lastAsked.key, KEY);
    },
  );

  forPairs(
    "managed, the provider sees the gateway's key alone",
    async ({ Client, dialect, streamed }) => {
      const model = `managed ${dialect}`;
      await new Client(sluice, { model, streamed }).say("hi");
      const own = dialect === "messages" ? ENV.ANTHROPIC_API_KEY : ENV.OPENAI_API_KEY;
      assert.equal(at[dialect]().lastAsked.key, own);
      assert.ok(!at[dialect]().last.head.includes(KEY));
    },
  );

  test("Anthropic's own way of sending it", async () => {
    for (const sent of [{ apiKey: KEY }, { apiKey: null, authToken: KEY }]) {
      const client = new Anthropic({ baseURL: sluice.origin, maxRetries: 0, ...sent });
      await client.messages.create({ model: named("chat"), max_tokens: 9, messages: SAID });
      assert.equal(openai.lastAsked.key, KEY);
    }
    const headers = { "x-api-key": KEY };
    const body = { model: named("chat"), max_tokens: 9, messages: SAID };
    assert.equal((await post(sluice.port, "/v1/messages", body, headers)).status, 200);
    assert.equal(openai.lastAsked.key, KEY);
  });

  test("an OAuth token stays a bearer's", async () => {
    const token = "sk-ant-oat01-0123456789";
    claude.once(async (seen, wire) => {
      await seen.body();
      await wire.json(401, {
        type: "error",
        error: { type: "authentication_error", message: "no" },
      });
    });
    const client = new OpenAI({ apiKey: token, baseURL: sluice.url, maxRetries: 0 });
    const asked = client.chat.completions.create({ model: named("messages"), messages: SAID });
    await assert.rejects(asked, OpenAI.AuthenticationError);
    assert.equal(claude.last.header("authorization"), `Bearer ${token}`);
    assert.ok(!claude.last.has("x-api-key"));
  });

  test("without a key the provider says so", async () => {
    claude.once(async (seen, wire) => {
      await seen.body();
      await wire.json(401, {
        type: "error",
        error: { type: "authentication_error", message: "x-api-key header is required" },
      });
    });
    const answer = await post(sluice.port, "/v1/chat/completions", {
      model: named("messages"),
      messages: SAID,
    });
    assert.equal(answer.status, 401);
    assert.equal(answer.json().error.code, "invalid_api_key");
    for (const name of ["authorization", "x-api-key"]) assert.ok(!claude.last.has(name));
  });

  test("nothing of the caller's own heads goes on", async () => {
    const body = { model: named("messages"), messages: SAID };
    const headers = {
      authorization: `Bearer ${KEY}`,
      cookie: "a=b",
      "openai-organization": "org-1",
      "x-gateway-strict": "false",
      "x-stainless-os": "x",
      "idempotency-key": "i",
    };
    assert.equal((await post(sluice.port, "/v1/chat/completions", body, headers)).status, 200);
    assert.equal(claude.last.header("anthropic-version"), "2023-06-01");
    assert.ok(!claude.last.has("idempotency-key"));
  });
});

/* ---- chains ---- */

const CHAINS = [
  ["claude gpt", "anthropic", "openai"],
  ["gpt claude", "openai", "anthropic"],
  ["claude resp", "anthropic", "openai"],
  ["resp claude", "openai", "anthropic"],
];
const vendorOf = (name) => (name === "openai" ? openai : claude);

describe("chains of targets in several dialects", () => {
  for (const [model, first, second] of CHAINS)
    for (const [label, Client] of Object.entries(CLIENTS))
      for (const streamed of [false, true]) {
        const name = `${label}${streamed ? ", streamed" : ""}: ${model}`;
        const ask = () => new Client(sluice, { model, streamed }).say("hi");
        const forOwn = () => {
          for (const vendor of [openai, claude]) vendor.isForOwn = true;
        };

        test(`${name}: the first answers`, async () => {
          forOwn();
          assert.equal((await ask()).text, TEXT);
          assert.equal(vendorOf(second).requests.length, 0);
        });

        test(`${name}: the first is overloaded, the second answers`, async () => {
          forOwn();
          const status = first === "anthropic" ? 529 : 503;
          vendorOf(first).fail({ status, ...BUSY });
          assert.equal((await ask()).text, TEXT);
          assert.equal(vendorOf(first).requests.length, 1);
          assert.equal(vendorOf(second).requests.length, 1);
        });
      }

  for (const label of ["openai, chat", "openai, responses"])
    for (const model of ["claude gpt", "claude resp"])
      test(`${label}: ${model}: an error as the first event of a stream fails over`, async () => {
        openai.isForOwn = true;
        claude.say({ parts: [], pieces: 0, end: "error", told: BUSY });
        const answer = await new CLIENTS[label](sluice, { model, streamed: true }).say("hi");
        assert.equal(answer.text, TEXT);
        assert.equal(claude.requests.length, 1);
        assert.equal(openai.requests.length, 1);
      });

  for (const model of ["gpt claude", "resp claude"])
    test(`anthropic, messages: ${model}: an error as the first event of a stream fails over`, async () => {
      claude.isForOwn = true;
      openai.once(async (seen, wire) => {
        await seen.body();
        await wire.stream([
          'data: {"error":{"message":"busy","type":"server_error","code":null}}\n\n',
        ]);
      });
      const answer = await new AnthropicMessages(sluice, { model, streamed: true }).say("hi");
      assert.equal(answer.text, TEXT);
      assert.equal(claude.requests.length, 1);
      assert.equal(openai.requests.length, 1);
    });

  test("a stream that fails after its first event is not begun again", async () => {
    claude.say({ parts: [{ text: "It was" }], end: "cut" });
    await assert.rejects(
      new CLIENTS["openai, chat"](sluice, { model: "claude gpt", streamed: true }).say("hi"),
    );
    assert.equal(openai.requests.length, 0);
  });

  test("when all fail, the last error, in the caller's dialect", async () => {
    for (let i = 0; i < 3; i++) {
      openai.fail({ status: 503, type: "server_error", message: "mock says: busy" });
      claude.fail({ status: 529, ...BUSY });
    }
    const client = new Anthropic({ apiKey: KEY, baseURL: sluice.origin, maxRetries: 0 });
    openai.isForOwn = claude.isForOwn = true;
    await assert.rejects(
      client.messages.create({ model: "claude gpt", max_tokens: 9, messages: SAID }),
      (error) => {
        assert.ok(error instanceof Anthropic.InternalServerError);
        assert.equal(error.status, 529);
        assert.equal(error.error.error.type, "overloaded_error");
        return true;
      },
    );
  });

  test("a request that one target cannot take goes to none, and says why", async () => {
    const body = { model: CLAUDE, messages: SAID, n: 2 };
    const answer = await post(sluice.port, "/v1/chat/completions", body);
    assert.equal(answer.status, 400);
    assert.equal(answer.json().error.param, "n");
    assert.equal(answer.json().error.code, "unsupported_parameter");
    assert.equal(claude.requests.length, 0);
  });
});

describe("functions", () => {
  for (const [label, Client] of Object.entries(CLIENTS))
    test(`${label}: a chain of models of two dialects`, async () => {
      openai.isForOwn = claude.isForOwn = true;
      const options = { model: "function::answer", streamed: true };
      assert.equal((await new Client(sluice, options).say("hi")).text, TEXT);
      claude.fail({ status: 529, ...BUSY });
      assert.equal((await new Client(sluice, options).say("hi")).text, TEXT);
      assert.equal(claude.requests.length, 2);
      assert.equal(openai.requests.length, 1);
    });

  const others = Object.entries(CLIENTS).filter(([, Client]) => Client.dialect !== "messages");
  for (const [label, Client] of others)
    test(`${label}: a variant's parameters, in the provider's words`, async () => {
      await new Client(sluice, { model: "function::tuned", max: 50 }).say("hi");
      assert.equal(claude.lastAsked.max, 321);
      assert.equal(claude.lastAsked.temperature, 0.5);
    });
});

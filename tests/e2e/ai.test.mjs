/* Vercel's `ai` package with three of its providers against the gateway. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import {
  APICallError,
  embed,
  embedMany,
  generateObject,
  generateText,
  stepCountIs,
  streamText,
  tool,
} from "ai";
import { z } from "zod";
import { Mock } from "./mock.mjs";
import { Sluice, stopAll } from "./sluice.mjs";

const PROMPT = "Grüße, 世界 🌍";
const mocks = {};
let sluice;
let kinds;

before(async () => {
  for (const name of ["openai", "anthropic", "local"]) mocks[name] = await Mock.start();
  sluice = await Sluice.start({
    providers: {
      openai: { base_url: mocks.openai.url, models: ["gpt-4o", "emb-1"] },
      anthropic: { base_url: mocks.anthropic.url, models: ["claude-test-1"] },
      local: { base_url: mocks.local.url, models: ["llama-3", "emb-2"] },
    },
  });
  const openai = createOpenAI({ apiKey: "sk-a", baseURL: sluice.url });
  const anthropic = createAnthropic({ apiKey: "sk-ant-b", baseURL: sluice.url });
  const local = createOpenAICompatible({
    name: "local",
    apiKey: "sk-c",
    baseURL: sluice.url,
    includeUsage: true,
    supportsStructuredOutputs: true,
  });
  kinds = {
    "openai, responses": { model: openai.responses("gpt-4o"), mock: mocks.openai },
    "openai, chat": { model: openai.chat("gpt-4o"), mock: mocks.openai, tools: true, object: true },
    anthropic: { model: anthropic("claude-test-1"), mock: mocks.anthropic, tools: true },
    "openai-compatible": { model: local("llama-3"), mock: mocks.local, tools: true, object: true },
    embedders: { openai: openai.embedding("emb-1"), local: local.embeddingModel("emb-2") },
  };
});

beforeEach(() => {
  for (const mock of Object.values(mocks)) mock.reset();
});

after(() => stopAll(sluice, ...Object.values(mocks)));

for (const name of ["openai, responses", "openai, chat", "anthropic", "openai-compatible"])
  describe(name, () => {
    test("generateText", async () => {
      const { model, mock } = kinds[name];
      const { text, usage } = await generateText({ model, prompt: PROMPT, maxRetries: 0 });
      assert.equal(text, `You said: ${PROMPT}`);
      assert.equal(usage.outputTokens, 7);
      assert.equal(mock.requests.length, 1);
    });

    test("streamText", async () => {
      const { model } = kinds[name];
      const result = streamText({ model, prompt: PROMPT, maxRetries: 0 });
      const pieces = [];
      for await (const piece of result.textStream) pieces.push(piece);
      assert.equal(pieces.join(""), `You said: ${PROMPT}`);
      assert.ok(pieces.length > 1);
      assert.equal(await result.finishReason, "stop");
      assert.equal((await result.usage).outputTokens, 7);
    });

    test("a provider's refusal is an APICallError with its body", async () => {
      const { model, mock } = kinds[name];
      mock.once(async (seen, wire) => {
        await seen.body();
        await wire.json(402, {
          error: { message: "pay first", type: "billing", code: "no_money" },
        });
      });
      await assert.rejects(generateText({ model, prompt: PROMPT, maxRetries: 0 }), (error) => {
        assert.ok(APICallError.isInstance(error));
        assert.equal(error.statusCode, 402);
        assert.match(error.responseBody, /pay first/);
        return true;
      });
    });
  });

for (const name of ["openai, chat", "anthropic", "openai-compatible"])
  describe(`${name}: tools`, () => {
    const asked = [];
    const tools = {
      weather: tool({
        description: "Weather of a city",
        inputSchema: z.object({ city: z.string() }),
        execute: async ({ city }) => {
          asked.push(city);
          return "sunny";
        },
      }),
    };
    const options = () => ({
      model: kinds[name].model,
      prompt: PROMPT,
      tools,
      stopWhen: stepCountIs(3),
      maxRetries: 0,
    });

    test("generateText runs the tool and goes on", async () => {
      asked.length = 0;
      const { steps } = await generateText(options());
      assert.deepEqual(asked, ["Zürich"]);
      assert.equal(steps.length, 2);
      assert.equal(kinds[name].mock.requests.length, 2);
      assert.match(await kinds[name].mock.last.text(), /sunny/);
    });

    test("streamText runs the tool and goes on", async () => {
      asked.length = 0;
      const result = streamText(options());
      const types = [];
      for await (const part of result.fullStream) types.push(part.type);
      assert.deepEqual(asked, ["Zürich"]);
      assert.ok(types.includes("tool-call") && types.includes("tool-result"));
      assert.ok(!types.includes("error"));
      assert.equal((await result.steps).length, 2);
    });
  });

for (const name of ["openai, chat", "openai-compatible"])
  test(`generateObject: ${name}`, async () => {
    const schema = z.object({ city: z.string(), degrees: z.number() });
    const { object } = await generateObject({
      model: kinds[name].model,
      schema,
      prompt: PROMPT,
      maxRetries: 0,
    });
    assert.deepEqual(object, { city: "Zürich", degrees: 21 });
    assert.equal((await kinds[name].mock.last.json()).response_format.type, "json_schema");
  });

for (const name of ["openai", "local"])
  test(`embed and embedMany: ${name}`, async () => {
    const model = kinds.embedders[name];
    assert.deepEqual((await embed({ model, value: "four" })).embedding, [4, 0.25, -0.5]);
    const { embeddings } = await embedMany({ model, values: ["a", "bc"] });
    assert.deepEqual(embeddings, [
      [1, 0.25, -0.5],
      [2, 0.25, -0.5],
    ]);
    assert.equal(mocks[name].last.path, "/v1/embeddings");
  });

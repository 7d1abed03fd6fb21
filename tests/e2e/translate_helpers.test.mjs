/* What the SDKs do beyond one call, across dialects: their own tool runners, agents, parsers of structured output, and
 * the count of tokens. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import { betaZodTool } from "@anthropic-ai/sdk/helpers/beta/zod";
import { zodOutputFormat } from "@anthropic-ai/sdk/helpers/zod";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { ChatAnthropic } from "@langchain/anthropic";
import { ChatOpenAI } from "@langchain/openai";
import { generateText, stepCountIs, streamText, tool } from "ai";
import OpenAI from "openai";
import { zodFunction, zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";
import { stopAll } from "./sluice.mjs";
import { KEY, PLAIN } from "./translate_mocks.mjs";
import { MODELS, open } from "./translate_site.mjs";
import { USAGE } from "./vendor_kit.mjs";

const TEXT = PLAIN.parts[0].text;
const SAID = [{ role: "user", content: "Weather in Zürich?" }];
const WEATHER = z.object({ city: z.string(), days: z.number() });
const CALLS = {
  parts: [
    { text: "Let me see." },
    { call: { id: "call_1", name: "weather", args: '{"city":"Zürich","days":2}' } },
    { call: { id: "call_2", name: "weather", args: '{"city":"Genève","days":1}' } },
  ],
  finish: "tool_use",
};
const MORE = {
  parts: [{ call: { id: "call_3", name: "weather", args: '{"city":"Zug","days":7}' } }],
  finish: "tool_use",
};

let sluice, vendor, openai, anthropic;

before(async () => {
  ({ sluice, vendor } = await open());
  openai = new OpenAI({ apiKey: KEY, baseURL: sluice.url, maxRetries: 0 });
  anthropic = new Anthropic({ apiKey: KEY, baseURL: sluice.origin, maxRetries: 0 });
});
beforeEach(() => vendor.reset());
after(() => stopAll(sluice, vendor));

const others = (own) => Object.keys(MODELS).filter((dialect) => dialect !== own);

/* What a runner has to have done: three calls in two turns, each result beside its call. */
function checkRun(asked) {
  assert.deepEqual(
    asked.map(({ city }) => city),
    ["Zürich", "Genève", "Zug"],
  );
  assert.equal(vendor.asked.length, 3);
  const { turns } = vendor.lastAsked;
  assert.deepEqual(
    turns.map(({ role }) => role),
    ["user", "assistant", "user", "assistant", "user"],
  );
  const results = turns.flatMap(({ parts }) => parts.filter((part) => part.result));
  assert.deepEqual(
    results.map(({ result: { id, text } }) => [id, text]),
    [
      ["call_1", "sunny in Zürich"],
      ["call_2", "sunny in Genève"],
      ["call_3", "sunny in Zug"],
    ],
  );
}

describe("tool runners", () => {
  const asked = [];
  const weather = (args) => {
    asked.push(args);
    return `sunny in ${args.city}`;
  };
  beforeEach(() => {
    asked.length = 0;
    vendor.say(CALLS, MORE);
  });

  for (const dialect of others("chat"))
    for (const stream of [false, true])
      test(`openai, runTools${stream ? ", streamed" : ""} → ${dialect}`, async () => {
        const tools = [zodFunction({ name: "weather", parameters: WEATHER, function: weather })];
        const body = { model: MODELS[dialect].plain, messages: SAID, tools, stream };
        const runner = openai.chat.completions.runTools(body);
        assert.equal(await runner.finalContent(), TEXT);
        checkRun(asked);
        if (!stream) assert.equal((await runner.totalUsage()).prompt_tokens, 3 * USAGE.input);
      });

  for (const dialect of others("messages"))
    for (const stream of [false, true])
      test(`anthropic, toolRunner${stream ? ", streamed" : ""} → ${dialect}`, async () => {
        const tools = [
          betaZodTool({ name: "weather", description: "It.", inputSchema: WEATHER, run: weather }),
        ];
        const body = {
          model: MODELS[dialect].plain,
          max_tokens: 99,
          messages: SAID,
          tools,
          stream,
        };
        const message = await anthropic.beta.messages.toolRunner(body).runUntilDone();
        assert.equal(message.content[0].text, TEXT);
        checkRun(asked);
      });

  const vercel = {
    chat: () => createOpenAI({ apiKey: KEY, baseURL: sluice.url }).chat,
    responses: () => createOpenAI({ apiKey: KEY, baseURL: sluice.url }).responses,
    messages: () => createAnthropic({ apiKey: KEY, baseURL: sluice.url }),
  };
  for (const [own, modelOf] of Object.entries(vercel))
    for (const dialect of others(own))
      for (const [how, run] of [
        ["generateText", async (asking) => (await generateText(asking)).text],
        ["streamText", async (asking) => streamText(asking).text],
      ])
        test(`ai, ${own}, ${how} → ${dialect}`, async () => {
          const text = await run({
            model: modelOf()(MODELS[dialect].plain),
            messages: SAID,
            tools: {
              weather: tool({ description: "It.", inputSchema: WEATHER, execute: weather }),
            },
            stopWhen: stepCountIs(5),
            maxRetries: 0,
            ...(own === "responses" ? { providerOptions: { openai: { store: false } } } : {}),
          });
          assert.equal(text, TEXT);
          checkRun(asked);
        });

  /* By default this one refers to what it said before by ids, and expects the vendor to have kept it. */
  for (const dialect of others("responses"))
    test(`ai, responses as it is → ${dialect}`, async () => {
      const { text } = await generateText({
        model: vercel.responses()(MODELS[dialect].plain),
        messages: SAID,
        tools: { weather: tool({ inputSchema: WEATHER, execute: weather }) },
        stopWhen: stepCountIs(5),
        maxRetries: 0,
      });
      assert.equal(text, TEXT);
      assert.equal(vendor.asked.length, 3);
    });
});

describe("structured output", () => {
  const json = '{"city":"Zürich","days":2}';
  const parsed = { city: "Zürich", days: 2 };
  beforeEach(() => vendor.say({ parts: [{ text: json }] }));

  for (const dialect of others("chat"))
    test(`openai, chat.completions.parse → ${dialect}`, async () => {
      const completion = await openai.chat.completions.parse({
        model: MODELS[dialect].plain,
        messages: SAID,
        response_format: zodResponseFormat(WEATHER, "weather"),
      });
      assert.deepEqual(completion.choices[0].message.parsed, parsed);
      assert.deepEqual(vendor.lastAsked.schema.required, ["city", "days"]);
    });

  for (const dialect of others("responses"))
    test(`openai, responses.parse → ${dialect}`, async () => {
      const response = await openai.responses.parse({
        model: MODELS[dialect].plain,
        input: SAID,
        text: { format: zodTextFormat(WEATHER, "weather") },
      });
      assert.deepEqual(response.output_parsed, parsed);
      assert.deepEqual(vendor.lastAsked.schema.required, ["city", "days"]);
    });

  for (const dialect of others("messages"))
    test(`anthropic, messages.parse → ${dialect}`, async () => {
      const message = await anthropic.messages.parse({
        model: MODELS[dialect].plain,
        max_tokens: 99,
        messages: SAID,
        output_config: { format: zodOutputFormat(WEATHER) },
      });
      assert.deepEqual(message.parsed_output, parsed);
      assert.deepEqual(vendor.lastAsked.schema.required, ["city", "days"]);
    });

  const langchain = {
    chat: (model) => openaiChain(model, false),
    responses: (model) => openaiChain(model, true),
    messages: (model) =>
      new ChatAnthropic({ model, apiKey: KEY, anthropicApiUrl: sluice.origin, maxRetries: 0 }),
  };
  const openaiChain = (model, useResponsesApi) =>
    new ChatOpenAI({
      model,
      apiKey: KEY,
      configuration: { baseURL: sluice.url },
      maxRetries: 0,
      useResponsesApi,
      zdrEnabled: useResponsesApi,
    });
  for (const [own, modelOf] of Object.entries(langchain))
    for (const dialect of others(own))
      test(`langchain, ${own}, withStructuredOutput by a tool → ${dialect}`, async () => {
        vendor.reset();
        const call = { id: "call_1", name: "weather", args: json };
        vendor.say({ parts: [{ call }], finish: "tool_use" });
        const chain = modelOf(MODELS[dialect].plain).withStructuredOutput(WEATHER, {
          name: "weather",
          method: "functionCalling",
        });
        assert.deepEqual(await chain.invoke("Weather?"), parsed);
        assert.equal(vendor.lastAsked.tools[0].name, "weather");
      });
});

describe("counting tokens", () => {
  for (const dialect of others("messages"))
    test(`anthropic, countTokens → ${dialect}: an estimate, and no error`, async () => {
      const model = MODELS[dialect].plain;
      const count = async (content) => {
        const messages = [{ role: "user", content }];
        const asked = anthropic.messages.countTokens({ model, messages });
        const { data, response } = await asked.withResponse();
        assert.match(response.headers.get("x-gateway-warnings"), /emulate:count_tokens/);
        return data.input_tokens;
      };
      const few = await count("hi");
      const many = await count("word ".repeat(1000));
      assert.ok(few > 0 && many > 500 && many < 5000, `${few}, ${many}`);
      assert.equal(vendor.requests.length, 0);
    });
});

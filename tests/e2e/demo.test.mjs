/* The built-in demo provider, asked by every SDK, with no key that anyone would accept. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import * as anthropicSdk from "@anthropic-ai/sdk";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, streamText } from "ai";
import OpenAI, { InternalServerError, RateLimitError, toFile } from "openai";
import { post } from "./client.mjs";
import { Sluice } from "./sluice.mjs";

const SAID = [{ role: "user", content: "Grüße, 世界 🌍" }];
const MODELS = [
  "demo",
  "demo-error-429",
  "demo-error-500",
  "demo-cut",
  "demo-slow",
  "demo-echo",
  "demo-fast",
];

let sluice, openai, anthropic, compatible;

before(async () => {
  sluice = await Sluice.start({
    providers: {
      demo: { base_url: "demo:", models: MODELS },
      "demo-claude": {
        base_url: "demo:",
        dialect: "anthropic",
        models: MODELS.map((name) => `${name}-claude`),
      },
    },
  });
  openai = new OpenAI({ apiKey: "none", baseURL: sluice.url, maxRetries: 0 });
  anthropic = new Anthropic({ apiKey: "none", baseURL: sluice.origin, maxRetries: 0 });
  compatible = createOpenAICompatible({ name: "demo", baseURL: sluice.url });
});

after(() => sluice.stop());

async function streamed(model) {
  let text = "";
  let finish;
  for await (const chunk of await openai.chat.completions.create({
    model,
    messages: SAID,
    stream: true,
  })) {
    text += chunk.choices[0]?.delta.content ?? "";
    finish = chunk.choices[0]?.finish_reason ?? finish;
  }
  return { text, finish };
}

describe("openai", () => {
  test("without any key at all", async () => {
    const answer = await post(sluice.port, "/v1/chat/completions", {
      model: "demo-fast",
      messages: SAID,
    });
    assert.equal(answer.status, 200);
    assert.ok(answer.json().choices[0].message.content.length > 0);
  });

  test("demo-echo says what was said, whole and streamed", async () => {
    const { choices } = await openai.chat.completions.create({
      model: "demo-echo",
      messages: SAID,
    });
    assert.equal(choices[0].message.content, SAID[0].content);
    assert.deepEqual(await streamed("demo-echo"), { text: SAID[0].content, finish: "stop" });
  });

  test("demo-fast and demo stream to the end", async () => {
    for (const model of ["demo-fast", "demo"]) {
      const { text, finish } = await streamed(model);
      assert.ok(text.length > 0);
      assert.equal(finish, "stop");
    }
  });

  test("demo-slow answers, and can be left", async () => {
    const stream = await openai.chat.completions.create({
      model: "demo-slow",
      messages: SAID,
      stream: true,
    });
    for await (const chunk of stream) {
      assert.equal(chunk.object, "chat.completion.chunk");
      stream.controller.abort();
    }
  });

  test("demo-error-429 and demo-error-500", async () => {
    for (const stream of [false, true]) {
      const ask = (model) => openai.chat.completions.create({ model, messages: SAID, stream });
      await assert.rejects(ask("demo-error-429"), RateLimitError);
      await assert.rejects(ask("demo-error-500"), InternalServerError);
    }
  });

  test("demo-cut never ends well", async () => {
    await assert.rejects(streamed("demo-cut"));
    await assert.rejects(openai.chat.completions.create({ model: "demo-cut", messages: SAID }));
    const answer = await post(sluice.port, "/v1/chat/completions", {
      model: "demo-cut",
      messages: SAID,
      stream: true,
    });
    assert.equal(answer.status, 200);
    assert.ok(!answer.isWhole && !answer.text().includes("[DONE]"));
  });

  test("tools are called", async () => {
    const parameters = {
      type: "object",
      properties: { city: { type: "string" } },
      required: ["city"],
    };
    const tools = [{ type: "function", function: { name: "weather", parameters } }];
    const request = { model: "demo-fast", messages: SAID, tools, tool_choice: "required" };
    const { choices } = await openai.chat.completions.create(request);
    const [call] = choices[0].message.tool_calls;
    assert.equal(call.function.name, "weather");
    assert.equal(typeof JSON.parse(call.function.arguments).city, "string");
    const again = await openai.chat.completions.stream(request).finalChatCompletion();
    assert.deepEqual(
      again.choices[0].message.tool_calls[0].function.arguments,
      call.function.arguments,
    );
  });

  test("responses, whole and streamed", async () => {
    const whole = await openai.responses.create({ model: "demo-echo", input: SAID[0].content });
    assert.equal(whole.output_text, SAID[0].content);
    const final = await openai.responses
      .stream({ model: "demo-echo", input: SAID[0].content })
      .finalResponse();
    assert.equal(final.output_text, SAID[0].content);
    assert.equal(final.status, "completed");
  });

  test("embeddings, images, speech, transcription", async () => {
    const model = "demo-fast";
    const { data } = await openai.embeddings.create({ model, input: ["a", "b"] });
    assert.equal(data.length, 2);
    assert.ok(data[0].embedding.every(Number.isFinite) && data[0].embedding.length > 1);
    assert.notDeepEqual(data[0].embedding, data[1].embedding);
    const images = await openai.images.generate({
      model,
      prompt: "a cat",
      response_format: "b64_json",
    });
    assert.ok(Buffer.from(images.data[0].b64_json, "base64").length > 8);
    const speech = await openai.audio.speech.create({
      model,
      voice: "alloy",
      input: "hi",
      response_format: "wav",
    });
    const sound = Buffer.from(await speech.arrayBuffer());
    assert.equal(sound.subarray(0, 4).toString(), "RIFF");
    const heard = await openai.audio.transcriptions.create({
      model,
      file: await toFile(sound, "a.wav"),
    });
    assert.equal(typeof heard.text, "string");
  });

  test("files are kept", async () => {
    const bytes = Buffer.from('{"a":1}\n');
    const file = await openai.files.create({
      file: await toFile(bytes, "a.jsonl"),
      purpose: "batch",
    });
    assert.equal(file.bytes, bytes.length);
    const content = await openai.files.content(file.id);
    assert.ok(Buffer.from(await content.arrayBuffer()).equals(bytes));
    const ids = [];
    for await (const each of openai.files.list()) ids.push(each.id);
    assert.ok(ids.includes(file.id));
    assert.equal((await openai.files.delete(file.id)).deleted, true);
    await assert.rejects(openai.files.retrieve(file.id), OpenAI.NotFoundError);
  });
});

describe("anthropic", () => {
  const ask = (model) => ({ model: `${model}-claude`, max_tokens: 500, messages: SAID });

  test("demo-echo, whole and streamed", async () => {
    const whole = await anthropic.messages.create(ask("demo-echo"));
    assert.equal(whole.content[0].text, SAID[0].content);
    const message = await anthropic.messages.stream(ask("demo-echo")).finalMessage();
    assert.equal(message.content[0].text, SAID[0].content);
    assert.equal(message.stop_reason, "end_turn");
  });

  test("thinking, tools and count_tokens", async () => {
    const thinking = { type: "enabled", budget_tokens: 1024 };
    const thought = await anthropic.messages
      .stream({ ...ask("demo-fast"), max_tokens: 4000, thinking })
      .finalMessage();
    assert.equal(thought.content[0].type, "thinking");
    assert.ok(thought.content[0].signature.length > 0);
    const tools = [
      {
        name: "weather",
        input_schema: { type: "object", properties: { city: { type: "string" } } },
      },
    ];
    const called = await anthropic.messages.create({
      ...ask("demo-fast"),
      tools,
      tool_choice: { type: "any" },
    });
    assert.equal(called.stop_reason, "tool_use");
    assert.equal(called.content.at(-1).name, "weather");
    const { max_tokens, ...count } = ask("demo-fast");
    assert.ok((await anthropic.messages.countTokens(count)).input_tokens > 0);
  });

  test("errors and the cut", async () => {
    await assert.rejects(
      anthropic.messages.create(ask("demo-error-429")),
      anthropicSdk.RateLimitError,
    );
    await assert.rejects(
      anthropic.messages.create(ask("demo-error-500")),
      anthropicSdk.InternalServerError,
    );
    await assert.rejects(anthropic.messages.create(ask("demo-cut")));
    await assert.rejects(anthropic.messages.stream(ask("demo-cut")).finalMessage());
  });
});

describe("ai", () => {
  test("generateText and streamText", async () => {
    const model = compatible("demo-echo");
    const { text } = await generateText({ model, prompt: SAID[0].content, maxRetries: 0 });
    assert.equal(text, SAID[0].content);
    const result = streamText({ model, prompt: SAID[0].content, maxRetries: 0 });
    let whole = "";
    for await (const piece of result.textStream) whole += piece;
    assert.equal(whole, SAID[0].content);
  });
});

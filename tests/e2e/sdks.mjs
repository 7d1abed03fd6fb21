/*
 * One question, asked through each of the vendors' SDKs, whole and streamed. The answer is read to its end, and comes
 * back as its text and its headers, whatever the SDK.
 */
import assert from "node:assert/strict";
import Anthropic from "@anthropic-ai/sdk";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, streamText } from "ai";
import OpenAI from "openai";

export const CALLERS_KEY = "anything"; // what applications behind the gateway write where an SDK wants a key

globalThis.AI_SDK_LOG_WARNINGS = false; // of models it does not know

export const openai = (sluice, options) =>
  new OpenAI({ apiKey: CALLERS_KEY, baseURL: sluice.url, maxRetries: 0, ...options });
export const anthropic = (sluice, options) =>
  new Anthropic({ apiKey: CALLERS_KEY, baseURL: sluice.origin, maxRetries: 0, ...options });

async function chat(sluice, model, options) {
  const { data, response } = await openai(sluice, options)
    .chat.completions.create({ model, messages: [{ role: "user", content: "hi" }] })
    .withResponse();
  return { text: data.choices[0].message.content, headers: response.headers };
}

async function chatStream(sluice, model, options) {
  const { data, response } = await openai(sluice, options)
    .chat.completions.create({
      model,
      messages: [{ role: "user", content: "hi" }],
      stream: true,
    })
    .withResponse();
  let text = "";
  let end;
  for await (const { choices } of data) {
    text += choices[0].delta.content ?? "";
    end = choices[0].finish_reason ?? end;
  }
  assert.equal(end, "stop");
  return { text, headers: response.headers };
}

async function respond(sluice, model, options) {
  const { data, response } = await openai(sluice, options)
    .responses.create({ model, input: "hi" })
    .withResponse();
  return { text: data.output_text, headers: response.headers };
}

async function respondStream(sluice, model, options) {
  const { data, response } = await openai(sluice, options)
    .responses.create({ model, input: "hi", stream: true })
    .withResponse();
  let text = "";
  let last;
  for await (const told of data) {
    text += told.type === "response.output_text.delta" ? told.delta : "";
    last = told.type;
  }
  assert.equal(last, "response.completed");
  return { text, headers: response.headers };
}

const message = (model) => ({ model, max_tokens: 9, messages: [{ role: "user", content: "hi" }] });

async function messages(sluice, model, options) {
  const { data, response } = await anthropic(sluice, options)
    .messages.create(message(model))
    .withResponse();
  return { text: data.content[0].text, headers: response.headers };
}

async function messagesStream(sluice, model, options) {
  const { data, response } = await anthropic(sluice, options)
    .messages.create({ ...message(model), stream: true })
    .withResponse();
  let text = "";
  let last;
  for await (const told of data) {
    text += told.type === "content_block_delta" ? told.delta.text : "";
    last = told.type;
  }
  assert.equal(last, "message_stop");
  return { text, headers: response.headers };
}

/* Vercel's package: headers come as a plain object there. */
const vercel = (kind) => {
  const modelOf = (sluice, model, { apiKey = CALLERS_KEY, defaultHeaders: headers } = {}) => {
    if (kind === "messages")
      return createAnthropic({ apiKey, headers, baseURL: sluice.url })(model);
    return createOpenAI({ apiKey, headers, baseURL: sluice.url })[kind](model);
  };
  const once = async (...args) => {
    const { text, response } = await generateText({
      model: modelOf(...args),
      prompt: "hi",
      maxRetries: 0,
    });
    return { text, headers: new Headers(response.headers) };
  };
  const streamed = async (...args) => {
    let failure;
    const result = streamText({
      model: modelOf(...args),
      prompt: "hi",
      maxRetries: 0,
      onError: ({ error }) => {
        failure = error;
      },
    });
    let text = "";
    for await (const piece of result.textStream) text += piece;
    if (failure) throw failure;
    return { text, headers: new Headers((await result.response).headers) };
  };
  return [once, streamed];
};

const [aiChat, aiChatStream] = vercel("chat");
const [aiRespond, aiRespondStream] = vercel("responses");
const [aiMessages, aiMessagesStream] = vercel("messages");

/* For models of an OpenAI-shaped provider that speaks Responses too. Each takes (sluice, model, options): options of
 * the SDK's own client, of which Vercel's knows apiKey and defaultHeaders. */
export const OPENAI_SDKS = {
  "openai, chat": chat,
  "openai, chat streamed": chatStream,
  "openai, responses": respond,
  "openai, responses streamed": respondStream,
  "ai, chat": aiChat,
  "ai, chat streamed": aiChatStream,
  "ai, responses": aiRespond,
  "ai, responses streamed": aiRespondStream,
};

/* For models of an Anthropic-shaped one. */
export const ANTHROPIC_SDKS = {
  "anthropic, messages": messages,
  "anthropic, messages streamed": messagesStream,
  "ai, messages": aiMessages,
  "ai, messages streamed": aiMessagesStream,
};

/* Runs `act` `count` times, at most `most` at once, and returns what they returned, in their order. */
export async function many(count, most, act) {
  const results = [];
  let next = 0;
  const run = async () => {
    while (next < count) {
      const i = next++;
      results[i] = await act(i);
    }
  };
  await Promise.all(Array.from({ length: most }, run));
  return results;
}

/*
 * An application: it asks a model or four through the vendors' SDKs, which it leaves to find out from the environment
 * where the provider is, and writes what came of it. tls.test.mjs runs it.
 */
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";

const openai = new OpenAI({ maxRetries: 0 });
const anthropic = new Anthropic({ maxRetries: 0 });
const messages = [{ role: "user", content: "hi" }];
const chat = async (model) =>
  (await openai.chat.completions.create({ model, messages })).choices[0].message.content;
const chatStream = async (model) => {
  let text = "";
  const stream = await openai.chat.completions.create({ model, messages, stream: true });
  for await (const { choices } of stream) text += choices[0].delta.content ?? "";
  return text;
};
const message = async (model) =>
  (await anthropic.messages.create({ model, messages, max_tokens: 9 })).content[0].text;
const messageStream = async (model) =>
  (await anthropic.messages.stream({ model, messages, max_tokens: 9 }).finalMessage()).content[0]
    .text;
const told = {};
for (const [act, model] of [
  [chat, "gpt"],
  [chatStream, "gpt"],
  [message, "claude"],
  [messageStream, "claude"],
  [chatStream, "gpt-cut"],
  [messageStream, "claude-cut"],
  [chat, "unknown-ca"],
  [message, "unknown-ca-claude"],
])
  told[act.name + " " + model] = await act(model).catch(
    (error) => "thrown: " + error.constructor.name + " " + error.status,
  );
console.log(JSON.stringify(told));

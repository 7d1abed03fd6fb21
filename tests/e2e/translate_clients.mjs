/*
 * A conversation, held through a vendor's own SDK as its users do: what the SDK gave goes back into the next turn as
 * it is. Whatever the SDK, an answer comes back as
 *   {text, thinking, refusal, calls: [{id, name, args}], finish, usage: {input, read, output}, native}
 * with `finish` one of "stop", "tool_use", "length", "stop_sequence", "refusal". Parts to say: see vendor_kit.mjs.
 *
 * Options of all: model, streamed, system, tools: [{name, description, schema}], choice ("any" or a tool's name), max,
 * stop, temperature, schema (structured output), effort (to think with), headers, signal.
 */
import { ChatCompletionStream } from "openai/lib/ChatCompletionStream";
import { anthropic, openai } from "./sdks.mjs";
import { KEY } from "./translate_mocks.mjs";

export const dataUrl = ({ mime, data }) => `data:${mime};base64,${data}`;

/* Without what was not asked for. */
export const given = (members) =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));

const FINISH = {
  end_turn: "stop",
  tool_calls: "tool_use",
  "tool-calls": "tool_use",
  function_call: "tool_use",
  max_tokens: "length",
  max_output_tokens: "length",
  content_filter: "refusal",
  "content-filter": "refusal",
};
export const finishOf = (word) => FINISH[word] ?? word;

export class Talk {
  constructor(sluice, options) {
    this.sluice = sluice;
    this.options = options;
    this.history = [];
    this.sdkOptions = { apiKey: KEY, defaultHeaders: options.headers };
  }

  /* @param parts  texts, or parts in the neutral form */
  say(...parts) {
    this.addUser(parts.map((part) => (typeof part === "string" ? { text: part } : part)));
    return this.ask();
  }

  /* The results of the calls of the answer before, each by its call. */
  answer(calls, resultOf) {
    this.addResults(calls.map((call) => ({ ...call, ...asResult(resultOf(call)) })));
    return this.ask();
  }
}

const asResult = (value) => (typeof value === "string" ? { text: value } : value);

/* ---- openai, Chat Completions ---- */

/* Reasoning is no member of OpenAI's: users of the vendors that show it join the pieces themselves. */
function joinReasoning(message, choices) {
  for (const { delta } of choices) {
    if (delta.reasoning_content) message.reasoning_content += delta.reasoning_content;
    for (const { index, text, summary, signature, ...detail } of delta.reasoning_details ?? []) {
      const key = `${index} ${detail.type}`;
      let entry = message.details.get(key);
      if (!entry) message.details.set(key, (entry = { index, ...detail }));
      if (text) entry.text = (entry.text ?? "") + text;
      if (summary) entry.summary = (entry.summary ?? "") + summary;
      if (signature) entry.signature = signature;
    }
  }
}

export class OpenaiChat extends Talk {
  static dialect = "chat";

  addUser(parts) {
    const content = parts.map(({ text, image, document }) => {
      if (image) return { type: "image_url", image_url: { url: image.url ?? dataUrl(image) } };
      if (!document) return { type: "text", text };
      const { filename } = document;
      return { type: "file", file: { filename, file_data: dataUrl(document) } };
    });
    this.history.push({
      role: "user",
      content: parts.length === 1 && parts[0].text ? parts[0].text : content,
    });
  }

  addResults(results) {
    for (const { id, text } of results)
      this.history.push({ role: "tool", tool_call_id: id, content: text });
  }

  body() {
    const { model, system, tools, choice, max, stop, temperature, schema, effort } = this.options;
    const messages = [...(system ? [{ role: "system", content: system }] : []), ...this.history];
    const format = { type: "json_schema", json_schema: { name: "answer", schema, strict: true } };
    return given({
      model,
      messages,
      tools: tools?.map(({ name, description, schema: parameters }) => ({
        type: "function",
        function: { name, description, parameters },
      })),
      tool_choice:
        choice &&
        (choice === "any" ? "required" : { type: "function", function: { name: choice } }),
      max_completion_tokens: max,
      stop,
      temperature,
      response_format: schema && format,
      reasoning_effort: effort,
    });
  }

  async streamed(client, options) {
    const body = { ...this.body(), stream: true, stream_options: { include_usage: true } };
    const { data, response } = await client.chat.completions.create(body, options).withResponse();
    const [own, helpers] = data.tee();
    const assembled = ChatCompletionStream.fromReadableStream(helpers.toReadableStream());
    const message = { reasoning_content: "", details: new Map() };
    const [completion] = await Promise.all([
      assembled.finalChatCompletion(),
      (async () => {
        for await (const { choices } of own) joinReasoning(message, choices);
      })(),
    ]);
    const said = completion.choices[0].message;
    delete said.reasoning_content;
    delete said.reasoning_details;
    if (message.reasoning_content) said.reasoning_content = message.reasoning_content;
    if (message.details.size) said.reasoning_details = [...message.details.values()];
    return { data: completion, response };
  }

  async ask() {
    const client = openai(this.sluice, this.sdkOptions);
    const options = { signal: this.options.signal };
    const { data, response } = this.options.streamed
      ? await this.streamed(client, options)
      : await client.chat.completions.create(this.body(), options).withResponse();
    const [{ message, finish_reason }] = data.choices;
    this.history.push(message);
    return {
      text: message.content ?? "",
      thinking: message.reasoning_content ?? "",
      refusal: message.refusal ?? null,
      calls: (message.tool_calls ?? []).map(({ id, function: { name, arguments: args } }) => ({
        id,
        name,
        args: JSON.parse(args),
      })),
      finish: finishOf(finish_reason),
      usage: {
        input: data.usage.prompt_tokens,
        read: data.usage.prompt_tokens_details?.cached_tokens,
        output: data.usage.completion_tokens,
      },
      headers: response.headers,
      native: data,
    };
  }
}

/* ---- openai, Responses ---- */

export class OpenaiResponses extends Talk {
  static dialect = "responses";

  addUser(parts) {
    const content = parts.map(({ text, image, document }) => {
      if (image)
        return { type: "input_image", image_url: image.url ?? dataUrl(image), detail: "auto" };
      if (!document) return { type: "input_text", text };
      if (document.url) return { type: "input_file", file_url: document.url };
      const { filename } = document;
      return { type: "input_file", filename, file_data: dataUrl(document) };
    });
    this.history.push({ role: "user", content });
  }

  addResults(results) {
    for (const { id, text, image } of results) {
      const picture = image && [
        { type: "input_text", text },
        { type: "input_image", image_url: dataUrl(image), detail: "auto" },
      ];
      this.history.push({ type: "function_call_output", call_id: id, output: picture ?? text });
    }
  }

  body() {
    const { model, system, tools, choice, max, temperature, schema, effort } = this.options;
    const format = { type: "json_schema", name: "answer", schema, strict: true };
    return given({
      model,
      instructions: system,
      input: this.history,
      tools: tools?.map(({ name, description, schema: parameters }) => ({
        type: "function",
        name,
        description,
        parameters,
        strict: false,
      })),
      tool_choice: choice && (choice === "any" ? "required" : { type: "function", name: choice }),
      max_output_tokens: max,
      temperature,
      text: schema && { format },
      reasoning: effort && { effort, summary: "auto" },
      include: effort && ["reasoning.encrypted_content"],
      store: false,
    });
  }

  async ask() {
    const client = openai(this.sluice, this.sdkOptions);
    const options = { signal: this.options.signal };
    const { data, response } = this.options.streamed
      ? { data: await client.responses.stream(this.body(), options).finalResponse() }
      : await client.responses.create(this.body(), options).withResponse();
    if (data.status === "failed") throw new Error(data.error.message); // the SDK gives it back as it is
    this.history.push(...data.output);
    const of = (type) => data.output.filter((item) => item.type === type);
    const content = of("message").flatMap((item) => item.content);
    const calls = of("function_call").map(({ call_id, name, arguments: args }) => ({
      id: call_id,
      name,
      args: JSON.parse(args),
    }));
    const refusals = content.filter(({ type }) => type === "refusal");
    const done = calls.length ? "tool_use" : "stop";
    return {
      text: data.output_text,
      thinking: of("reasoning")
        .flatMap(({ summary }) => summary.map(({ text }) => text))
        .join(""),
      refusal: refusals.length ? refusals.map(({ refusal }) => refusal).join("") : null,
      calls,
      finish: data.status === "completed" ? done : finishOf(data.incomplete_details.reason),
      usage: {
        input: data.usage.input_tokens,
        read: data.usage.input_tokens_details.cached_tokens,
        output: data.usage.output_tokens,
      },
      headers: response?.headers,
      native: data,
    };
  }
}

/* ---- @anthropic-ai/sdk, Messages ---- */

const anthropicSource = ({ mime, data, url, text }) => {
  if (url) return { type: "url", url };
  if (text) return { type: "text", media_type: "text/plain", data: text };
  return { type: "base64", media_type: mime, data };
};

const MAX = 4096; // of tokens, where a test says nothing: Anthropic wants to be told
const BUDGET = 2048;

export class AnthropicMessages extends Talk {
  static dialect = "messages";

  addUser(parts) {
    const content = parts.map(({ text, image, document }) => {
      if (image) return { type: "image", source: anthropicSource(image) };
      if (document)
        return given({
          type: "document",
          source: anthropicSource(document),
          title: document.filename,
        });
      return { type: "text", text };
    });
    this.history.push({ role: "user", content });
  }

  addResults(results) {
    const content = results.map(({ id, text, image, error }) => {
      const picture = image && [
        { type: "text", text },
        { type: "image", source: anthropicSource(image) },
      ];
      return given({
        type: "tool_result",
        tool_use_id: id,
        content: picture ?? text,
        is_error: error,
      });
    });
    this.history.push({ role: "user", content });
  }

  body() {
    const { model, system, tools, choice, max, stop, temperature, schema, effort } = this.options;
    return given({
      model,
      system,
      messages: this.history,
      max_tokens: max ?? MAX,
      tools: tools?.map(({ name, description, schema: input_schema }) => ({
        name,
        description,
        input_schema,
      })),
      tool_choice: choice && (choice === "any" ? { type: "any" } : { type: "tool", name: choice }),
      stop_sequences: stop,
      temperature,
      output_config: schema && { format: { type: "json_schema", schema } },
      thinking: effort && { type: "enabled", budget_tokens: BUDGET },
    });
  }

  async ask() {
    const client = anthropic(this.sluice, this.sdkOptions);
    const options = { signal: this.options.signal };
    let data, response;
    if (this.options.streamed) {
      const stream = client.messages.stream(this.body(), options);
      data = await stream.finalMessage();
      response = stream.response;
    } else {
      ({ data, response } = await client.messages.create(this.body(), options).withResponse());
    }
    this.history.push({ role: "assistant", content: data.content });
    const joined = (type, member) =>
      data.content
        .filter((block) => block.type === type)
        .map((block) => block[member])
        .join("");
    const usage = data.usage;
    return {
      text: joined("text", "text"),
      thinking: joined("thinking", "thinking"),
      refusal: data.stop_details?.explanation ?? null,
      calls: data.content
        .filter(({ type }) => type === "tool_use")
        .map(({ id, name, input }) => ({ id, name, args: input })),
      finish: finishOf(data.stop_reason),
      usage: {
        input:
          usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens,
        read: usage.cache_read_input_tokens,
        output: usage.output_tokens,
      },
      headers: response.headers,
      native: data,
    };
  }
}

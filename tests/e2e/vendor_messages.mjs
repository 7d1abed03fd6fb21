/* Anthropic's Messages as a strict server: what it takes, and what it says, whole and streamed. */
import {
  Refusal,
  answeredCalls,
  base64,
  cut,
  image,
  namedEvent,
  need,
  only,
  strictSchema,
  string,
  verbatim,
  words,
} from "./vendor_kit.mjs";

const MEMBERS =
  words(`model messages max_tokens system tools tool_choice thinking output_config stop_sequences temperature
  top_p top_k metadata service_tier stream`);
const NOT_IN_SCHEMAS =
  words(`minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength pattern
  minItems maxItems uniqueItems oneOf not`);
const SEARCH = words(
  "type name max_uses allowed_domains blocked_domains user_location cache_control",
);
const ID = /^[A-Za-z0-9_-]{1,64}$/;

const modelKind = (model) => {
  if (/opus-4-8|sonnet-5|opus-5/.test(model))
    return { adaptive: true, max: 128000, schema: true, system: true };
  if (/claude-3-haiku/.test(model)) return { max: 4096, sampling: true, prefill: true };
  return { budget: true, max: 64000, sampling: true, schema: true, prefill: true };
};

function source(block, where) {
  const { type, media_type, data, url } = block.source;
  if (type === "url") {
    only(block.source, ["type", "url"], `${where}.source`);
    need(/^https?:\/\//.test(url), `${where}.source.url`, where);
    return { url };
  }
  only(block.source, ["type", "media_type", "data"], `${where}.source`);
  if (block.type === "image") {
    need(type === "base64", `${where}.source.type`, where);
    return image(media_type, data, `${where}.source`).image;
  }
  if (type === "text") {
    need(media_type === "text/plain", `${where}.source.media_type`, where);
    return { text: data };
  }
  need(type === "base64" && media_type === "application/pdf", `${where}.source: no PDF`, where);
  base64(data, where);
  return { mime: media_type, data };
}

function result(block, where) {
  only(block, ["type", "tool_use_id", "content", "is_error", "cache_control"], where);
  const content =
    typeof block.content === "string"
      ? [{ type: "text", text: block.content }]
      : (block.content ?? []);
  const parts = content.map((each, i) => readBlock(each, `${where}.content[${i}]`));
  const images = parts.filter((part) => part.image).map((part) => part.image);
  return {
    result: {
      id: block.tool_use_id,
      text: parts.map((part) => part.text ?? "").join(""),
      ...(images.length ? { images } : {}),
      ...(block.is_error ? { error: true } : {}),
    },
  };
}

function readBlock(block, where) {
  switch (block.type) {
    case "text":
      only(block, ["type", "text", "cache_control"], where);
      need(/\S/.test(block.text), `${where}: text content blocks must be non-empty`, where);
      return { text: block.text };
    case "image":
      only(block, ["type", "source", "cache_control"], where);
      return { image: source(block, where) };
    case "document":
      only(block, ["type", "source", "title", "context", "citations", "cache_control"], where);
      return { document: source(block, where) };
    case "thinking":
      only(block, ["type", "thinking", "signature"], where);
      return { thinking: block.thinking, signature: block.signature };
    case "redacted_thinking":
      only(block, ["type", "data"], where);
      return { redacted: block.data };
    case "tool_use":
      only(block, ["type", "id", "name", "input", "cache_control"], where);
      need(ID.test(block.id), `${where}.id: ${ID}`, where);
      need(/^[A-Za-z0-9_-]{1,128}$/.test(block.name), `${where}.name`, where);
      only(block.input, Object.keys(block.input ?? {}), `${where}.input`);
      return { call: { id: block.id, name: block.name, args: block.input } };
    case "tool_result":
      need(ID.test(block.tool_use_id), `${where}.tool_use_id: ${ID}`, where);
      return result(block, where);
    default:
      throw new Refusal(`${where}.type: ${block.type}`, where);
  }
}

const IN_TURN = {
  system: ["text"],
  user: ["text", "image", "document", "result"],
  assistant: ["text", "call", "thinking", "redacted"],
};

function readMessages(messages, model) {
  const turns = messages.map((message, i) => {
    const where = `messages.${i}`;
    only(message, ["role", "content"], where);
    const { role } = message;
    need(role in IN_TURN, `${where}.role: ${role}`, where);
    if (role === "system") {
      need(modelKind(model).system, `${where}.role: system is not taken by ${model}`, where);
      need(messages[i - 1]?.role === "user", `${where}: system after ${messages[i - 1]?.role}`);
      need(
        [undefined, "assistant"].includes(messages[i + 1]?.role),
        `${where}: system before user`,
      );
    }
    const blocks =
      typeof message.content === "string"
        ? [{ type: "text", text: message.content }]
        : message.content;
    need(blocks.length > 0, `${where}.content: at least one block`, where);
    const parts = blocks.map((block, k) => readBlock(block, `${where}.content.${k}`));
    for (const part of parts)
      need(
        IN_TURN[message.role].some((kind) => kind in part),
        `${where}: ${Object.keys(part)} by the ${message.role}`,
      );
    const firstOther = parts.findIndex((part) => !part.result);
    need(
      firstOther < 0 || !parts.slice(firstOther).some((part) => part.result),
      `${where}: tool_result blocks must come first`,
    );
    const firstCall = parts.findIndex((part) => part.call);
    need(
      firstCall < 0 || !parts.slice(firstCall).some((part) => part.text !== undefined),
      `${where}: text after tool_use`,
    );
    return { role: message.role, parts };
  });
  need(turns[0].role === "user", "messages: first message must use the user role", "messages");
  turns.forEach(({ role }, i) =>
    need(role !== turns[i - 1]?.role, "messages: roles must alternate"),
  );
  const last = turns.at(-1);
  if (last.role === "assistant") {
    need(modelKind(model).prefill, "messages: must end with a user message");
    need(!/\s$/.test(last.parts.at(-1).text ?? ""), "messages: trailing whitespace");
  }
  answeredCalls(turns);
  return turns;
}

function readTools(body) {
  if (body.tools === undefined) {
    need(body.tool_choice === undefined, "tool_choice without tools", "tool_choice");
    return [];
  }
  return body.tools.map((tool, i) => {
    const where = `tools.${i}`;
    const { name, description, input_schema: schema } = tool;
    if (tool.type === "web_search_20250305") {
      only(tool, SEARCH, where);
      need(name === "web_search", `${where}.name: must be web_search`, where);
      return { name, hosted: true };
    }
    only(tool, ["type", "name", "description", "input_schema", "strict", "cache_control"], where);
    need(/^[A-Za-z0-9_-]{1,128}$/.test(name), `${where}.name: ${name}`, where);
    need(schema?.type === "object", `${where}.input_schema.type: must be object`, where);
    for (const word of ["oneOf", "anyOf", "allOf"])
      need(!(word in schema), `${where}.input_schema: no ${word} at the root`, where);
    if (tool.strict) outputSchema(schema, where);
    return { name, description, schema };
  });
}

function outputSchema(schema, where) {
  strictSchema(schema, where, false);
  const all = JSON.stringify(schema);
  for (const word of NOT_IN_SCHEMAS) need(!all.includes(`"${word}":`), `${where}: no "${word}"`);
}

function thinking(body, kind) {
  const { thinking: asked, max_tokens: max } = body;
  if (!asked) return null;
  if (asked.type === "enabled") {
    only(asked, ["type", "budget_tokens", "display"], "thinking");
    need(kind.budget, `thinking.type: enabled is not taken by ${body.model}`, "thinking");
    need(asked.budget_tokens >= 1024, "thinking.budget_tokens: at least 1024", "thinking");
    need(asked.budget_tokens < max, "max_tokens must be more than the budget", "max_tokens");
  } else {
    only(asked, ["type", "display"], "thinking");
    need(asked.type === "disabled" || kind.adaptive, `thinking.type: ${asked.type}`, "thinking");
  }
  if (asked.type === "disabled") return null;
  const { temperature, top_k, tool_choice: choice } = body;
  need(temperature === undefined || temperature === 1, "temperature must be 1 with thinking");
  need(top_k === undefined, "top_k must be unset with thinking");
  need(!["any", "tool"].includes(choice?.type), "thinking with a forced tool_choice");
  return asked;
}

function settings(body, kind) {
  need(Number.isInteger(body.max_tokens), "max_tokens: field required", "max_tokens");
  need(body.max_tokens > 0 && body.max_tokens <= kind.max, `max_tokens: at most ${kind.max}`);
  const { temperature = 1 } = body;
  need(temperature >= 0 && temperature <= 1, "temperature: 0 to 1", "temperature");
  /* Models that take no sampling take the defaults of it. */
  for (const [name, usual] of [
    ["temperature", 1],
    ["top_p", 1],
    ["top_k", undefined],
  ])
    need(kind.sampling || [undefined, usual].includes(body[name]), `${name} is not taken`, name);
  need(body.temperature === undefined || body.top_p === undefined, "temperature or top_p");
  for (const stop of body.stop_sequences ?? [])
    need(/\S/.test(stop), "stop_sequences: each must contain non-whitespace", "stop_sequences");
  const marks = JSON.stringify(body).match(/"cache_control":\{/g) ?? [];
  need(marks.length <= 4, "at most 4 blocks with cache_control");
  if (body.output_config) only(body.output_config, ["effort", "format"], "output_config");
  const format = body.output_config?.format;
  if (!format) return null;
  need(kind.schema, `output_config.format is not taken by ${body.model}`, "output_config.format");
  only(format, ["type", "schema"], "output_config.format");
  outputSchema(format.schema, "output_config.format.schema");
  return format.schema;
}

/* With a budget, a turn that is still in its tool calls begins with the thinking that led to them. */
function thoughtsOf(turns, asked, issued) {
  for (const part of turns.flatMap(({ parts }) => parts)) {
    if (part.thinking !== undefined)
      need(issued.get(part.signature) === part.thinking, "Invalid `signature` in `thinking` block");
    if (part.redacted !== undefined)
      need(issued.has(part.redacted), "Invalid `data` in `redacted_thinking` block");
  }
  const open = turns.at(-1).parts.some(({ result: answered }) => answered) && turns.at(-2);
  if (asked?.type === "enabled" && open)
    need(
      "thinking" in open.parts[0] || "redacted" in open.parts[0],
      "Expected `thinking` or `redacted_thinking`, but found `tool_use`",
    );
}

/* @param issued  signatures, each with its thinking; and data of redacted blocks */
function read(body, seen, issued) {
  need(
    /^20..-..-..$/.test(seen.header("anthropic-version")),
    "anthropic-version: header is required",
  );
  only(body, MEMBERS, "body");
  string(body.model, "model");
  need(Array.isArray(body.messages) && body.messages.length > 0, "messages: field required");
  const kind = modelKind(body.model);
  const schema = settings(body, kind);
  const asked = thinking(body, kind);
  const turns = readMessages(body.messages, body.model);
  thoughtsOf(turns, asked, issued);
  const system =
    typeof body.system === "string" ? [{ type: "text", text: body.system }] : body.system;
  const choice = body.tool_choice;
  return {
    dialect: "messages",
    model: body.model,
    stream: body.stream === true,
    system: (system ?? []).map((block, i) => readBlock(block, `system.${i}`).text),
    turns,
    tools: readTools(body),
    choice: choice?.type === "tool" ? { name: choice.name } : (choice?.type ?? null),
    parallel: !choice?.disable_parallel_tool_use,
    max: body.max_tokens,
    stop: body.stop_sequences ?? [],
    temperature: body.temperature,
    schema,
    thinking: asked,
    effort: body.output_config?.effort ?? null,
  };
}

/* ---- what it says ---- */

const FINISH = { stop: "end_turn", length: "max_tokens" };
const finishOf = ({ finish = "stop" }) => FINISH[finish] ?? finish;

const citationsOf = ({ links }) =>
  links?.map(({ url, title, cited }) => ({
    type: "web_search_result_location",
    url,
    title,
    encrypted_index: "Eo8BCioIAhgBIiQ",
    cited_text: cited,
  })) ?? null;

function blockOf(part) {
  if (part.thinking !== undefined)
    return { type: "thinking", thinking: part.thinking, signature: part.signature };
  if (part.redacted !== undefined) return { type: "redacted_thinking", data: part.redacted };
  if (part.call)
    return {
      type: "tool_use",
      id: part.call.id,
      name: part.call.name,
      input: verbatim(part.call.args || "{}"),
    };
  const citations = citationsOf(part);
  return { type: "text", text: part.text ?? part.refusal, ...(citations ? { citations } : {}) };
}

function usageOf({ usage }) {
  return {
    input_tokens: usage.input - usage.read - usage.write,
    cache_creation_input_tokens: usage.write,
    cache_read_input_tokens: usage.read,
    cache_creation: { ephemeral_5m_input_tokens: usage.write, ephemeral_1h_input_tokens: 0 },
    output_tokens: usage.output,
    service_tier: "standard",
    ...(usage.reasoning ? { output_tokens_details: { thinking_tokens: usage.reasoning } } : {}),
  };
}

const stopOf = (answer) => ({
  stop_reason: finishOf(answer),
  stop_sequence: answer.stopSequence ?? null,
  ...(answer.explanation
    ? { stop_details: { type: "refusal", category: null, explanation: answer.explanation } }
    : {}),
});

function whole(answer, body, id) {
  return {
    id,
    type: "message",
    role: "assistant",
    model: body.model,
    content: answer.parts.map(blockOf),
    ...stopOf(answer),
    usage: usageOf(answer),
  };
}

function blockEvents(part, index) {
  const delta = (value) => ({ type: "content_block_delta", index, delta: value });
  const open = (content_block) => ({ type: "content_block_start", index, content_block });
  const close = { type: "content_block_stop", index };
  const block = blockOf(part);
  if (block.type === "redacted_thinking") return [open(block), close];
  if (block.type === "thinking")
    return [
      open({ ...block, thinking: "", signature: "" }),
      ...cut(block.thinking).map((piece) => delta({ type: "thinking_delta", thinking: piece })),
      delta({ type: "signature_delta", signature: block.signature }),
      close,
    ];
  if (block.type === "tool_use")
    return [
      open({ ...block, input: {} }),
      delta({ type: "input_json_delta", partial_json: "" }),
      ...cut(part.call.args).map((piece) =>
        delta({ type: "input_json_delta", partial_json: piece }),
      ),
      close,
    ];
  return [
    open({ ...block, text: "", ...(block.citations ? { citations: [] } : {}) }),
    ...cut(block.text).map((text) => delta({ type: "text_delta", text })),
    ...(block.citations ?? []).map((citation) => delta({ type: "citations_delta", citation })),
    close,
  ];
}

function events(answer, body, id) {
  const message = whole(answer, body, id);
  const { output_tokens, ...usage } = message.usage;
  const start = { ...message, content: [], stop_reason: null, stop_sequence: null };
  delete start.stop_details;
  start.usage = { ...usage, output_tokens: 1 };
  delete start.usage.output_tokens_details;
  const details = message.usage.output_tokens_details;
  const said = [
    { type: "message_start", message: start },
    { type: "ping" },
    ...answer.parts.flatMap(blockEvents),
  ];
  const ended = [
    {
      type: "message_delta",
      delta: stopOf(answer),
      usage: { output_tokens, ...(details ? { output_tokens_details: details } : {}) },
    },
    { type: "message_stop" },
  ];
  return { said: said.map(namedEvent), ended: ended.map(namedEvent) };
}

export const MESSAGES = {
  name: "messages",
  path: "/v1/messages",
  read,
  whole,
  events,
  id: (n) => `msg_01${n}`,
  requestId: "request-id",
  error: ({ type, message }) => ({
    type: "error",
    error: { type, message },
    request_id: "req_vendor",
  }),
  errorEvent: ({ type, message }) => namedEvent({ type: "error", error: { type, message } }),
};

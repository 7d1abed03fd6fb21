/* OpenAI's Chat Completions as a strict server: what it takes, and what it says, whole and streamed. */
import {
  answeredCalls,
  cut,
  event,
  imageUrl,
  need,
  only,
  parsed,
  strictSchema,
  string,
  words,
} from "./vendor_kit.mjs";

const MEMBERS =
  words(`model messages audio frequency_penalty logit_bias logprobs max_completion_tokens max_tokens metadata
  modalities n parallel_tool_calls prediction presence_penalty prompt_cache_key prompt_cache_retention reasoning_effort
  response_format safety_identifier seed service_tier stop store stream stream_options temperature tool_choice tools
  top_logprobs top_p user verbosity web_search_options`);

const isReasoning = (model) => /^(o[0-9]|gpt-5)/.test(model);

function userPart(part, where) {
  if (part.type === "text") {
    only(part, ["type", "text"], where);
    string(part.text, `${where}.text`);
    return { text: part.text };
  }
  if (part.type === "image_url") {
    only(part, ["type", "image_url"], where);
    only(part.image_url, ["url", "detail"], `${where}.image_url`);
    need(
      ["auto", "low", "high", undefined].includes(part.image_url.detail),
      `${where}: bad detail`,
    );
    return imageUrl(part.image_url.url, `${where}.image_url.url`);
  }
  need(part.type === "file", `${where}.type: ${part.type} is not taken`, where);
  only(part, ["type", "file"], where);
  only(part.file, ["file_data", "filename"], `${where}.file`);
  string(part.file.filename, `${where}.file.filename`);
  const inside = part.file.file_data.match(/^data:([^;,]+);base64,([A-Za-z0-9+/]+=*)$/);
  need(inside, `${where}.file.file_data: no data URL`, where);
  return { document: { mime: inside[1], data: inside[2] } };
}

function textParts(content, where) {
  if (typeof content === "string") return [{ text: content }];
  need(Array.isArray(content) && content.length > 0, `${where}: no content`, where);
  return content.map((part, i) => {
    need(part.type === "text", `${where}[${i}]: only text here`, where);
    return userPart(part, `${where}[${i}]`);
  });
}

function calls(message, where) {
  if (message.tool_calls === undefined) return [];
  need(message.tool_calls.length > 0, `${where}.tool_calls: empty`, where);
  return message.tool_calls.map((call, i) => {
    const at = `${where}.tool_calls[${i}]`;
    only(call, ["id", "type", "function"], at);
    need(call.type === "function", `${at}.type`);
    need(/^.{1,40}$/.test(call.id), `${at}.id: 1 to 40 characters`, at);
    only(call.function, ["name", "arguments"], `${at}.function`);
    need(/^[A-Za-z0-9_-]{1,64}$/.test(call.function.name), `${at}.function.name`, at);
    string(call.function.arguments, `${at}.function.arguments`);
    return {
      call: {
        id: call.id,
        name: call.function.name,
        args: parsed(call.function.arguments),
      },
    };
  });
}

function assistant(message, where) {
  only(message, ["role", "content", "refusal", "name", "tool_calls"], where);
  const made = calls(message, where);
  const refusal = message.refusal ?? null;
  need(message.content !== undefined, `${where}.content: missing`, where);
  need(
    message.content !== null || made.length || refusal,
    `${where}.content: null without tool_calls`,
    where,
  );
  const said = message.content === null ? [] : textParts(message.content, `${where}.content`);
  return [...said, ...(refusal ? [{ refusal }] : []), ...made];
}

/* One `tool` message for each call, between the call and all else. */
function readMessages(messages) {
  const system = [];
  const turns = [];
  let open = [];
  messages.forEach((message, i) => {
    const where = `messages[${i}]`;
    if (message.role === "tool") {
      only(message, ["role", "tool_call_id", "content"], where);
      need(open.includes(message.tool_call_id), `${where}: answers no open call`, where);
      open = open.filter((id) => id !== message.tool_call_id);
      const text = textParts(message.content, `${where}.content`)
        .map((part) => part.text)
        .join("");
      const result = { result: { id: message.tool_call_id, text } };
      if (turns.at(-1).role === "user") turns.at(-1).parts.push(result);
      else turns.push({ role: "user", parts: [result] });
      return;
    }
    need(!open.length, `${where}: calls ${open} must be answered first`, where);
    if (message.role === "assistant") {
      turns.push({ role: "assistant", parts: assistant(message, where) });
      open = (message.tool_calls ?? []).map(({ id }) => id);
      return;
    }
    need(
      ["system", "developer", "user"].includes(message.role),
      `${where}.role: ${message.role}`,
      where,
    );
    only(message, ["role", "content", "name"], where);
    if (message.role !== "user") {
      const said = textParts(message.content, `${where}.content`).map(({ text }) => text);
      if (turns.length) turns.push({ role: "system", parts: said.map((text) => ({ text })) });
      else system.push(...said);
      return;
    }
    const parts =
      typeof message.content === "string"
        ? [{ text: message.content }]
        : message.content.map((part, k) => userPart(part, `${where}.content[${k}]`));
    need(parts.length > 0, `${where}.content: empty`, where);
    if (turns.at(-1)?.role === "user") turns.at(-1).parts.push(...parts);
    else turns.push({ role: "user", parts });
  });
  need(!open.length, `calls ${open} are never answered`);
  return { system, turns };
}

function readTools(body) {
  if (body.tools === undefined) {
    need(body.tool_choice === undefined, "tool_choice without tools", "tool_choice");
    need(body.parallel_tool_calls === undefined, "parallel_tool_calls without tools");
    return [];
  }
  need(body.tools.length > 0, "tools: empty", "tools");
  return body.tools.map((tool, i) => {
    const where = `tools[${i}]`;
    only(tool, ["type", "function"], where);
    need(tool.type === "function", `${where}.type`);
    const { name, description, parameters, strict } = tool.function;
    only(tool.function, ["name", "description", "parameters", "strict"], `${where}.function`);
    need(/^[A-Za-z0-9_-]{1,64}$/.test(name), `${where}.function.name: ${name}`, where);
    if (strict) strictSchema(parameters, `${where}.parameters`, true);
    return { name, description, schema: parameters };
  });
}

function choice(value) {
  if (value === undefined || typeof value === "string")
    return { required: "any" }[value] ?? value ?? null;
  only(value, ["type", "function"], "tool_choice");
  return { name: value.function.name };
}

function sampling(body) {
  const reasons = isReasoning(body.model);
  for (const name of words("temperature top_p stop frequency_penalty presence_penalty logit_bias"))
    need(!reasons || body[name] === undefined, `${name} is not taken by ${body.model}`, name);
  need(!reasons || body.max_tokens === undefined, "use max_completion_tokens", "max_tokens");
  need(reasons || body.reasoning_effort === undefined, "reasoning_effort is not taken");
  need(
    body.max_tokens === undefined || body.max_completion_tokens === undefined,
    "both maxima of tokens",
  );
  need([body.stop ?? []].flat().length <= 4, "stop: at most 4", "stop");
  need(body.stream || !body.stream_options, "stream_options without stream");
  const { temperature = 1 } = body;
  need(temperature >= 0 && temperature <= 2, "temperature: 0 to 2", "temperature");
}

function schemaOf(format) {
  if (!format || format.type !== "json_schema") return null;
  only(format, ["type", "json_schema"], "response_format");
  const { name, schema, strict } = format.json_schema;
  only(format.json_schema, ["name", "description", "schema", "strict"], "json_schema");
  need(/^[A-Za-z0-9_-]{1,64}$/.test(name), "response_format.json_schema.name");
  if (strict) strictSchema(schema, "schema", true);
  return schema;
}

function read(body) {
  only(body, MEMBERS, "body");
  string(body.model, "model");
  need(Array.isArray(body.messages) && body.messages.length > 0, "messages: empty", "messages");
  sampling(body);
  const { system, turns } = readMessages(body.messages);
  answeredCalls(turns);
  return {
    dialect: "chat",
    model: body.model,
    stream: body.stream === true,
    system,
    turns,
    tools: readTools(body),
    choice: choice(body.tool_choice),
    parallel: body.parallel_tool_calls ?? true,
    max: body.max_completion_tokens ?? body.max_tokens ?? null,
    stop: [body.stop ?? []].flat(),
    temperature: body.temperature,
    schema: schemaOf(body.response_format),
    effort: body.reasoning_effort ?? null,
  };
}

/* ---- what it says ---- */

const FINISH = { tool_use: "tool_calls", stop_sequence: "stop", refusal: "stop" };
const finishOf = ({ finish = "stop" }) => FINISH[finish] ?? finish;

function usageOf({ usage }) {
  return {
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    prompt_tokens_details: {
      cached_tokens: usage.read,
      audio_tokens: 0,
      ...(usage.write ? { cache_write_tokens: usage.write } : {}),
    },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

const joined = (parts, name) =>
  parts.some((part) => part[name] !== undefined)
    ? parts.map((part) => part[name] ?? "").join("")
    : null;

const annotationsOf = (parts) =>
  parts
    .flatMap((part) => part.links ?? [])
    .map(({ url, title, start, end }) => ({
      type: "url_citation",
      url_citation: { url, title, start_index: start, end_index: end },
    }));

const base = (kind, body, id) => ({
  id,
  object: kind,
  created: 1764000000,
  model: `${body.model}-2026-08-01`,
  service_tier: "default",
  system_fingerprint: "fp_0123456789",
});

function whole(answer, body, id) {
  const { parts } = answer;
  const made = parts.filter(({ call }) => call);
  const thought = joined(parts, "thinking");
  const links = annotationsOf(parts);
  const message = {
    role: "assistant",
    content: joined(parts, "text"),
    refusal: joined(parts, "refusal"),
    annotations: links,
    ...(thought === null ? {} : { reasoning_content: thought }),
  };
  if (made.length)
    message.tool_calls = made.map(({ call: { id: callId, name, args } }) => ({
      id: callId,
      type: "function",
      function: { name, arguments: args },
    }));
  return {
    ...base("chat.completion", body, id),
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishOf(answer) }],
    usage: usageOf(answer),
  };
}

function deltasOf({ parts }) {
  const deltas = [{ role: "assistant", content: "", refusal: null }];
  let index = 0;
  for (const part of parts) {
    for (const piece of cut(part.thinking ?? "")) deltas.push({ reasoning_content: piece });
    for (const content of cut(part.text ?? "")) deltas.push({ content });
    for (const refusal of cut(part.refusal ?? "")) deltas.push({ refusal });
    if (part.links) deltas.push({ annotations: annotationsOf([part]) });
    if (!part.call) continue;
    const { id, name, args } = part.call;
    const head = { index, id, type: "function", function: { name, arguments: "" } };
    deltas.push({ tool_calls: [head] });
    for (const piece of cut(args))
      deltas.push({ tool_calls: [{ index, function: { arguments: piece } }] });
    index++;
  }
  return deltas;
}

/* All of a stream but for how it ends. */
function events(answer, body, id) {
  const asked = body.stream_options?.include_usage;
  const frame = (choices, usage = null) =>
    event({
      ...base("chat.completion.chunk", body, id),
      choices,
      ...(asked ? { usage } : {}),
      obfuscation: "x7Q",
    });
  const chunk = (delta, finish_reason = null) =>
    frame([{ index: 0, delta, logprobs: null, finish_reason }]);
  const said = deltasOf(answer).map((delta) => chunk(delta));
  const ended = [chunk({}, finishOf(answer))];
  if (asked) ended.push(frame([], usageOf(answer)));
  ended.push("data: [DONE]\n\n");
  return { said, ended };
}

export const CHAT = {
  name: "chat",
  path: "/v1/chat/completions",
  read,
  whole,
  events,
  id: (n) => `chatcmpl-${n}`,
  requestId: "x-request-id",
  error: ({ type, message, code = null, param = null }) => ({
    error: { message, type, param, code },
  }),
  errorEvent: (error) => event({ error: { param: null, code: null, ...error } }),
};

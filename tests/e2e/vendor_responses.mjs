/* OpenAI's Responses as a strict server: what it takes, and what it says, whole and streamed. */
import {
  answeredCalls,
  cut,
  imageUrl,
  namedEvent,
  need,
  only,
  parsed,
  strictSchema,
  string,
  words,
} from "./vendor_kit.mjs";

const MEMBERS =
  words(`background conversation include input instructions max_output_tokens max_tool_calls metadata model
  parallel_tool_calls previous_response_id prompt prompt_cache_key prompt_cache_retention reasoning safety_identifier
  service_tier store stream stream_options temperature text tool_choice tools top_logprobs top_p truncation user`);
const ENCRYPTED = "reasoning.encrypted_content";

const isReasoning = (model) => /^(o[0-9]|gpt-5)/.test(model);

function inputPart(part, where) {
  if (part.type === "input_text") {
    only(part, ["type", "text"], where);
    string(part.text, `${where}.text`);
    return { text: part.text };
  }
  if (part.type === "input_image") {
    only(part, ["type", "image_url", "detail"], where);
    need(["auto", "low", "high", undefined].includes(part.detail), `${where}.detail`);
    return imageUrl(part.image_url, `${where}.image_url`);
  }
  need(part.type === "input_file", `${where}.type: ${part.type} is not taken here`, where);
  only(part, ["type", "file_data", "file_url", "filename"], where);
  if (part.file_url) {
    need(/^https?:\/\//.test(part.file_url), `${where}.file_url`);
    need(part.filename === undefined, `${where}.filename: not with file_url`, where);
    return { document: { url: part.file_url } };
  }
  string(part.filename, `${where}.filename`);
  const inside = part.file_data.match(/^data:([^;,]+);base64,([A-Za-z0-9+/]+=*)$/);
  need(inside, `${where}.file_data: no data URL`, where);
  return { document: { mime: inside[1], data: inside[2] } };
}

function outputPart(part, where) {
  if (part.type === "refusal") {
    only(part, ["type", "refusal"], where);
    return { refusal: part.refusal };
  }
  need(part.type === "output_text", `${where}.type: ${part.type} is not the assistant's`, where);
  only(part, ["type", "text", "annotations", "logprobs"], where);
  string(part.text, `${where}.text`);
  return { text: part.text };
}

function message(item, where) {
  only(item, ["type", "role", "content", "id", "status", "phase"], where);
  need(item.id === undefined || item.id.startsWith("msg_"), `${where}.id: begins "msg"`, where);
  const { role, content } = item;
  need(["user", "assistant", "system", "developer"].includes(role), `${where}.role`, where);
  if (typeof content === "string") return [role, [{ text: content }]];
  need(content.length > 0, `${where}.content: empty`, where);
  const readPart = role === "assistant" ? outputPart : inputPart;
  return [role, content.map((part, i) => readPart(part, `${where}.content[${i}]`))];
}

function call(item, where) {
  only(item, ["type", "id", "call_id", "name", "arguments", "status"], where);
  need(item.id === undefined || item.id.startsWith("fc_"), `${where}.id: begins "fc"`, where);
  need(/^.{1,64}$/.test(item.call_id), `${where}.call_id: 1 to 64 characters`, where);
  need(/^[A-Za-z0-9_-]{1,64}$/.test(item.name), `${where}.name`, where);
  string(item.arguments, `${where}.arguments`);
  return { id: item.call_id, name: item.name, args: parsed(item.arguments) };
}

function output(item, where) {
  only(item, ["type", "id", "call_id", "output", "status"], where);
  string(item.call_id, `${where}.call_id`);
  if (typeof item.output === "string") return { id: item.call_id, text: item.output };
  const parts = item.output.map((part, i) => inputPart(part, `${where}.output[${i}]`));
  const images = parts.filter((part) => part.image).map((part) => part.image);
  return { id: item.call_id, text: parts.map((part) => part.text ?? "").join(""), images };
}

function reasoning(item, where, next) {
  only(item, ["type", "id", "summary", "content", "encrypted_content", "status"], where);
  need(Array.isArray(item.summary), `${where}.summary: missing`, where);
  string(item.encrypted_content, `${where}.encrypted_content`);
  need(
    next &&
      (next.role === "assistant" || next.type === "function_call" || next.type === "reasoning"),
    `${where}: reasoning without the item that follows it`,
    where,
  );
  return {
    thinking: item.summary.map(({ text }) => text).join("\n\n"),
    signature: item.encrypted_content,
  };
}

function readItems(items) {
  const turns = [];
  const system = [];
  const add = (role, ...parts) => {
    if (turns.at(-1)?.role === role) turns.at(-1).parts.push(...parts);
    else turns.push({ role, parts });
  };
  items.forEach((item, i) => {
    const where = `input[${i}]`;
    if (item.type === "function_call") add("assistant", { call: call(item, where) });
    else if (item.type === "function_call_output") add("user", { result: output(item, where) });
    else if (item.type === "reasoning") add("assistant", reasoning(item, where, items[i + 1]));
    else {
      need((item.type ?? "message") === "message", `${where}.type: ${item.type}`, where);
      const [role, parts] = message(item, where);
      if (role === "user" || role === "assistant") add(role, ...parts);
      else if (turns.length) add("system", ...parts);
      else system.push(...parts.map(({ text }) => text));
    }
  });
  return { turns, system };
}

function readTools(body) {
  if (body.tools === undefined) {
    need(body.tool_choice === undefined, "tool_choice without tools", "tool_choice");
    return [];
  }
  return body.tools.map((tool, i) => {
    const where = `tools[${i}]`;
    only(tool, ["type", "name", "description", "parameters", "strict"], where);
    need(tool.type === "function", `${where}.type: ${tool.type}`);
    need(/^[A-Za-z0-9_-]{1,64}$/.test(tool.name), `${where}.name`, where);
    need(typeof tool.strict === "boolean", `${where}.strict: missing`, where);
    if (tool.strict) strictSchema(tool.parameters, `${where}.parameters`, true);
    return { name: tool.name, description: tool.description, schema: tool.parameters };
  });
}

function choice(value) {
  if (value === undefined || typeof value === "string")
    return { required: "any" }[value] ?? value ?? null;
  only(value, ["type", "name"], "tool_choice");
  return { name: value.name };
}

function settings(body) {
  const reasons = isReasoning(body.model);
  need(reasons || body.reasoning === undefined, "reasoning is not taken", "reasoning");
  for (const name of ["temperature", "top_p"])
    need(!reasons || body[name] === undefined, `${name} is not taken by ${body.model}`, name);
  if (body.reasoning) only(body.reasoning, ["effort", "summary"], "reasoning");
  for (const each of body.include ?? [])
    need(each === ENCRYPTED && reasons, `include: ${each}`, "include");
  const max = body.max_output_tokens ?? 16;
  need(Number.isInteger(max) && max >= 16, "max_output_tokens: at least 16", "max_output_tokens");
  need(body.store === false, "this one keeps nothing: store must be false", "store");
  if (body.text) only(body.text, ["format", "verbosity"], "text");
}

function schemaOf(format) {
  if (!format || format.type !== "json_schema") return null;
  only(format, ["type", "name", "description", "schema", "strict"], "text.format");
  string(format.name, "text.format.name");
  if (format.strict) strictSchema(format.schema, "text.format.schema", true);
  return format.schema;
}

function read(body) {
  only(body, MEMBERS, "body");
  string(body.model, "model");
  settings(body);
  const items =
    typeof body.input === "string" ? [{ role: "user", content: body.input }] : body.input;
  need(items?.length > 0, "input: empty", "input");
  const { turns, system } = readItems(items);
  answeredCalls(turns);
  return {
    dialect: "responses",
    model: body.model,
    stream: body.stream === true,
    system: [...(body.instructions ? [body.instructions] : []), ...system],
    turns,
    tools: readTools(body),
    choice: choice(body.tool_choice),
    parallel: body.parallel_tool_calls ?? true,
    max: body.max_output_tokens ?? null,
    stop: [],
    temperature: body.temperature,
    schema: schemaOf(body.text?.format),
    effort: body.reasoning?.effort ?? null,
  };
}

/* ---- what it says ---- */

const INCOMPLETE = { length: "max_output_tokens", content_filter: "content_filter" };

function itemOf(part, n, body) {
  if (part.thinking !== undefined) {
    const encrypted = body.include?.includes(ENCRYPTED)
      ? { encrypted_content: part.signature }
      : {};
    const summary = part.thinking ? [{ type: "summary_text", text: part.thinking }] : [];
    return { id: `rs_${n}`, type: "reasoning", summary, ...encrypted };
  }
  if (part.call) {
    const { id, name, args } = part.call;
    return {
      id: `fc_${n}`,
      type: "function_call",
      status: "completed",
      arguments: args,
      call_id: id,
      name,
    };
  }
  const content =
    part.refusal === undefined
      ? { type: "output_text", annotations: linksOf(part), logprobs: [], text: part.text }
      : { type: "refusal", refusal: part.refusal };
  return {
    id: `msg_${n}`,
    type: "message",
    status: "completed",
    content: [content],
    role: "assistant",
  };
}

const linksOf = ({ links = [] }) =>
  links.map(({ url, title, start, end }) => ({
    type: "url_citation",
    url,
    title,
    start_index: start,
    end_index: end,
  }));

function shape(answer, body, id, status) {
  const { usage, finish = "stop" } = answer;
  const done = status !== "in_progress";
  return {
    id,
    object: "response",
    created_at: 1764000000,
    status,
    background: false,
    error: null,
    incomplete_details: done && INCOMPLETE[finish] ? { reason: INCOMPLETE[finish] } : null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    model: `${body.model}-2026-08-01`,
    output: done ? answer.parts.map((part, n) => itemOf(part, n, body)) : [],
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    service_tier: done ? "default" : "auto",
    store: false,
    temperature: 1,
    text: { format: { type: "text" }, verbosity: "medium" },
    tool_choice: "auto",
    tools: [],
    top_p: 1,
    truncation: "disabled",
    usage: done
      ? {
          input_tokens: usage.input,
          input_tokens_details: {
            cached_tokens: usage.read,
            ...(usage.write ? { cache_write_tokens: usage.write } : {}),
          },
          output_tokens: usage.output,
          output_tokens_details: { reasoning_tokens: usage.reasoning },
          total_tokens: usage.input + usage.output,
        }
      : null,
    user: null,
    metadata: {},
  };
}

const statusOf = ({ finish = "stop" }) => (INCOMPLETE[finish] ? "incomplete" : "completed");
const whole = (answer, body, id) => shape(answer, body, id, statusOf(answer));

function itemEvents(item, output_index) {
  const at = { item_id: item.id, output_index };
  const told = [];
  const tell = (type, more) => told.push({ type: `response.${type}`, ...at, ...more });
  if (item.type === "reasoning") {
    for (const part of item.summary) {
      const where = { summary_index: 0 };
      tell("reasoning_summary_part.added", { ...where, part: { ...part, text: "" } });
      for (const delta of cut(part.text))
        tell("reasoning_summary_text.delta", { ...where, delta, obfuscation: "r2" });
      tell("reasoning_summary_text.done", { ...where, text: part.text });
      tell("reasoning_summary_part.done", { ...where, part });
    }
    return [{ ...item, summary: [] }, told];
  }
  if (item.type === "function_call") {
    for (const delta of cut(item.arguments))
      tell("function_call_arguments.delta", { delta, obfuscation: "Zk" });
    tell("function_call_arguments.done", { arguments: item.arguments });
    return [{ ...item, arguments: "", status: "in_progress" }, told];
  }
  const [part] = item.content;
  const where = { content_index: 0 };
  const name = part.type === "refusal" ? "refusal" : "output_text";
  const member = part.type === "refusal" ? "refusal" : "text";
  const extra = name === "output_text" ? { logprobs: [] } : {};
  const empty = name === "output_text" ? { annotations: [] } : {};
  tell("content_part.added", { ...where, part: { ...part, ...empty, [member]: "" } });
  for (const delta of cut(part[member])) tell(`${name}.delta`, { ...where, delta, ...extra });
  for (const [annotation_index, annotation] of (part.annotations ?? []).entries())
    tell("output_text.annotation.added", { ...where, annotation_index, annotation });
  tell(`${name}.done`, { ...where, [member]: part[member], ...extra });
  tell("content_part.done", { ...where, part });
  return [{ ...item, content: [], status: "in_progress" }, told];
}

function events(answer, body, id) {
  const last = whole(answer, body, id);
  const begun = shape(answer, body, id, "in_progress");
  const said = [
    { type: "response.created", response: begun },
    { type: "response.in_progress", response: begun },
  ];
  last.output.forEach((item, output_index) => {
    const [opened, told] = itemEvents(item, output_index);
    said.push({ type: "response.output_item.added", output_index, item: opened });
    said.push(...told);
    said.push({ type: "response.output_item.done", output_index, item });
  });
  const ended = [{ type: `response.${last.status}`, response: last }];
  let sequence_number = 0;
  const frame = ({ type, ...more }) =>
    namedEvent({ type, sequence_number: sequence_number++, ...more });
  return { said: said.map(frame), ended: ended.map(frame) };
}

export const RESPONSES = {
  name: "responses",
  path: "/v1/responses",
  read,
  whole,
  events,
  id: (n) => `resp_${n}`,
  requestId: "x-request-id",
  error: ({ type, message, code = null, param = null }) => ({
    error: { message, type, param, code },
  }),
  errorEvent: ({ message, code }) =>
    namedEvent({ type: "error", sequence_number: 99, code: code ?? null, message, param: null }),
};

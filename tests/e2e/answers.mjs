/*
 * What a well-behaved provider answers, by method and path: the shapes of OpenAI's and Anthropic's APIs, with contents
 * that follow from the request, so that tests can tell one answer from another.
 */

export const USAGE = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 };
export const SIGNATURE = "EqoBCkgIARABGAIiQL+/aGVsbG8gd29ybGQ9PQ==";
export const WAV = Buffer.from([0x52, 0x49, 0x46, 0x46, 0x00, 0xff, 0xfe, 0x0d, 0x0a, 0x80, 0x81]);

const text = (value) => {
  if (typeof value === "string") return value;
  return (value ?? []).map((part) => part.text ?? "").join("");
};

/* The last thing said, or its reversal when a schema or a tool wants another answer. */
const lastText = (messages = []) => text(messages.at(-1)?.content);

/* Cut in code points, so that a joined answer equals the whole one. */
const cut = (string) => string.match(/.{1,3}/gsu) ?? [""];

export const event = (value) => `data: ${JSON.stringify(value)}\n\n`;
export const namedEvent = (value) => `event: ${value.type}\n${event(value)}`;

/* ---- OpenAI: Chat Completions ---- */

const wantsTool = (body) => body.tools?.length && !body.messages.some((m) => m.role === "tool");

export function chatContent(body) {
  if (body.response_format?.type === "json_schema") return '{"city":"Zürich","degrees":21}';
  return `You said: ${lastText(body.messages)}`;
}

export function chatEvents(body) {
  const base = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: body.model };
  const chunk = (delta, finish_reason = null) =>
    event({ ...base, choices: [{ index: 0, delta, finish_reason }] });
  const events = [chunk({ role: "assistant", content: "" })];
  if (wantsTool(body)) {
    const call = { index: 0, id: "call_1", type: "function" };
    const { name } = body.tools[0].function;
    events.push(chunk({ tool_calls: [{ ...call, function: { name, arguments: "" } }] }));
    for (const piece of ['{"ci', 'ty":"Zür', 'ich"}'])
      events.push(chunk({ tool_calls: [{ index: 0, function: { arguments: piece } }] }));
    events.push(chunk({}, "tool_calls"));
  } else {
    for (const piece of cut(chatContent(body))) events.push(chunk({ content: piece }));
    events.push(chunk({}, "stop"));
  }
  if (body.stream_options?.include_usage)
    events.push(event({ ...base, choices: [], usage: USAGE }));
  events.push("data: [DONE]\n\n");
  return events;
}

function chatWhole(body) {
  const message = { role: "assistant", content: chatContent(body), refusal: null };
  let finish_reason = "stop";
  if (wantsTool(body)) {
    const { name } = body.tools[0].function;
    message.content = null;
    message.tool_calls = [
      { id: "call_1", type: "function", function: { name, arguments: '{"city":"Zürich"}' } },
    ];
    finish_reason = "tool_calls";
  }
  return {
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1,
    model: body.model,
    choices: [{ index: 0, message, finish_reason }],
    usage: USAGE,
  };
}

async function chat(seen, wire) {
  const body = await seen.json();
  if (body.stream) return wire.stream(chatEvents(body), { "x-request-id": "req_mock" });
  return wire.json(200, chatWhole(body), { "x-request-id": "req_mock" });
}

/* ---- OpenAI: Responses ---- */

function responseWhole(body, status = "completed") {
  const input = typeof body.input === "string" ? body.input : lastText(body.input);
  const content = [{ type: "output_text", text: `You said: ${input}`, annotations: [] }];
  const output = [
    { id: "msg_1", type: "message", role: "assistant", status: "completed", content },
  ];
  return {
    id: "resp_1",
    object: "response",
    created_at: 1,
    status,
    model: body.model,
    output: status === "completed" ? output : [],
    parallel_tool_calls: true,
    tools: [],
    usage: {
      input_tokens: 11,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: 7,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 18,
    },
  };
}

export function responseEvents(body) {
  const whole = responseWhole(body);
  const [item] = whole.output;
  const [part] = item.content;
  const begun = responseWhole(body, "in_progress");
  const at = { item_id: item.id, output_index: 0, content_index: 0 };
  const events = [
    { type: "response.created", response: begun },
    { type: "response.in_progress", response: begun },
    { type: "response.output_item.added", output_index: 0, item: { ...item, content: [] } },
    { type: "response.content_part.added", ...at, part: { ...part, text: "" } },
    ...cut(part.text).map((delta) => ({ type: "response.output_text.delta", ...at, delta })),
    { type: "response.output_text.done", ...at, text: part.text },
    { type: "response.content_part.done", ...at, part },
    { type: "response.output_item.done", output_index: 0, item },
    { type: "response.completed", response: whole },
  ];
  return events.map((value, index) => namedEvent({ ...value, sequence_number: index }));
}

async function responses(seen, wire) {
  const body = await seen.json();
  if (body.stream) return wire.stream(responseEvents(body));
  return wire.json(200, responseWhole(body));
}

/* ---- OpenAI: the rest ---- */

async function embeddings(seen, wire) {
  const body = await seen.json();
  const inputs = Array.isArray(body.input) ? body.input : [body.input];
  const vector = (input) => [input.length, 0.25, -0.5];
  const base64 = (values) => Buffer.from(Float32Array.from(values).buffer).toString("base64");
  const data = inputs.map((input, index) => ({
    object: "embedding",
    index,
    embedding: body.encoding_format === "base64" ? base64(vector(input)) : vector(input),
  }));
  const usage = { prompt_tokens: 4, total_tokens: 4 };
  return wire.json(200, { object: "list", data, model: body.model, usage });
}

async function images(seen, wire) {
  const body = await seen.json();
  const b64_json = Buffer.from(`image of ${body.prompt}`).toString("base64");
  return wire.json(200, { created: 1, data: [{ b64_json }] });
}

async function speech(seen, wire) {
  await seen.body();
  return wire.whole(200, { "content-type": "audio/wav" }, WAV);
}

async function transcription(seen, wire) {
  const form = await parseForm(seen);
  const file = form.find((part) => part.name === "file");
  const model = form.find((part) => part.name === "model");
  return wire.json(200, { text: `${model.body.toString()} heard ${file.body.length} bytes` });
}

async function rerank(seen, wire) {
  const body = await seen.json();
  const results = body.documents.map((_, index) => ({ index, relevance_score: 1 / (index + 1) }));
  return wire.json(200, { id: "rerank-1", results });
}

const FILE = {
  id: "file-1",
  object: "file",
  bytes: 5,
  created_at: 1,
  filename: "a.jsonl",
  purpose: "batch",
};

async function fileUpload(seen, wire) {
  const form = await parseForm(seen);
  const file = form.find((part) => part.name === "file");
  return wire.json(200, { ...FILE, bytes: file.body.length, filename: file.filename });
}

async function fileContent(seen, wire) {
  return wire.whole(200, { "content-type": "application/octet-stream" }, WAV);
}

/* The parts of a multipart body: name, filename, body. */
export async function parseForm(seen) {
  const boundary = seen.header("content-type").match(/boundary="?([^";]+)"?/)[1];
  const body = `\r\n${(await seen.body()).toString("latin1")}`;
  return body
    .split(`\r\n--${boundary}`)
    .slice(1, -1)
    .map((part) => {
      const gap = part.indexOf("\r\n\r\n");
      const head = Buffer.from(part.slice(0, gap), "latin1").toString("utf8");
      return {
        name: head.match(/[; ]name="?([^";\r]*)"?/)?.[1],
        filename: head.match(/filename="([^"]*)"/)?.[1],
        body: Buffer.from(part.slice(gap + 4), "latin1"),
      };
    });
}

/* ---- Anthropic: Messages ---- */

const toolsAsked = (body) =>
  body.tools?.length &&
  !body.messages.some(
    (m) => Array.isArray(m.content) && m.content.some((c) => c.type === "tool_result"),
  );

function messageContent(body) {
  const content = [];
  if (body.thinking && body.thinking.type !== "disabled")
    content.push({ type: "thinking", thinking: "Let me think…", signature: SIGNATURE });
  if (toolsAsked(body))
    content.push({
      type: "tool_use",
      id: "toolu_1",
      name: body.tools[0].name,
      input: { city: "Zürich" },
    });
  else content.push({ type: "text", text: `You said: ${lastText(body.messages)}` });
  return content;
}

function messageWhole(body) {
  return {
    id: "msg_1",
    type: "message",
    role: "assistant",
    model: body.model,
    content: messageContent(body),
    stop_reason: toolsAsked(body) ? "tool_use" : "end_turn",
    stop_sequence: null,
    usage: {
      input_tokens: 11,
      output_tokens: 7,
      cache_read_input_tokens: 3,
      cache_creation_input_tokens: 2,
    },
  };
}

function blockEvents(block, index) {
  const delta = (value) => ({ type: "content_block_delta", index, delta: value });
  const empty = {
    thinking: { thinking: "", signature: "" },
    text: { text: "" },
    tool_use: { input: {} },
  };
  const events = [
    { type: "content_block_start", index, content_block: { ...block, ...empty[block.type] } },
  ];
  if (block.type === "thinking") {
    for (const thinking of cut(block.thinking))
      events.push(delta({ type: "thinking_delta", thinking }));
    events.push(delta({ type: "signature_delta", signature: block.signature }));
  } else if (block.type === "tool_use") {
    for (const partial_json of cut(JSON.stringify(block.input)))
      events.push(delta({ type: "input_json_delta", partial_json }));
  } else {
    for (const piece of cut(block.text)) events.push(delta({ type: "text_delta", text: piece }));
  }
  events.push({ type: "content_block_stop", index });
  return events;
}

export function messageEvents(body) {
  const whole = messageWhole(body);
  const start = {
    ...whole,
    content: [],
    stop_reason: null,
    usage: { ...whole.usage, output_tokens: 1 },
  };
  return [
    { type: "message_start", message: start },
    { type: "ping" },
    ...whole.content.flatMap(blockEvents),
    {
      type: "message_delta",
      delta: { stop_reason: whole.stop_reason, stop_sequence: null },
      usage: { output_tokens: whole.usage.output_tokens },
    },
    { type: "message_stop" },
  ].map(namedEvent);
}

async function messages(seen, wire) {
  const body = await seen.json();
  if (body.stream) return wire.stream(messageEvents(body), { "request-id": "req_mock" });
  return wire.json(200, messageWhole(body), { "request-id": "req_mock" });
}

async function countTokens(seen, wire) {
  const body = await seen.json();
  return wire.json(200, { input_tokens: lastText(body.messages).length });
}

/* ---- which ---- */

const routes = [
  ["POST", /\/chat\/completions$/, chat],
  ["POST", /\/responses$/, responses],
  ["POST", /\/embeddings$/, embeddings],
  ["POST", /\/images\/generations$/, images],
  ["POST", /\/audio\/speech$/, speech],
  ["POST", /\/audio\/transcriptions$/, transcription],
  ["POST", /\/rerank$/, rerank],
  ["POST", /\/messages\/count_tokens$/, countTokens],
  ["POST", /\/messages$/, messages],
  ["POST", /\/files$/, fileUpload],
  [
    "GET",
    /\/files$/,
    (seen, wire) => wire.json(200, { object: "list", data: [FILE], has_more: false }),
  ],
  ["GET", /\/files\/[^/]+\/content$/, fileContent],
  ["GET", /\/files\/[^/]+$/, (seen, wire) => wire.json(200, FILE)],
  [
    "DELETE",
    /\/files\/[^/]+$/,
    (seen, wire) => wire.json(200, { id: "file-1", object: "file", deleted: true }),
  ],
];

export async function answer(seen, wire) {
  await seen.body();
  if (seen.broken) return wire.close();
  const [path] = seen.path.split("?");
  const found = routes.find(([method, pattern]) => method === seen.method && pattern.test(path));
  if (found) return found[2](seen, wire);
  return wire.json(404, {
    error: {
      message: `mock: ${seen.method} ${path}?`,
      type: "invalid_request_error",
      param: null,
      code: null,
    },
  });
}

/*
 * What the strict vendors share: how they refuse a request, how they cut what they say into pieces, and JSON in which
 * some values stand exactly as given.
 *
 * What is asked of them and what they answer is held in one neutral form, so that a test is written once for all pairs
 * of dialects. A turn asked has `role` and `parts`; a part is one of
 *   {text} {image: {url} | {mime, data}} {document: {url} | {mime, data} | {text}} {call: {id, name, args}}
 *   {result: {id, text, images, error}} {thinking, signature} {redacted} {refusal}
 * and an answer has `parts` of the same kinds, where the `args` of a call are the text of their JSON, beside
 *   finish       "stop" (default), "tool_use", "length", "stop_sequence", "refusal" or "content_filter"
 *   usage        {input, read, write, output, reasoning}: input includes read and write, output reasoning
 *   slice        of how many bytes the pieces of a stream are, wherever that cuts it; each event one, without
 *   end          how a stream ends: well, or by "cut", "error", "hold" (until the caller goes) after all parts
 */
export class Refusal extends Error {
  constructor(message, param = null) {
    super(message);
    this.param = param;
  }
}

export function need(condition, message, param) {
  if (!condition) throw new Refusal(message, param);
}

/* Vendors refuse members that they do not know. */
export function only(object, allowed, where) {
  need(
    typeof object === "object" && object !== null && !Array.isArray(object),
    `${where} is no object`,
  );
  for (const name of Object.keys(object))
    need(allowed.includes(name), `${where}.${name}: unknown`, `${where}.${name}`);
}

export function string(value, where) {
  need(typeof value === "string", `${where} is no string`, where);
}

export const words = (text) => text.trim().split(/\s+/);

/* A value that stands in JSON as it is: for the text of numbers, blanks and the order of keys. */
class Verbatim {
  constructor(text) {
    this.text = text;
  }
}
export const verbatim = (text) => new Verbatim(text);

export function toJson(value) {
  const held = [];
  const text = JSON.stringify(value, (key, each) =>
    each instanceof Verbatim ? `\u0001${held.push(each.text) - 1}\u0001` : each,
  );
  return text.replace(/"\\u0001([0-9]+)\\u0001"/g, (_, index) => held[index]);
}

export const event = (value) => `data: ${toJson(value)}\n\n`;
export const namedEvent = (value) => `event: ${value.type}\n${event(value)}`;

/* In code points, so that pieces joined are the whole. */
export const cut = (text, size = 5) => text.match(new RegExp(`.{1,${size}}`, "gsu")) ?? [];

export const USAGE = { input: 120, read: 64, write: 16, output: 40, reasoning: 0 };
export const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
export const PDF = Buffer.from("%PDF-1.4\n%\u00e2\u00e3\n1 0 obj<<>>endobj\n%%EOF").toString(
  "base64",
);

const IMAGES = ["image/png", "image/jpeg", "image/gif", "image/webp"];

export function base64(data, where) {
  need(
    typeof data === "string" && data.length > 0 && data.length % 4 === 0,
    `${where}: not base64`,
    where,
  );
  need(/^[A-Za-z0-9+/]+={0,2}$/.test(data), `${where}: not base64`, where);
}

export function image(mime, data, where) {
  need(IMAGES.includes(mime), `${where}: images of ${mime} are not taken`, where);
  base64(data, where);
  return { image: { mime, data } };
}

/* "data:…" or a URL, as OpenAI's members take them. */
export function imageUrl(url, where) {
  string(url, where);
  const inside = url.match(/^data:([^;,]+);base64,(.*)$/s);
  if (inside) return image(inside[1], inside[2], where);
  need(/^https?:\/\//.test(url), `${where}: no URL`, where);
  return { image: { url } };
}

/* A JSON schema under OpenAI's strict mode, and under Anthropic's structured output. */
export function strictSchema(schema, where, isAllRequired) {
  need(typeof schema === "object" && schema !== null, `${where} is no schema`, where);
  if (schema.type === "object") {
    need(schema.additionalProperties === false, `${where}: additionalProperties must be false`);
    const names = Object.keys(schema.properties ?? {});
    if (isAllRequired)
      for (const name of names)
        need(schema.required?.includes(name), `${where}: ${name} must be required`);
    for (const name of names)
      strictSchema(schema.properties[name], `${where}.${name}`, isAllRequired);
  }
  if (schema.items) strictSchema(schema.items, `${where}.items`, isAllRequired);
  for (const each of schema.anyOf ?? []) strictSchema(each, `${where}.anyOf`, isAllRequired);
}

/* Of arguments that are no JSON, their text: OpenAI takes them. */
export function parsed(args) {
  try {
    return JSON.parse(args);
  } catch {
    return args;
  }
}

/* Every call answered, directly after it, and by nothing else. Turns in the neutral form. */
export function answeredCalls(turns) {
  const used = new Set();
  turns.forEach(({ role, parts }, index) => {
    if (role !== "assistant") return;
    const ids = parts.filter(({ call }) => call).map(({ call }) => call.id);
    for (const id of ids) {
      need(!used.has(id), `call ${id} is made twice`);
      used.add(id);
    }
    const next = turns[index + 1];
    if (!ids.length) return;
    const found = (next?.parts ?? []).filter(({ result }) => result).map(({ result }) => result.id);
    need(next?.role === "user", `calls ${ids} are not answered`);
    for (const id of ids) need(found.includes(id), `call ${id} is not answered`);
  });
  turns.forEach(({ role, parts }, index) => {
    const before = turns[index - 1];
    const made = (before?.role === "assistant" ? before.parts : []).filter(({ call }) => call);
    for (const { result } of parts.filter((part) => part.result)) {
      need(role === "user", "a result by the assistant");
      need(
        made.some(({ call }) => call.id === result.id),
        `a result for ${result.id}, which was not called just before`,
      );
    }
  });
}

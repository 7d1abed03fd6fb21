/*
 * Vendors that look closely at what they are asked, as the real ones do, and answer by a script in the dialect asked
 * for. A request that the vendor would refuse is answered with its 400, and stop() tells: a translation that is only
 * nearly right fails its test. The neutral form of what is asked and said is in vendor_kit.mjs.
 */
import assert from "node:assert/strict";
import { CREDENTIALS } from "./keyed.mjs";
import { Mock } from "./mock.mjs";
import { CHAT } from "./vendor_chat.mjs";
import { USAGE, Refusal, need, toJson } from "./vendor_kit.mjs";
import { MESSAGES } from "./vendor_messages.mjs";
import { RESPONSES } from "./vendor_responses.mjs";

export const DIALECTS = { chat: CHAT, responses: RESPONSES, messages: MESSAGES };
export const KEY = "sk-caller-0123456789";
export const PLAIN = { parts: [{ text: 'Grüße aus Zürich 🌍, \t"so"\r\n.' }] };

/* What a caller's own dialect puts in heads, and what never goes on to another vendor. */
const STRAY = /^(x-stainless-|x-gateway-|x-to11-|cookie$|openai-|anthropic-dangerous)/i;

function heads(seen, dialect, keys) {
  const shown = CREDENTIALS.filter((name) => seen.has(name));
  const name = dialect === MESSAGES ? "x-api-key" : "authorization";
  need(shown.length === 1 && shown[0] === name, `credentials in ${shown}`);
  const key = seen.header(name).replace(/^Bearer /, "");
  need(keys.includes(key), `the key ${key}`);
  for (const [header] of seen.headers) {
    need(!STRAY.test(header), `the header ${header}`);
    need(dialect === MESSAGES || !/^anthropic-/i.test(header), `the header ${header}`);
  }
  need(/^application\/json/.test(seen.header("content-type")), "content-type");
  return key;
}

export class Vendor extends Mock {
  /* @param keys     that it knows
   * @param options  as Mock.start() takes them */
  static async start(keys = [KEY], options = {}) {
    const vendor = await super.start(options);
    Object.assign(vendor, {
      holding: [],
      echo: null,
      keys,
      asked: [],
      refused: [],
      answers: [],
      issued: new Map(),
      served: 0,
    });
    return vendor;
  }

  reset() {
    super.reset();
    this.asked = [];
    this.answers = [];
    this.holding = [];
    this.echo = null; // makes the answer of what is asked, where no other was told
    this.isForOwn = false; // callers speak its own dialect too: their heads pass as they are
  }

  /* Resolves when an answer that is held has been said but for its end. */
  held() {
    return new Promise((resolve) => this.holding.push(resolve));
  }

  /* What the next requests are answered, one each; those after them get PLAIN. */
  say(...answers) {
    this.answers.push(...answers);
  }

  /* The next request fails. @param error  {status, type, message, code, param, headers} */
  fail(error) {
    this.answers.push({ error });
  }

  get lastAsked() {
    return this.asked.at(-1);
  }

  scriptFor(seen) {
    if (this.scripts.length || this.standing) return super.scriptFor(seen);
    return (...args) => this.serveOne(...args);
  }

  async serveOne(seen, wire) {
    const [path] = seen.path.split("?");
    const dialect = Object.values(DIALECTS).find((each) => each.path === path) ?? CHAT;
    const text = await seen.text();
    const said = this.answers.shift();
    let body, asked;
    try {
      need(path === dialect.path, `nothing at ${path}`);
      body = JSON.parse(text);
      const key = this.isForOwn ? undefined : heads(seen, dialect, this.keys);
      asked = { ...dialect.read(body, seen, this.issued), key, raw: text };
      this.asked.push(asked);
    } catch (error) {
      if (!(error instanceof Refusal || error instanceof SyntaxError)) throw error;
      this.refused.push(`${dialect.name}: ${error.message}\n${text}`);
      const told = { type: "invalid_request_error", message: error.message, param: error.param };
      return wire.json(400, dialect.error(told));
    }
    const answer = { usage: USAGE, ...(said ?? this.echo?.(asked) ?? PLAIN) };
    return this.answer(dialect, answer, body, seen, wire);
  }

  async answer(dialect, answer, body, seen, wire) {
    const headers = { [dialect.requestId]: "req_vendor", ...answer.headers };
    if (answer.error) {
      const { status, headers: more, ...error } = answer.error;
      return wire.json(status, dialect.error(error), { ...headers, ...more });
    }
    for (const part of answer.parts) {
      if (part.signature) this.issued.set(part.signature, part.thinking);
      if (part.redacted) this.issued.set(part.redacted, null);
    }
    const id = dialect.id(++this.served);
    if (!body.stream) {
      const whole = toJson(dialect.whole(answer, body, id));
      if (answer.end === "cut") {
        await wire.head(200, {
          "content-type": "application/json",
          "content-length": whole.length,
        });
        await wire.raw(whole.slice(0, whole.length / 2));
        return wire.cut();
      }
      return wire.json(200, whole, headers);
    }
    const { said, ended } = dialect.events(answer, body, id);
    await wire.streamHead(headers);
    if (answer.slice) {
      const bytes = Buffer.from([...said, ...ended].join(""));
      for (let at = 0; at < bytes.length; at += answer.slice)
        await wire.chunk(bytes.subarray(at, at + answer.slice));
      return wire.lastChunk();
    }
    for (const piece of said.slice(0, answer.pieces)) await wire.chunk(piece);
    if (answer.end === "cut") return wire.cut();
    if (answer.end === "eof") return wire.lastChunk();
    if (answer.end === "hold") {
      for (const resolve of this.holding.splice(0)) resolve();
      return seen.gone;
    }
    if (answer.end === "error") await wire.chunk(dialect.errorEvent(answer.told));
    else for (const piece of ended) await wire.chunk(piece);
    return wire.lastChunk();
  }

  async stop() {
    await super.stop();
    assert.deepEqual(this.refused, [], `requests that the vendor at port ${this.port} refused`);
  }
}

/* Managed calls of every kind, of every length, and under way when something else happens: other endpoints than chat,
 * bodies that a target refuses before they have come, full connections, waits that end with the gateway. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { toFile } from "openai";
import { WAV, parseForm } from "./answers.mjs";
import { Connection, post, request } from "./client.mjs";
import { Keyed, bearer } from "./keyed.mjs";
import { gate } from "./mock.mjs";
import { ANTHROPIC_SDKS, OPENAI_SDKS, anthropic, openai } from "./sdks.mjs";
import { Sluice, stopAll, until, within } from "./sluice.mjs";

const KEYS = { KEY_A: "sk-gateway-a", KEY_B: "sk-gateway-b" };
const MIB = 1 << 20;
const CRLF = Buffer.from("\r\n");
const mocks = {};
let sluice;

const ENDPOINTS = {
  embeddings: "emb",
  audio_speech: "tts",
  audio_transcription: "whisper",
  image_generation: "img",
  rerank: "rank",
};
const KINDS = ["chat", ...Object.values(ENDPOINTS)];

const routes = () => {
  const both = (kind) => [`a-${kind}`, `b-${kind}`];
  const of = ([endpoint, kind]) => [
    kind,
    { endpoint, models: [`my-${kind}`], strategy: "fallback", targets: both(kind) },
  ];
  return Object.fromEntries([...Object.entries(ENDPOINTS), ["chat", "chat"]].map(of));
};

const config = () => ({
  providers: {
    a: {
      base_url: mocks.a.url,
      models: [...KINDS.map((kind) => `a-${kind}-1`), "lone"],
      credential: "env::KEY_A",
    },
    b: {
      base_url: mocks.b.url,
      models: KINDS.map((kind) => `model-of-b-for-${kind}`),
      credential: "env::KEY_B",
    },
    narrow: {
      base_url: mocks.a.url,
      models: ["narrow"],
      credential: "env::KEY_A",
      max_connections: 1,
      connect_timeout_ms: 200,
    },
    claude: {
      base_url: mocks.a.url,
      models: ["claude"],
      dialect: "anthropic",
      credential: "env::KEY_A",
      auth_type: "bearer",
    },
  },
  routing: {
    retry: { backoff_base_ms: 1, backoff_max_ms: 1 },
    breaker: { enabled: false },
  },
  targets: {
    ...Object.fromEntries(
      KINDS.flatMap((kind) => [
        [`a-${kind}`, { model: `a-${kind}-1` }],
        [`b-${kind}`, { model: `model-of-b-for-${kind}` }],
      ]),
    ),
    alone: { model: "lone" },
    narrow: { model: "narrow" },
    claude: { model: "claude" },
  },
  routes: {
    ...routes(),
    thin: { models: ["thin"], strategy: "fallback", targets: ["narrow", "b-chat"] },
    claude: { models: ["my-claude"], targets: ["claude"] },
  },
  functions: {
    trial: {
      strategy: "experiment",
      variants: {
        one: { model: "a-chat-1", temperature: 0.5 },
        two: { model: "model-of-b-for-chat", temperature: 0.5 },
      },
    },
  },
});

before(async () => {
  mocks.a = await Keyed.start([bearer(KEYS.KEY_A)]);
  mocks.b = await Keyed.start([bearer(KEYS.KEY_B)]);
  sluice = await Sluice.start(config(), { env: KEYS });
});

beforeEach(() => {
  for (const mock of Object.values(mocks)) mock.reset();
});

after(() => stopAll(sluice, ...Object.values(mocks)));

const fails = async (seen, wire) => {
  await seen.body();
  await wire.json(503, {});
};

/* ---- other endpoints ---- */

const file = Buffer.concat([
  WAV,
  Buffer.alloc(300000, 0x2d),
  Buffer.from("\r\n--no boundary"),
  WAV,
]);
const calls = {
  embeddings: (model) => openai(sluice).embeddings.create({ model, input: "four" }),
  audio_speech: (model) =>
    openai(sluice).audio.speech.create({ model, voice: "alloy", input: "hi" }),
  audio_transcription: async (model) =>
    openai(sluice).audio.transcriptions.create({ model, file: await toFile(file, "a.wav") }),
  image_generation: (model) => openai(sluice).images.generate({ model, prompt: "a cat" }),
  rerank: (model) =>
    openai(sluice).post("/rerank", { body: { model, query: "q", documents: ["d"] } }),
};

for (const [endpoint, kind] of Object.entries(ENDPOINTS))
  describe(endpoint, () => {
    for (const failures of [0, 1, 2])
      test(`answered after ${failures} failures`, async () => {
        if (failures > 0) mocks.a.once(fails);
        if (failures > 1) mocks.b.once(fails);
        const answer = await calls[endpoint](`my-${kind}`);
        const at = failures === 1 ? mocks.b : mocks.a;
        const model = failures === 1 ? `model-of-b-for-${kind}` : `a-${kind}-1`;
        assert.equal(mocks.a.requests.length + mocks.b.requests.length, failures + 1);
        if (endpoint === "audio_transcription") {
          assert.equal(answer.text, `${model} heard ${file.length} bytes`);
          const form = await parseForm(at.last);
          assert.ok(form.find(({ name }) => name === "file").body.equals(file));
        } else {
          assert.equal((await at.last.json()).model, model);
        }
      });

    test("a chat call to it is refused, and says why", async () => {
      const asked = openai(sluice).chat.completions.create({
        model: `route::${kind}`,
        messages: [{ role: "user", content: "hi" }],
      });
      await assert.rejects(asked, { status: 400, code: "unsupported_capability" });
    });
  });

test("a chat route refuses other calls", async () => {
  for (const call of Object.values(calls))
    await assert.rejects(call("route::chat"), { status: 400, code: "unsupported_capability" });
});

test("count_tokens goes where messages go", async () => {
  const body = { model: "my-claude", messages: [{ role: "user", content: "four" }] };
  const counted = await anthropic(sluice).messages.countTokens(body);
  assert.equal(counted.input_tokens, 4);
  assert.equal(mocks.a.last.path, "/v1/messages/count_tokens");
  assert.equal((await mocks.a.last.json()).model, "claude");
  mocks.a.once(fails);
  assert.equal((await anthropic(sluice).messages.countTokens(body)).input_tokens, 4);
  assert.equal(
    (await ANTHROPIC_SDKS["anthropic, messages"](sluice, "my-claude")).text,
    "You said: hi",
  );
});

/* ---- bodies ---- */

/* Answers before the body has come; the rest of it is read, or the connection ended. */
const EARLY = {
  "refused at once": (seen, wire) => wire.json(503, {}),
  "refused and closed": async (seen, wire) => {
    await wire.json(503, {}, { connection: "close" });
    wire.close();
  },
  "reset at once": async (seen, wire) => wire.reset(),
};

const long = (model, bytes, more = "") =>
  `{"model":"${model}",${more}"messages":[{"role":"user","content":"hi"}],"user":"${"é".repeat(bytes / 2)}"}`;

/* Else the gateway waits for all of it, to ask for the stream's usage where there is one. */
const NO_STREAM = '"stream":false,';

describe("a body that a target does not wait for", () => {
  for (const [how, script] of Object.entries(EARLY))
    for (const framing of ["length", "chunked"])
      for (const times of [1, 2])
        test(`${how}, ${framing}, ${times} times: the next target gets it whole`, async () => {
          const bytes = Buffer.from(long("my-chat", 2 * MIB, NO_STREAM));
          const half = bytes.length >> 1;
          const reached = times === 1 ? mocks.b : mocks.a;
          mocks.a.once(script);
          if (times === 2) mocks.b.once(script);
          const connection = await Connection.open(sluice.port);
          const frame = (data) =>
            framing === "length"
              ? data
              : Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, CRLF]);
          const head =
            framing === "length"
              ? { "content-length": bytes.length }
              : { "transfer-encoding": "chunked" };
          const path = "/v1/chat/completions";
          await connection.write(request({ method: "POST", path, headers: head }));
          await connection.write(frame(bytes.subarray(0, half)));
          await until(() => reached.requests.length === (times === 1 ? 1 : 2), "the last target");
          await connection.write(frame(bytes.subarray(half)));
          if (framing === "chunked") await connection.write("0\r\n\r\n");
          const answer = await connection.answer("POST");
          connection.close();
          assert.equal(answer.status, 200, answer.text());
          const model = times === 1 ? "model-of-b-for-chat" : "a-chat-1";
          assert.equal(await reached.last.text(), long(model, 2 * MIB, NO_STREAM));
        });
});

describe("a body", () => {
  for (const bytes of [100, 5000, 100000, 4 * MIB])
    for (const [label, pack] of [
      ["plain", null],
      ["packed", gzipSync],
    ])
      for (const model of ["my-chat", "function::trial"])
        test(`of ${bytes} bytes, ${label}, to ${model}: is sent again as it was`, async () => {
          let first;
          const failOnce = async (seen, wire) => {
            if (first) return wire.json(200, { model: (await seen.json()).model });
            first = await seen.text();
            return wire.json(503, {});
          };
          for (const mock of Object.values(mocks)) mock.always(failOnce);
          const body = long(model, bytes);
          const headers = pack ? { "content-encoding": "gzip" } : {};
          const sent = pack ? pack(Buffer.from(body)) : body;
          const answer = await post(sluice.port, "/v1/chat/completions", sent, headers);
          assert.equal(answer.status, 200, answer.text());
          const second = answer.json().model === "a-chat-1" ? mocks.a : mocks.b;
          const got = await second.last.text();
          const tail = model === "my-chat" ? "" : `,"temperature":0.5`;
          const wanted = (name) => `${long(name, bytes).slice(0, -1)}${tail}}`;
          const names = ["a-chat-1", "model-of-b-for-chat"];
          if (second === mocks.b) names.reverse();
          assert.ok(got === wanted(names[0]), got.slice(0, 100));
          assert.ok(first === wanted(names[1]), first.slice(0, 100));
          assert.equal(mocks.a.requests.length + mocks.b.requests.length, 2);
        });
});

/* ---- connections ---- */

test("when all connections to a target's provider are in use, the next target answers", async () => {
  const held = gate();
  mocks.a.once(async (seen, wire) => {
    await seen.body();
    await held.opened;
    await wire.json(200, {});
  });
  const asked = mocks.a.next();
  const first = post(sluice.port, "/v1/chat/completions", { model: "thin", messages: [] });
  await within(asked, "the first request");
  const { text, headers } = await OPENAI_SDKS["openai, chat"](sluice, "thin");
  assert.equal(text, "You said: hi");
  assert.equal(headers.get("x-gateway-target"), "b-chat");
  held.open();
  assert.equal((await first).header("x-gateway-target"), "narrow");
  assert.equal(mocks.a.requests.length, 1);
});

test("pipelined requests are answered in order, though the first is tried again", async () => {
  mocks.a.once(fails);
  mocks.b.once(fails);
  const connection = await Connection.open(sluice.port);
  const chat = (model, user) =>
    request({
      path: "/v1/chat/completions",
      body: JSON.stringify({ model, messages: [{ role: "user", content: user }] }),
    });
  await connection.write(
    Buffer.concat([chat("my-chat", "one"), chat("route::nothing", "two"), chat("lone", "three")]),
  );
  const said = [];
  for (let i = 0; i < 3; i++) {
    const answer = await connection.answer("POST");
    said.push(answer.json().choices?.[0].message.content ?? answer.json().error.code);
  }
  connection.close();
  assert.deepEqual(said, ["You said: one", "UnknownModel", "You said: three"]);
});

/* ---- the end ---- */

test("SIGTERM while the next try waits: it is made, and answered", async (t) => {
  const own = await Sluice.start(config(), { env: KEYS });
  t.after(() => stopAll(own));
  const tried = gate();
  mocks.a.once(async (seen, wire) => {
    await seen.body();
    await wire.json(429, {}, { "retry-after-ms": "300" });
    tried.open();
  });
  const answer = OPENAI_SDKS["openai, chat"](own, "lone");
  await within(tried.opened, "the first try");
  own.signal("SIGTERM");
  assert.equal((await within(answer, "the answer")).text, "You said: hi");
  assert.equal(mocks.a.requests.length, 2);
  assert.deepEqual(await within(own.exited, "the end"), { code: 0, signal: null });
});

/* Streams across dialects: the same answer as the whole one, wherever its bytes are cut; at once, and of any length. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { chances } from "./chances.mjs";
import { Connection, post, request } from "./client.mjs";
import { stopAll, within } from "./sluice.mjs";
import { DIALECTS, KEY, PLAIN } from "./translate_mocks.mjs";
import { CLIENTS } from "./translate_frameworks.mjs";
import { MODELS, open } from "./translate_site.mjs";
import { USAGE, toJson } from "./vendor_kit.mjs";

const SEEDS = Number(process.env.SLUICE_STREAMS ?? 25); // for each pair
const FIRST = Number(process.env.SLUICE_STREAMS_FROM ?? 0);
const TEXT = PLAIN.parts[0].text;
const HEADERS = { authorization: `Bearer ${KEY}` };
const SAID = [{ role: "user", content: "hi" }];
const ASKS = {
  chat: ["/v1/chat/completions", { messages: SAID }],
  responses: ["/v1/responses", { input: "hi" }],
  messages: ["/v1/messages", { messages: SAID, max_tokens: 9 }],
};
const others = (own) => Object.keys(MODELS).filter((dialect) => dialect !== own);

let sluice, vendor;

before(async () => {
  ({ sluice, vendor } = await open());
});
beforeEach(() => vendor.reset());
after(() => stopAll(sluice, vendor));

const PIECES = [
  "Zürich",
  " ",
  "\n",
  "\r\n",
  "🌍👩‍👩‍👧",
  '"q" \\',
  "\u0000\u200b",
  "data: x\n\n",
  "e\u0301",
  "[DONE]",
];
const ARGS = ['{"a":1}', "{}", '{ "b" : [1,2,{"c":"}{"}], "ü":"\\u00e9\\"" }', '{"s":"\\n\\\\"}'];

/* An answer that the dialect can give. */
function drawAnswer(seed, dialect) {
  const { pick, may, some, below } = chances(seed);
  const text = () => [pick(...PIECES), ...some(6, () => pick(...PIECES))].join("");
  const parts = [];
  if (may(0.4)) parts.push({ thinking: text(), signature: `Eq${"Ab+/".repeat(1 + below(40))}` });
  if (may(0.8)) parts.push({ text: text() });
  const calls = some(3, (i) => ({
    call: { id: `call_${seed}_${i}`, name: pick("look", "find"), args: pick(...ARGS) },
  }));
  parts.push(...calls);
  const usage = {
    input: 100 + below(900),
    read: below(50),
    write: below(50),
    output: 1 + below(99),
    reasoning: 0,
  };
  const finish = calls.length
    ? "tool_use"
    : pick("stop", "length", dialect === "messages" ? "refusal" : "content_filter");
  return { parts, usage, finish };
}

describe("streamed or not, the answer is the same", () => {
  for (const label of ["openai, chat", "openai, responses", "anthropic, messages"])
    for (const dialect of others(CLIENTS[label].dialect))
      test(`${label} → ${dialect}`, async () => {
        const tools = ["look", "find"].map((name) => ({
          name,
          description: "It.",
          schema: { type: "object", properties: {} },
        }));
        for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
          const answer = drawAnswer(seed, dialect);
          const ask = async (streamed, slice) => {
            vendor.say({ ...answer, slice });
            const options = { model: MODELS[dialect].thinker, streamed, tools, effort: "medium" };
            const { native, headers, ...told } = await new CLIENTS[label](sluice, options).say(
              "hi",
            );
            return told;
          };
          const whole = await ask(false);
          const { pick } = chances(seed);
          const cut = await ask(true, pick(1, 2, 3, 7, 64, 1000));
          assert.deepEqual(cut, whole, `seed ${seed}: ${JSON.stringify(answer)}`);
          assert.deepEqual(await ask(true), whole, `seed ${seed}`);
          assert.equal(whole.text, answer.parts.map((part) => part.text ?? "").join(""));
          assert.deepEqual(
            whole.calls.map(({ args }) => args),
            answer.parts.filter(({ call }) => call).map(({ call }) => JSON.parse(call.args)),
          );
        }
      });
});

describe("delivery", () => {
  for (const [own, [path, body]] of Object.entries(ASKS))
    for (const dialect of others(own)) {
      const model = MODELS[dialect].plain;

      test(`${own} → ${dialect}: each piece leaves before the next has come`, async () => {
        const gates = [];
        vendor.once(async (seen, wire) => {
          const asked = await seen.json();
          const words = ["one ", "two ", "three "];
          const answer = { parts: words.map((text) => ({ text })), usage: USAGE };
          const { said, ended } = DIALECTS[dialect].events(answer, asked, "id_1");
          await wire.streamHead();
          for (const event of said) {
            await wire.chunk(event);
            const word = words.find(
              (each) => event.includes(each.slice(0, 3)) && /delta/.test(event),
            );
            if (word && !gates.includes(word)) {
              gates.push(word);
              await within(arrived(word.slice(0, 3)), `"${word}" at the caller`);
            }
          }
          for (const event of ended) await wire.chunk(event);
          await wire.lastChunk();
        });
        const connection = await Connection.open(sluice.port);
        const arrived = (word) => connection.when((bytes) => bytes.includes(word), word);
        const sent = {
          path,
          headers: { ...HEADERS, "content-type": "application/json" },
          body: JSON.stringify({ ...body, model, stream: true }),
        };
        await connection.write(request(sent));
        const answer = await connection.answer("POST");
        connection.close();
        assert.ok(answer.isWhole);
        assert.equal(gates.length, 3);
      });

      test(`${own} → ${dialect}: a long one`, async () => {
        const text = "Zürich 🌍 lies at the lake. ".repeat(8000);
        vendor.say({ parts: [{ text }], slice: 4093 });
        const label = Object.keys(CLIENTS).find((name) => CLIENTS[name].dialect === own);
        const answer = await new CLIENTS[label](sluice, { model, streamed: true }).say("hi");
        assert.equal(answer.text, text);
      });

      test(`${own} → ${dialect}: a whole answer where a stream was asked for`, async () => {
        vendor.once(async (seen, wire) => {
          const asked = await seen.json();
          const answer = { ...PLAIN, usage: USAGE };
          await wire.json(200, toJson(DIALECTS[dialect].whole(answer, asked, "id_1")));
        });
        const label = Object.keys(CLIENTS).find((name) => CLIENTS[name].dialect === own);
        const answer = await new CLIENTS[label](sluice, { model, streamed: true }).say("hi");
        assert.equal(answer.text, TEXT);
        assert.equal(answer.finish, "stop");
      });

      test(`${own} → ${dialect}: a stream where a whole answer was asked for`, async () => {
        vendor.once(async (seen, wire) => {
          const asked = await seen.json();
          const { said, ended } = DIALECTS[dialect].events(
            { ...PLAIN, usage: USAGE },
            { ...asked, stream_options: { include_usage: true } },
            "id_1",
          );
          await wire.stream([...said, ...ended]);
        });
        const label = Object.keys(CLIENTS).find((name) => CLIENTS[name].dialect === own);
        const answer = await new CLIENTS[label](sluice, { model }).say("hi");
        assert.equal(answer.text, TEXT);
        assert.deepEqual(answer.usage, {
          input: USAGE.input,
          read: USAGE.read,
          output: USAGE.output,
        });
      });

      for (const stream of [false, true])
        test(`${own} → ${dialect}: packed${stream ? ", streamed" : ""}`, async () => {
          vendor.once(async (seen, wire) => {
            const asked = await seen.json();
            const answer = { ...PLAIN, usage: USAGE };
            const { said, ended } = DIALECTS[dialect].events(answer, asked, "id_1");
            const plain = stream
              ? [...said, ...ended].join("")
              : toJson(DIALECTS[dialect].whole(answer, asked, "id_1"));
            const type = stream ? "text/event-stream" : "application/json";
            await wire.whole(
              200,
              { "content-type": type, "content-encoding": "gzip" },
              gzipSync(plain),
            );
          });
          const answer = await post(sluice.port, path, { ...body, model, stream }, HEADERS);
          assert.equal(answer.status, 200);
          assert.equal(answer.header("content-encoding"), undefined);
          assert.ok(answer.text().includes("Grüße"), answer.text());
          assert.ok(answer.isWhole);
        });
    }

  test("connections to the vendor are used again", async () => {
    const before = vendor.connections;
    for (let i = 0; i < 20; i++)
      for (const [own, [path, body]] of Object.entries(ASKS))
        for (const dialect of others(own)) {
          const asked = { ...body, model: MODELS[dialect].plain, stream: i % 2 === 0 };
          assert.equal((await post(sluice.port, path, asked, HEADERS)).status, 200);
        }
    assert.equal(vendor.requests.length, 120);
    assert.ok(vendor.connections - before <= 2, `${vendor.connections - before} connections`);
  });

  test("the access log has a line of each", async () => {
    for (const [own, [path, body]] of Object.entries(ASKS))
      for (const dialect of others(own))
        for (const stream of [false, true]) {
          const answer = await post(
            sluice.port,
            path,
            { ...body, model: MODELS[dialect].plain, stream },
            HEADERS,
          );
          const line = await sluice.logged(answer.header("x-gateway-request-id"));
          assert.equal(line.status, 200);
          assert.equal(line.stream, stream);
        }
  });
});

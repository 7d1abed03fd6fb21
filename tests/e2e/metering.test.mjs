/* Streams whose usage the gateway asks for: their callers notice nothing (`meter_streams`). */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import OpenAI from "openai";
import { USAGE, chatEvents, event } from "./answers.mjs";
import { post } from "./client.mjs";
import { Mock } from "./mock.mjs";
import { Sluice, stopAll } from "./sluice.mjs";

const SAID = [{ role: "user", content: "Grüße, 世界 🌍" }];
const TOOL = { type: "function", function: { name: "weather", parameters: { type: "object" } } };
const ASKED = { include_usage: true };

const mocks = {};
const sluices = {};

const config = (meter_streams) => ({
  translation: { meter_streams },
  providers: {
    a: { base_url: mocks.a.url, models: ["gpt-4o"] },
    b: { base_url: mocks.b.url, models: ["llama-3"] },
  },
  targets: { first: { model: "gpt-4o" }, second: { model: "llama-3" } },
  routes: { both: { models: ["mine"], strategy: "fallback", targets: ["first", "second"] } },
});

before(async () => {
  for (const name of ["a", "b"]) mocks[name] = await Mock.start();
  for (const whose of ["managed", "all", "off"]) sluices[whose] = await Sluice.start(config(whose));
});

beforeEach(() => {
  for (const mock of Object.values(mocks)) mock.reset();
});

after(() => stopAll(...Object.values(sluices), ...Object.values(mocks)));

const client = (whose) =>
  new OpenAI({ apiKey: "sk-caller", baseURL: sluices[whose].url, maxRetries: 0 });

async function listen(stream) {
  const heard = { said: "", usages: [], empty: 0, finish: null };
  for await (const chunk of stream) {
    if (!chunk.choices.length) heard.empty++;
    if (chunk.usage) heard.usages.push(chunk.usage);
    heard.said += chunk.choices[0]?.delta.content ?? "";
    heard.finish = chunk.choices[0]?.finish_reason ?? heard.finish;
  }
  return heard;
}

const WHO = [
  { whose: "managed", model: "mine", metered: true },
  { whose: "managed", model: "a::gpt-4o", metered: false },
  { whose: "all", model: "mine", metered: true },
  { whose: "all", model: "a::gpt-4o", metered: true },
  { whose: "off", model: "mine", metered: false },
  { whose: "off", model: "a::gpt-4o", metered: false },
];

for (const { whose, model, metered } of WHO)
  describe(`${whose}, ${model}`, () => {
    test("a stream that did not ask for usage gets none", async () => {
      const asked = { model, messages: SAID, stream: true };
      const heard = await listen(await client(whose).chat.completions.create(asked));
      const said = "You said: Grüße, 世界 🌍";
      assert.deepEqual(heard, { said, usages: [], empty: 0, finish: "stop" });
      assert.deepEqual((await mocks.a.last.json()).stream_options, metered ? ASKED : undefined);
    });

    test("one that did has it, once", async () => {
      const asked = { model, messages: SAID, stream: true, stream_options: ASKED };
      const heard = await listen(await client(whose).chat.completions.create(asked));
      assert.deepEqual(heard.usages, [USAGE]);
      assert.deepEqual((await mocks.a.last.json()).stream_options, ASKED);
    });

    test("one that wants none says so, and has none", async () => {
      const stream_options = { include_usage: false };
      const asked = { model, messages: SAID, stream: true, stream_options };
      const heard = await listen(await client(whose).chat.completions.create(asked));
      assert.deepEqual(heard.usages, []);
      const got = (await mocks.a.last.json()).stream_options;
      assert.deepEqual(got, metered ? ASKED : stream_options);
    });

    test("the helper puts a tool call together", async () => {
      const asked = { model, messages: SAID, tools: [TOOL] };
      const whole = await client(whose).chat.completions.stream(asked).finalChatCompletion();
      assert.equal(whole.choices[0].message.tool_calls[0].function.arguments, '{"city":"Zürich"}');
      assert.equal(whole.usage ?? null, null);
    });

    test("stream bytes arrive as they left, less one event", async () => {
      const body = { model, messages: SAID, stream: true };
      const answer = await post(sluices[whose].port, "/v1/chat/completions", body);
      assert.equal(answer.text(), chatEvents({ ...body, model: "gpt-4o" }).join(""));
    });

    test("an answer that is no stream is not touched", async () => {
      const { usage } = await client(whose).chat.completions.create({ model, messages: SAID });
      assert.deepEqual(usage, USAGE);
      assert.equal((await mocks.a.last.json()).stream_options, undefined);
    });
  });

test("the next target is asked too", async () => {
  mocks.a.always((seen, wire) => wire.json(503, { error: { message: "busy" } }));
  const asked = { model: "mine", messages: SAID, stream: true };
  const heard = await listen(await client("managed").chat.completions.create(asked));
  assert.deepEqual(heard.usages, []);
  assert.equal(heard.finish, "stop");
  for (const mock of Object.values(mocks))
    assert.deepEqual((await mock.last.json()).stream_options, ASKED);
});

test("what Azure tells of the prompt comes through", async () => {
  const filtered = { choices: [], id: "", model: "", prompt_filter_results: [{ prompt_index: 0 }] };
  const rest = chatEvents({ model: "gpt-4o", messages: SAID, stream_options: ASKED });
  mocks.a.once(async (seen, wire) => {
    await seen.body();
    await wire.stream([event(filtered), ...rest]);
  });
  const body = { model: "mine", messages: SAID, stream: true };
  const answer = await post(sluices.managed.port, "/v1/chat/completions", body);
  const plain = chatEvents({ model: "gpt-4o", messages: SAID });
  assert.equal(answer.text(), [event(filtered), ...plain].join(""));
});

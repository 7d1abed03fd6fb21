/* Every client against every dialect that is not its own: what is said arrives, and what is answered comes back. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe } from "node:test";
import { stopAll } from "./sluice.mjs";
import { LangChainMessages, LangChainResponses } from "./translate_frameworks.mjs";
import { PLAIN } from "./translate_mocks.mjs";
import { forPairs, open } from "./translate_site.mjs";
import { USAGE } from "./vendor_kit.mjs";

const SAID = 'Grüße, 世界 🌍\r\n "quoted" \\ and\ttabbed \u200b';
const CITY = {
  name: "weather",
  description: "Tells the weather of a city.",
  schema: {
    type: "object",
    properties: { city: { type: "string", description: "Its name" }, days: { type: "integer" } },
    required: ["city"],
  },
};
const TIME = {
  name: "time",
  description: "Tells the time.",
  schema: { type: "object", properties: {} },
};
const call = (id, name, args) => ({ call: { id, name, args } });
const TEXT = PLAIN.parts[0].text;

let sluice, vendor;

before(async () => {
  ({ sluice, vendor } = await open());
});
beforeEach(() => vendor.reset());
after(() => stopAll(sluice, vendor));

const talk = ({ Client, streamed, models }, more) =>
  new Client(sluice, { model: models.plain, streamed, ...more });

describe("plain", () => {
  forPairs("text both ways, a system prompt, usage", async (pair) => {
    const answer = await talk(pair, { system: "Be brief." }).say(SAID);
    assert.equal(answer.text, TEXT);
    assert.equal(answer.finish, "stop");
    assert.deepEqual(answer.calls, []);
    const { input, read, output } = USAGE;
    /* LangChain takes the prompt's count from the first event, where other vendors have not counted yet. */
    if (pair.Client === LangChainMessages && pair.streamed)
      assert.equal(answer.usage.output, output);
    else assert.deepEqual(answer.usage, { input, read, output });
    const asked = vendor.lastAsked;
    assert.equal(asked.dialect, pair.dialect);
    assert.equal(asked.model, pair.models.plain);
    assert.equal(asked.stream, pair.streamed);
    assert.deepEqual(asked.system, ["Be brief."]);
    assert.deepEqual(asked.turns, [{ role: "user", parts: [{ text: SAID }] }]);
    assert.equal(vendor.requests.length, 1);
  });

  forPairs("three turns", async (pair) => {
    const conversation = talk(pair);
    vendor.say({ parts: [{ text: "One." }] }, { parts: [{ text: " Two " }] });
    for (const [said, told] of [
      ["a", "One."],
      ["b", " Two "],
      ["c", TEXT],
    ])
      assert.equal((await conversation.say(said)).text, told);
    assert.deepEqual(vendor.lastAsked.turns, [
      { role: "user", parts: [{ text: "a" }] },
      { role: "assistant", parts: [{ text: "One." }] },
      { role: "user", parts: [{ text: "b" }] },
      { role: "assistant", parts: [{ text: " Two " }] },
      { role: "user", parts: [{ text: "c" }] },
    ]);
  });
});

describe("tools", () => {
  forPairs("one call, its result, and an answer", async (pair) => {
    vendor.say({
      parts: [
        { text: "Let me see." },
        call("call_Ab1-_", "weather", '{"city": "Zürich", "days":2}'),
      ],
      finish: "tool_use",
    });
    const conversation = talk(pair, { tools: [CITY, TIME] });
    const first = await conversation.say("Weather?");
    assert.equal(first.finish, "tool_use");
    assert.equal(first.text, "Let me see.");
    assert.deepEqual(first.calls, [
      { id: "call_Ab1-_", name: "weather", args: { city: "Zürich", days: 2 } },
    ]);
    const [asked] = vendor.asked;
    assert.deepEqual(
      asked.tools.map(({ name, description }) => [name, description]),
      [CITY, TIME].map(({ name, description }) => [name, description]),
    );
    assert.deepEqual(asked.tools[0].schema.properties, CITY.schema.properties);
    const second = await conversation.answer(first.calls, () => 'sunny,\n "21°"');
    assert.equal(second.text, TEXT);
    assert.equal(second.finish, "stop");
    assert.deepEqual(vendor.lastAsked.turns.slice(1), [
      {
        role: "assistant",
        parts: [
          { text: "Let me see." },
          call("call_Ab1-_", "weather", { city: "Zürich", days: 2 }),
        ],
      },
      { role: "user", parts: [{ result: { id: "call_Ab1-_", text: 'sunny,\n "21°"' } }] },
    ]);
  });

  forPairs("three calls at once, one without arguments, answered together", async (pair) => {
    const parts = [
      call("call_1", "weather", '{"city":"Zürich"}'),
      call("call_2", "time", "{}"),
      call("call_3", "weather", '{"city":"Genève 🌍","days":3}'),
    ];
    vendor.say({ parts, finish: "tool_use" });
    const conversation = talk(pair, { tools: [CITY, TIME] });
    const first = await conversation.say("Weather?");
    assert.deepEqual(first.calls, [
      { id: "call_1", name: "weather", args: { city: "Zürich" } },
      { id: "call_2", name: "time", args: {} },
      { id: "call_3", name: "weather", args: { city: "Genève 🌍", days: 3 } },
    ]);
    await conversation.answer(first.calls, ({ id }) => `of ${id}`);
    const turns = vendor.lastAsked.turns.slice(1);
    assert.deepEqual(
      turns[0].parts.map((part) => part.call),
      first.calls,
    );
    assert.deepEqual(
      turns[1].parts,
      first.calls.map(({ id }) => ({ result: { id, text: `of ${id}` } })),
    );
    await conversation.say("And then?");
    const [, , results, said, more] = vendor.lastAsked.turns;
    assert.equal(results.parts.length, 3);
    assert.deepEqual([said.role, said.parts], ["assistant", [{ text: TEXT }]]);
    assert.deepEqual(more.parts, [{ text: "And then?" }]);
  });

  forPairs(
    "names that the vendor does not take",
    async (pair) => {
      const names = ["a", "b"].map((last) => `${"n".repeat(99)}${last}`);
      const tools = names.map((name) => ({ ...TIME, name }));
      vendor.echo = ({ tools: known, turns }) =>
        turns.length > 1
          ? PLAIN
          : {
              parts: known.map(({ name }, i) => call(`call_${i}`, name, "{}")),
              finish: "tool_use",
            };
      const conversation = talk(pair, { tools });
      const { calls } = await conversation.say("Go.");
      assert.deepEqual(
        calls.map(({ name }) => name),
        names,
      );
      assert.equal((await conversation.answer(calls, () => "done")).text, TEXT);
      const { tools: known, turns } = vendor.lastAsked;
      assert.deepEqual(
        turns[1].parts.map((part) => part.call.name),
        known.map(({ name }) => name),
      );
    },
    (Client) => Client.dialect === "messages",
  );

  const TAKEN = { chat: /^.{1,40}$/, responses: /^.{1,64}$/, messages: /^[A-Za-z0-9_-]{1,64}$/ };
  forPairs(
    "ids that the caller's dialect does not take",
    async (pair) => {
      const id = `functions.weather:0/${"x".repeat(60)}`;
      vendor.say({ parts: [call(id, "weather", '{"city":"Zug"}')], finish: "tool_use" });
      const conversation = talk(pair, { tools: [CITY] });
      const { calls } = await conversation.say("Weather?");
      assert.match(calls[0].id, TAKEN[pair.Client.dialect]);
      await conversation.answer(calls, () => "fog");
      const [, assistant, results] = vendor.lastAsked.turns;
      assert.equal(results.parts[0].result.id, assistant.parts[0].call.id);
    },
    (_, dialect) => dialect !== "messages",
  );

  for (const [label, choice, told] of [
    ["any", "any", "any"],
    ["a named one", "time", { name: "time" }],
  ])
    forPairs(`a choice forced on ${label}`, async (pair) => {
      vendor.say({ parts: [call("call_1", "time", "{}")], finish: "tool_use" });
      const conversation = talk(pair, { tools: [CITY, TIME], choice });
      const { calls } = await conversation.say("Now!");
      assert.deepEqual(calls, [{ id: "call_1", name: "time", args: {} }]);
      /* LangChain forgets to send this one. */
      const isLost = pair.Client === LangChainResponses && choice === "any";
      assert.deepEqual(vendor.lastAsked.choice, isLost ? null : told);
    });
});

describe("limits", () => {
  forPairs("the maximum of tokens, asked for and met", async (pair) => {
    vendor.say({ parts: [{ text: "It was a dark and" }], finish: "length" });
    const answer = await talk(pair, { max: 77, temperature: 0.25 }).say("Write a novel.");
    assert.equal(answer.text, "It was a dark and");
    assert.equal(answer.finish, "length");
    assert.equal(vendor.lastAsked.max, 77);
    assert.equal(vendor.lastAsked.temperature, 0.25);
  });
});

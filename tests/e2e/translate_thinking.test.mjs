/* Thinking across dialects: it is shown to callers who know it, and its signatures come back to the vendor that gave
 * them, and to no other, byte by byte. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe } from "node:test";
import { stopAll } from "./sluice.mjs";
import { LangChainChat, LangChainResponses, VercelChat } from "./translate_frameworks.mjs";
import { PLAIN } from "./translate_mocks.mjs";
import { MODELS, forPairs, open } from "./translate_site.mjs";

const THOUGHT = ' Let me think…\n\nof "Zürich" 🌍 \\ ';
const SIGNATURE = `EqoBCkgIARABGAIiQL+/${"aGVsbG8gd29ybGQ/".repeat(40)}==`;
const REDACTED = `EmwKAhgBEgy+${"cmVkYWN0ZWQ/".repeat(20)}`;
const THINKING = { thinking: THOUGHT, signature: SIGNATURE };
const CALL = { call: { id: "call_1", name: "look", args: '{"at":1}' } };
const TOOLS = [{ name: "look", description: "Looks.", schema: { type: "object", properties: {} } }];

let sluice, vendor;

before(async () => {
  ({ sluice, vendor } = await open());
});
beforeEach(() => vendor.reset());
after(() => stopAll(sluice, vendor));

const talk = ({ Client, streamed, models }, more) =>
  new Client(sluice, { model: models.thinker, streamed, effort: "medium", ...more });

/* Who knows it at all. */
const shows = (Client) => Client !== VercelChat && Client !== LangChainChat;
/* And brings its state back: LangChain takes that of Responses from the wrong event of a stream. */
const keeps = (Client, streamed) => shows(Client) && !(Client === LangChainResponses && streamed);
/* LangChain asks for it only where it knows the model by name. */
const asks = (Client, dialect) =>
  !(dialect === "messages" && [LangChainChat, LangChainResponses].includes(Client));

describe("asked for", () => {
  forPairs(
    "the effort, or the budget, in the vendor's words",
    async (pair) => {
      vendor.say({ parts: [PLAIN.parts[0]] });
      await talk(pair).say("Think.");
      const asked = vendor.lastAsked;
      if (pair.dialect !== "messages") assert.equal(asked.effort, "medium");
      else assert.deepEqual(asked.thinking, { type: "enabled", budget_tokens: 8192 });
    },
    (Client, dialect) => Client.dialect !== "messages" && asks(Client, dialect),
  );

  forPairs(
    "a budget becomes an effort",
    async (pair) => {
      await talk(pair).say("Think.");
      assert.equal(vendor.lastAsked.effort, "medium");
    },
    (Client) => Client.dialect === "messages",
  );

  forPairs(
    "of a model that decides itself",
    async ({ Client, streamed }) => {
      const model = MODELS.messages.adaptive;
      await new Client(sluice, { model, streamed, effort: "high", temperature: undefined }).say(
        "Think.",
      );
      assert.equal(vendor.lastAsked.thinking.type, "adaptive");
      assert.equal(vendor.lastAsked.effort, "high");
    },
    (Client, dialect) => dialect === "messages" && asks(Client, dialect),
  );
});

describe("shown", () => {
  forPairs(
    "before the text",
    async (pair) => {
      vendor.say({ parts: [THINKING, { text: "Done." }] });
      const answer = await talk(pair).say("Think.");
      assert.equal(answer.text, "Done.");
      assert.equal(answer.thinking, THOUGHT);
    },
    shows,
  );
});

describe("across turns", () => {
  forPairs(
    "the signature comes back with its thinking, through a tool's call",
    async (pair) => {
      vendor.say({ parts: [THINKING, { text: "So:" }, CALL], finish: "tool_use" });
      const conversation = talk(pair, { tools: TOOLS });
      const { calls } = await conversation.say("Think.");
      assert.equal(calls.length, 1);
      await conversation.answer(calls, () => "seen");
      const [, { role, parts }] = vendor.lastAsked.turns;
      assert.equal(role, "assistant");
      /* Messages has no place for OpenAI's text and its state in one: the state is what counts. */
      const first =
        pair.Client.dialect === "messages" ? { thinking: "", signature: SIGNATURE } : THINKING;
      assert.deepEqual(parts, [
        first,
        { text: "So:" },
        { call: { ...CALL.call, args: { at: 1 } } },
      ]);
      await conversation.say("Go on.");
      assert.deepEqual(vendor.lastAsked.turns[1].parts[0], first);
    },
    (Client, dialect, streamed) => keeps(Client, streamed) && dialect !== "chat",
  );

  forPairs(
    "what was redacted comes back",
    async (pair) => {
      vendor.say({ parts: [THINKING, { redacted: REDACTED }, CALL], finish: "tool_use" });
      const conversation = talk(pair, { tools: TOOLS });
      const { calls } = await conversation.say("Think.");
      await conversation.answer(calls, () => "seen");
      assert.deepEqual(vendor.lastAsked.turns[1].parts.slice(0, 2), [
        THINKING,
        { redacted: REDACTED },
      ]);
    },
    (Client, dialect, streamed) =>
      keeps(Client, streamed) && dialect === "messages" && Client !== LangChainResponses,
  );

  /* Under an id of its own each time: one that names two turns names none. */
  let dropped = 0;
  forPairs(
    "of a caller that drops it, it comes back all the same",
    async (pair) => {
      const call = { ...CALL.call, id: `call_dropped_${++dropped}` };
      vendor.say({ parts: [THINKING, { call }], finish: "tool_use" });
      const conversation = talk(pair, { tools: TOOLS });
      const { calls } = await conversation.say("Think.");
      const answer = await conversation.answer(calls, () => "seen");
      assert.equal(answer.text, PLAIN.parts[0].text);
      const [, { role, parts }] = vendor.lastAsked.turns;
      assert.equal(role, "assistant");
      assert.deepEqual(parts, [THINKING, { call: { ...call, args: { at: 1 } } }]);
    },
    (Client, dialect, streamed) => !keeps(Client, streamed) && dialect !== "chat",
  );

  forPairs(
    "a caller that drops it still gets its answers",
    async (pair) => {
      vendor.say({ parts: [THINKING, CALL], finish: "tool_use" });
      const conversation = talk(pair, { tools: TOOLS });
      const { calls } = await conversation.say("Think.");
      const answer = await conversation.answer(calls, () => "seen");
      assert.equal(answer.text, PLAIN.parts[0].text);
    },
    (Client, dialect, streamed) => !keeps(Client, streamed) && dialect === "chat",
  );

  forPairs(
    "thinking without a signature is not sent to a vendor that takes none",
    async (pair) => {
      vendor.say({ parts: [{ thinking: THOUGHT }, CALL], finish: "tool_use" });
      const conversation = talk(pair, { tools: TOOLS });
      const { calls } = await conversation.say("Think.");
      await conversation.answer(calls, () => "seen");
      assert.deepEqual(vendor.lastAsked.turns[1].parts, [
        { call: { ...CALL.call, args: { at: 1 } } },
      ]);
    },
    (Client, dialect) => dialect === "chat",
  );

  /* A conversation goes on with another vendor: what the one told never reaches the other. */
  forPairs(
    "after a change to the third dialect",
    async (pair) => {
      vendor.say({ parts: [THINKING, { text: "One." }] });
      const conversation = talk(pair);
      await conversation.say("Think.");
      const own = [pair.dialect, pair.Client.dialect];
      const third = Object.keys(MODELS).find((dialect) => !own.includes(dialect));
      conversation.options.model = MODELS[third].thinker;
      await conversation.say("Go on.");
      assert.equal(vendor.lastAsked.dialect, third);
      assert.deepEqual(vendor.lastAsked.turns[1], { role: "assistant", parts: [{ text: "One." }] });
      conversation.options.model = pair.models.thinker;
      await conversation.say("And back.");
      assert.deepEqual(vendor.lastAsked.turns[1].parts.at(-1), { text: "One." });
    },
    (Client, dialect) => asks(Client, "messages"),
  );
});

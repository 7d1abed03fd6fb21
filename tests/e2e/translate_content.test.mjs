/* What is more than text, across dialects: images, documents, results with pictures, answers that follow a schema. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe } from "node:test";
import { stopAll } from "./sluice.mjs";
import { LangChainResponses } from "./translate_frameworks.mjs";
import { MODELS, forPairs, open } from "./translate_site.mjs";
import { PDF, PNG } from "./vendor_kit.mjs";

const URL_OF = "https://example.com/a%20b/cat.png?x=1&y=%C3%BC#z";
const CALL = { call: { id: "call_1", name: "camera", args: '{"at":"door"}' } };
const CAMERA = {
  name: "camera",
  description: "Looks.",
  schema: { type: "object", properties: {} },
};

let sluice, vendor;

before(async () => {
  ({ sluice, vendor } = await open());
});
beforeEach(() => vendor.reset());
after(() => stopAll(sluice, vendor));

const talk = ({ Client, streamed, models }, more) =>
  new Client(sluice, { model: models.plain, streamed, ...more });

/* Pairs whose client's name matches. */
const only =
  (pattern, but = () => true) =>
  (Client, dialect, streamed, label) =>
    pattern.test(label) && but(Client, dialect);

describe("images", () => {
  forPairs("one by its bytes, between texts", async (pair) => {
    const image = { mime: "image/png", data: PNG };
    await talk(pair).say("What is", { image }, "that?");
    assert.deepEqual(vendor.lastAsked.turns[0].parts, [
      { text: "What is" },
      { image },
      { text: "that?" },
    ]);
  });

  forPairs("one by its URL", async (pair) => {
    const [image] = [{ url: URL_OF }];
    await talk(pair).say("What is that?", { image });
    assert.deepEqual(vendor.lastAsked.turns[0].parts, [{ text: "What is that?" }, { image }]);
  });

  forPairs("and in the next turn again", async (pair) => {
    const image = { mime: "image/png", data: PNG };
    const conversation = talk(pair);
    await conversation.say({ image }, "First.");
    await conversation.say({ image }, "Second.");
    const { turns } = vendor.lastAsked;
    assert.deepEqual(turns[0].parts, [{ image }, { text: "First." }]);
    assert.deepEqual(turns[2].parts, [{ image }, { text: "Second." }]);
  });
});

describe("documents", () => {
  const document = { mime: "application/pdf", data: PDF, filename: "Größe.pdf" };
  forPairs(
    "a PDF by its bytes",
    async (pair) => {
      await talk(pair).say({ document }, "Sum it up.");
      const [first, second] = vendor.lastAsked.turns[0].parts;
      assert.deepEqual(first, { document: { mime: "application/pdf", data: PDF } });
      assert.deepEqual(second, { text: "Sum it up." });
      assert.ok(vendor.lastAsked.raw.includes("Größe.pdf"));
    },
    only(/^(openai|anthropic|ai),/),
  );

  forPairs(
    "a PDF by its URL",
    async (pair) => {
      const url = "https://example.com/a.pdf?b=1";
      await talk(pair).say({ document: { url } }, "Sum it up.");
      assert.deepEqual(vendor.lastAsked.turns[0].parts[0], { document: { url } });
    },
    only(/^(openai, responses|anthropic|ai, (responses|messages))/, (_, to) => to !== "chat"),
  );

  forPairs(
    "plain text",
    async (pair) => {
      await talk(pair).say({ document: { text: "Zürich\n", filename: "a.txt" } }, "Sum it up.");
      const [{ document: sent, text }] = vendor.lastAsked.turns[0].parts;
      const decoded = sent ? Buffer.from(sent.data, "base64").toString() : text;
      assert.ok(decoded.includes("Zürich\n"), vendor.lastAsked.raw);
    },
    only(/^anthropic/),
  );
});

describe("results", () => {
  forPairs(
    "with a picture",
    async (pair) => {
      vendor.say({ parts: [CALL], finish: "tool_use" });
      const conversation = talk(pair, { tools: [CAMERA] });
      const { calls } = await conversation.say("Who is there?");
      const image = { mime: "image/png", data: PNG };
      await conversation.answer(calls, () => ({ text: "Seen:", image }));
      const [, , { parts }] = vendor.lastAsked.turns;
      assert.equal(parts[0].result.id, "call_1");
      assert.ok(parts[0].result.text.includes("Seen:"));
      const images = [...(parts[0].result.images ?? []), ...parts.map((part) => part.image)];
      assert.deepEqual(images.filter(Boolean), [image]);
    },
    only(/^(openai, responses|anthropic)/),
  );

  forPairs(
    "that is an error",
    async (pair) => {
      vendor.say({ parts: [CALL], finish: "tool_use" });
      const conversation = talk(pair, { tools: [CAMERA] });
      const { calls } = await conversation.say("Who is there?");
      await conversation.answer(calls, () => ({ text: "no light", error: true }));
      const [, , { parts }] = vendor.lastAsked.turns;
      assert.equal(parts[0].result.text, "Error: no light");
    },
    only(/^(anthropic|ai, messages)/),
  );

  forPairs("that is empty, or blank", async (pair) => {
    for (const text of ["", " \n"]) {
      vendor.say({ parts: [CALL], finish: "tool_use" });
      const conversation = talk(pair, { tools: [CAMERA] });
      const { calls } = await conversation.say("Who is there?");
      await conversation.answer(calls, () => text);
      const [, , { parts }] = vendor.lastAsked.turns;
      assert.equal(parts[0].result.id, "call_1");
      assert.equal(parts[0].result.text.trim(), "");
    }
  });
});

describe("structured output", () => {
  const schema = {
    type: "object",
    properties: {
      city: { type: "string" },
      tags: { type: "array", items: { type: "string", enum: ["b", "a"] } },
      inner: {
        type: "object",
        properties: { title: { type: "string" } },
        required: ["title"],
        additionalProperties: false,
      },
    },
    required: ["city", "tags", "inner"],
    additionalProperties: false,
  };
  const json = '{"city":"Zürich","tags":["a"],"inner":{"title":"x"}}';

  /* LangChain's way is withStructuredOutput: translate_helpers.test.mjs. */
  forPairs(
    "a schema, and an answer by it",
    async (pair) => {
      vendor.say({ parts: [{ text: json }] });
      const answer = await talk(pair, { schema }).say("Where?");
      assert.equal(answer.text, json);
      assert.equal(answer.finish, "stop");
      assert.deepEqual(vendor.lastAsked.schema, schema);
    },
    only(/^(openai|anthropic|ai),/),
  );

  /* Claude before 4.5 knows no schemas: a tool stands in, and its input comes back as the text. */
  forPairs(
    "of a model that knows only tools",
    async ({ Client, streamed }) => {
      vendor.say({
        parts: [{ call: { id: "toolu_1", name: "json_output", args: json } }],
        finish: "tool_use",
      });
      const model = MODELS.messages.old;
      const answer = await new Client(sluice, { model, streamed, schema }).say("Where?");
      assert.equal(answer.text, json);
      assert.equal(answer.finish, "stop");
      assert.deepEqual(answer.calls, []);
      const asked = vendor.lastAsked;
      assert.deepEqual(asked.choice, { name: "json_output" });
      assert.deepEqual(asked.tools[0].schema, schema);
    },
    only(/^(openai|ai),/, (Client, to) => to === "messages" && Client !== LangChainResponses),
  );
});

/* How an answer ends, what it cost, what it cites, and what of it must be the same to the byte: across dialects. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { post } from "./client.mjs";
import { stopAll } from "./sluice.mjs";
import { AnthropicMessages, OpenaiChat, OpenaiResponses } from "./translate_clients.mjs";
import { CLIENTS, VercelChat } from "./translate_frameworks.mjs";
import { MODELS, forPairs, open } from "./translate_site.mjs";

const NATIVE = [OpenaiChat, OpenaiResponses, AnthropicMessages];
const natively =
  (but = () => true) =>
  (Client, dialect, streamed) =>
    NATIVE.includes(Client) && but(Client, dialect, streamed);

let sluice, vendor;

before(async () => {
  ({ sluice, vendor } = await open());
});
beforeEach(() => vendor.reset());
after(() => stopAll(sluice, vendor));

const talk = ({ Client, streamed, models }, more) =>
  new Client(sluice, { model: models.plain, streamed, ...more });

describe("the end", () => {
  const NO = "I cannot help with that.";

  forPairs(
    "OpenAI's refusal",
    async (pair) => {
      vendor.say({ parts: [{ refusal: NO }], finish: "refusal" });
      const answer = await talk(pair).say("Do it.");
      assert.equal(answer.refusal, NO);
      if (pair.Client !== AnthropicMessages) {
        assert.equal(answer.text, "");
        assert.equal(answer.finish, "stop");
      } else {
        assert.equal(answer.text, NO);
        assert.equal(answer.finish, "refusal");
      }
    },
    natively((_, dialect) => dialect !== "messages"),
  );

  forPairs(
    "Claude's refusal",
    async (pair) => {
      vendor.say({ parts: [{ text: "Well," }], finish: "refusal", explanation: NO });
      const answer = await talk(pair).say("Do it.");
      assert.equal(answer.finish, "refusal");
      assert.equal(answer.text, pair.Client === VercelChat ? `Well,${NO}` : "Well,");
      if (pair.Client === OpenaiChat) assert.equal(answer.refusal, NO);
    },
    (_, dialect) => dialect === "messages",
  );

  forPairs(
    "a content filter",
    async (pair) => {
      vendor.say({ parts: [{ text: "Well," }], finish: "content_filter" });
      const answer = await talk(pair).say("Do it.");
      assert.equal(answer.finish, "refusal");
      assert.equal(answer.text, "Well,");
    },
    (_, dialect) => dialect !== "messages",
  );

  /* Responses knows no stop sequences. */
  forPairs(
    "a stop sequence",
    async (pair) => {
      const stop = ["\n\nHuman:", "</\\done>"];
      const isClaude = pair.dialect === "messages";
      vendor.say({
        parts: [{ text: "One" }],
        finish: "stop_sequence",
        stopSequence: isClaude ? stop[1] : undefined,
      });
      const answer = await talk(pair, { stop }).say("Count.");
      assert.equal(answer.text, "One");
      assert.equal(answer.finish, "stop");
      assert.deepEqual(vendor.lastAsked.stop, stop);
    },
    (Client, dialect) => dialect !== "responses" && Client.dialect !== "responses",
  );

  forPairs(
    "nothing said at all",
    async (pair) => {
      vendor.say({ parts: [] });
      const answer = await talk(pair).say("Say nothing.");
      assert.equal(answer.text, "");
      assert.equal(answer.finish, "stop");
    },
    natively(),
  );

  forPairs(
    "cut off within a call's arguments",
    async (pair) => {
      const args = '{"city":"Zür';
      vendor.say({ parts: [{ call: { id: "call_1", name: "look", args } }], finish: "length" });
      const body = { model: pair.models.plain, stream: false, max_tokens: 99 };
      const schema = { type: "object", properties: {} };
      const tools = {
        openai: [{ type: "function", function: { name: "look", parameters: schema } }],
        anthropic: [{ name: "look", input_schema: schema }],
      };
      const messages = [{ role: "user", content: "hi" }];
      if (pair.Client === OpenaiChat) {
        const told = await post(
          sluice.port,
          "/v1/chat/completions",
          { ...body, messages, tools: tools.openai },
          { authorization: `Bearer ${"sk-caller-0123456789"}` },
        );
        const [{ message, finish_reason }] = told.json().choices;
        assert.equal(message.tool_calls[0].function.arguments, args);
        assert.equal(finish_reason, "length");
      } else {
        const told = await post(
          sluice.port,
          "/v1/messages",
          { ...body, messages, tools: tools.anthropic },
          { "x-api-key": "sk-caller-0123456789" },
        );
        assert.deepEqual(told.json().content[0].input, { __raw_arguments: args });
        assert.equal(told.json().stop_reason, "max_tokens");
      }
    },
    natively(
      (Client, dialect, streamed) =>
        Client !== OpenaiResponses && dialect !== "messages" && !streamed,
    ),
  );
});

describe("usage", () => {
  const usage = { input: 1000, read: 600, write: 300, output: 90, reasoning: 50 };

  forPairs(
    "with caches and reasoning",
    async (pair) => {
      vendor.say({ parts: [{ text: "Done." }], usage });
      const { native } = await talk(pair).say("Count.");
      const told = native.usage;
      if (pair.Client === OpenaiChat) {
        assert.equal(told.prompt_tokens, 1000);
        assert.equal(told.completion_tokens, 90);
        assert.equal(told.total_tokens, 1090);
        assert.deepEqual(told.prompt_tokens_details, {
          cached_tokens: 600,
          cache_write_tokens: 300,
        });
        assert.deepEqual(told.completion_tokens_details, { reasoning_tokens: 50 });
      } else if (pair.Client === OpenaiResponses) {
        assert.deepEqual(told, {
          input_tokens: 1000,
          input_tokens_details: { cached_tokens: 600, cache_write_tokens: 300 },
          output_tokens: 90,
          output_tokens_details: { reasoning_tokens: 50 },
          total_tokens: 1090,
        });
      } else {
        assert.equal(told.input_tokens, 100);
        assert.equal(told.cache_read_input_tokens, 600);
        assert.equal(told.cache_creation_input_tokens, 300);
        assert.equal(told.output_tokens, 90);
        assert.equal(told.output_tokens_details?.thinking_tokens, 50);
      }
    },
    natively(),
  );

  test("of a chat stream only to callers that asked", async () => {
    const body = {
      model: MODELS.messages.plain,
      messages: [{ role: "user", content: "hi" }],
      stream: true,
    };
    const answer = await post(sluice.port, "/v1/chat/completions", body, {
      authorization: "Bearer sk-caller-0123456789",
    });
    assert.equal(answer.status, 200);
    assert.ok(!answer.text().includes('"usage"'), answer.text());
    assert.ok(answer.text().endsWith("data: [DONE]\n\n"));
  });
});

describe("citations", () => {
  const text = "Zürich 🌍 is a city, said the lake.";
  const links = [
    { url: "https://a.example/?q=ü", title: "Lake", start: 0, end: 6, cited: "Zürich lies" },
    { url: "https://b.example/", title: "Town", start: 9, end: 18, cited: "a city" },
  ];
  forPairs(
    "of pages",
    async (pair) => {
      vendor.say({ parts: [{ text, links }] });
      const { native, text: said } = await talk(pair).say("Where?");
      assert.equal(said, text);
      const found = {
        chat: () =>
          native.choices[0].message.annotations?.map(({ url_citation: { url, title } }) => ({
            url,
            title,
          })),
        responses: () =>
          native.output[0].content[0].annotations.map(({ url, title }) => ({ url, title })),
        messages: () => native.content[0].citations?.map(({ url, title }) => ({ url, title })),
      }[pair.Client.dialect]();
      assert.deepEqual(
        found,
        links.map(({ url, title }) => ({ url, title })),
      );
    },
    natively((Client, dialect, streamed) => !(Client === OpenaiChat && streamed)),
  );
});

/* JSON that no parser gives back as it was. */
const ARGS =
  '{"z": 1.0,"a" :[1e5, -0, 12345678901234567890123, 0.10000000000000000555],  "s":"\\u00e9\\/\\n🌍","a":{"b":null}}';
const HEADERS = { authorization: "Bearer sk-caller-0123456789" };

describe("bytes of arguments", () => {
  const parameters = { type: "object", properties: { z: { type: "number", multipleOf: 1.0 } } };
  const parts = [{ call: { id: "call_1", name: "look", args: ARGS } }];
  const said = { role: "user", content: "hi" };
  const quoted = JSON.stringify(ARGS);

  const asks = {
    chat: {
      path: "/v1/chat/completions",
      tools: [{ type: "function", function: { name: "look", parameters } }],
      body: { messages: [said] },
      again: `{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"look","arguments":${quoted}}}]},{"role":"tool","tool_call_id":"call_1","content":"seen"}]`,
      found: (text) => JSON.parse(text).choices[0].message.tool_calls[0].function.arguments,
    },
    responses: {
      path: "/v1/responses",
      tools: [{ type: "function", name: "look", parameters, strict: false }],
      body: { input: [said] },
      again: `{"input":[{"role":"user","content":"hi"},{"type":"function_call","call_id":"call_1","name":"look","arguments":${quoted}},{"type":"function_call_output","call_id":"call_1","output":"seen"}]`,
      found: (text) => JSON.parse(text).output[0].arguments,
    },
    messages: {
      path: "/v1/messages",
      tools: [{ name: "look", input_schema: parameters }],
      body: { messages: [said], max_tokens: 99 },
      again: `{"max_tokens":99,"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"tool_use","id":"call_1","name":"look","input":${ARGS}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"call_1","content":"seen"}]}]`,
      found: (text) => text.match(/"input":(\{.*?"b":null\}\})/s)?.[1],
    },
  };

  for (const [caller, { path, tools, body, again, found }] of Object.entries(asks))
    for (const dialect of Object.keys(asks).filter((name) => name !== caller)) {
      const model = MODELS[dialect].plain;
      test(`${caller} → ${dialect}: answered as the vendor wrote them`, async () => {
        vendor.say({ parts, finish: "tool_use" });
        const told = await post(sluice.port, path, { ...body, model, tools }, HEADERS);
        assert.equal(told.status, 200, told.text());
        assert.equal(found(told.text()), ARGS);
      });

      test(`${caller} → ${dialect}: streamed, the pieces are the whole`, async () => {
        vendor.say({ parts, finish: "tool_use" });
        const told = await post(
          sluice.port,
          path,
          { ...body, model, tools, stream: true },
          HEADERS,
        );
        const events = told
          .text()
          .match(/^data: \{.*$/gm)
          .map((line) => JSON.parse(line.slice(6)));
        const pieces = {
          chat: ({ choices }) => choices[0]?.delta.tool_calls?.[0].function.arguments,
          responses: ({ type, delta }) =>
            type === "response.function_call_arguments.delta" ? delta : "",
          messages: ({ delta }) => delta?.partial_json,
        }[caller];
        assert.equal(events.map((event) => pieces(event) ?? "").join(""), ARGS);
      });

      test(`${caller} → ${dialect}: sent on as the caller wrote them`, async () => {
        const text = `${again},"model":"${model}","tools":${JSON.stringify(tools)}}`;
        const told = await post(sluice.port, path, text, HEADERS);
        assert.equal(told.status, 200, told.text());
        const sent = dialect === "messages" ? `"input":${ARGS}` : `"arguments":${quoted}`;
        assert.ok(vendor.lastAsked.raw.includes(sent), vendor.lastAsked.raw);
      });
    }
});

test("the same request is the same bytes upstream, every time", async () => {
  for (const [label, Client] of Object.entries(CLIENTS))
    for (const dialect of Object.keys(MODELS).filter((name) => name !== Client.dialect)) {
      vendor.reset();
      const tools = [
        { name: "look", description: "Looks.", schema: { type: "object", properties: {} } },
      ];
      for (let i = 0; i < 3; i++)
        await new Client(sluice, { model: MODELS[dialect].plain, tools, system: "Be brief." }).say(
          "hi",
        );
      const bodies = new Set(vendor.asked.map(({ raw }) => raw));
      assert.equal(bodies.size, 1, `${label} → ${dialect}`);
    }
});

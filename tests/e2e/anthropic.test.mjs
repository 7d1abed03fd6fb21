/* The `@anthropic-ai/sdk` package against the gateway. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import Anthropic, {
  APIUserAbortError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  RateLimitError,
} from "@anthropic-ai/sdk";
import { SIGNATURE, messageEvents } from "./answers.mjs";
import { post } from "./client.mjs";
import { Mock } from "./mock.mjs";
import { Sluice, stopAll, within } from "./sluice.mjs";

const KEY = "sk-ant-api03-caller-0123456789";
const MODEL = "claude-test-1";
const TOOL = {
  name: "weather",
  input_schema: { type: "object", properties: { city: { type: "string" } } },
};
const ask = (more = {}) => ({
  model: MODEL,
  max_tokens: 64,
  messages: [{ role: "user", content: "Grüße, 世界 🌍" }],
  ...more,
});

let mock, other, sluice, client;

before(async () => {
  mock = await Mock.start();
  other = await Mock.start();
  sluice = await Sluice.start({
    providers: {
      anthropic: { base_url: mock.url, models: [MODEL, "claude-haiku-4-5"] },
      openai: { base_url: other.url, models: ["gpt-4o"] },
    },
  });
  client = new Anthropic({ apiKey: KEY, baseURL: sluice.origin, maxRetries: 0 });
});

beforeEach(() => {
  mock.reset();
  other.reset();
});

after(() => stopAll(sluice, mock, other));

describe("messages", () => {
  test("an answer comes whole", async () => {
    const { data, response } = await client.messages.create(ask()).withResponse();
    assert.equal(data.content[0].text, "You said: Grüße, 世界 🌍");
    assert.equal(data.usage.cache_read_input_tokens, 3);
    assert.equal(response.headers.get("request-id"), "req_mock");
    assert.equal(mock.last.path, "/v1/messages");
    assert.equal(mock.last.header("authorization"), `Bearer ${KEY}`);
    assert.match(mock.last.header("anthropic-version"), /^20[0-9]{2}-[0-9]{2}-[0-9]{2}$/);
  });

  test("a key stays in the header it came in", async () => {
    const options = { baseURL: sluice.origin, maxRetries: 0 };
    const bearer = new Anthropic({ ...options, apiKey: null, authToken: "sk-ant-oat01-x" });
    await bearer.messages.create(ask());
    assert.equal(mock.last.header("authorization"), "Bearer sk-ant-oat01-x");
    assert.ok(!mock.last.has("x-api-key"));

    const headers = { "x-api-key": KEY, authorization: null };
    await client.messages.create(ask(), { headers });
    assert.equal(mock.last.header("x-api-key"), KEY);
    assert.ok(!mock.last.has("authorization"));
  });

  test("streamed, event by event", async () => {
    const types = [];
    let said = "";
    for await (const event of await client.messages.create(ask({ stream: true }))) {
      types.push(event.type);
      if (event.type === "content_block_delta") said += event.delta.text;
    }
    assert.equal(said, "You said: Grüße, 世界 🌍");
    assert.equal(types[0], "message_start");
    assert.equal(types.at(-1), "message_stop");
  });

  test("stream bytes arrive as they left, pings and names too", async () => {
    const body = ask({ stream: true });
    const answer = await post(sluice.port, "/v1/messages", body, {
      "anthropic-version": "2023-06-01",
    });
    assert.equal(answer.text(), messageEvents(body).join(""));
    assert.match(answer.text(), /event: ping\n/);
  });

  test("the stream helper assembles text and usage", async () => {
    const stream = client.messages.stream(ask());
    const pieces = [];
    stream.on("text", (piece) => pieces.push(piece));
    const message = await stream.finalMessage();
    assert.equal(message.content[0].text, "You said: Grüße, 世界 🌍");
    assert.ok(pieces.length > 1);
    assert.equal(message.usage.output_tokens, 7);
    assert.equal(message.stop_reason, "end_turn");
  });

  test("tools, whole and streamed, and the result's way back", async () => {
    const whole = await client.messages.create(ask({ tools: [TOOL] }));
    const streamed = await client.messages.stream(ask({ tools: [TOOL] })).finalMessage();
    for (const message of [whole, streamed]) {
      assert.equal(message.stop_reason, "tool_use");
      assert.deepEqual(message.content[0].input, { city: "Zürich" });
    }
    const result = [{ type: "tool_result", tool_use_id: "toolu_1", content: "sunny" }];
    const messages = [
      ...ask().messages,
      { role: "assistant", content: whole.content },
      { role: "user", content: result },
    ];
    const message = await client.messages.create(ask({ tools: [TOOL], messages }));
    assert.equal(message.stop_reason, "end_turn");
    assert.deepEqual((await mock.last.json()).messages, messages);
  });

  test("a thinking block's signature survives both ways", async () => {
    const thinking = { type: "enabled", budget_tokens: 1024 };
    const message = await client.messages
      .stream(ask({ thinking, max_tokens: 2048 }))
      .finalMessage();
    assert.equal(message.content[0].signature, SIGNATURE);
    assert.equal(message.content[0].thinking, "Let me think…");

    /* Escaped and spaced as no serialiser would: a signature is over bytes. */
    const block = `{"type":"thinking",  "thinking":"Let\\u0020me","signature":"${SIGNATURE.replace("/", "\\/")}"}`;
    const body =
      `{"model":"anthropic::${MODEL}","max_tokens":9,"messages":[{"role":"assistant","content":[${block}]},` +
      '{"role":"user","content":"go on","cache_control":{"type":"ephemeral"}}]}';
    assert.equal((await post(sluice.port, "/v1/messages", body)).status, 200);
    assert.equal(await mock.last.text(), body.replace("anthropic::", ""));
  });

  test("beta headers and ?beta=true go on", async () => {
    const betas = ["prompt-caching-2024-07-31", "context-1m-2025-08-07"];
    await client.beta.messages.create(ask({ betas }), { query: { beta: true } });
    assert.equal(mock.last.path, "/v1/messages?beta=true");
    assert.equal(mock.last.header("anthropic-beta"), betas.join(","));
    assert.equal((await mock.last.json()).betas, undefined);
  });

  test("count_tokens, plain and beta", async () => {
    const { messages } = ask();
    const counted = await client.messages.countTokens({ model: MODEL, messages });
    assert.equal(counted.input_tokens, messages[0].content.length);
    assert.equal(mock.last.path, "/v1/messages/count_tokens");
    await client.beta.messages.countTokens(
      { model: `anthropic::${MODEL}`, messages },
      { query: { beta: true } },
    );
    assert.equal(mock.last.path, "/v1/messages/count_tokens?beta=true");
    assert.match(mock.last.header("anthropic-beta"), /token-counting/);
    assert.equal((await mock.last.json()).model, MODEL);
  });

  test("aborting a stream closes the provider's connection", async () => {
    mock.once(async (seen, wire) => {
      await seen.body();
      await wire.streamHead();
      for (const event of messageEvents(ask()).slice(0, 4)) await wire.chunk(event);
      await seen.gone;
    });
    const stream = client.messages.stream(ask());
    stream.on("text", () => stream.abort());
    await assert.rejects(stream.finalMessage(), APIUserAbortError);
    await within(mock.last.gone, "the provider's connection to be closed");
  });
});

describe("models", () => {
  test("list and retrieve in Anthropic's shape", async () => {
    const listed = [];
    for await (const model of client.models.list()) {
      assert.equal(model.type, "model");
      assert.equal(typeof model.display_name, "string");
      assert.ok(!Number.isNaN(Date.parse(model.created_at)), model.created_at);
      listed.push(model.id);
    }
    assert.deepEqual(listed.sort(), [MODEL, "claude-haiku-4-5", "gpt-4o"].sort());
    const one = await client.models.retrieve(MODEL);
    assert.equal(one.id, MODEL);
    assert.equal(one.type, "model");
    await assert.rejects(client.models.retrieve("claude-1"), (error) => {
      assert.ok(error instanceof NotFoundError);
      assert.equal(error.error.type, "error");
      assert.equal(error.error.error.type, "not_found_error");
      return true;
    });
  });
});

describe("errors", () => {
  for (const [status, type] of [
    [400, BadRequestError],
    [401, AuthenticationError],
    [429, RateLimitError],
    [500, InternalServerError],
    [529, InternalServerError],
  ])
    test(`${status} of the provider, verbatim`, async () => {
      const body = `{"type":"error",  "error":{"type":"e${status}","message":"m"},"request_id":"req_up"}`;
      mock.always(async (seen, wire) => {
        await seen.body();
        await wire.json(status, body, {
          "request-id": "req_up",
          "anthropic-ratelimit-tokens-remaining": "0",
        });
      });
      for (const stream of [false, true]) {
        await assert.rejects(
          async () => await client.messages.create(ask({ stream })),
          (error) => {
            assert.ok(error instanceof type);
            assert.equal(error.status, status);
            assert.equal(error.requestID, "req_up");
            assert.equal(error.headers.get("anthropic-ratelimit-tokens-remaining"), "0");
            return true;
          },
        );
        assert.equal((await post(sluice.port, "/v1/messages", ask({ stream }))).text(), body);
      }
    });

  for (const [label, body, status, type] of [
    ["unknown model", ask({ model: "claude-1" }), 404, "not_found_error"],
    ["unknown provider", ask({ model: "nobody::claude-1" }), 404, "not_found_error"],
    ["no model", { max_tokens: 1 }, 400, "invalid_request_error"],
    ["no JSON", "{", 400, "invalid_request_error"],
  ])
    test(`the gateway's own, in Anthropic's envelope: ${label}`, async () => {
      const answer = await post(sluice.port, "/v1/messages", body);
      const told = answer.json();
      assert.equal(answer.status, status);
      assert.equal(told.type, "error");
      assert.equal(told.error.type, type);
      assert.equal(typeof told.error.message, "string");
      assert.equal(told.request_id, answer.header("x-gateway-request-id"));
      assert.ok(answer.header("x-to11-error-code"));
      assert.equal(mock.requests.length + other.requests.length, 0);
    });

  test("an error event within a stream comes through", async () => {
    mock.once(async (seen, wire) => {
      await seen.body();
      await wire.streamHead();
      await wire.chunk(messageEvents(ask())[0]);
      await wire.chunk(
        'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"busy"}}\n\n',
      );
      await wire.lastChunk();
    });
    await assert.rejects(client.messages.stream(ask()).finalMessage(), /overloaded_error/);
  });
});

/* The `openai` package against the gateway: what its users do, and what must not change on the way. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import OpenAI, {
  APIError,
  APIUserAbortError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
  UnprocessableEntityError,
} from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";
import { USAGE, chatEvents } from "./answers.mjs";
import { post, send } from "./client.mjs";
import { Mock, gate } from "./mock.mjs";
import { Sluice, stopAll, within } from "./sluice.mjs";

const KEY = "sk-proj-caller-0123456789";
const SAID = [{ role: "user", content: "Grüße, 世界 🌍" }];
const TOOL = {
  type: "function",
  function: {
    name: "weather",
    parameters: { type: "object", properties: { city: { type: "string" } } },
  },
};

let mock, plain, sluice, client;

before(async () => {
  mock = await Mock.start();
  plain = await Mock.start();
  sluice = await Sluice.start({
    providers: {
      openai: {
        base_url: mock.url,
        models: ["gpt-4o", "org/tiny:1", "whisper-1", "tts-1", "emb-1", "img-1"],
      },
      local: { base_url: `${plain.origin}/api/v1`, models: ["llama-3"] },
    },
  });
  client = new OpenAI({ apiKey: KEY, baseURL: sluice.url, maxRetries: 0 });
});

beforeEach(() => {
  mock.reset();
  plain.reset();
});

after(() => stopAll(sluice, mock, plain));

describe("chat", () => {
  test("an answer comes whole, with the provider's request id", async () => {
    const { data, response } = await client.chat.completions
      .create({ model: "gpt-4o", messages: SAID })
      .withResponse();
    assert.equal(data.choices[0].message.content, "You said: Grüße, 世界 🌍");
    assert.deepEqual(data.usage, USAGE);
    assert.equal(response.headers.get("x-request-id"), "req_mock");
    assert.equal(data._request_id, "req_mock");
    assert.equal(mock.last.header("authorization"), `Bearer ${KEY}`);
    assert.equal(mock.last.path, "/v1/chat/completions");
    assert.equal(mock.last.header("host"), `127.0.0.1:${mock.port}`);
    assert.match(mock.last.header("user-agent"), /^OpenAI\/JS/);
  });

  test("the provider is found by the model, and its base path kept", async () => {
    await client.chat.completions.create({ model: "llama-3", messages: SAID });
    assert.equal(plain.last.path, "/api/v1/chat/completions");
    assert.equal(mock.requests.length, 0);
  });

  test("a stream has the same text, piece by piece", async () => {
    const stream = await client.chat.completions.create({
      model: "gpt-4o",
      messages: SAID,
      stream: true,
      stream_options: { include_usage: true },
    });
    let said = "";
    let usage;
    for await (const chunk of stream) {
      said += chunk.choices[0]?.delta.content ?? "";
      usage = chunk.usage ?? usage;
    }
    assert.equal(said, "You said: Grüße, 世界 🌍");
    assert.deepEqual(usage, USAGE);
  });

  test("a stream that did not ask for usage gets none", async () => {
    const stream = await client.chat.completions.create({
      model: "gpt-4o",
      messages: SAID,
      stream: true,
    });
    for await (const chunk of stream) assert.equal(chunk.usage ?? null, null);
    assert.equal((await mock.last.json()).stream_options, undefined);
  });

  test("stream bytes arrive as they left", async () => {
    const body = { model: "gpt-4o", messages: SAID, stream: true };
    const answer = await post(sluice.port, "/v1/chat/completions", body);
    assert.equal(answer.text(), chatEvents(body).join(""));
    assert.equal(answer.header("content-type"), "text/event-stream; charset=utf-8");
  });

  test("each event arrives before the next is sent", async () => {
    const gates = [gate(), gate(), gate()];
    const events = chatEvents({ model: "gpt-4o", messages: [{ role: "user", content: "" }] });
    mock.once(async (seen, wire) => {
      await seen.body();
      await wire.streamHead();
      for (const [i, event] of events.entries()) {
        await gates[i]?.opened;
        await wire.chunk(event);
      }
      await wire.lastChunk();
    });
    gates[0].open();
    const stream = await client.chat.completions.create({
      model: "gpt-4o",
      messages: SAID,
      stream: true,
    });
    let count = 0;
    for await (const chunk of stream) {
      assert.equal(chunk.object, "chat.completion.chunk");
      gates[++count]?.open(); // with any held back, the next would wait for ever
    }
    assert.equal(count, events.length - 1);
  });

  test("the stream helper assembles a tool call", async () => {
    const stream = client.chat.completions.stream({
      model: "gpt-4o",
      messages: SAID,
      tools: [TOOL],
    });
    const { choices } = await stream.finalChatCompletion();
    assert.equal(choices[0].finish_reason, "tool_calls");
    assert.equal(choices[0].message.tool_calls[0].function.arguments, '{"city":"Zürich"}');
  });

  test("runTools calls the function and sends its result", async () => {
    const asked = [];
    const weather = (args) => {
      asked.push(args);
      return "sunny";
    };
    const runner = client.chat.completions.runTools({
      model: "gpt-4o",
      messages: SAID,
      tools: [
        { type: "function", function: { ...TOOL.function, function: weather, parse: JSON.parse } },
      ],
    });
    assert.equal(await runner.finalContent(), "You said: sunny");
    assert.deepEqual(asked, [{ city: "Zürich" }]);
    const sent = (await mock.last.json()).messages;
    assert.equal(sent.at(-2).tool_calls[0].id, "call_1");
    assert.deepEqual(sent.at(-1), { role: "tool", tool_call_id: "call_1", content: "sunny" });
  });

  test("parse reads structured output", async () => {
    const schema = z.object({ city: z.string(), degrees: z.number() });
    const parsed = await client.chat.completions.parse({
      model: "gpt-4o",
      messages: SAID,
      response_format: zodResponseFormat(schema, "weather"),
    });
    assert.deepEqual(parsed.choices[0].message.parsed, { city: "Zürich", degrees: 21 });
    assert.equal((await mock.last.json()).response_format.json_schema.name, "weather");
  });

  test("aborting a stream closes the provider's connection", async () => {
    mock.once(async (seen, wire) => {
      await seen.body();
      await wire.streamHead();
      await wire.chunk(chatEvents({ model: "gpt-4o", messages: SAID })[1]);
      await seen.gone;
    });
    const stream = await client.chat.completions.create({
      model: "gpt-4o",
      messages: SAID,
      stream: true,
    });
    for await (const _ of stream) stream.controller.abort();
    await within(mock.last.gone, "the provider's connection to be closed");
  });

  test("aborting before an answer closes the provider's connection", async () => {
    mock.once((seen) => seen.gone);
    const controller = new AbortController();
    const asked = mock.next();
    const answer = client.chat.completions.create(
      { model: "gpt-4o", messages: SAID },
      { signal: controller.signal },
    );
    const seen = await asked;
    controller.abort();
    await assert.rejects(answer, APIUserAbortError);
    await within(seen.gone, "the provider's connection to be closed");
  });
});

describe("responses", () => {
  test("plain", async () => {
    const response = await client.responses.create({ model: "gpt-4o", input: "Grüße 🌍" });
    assert.equal(response.output_text, "You said: Grüße 🌍");
    assert.equal(mock.last.path, "/v1/responses");
  });

  test("streamed", async () => {
    const stream = await client.responses.create({
      model: "gpt-4o",
      input: "Grüße 🌍",
      stream: true,
    });
    let said = "";
    let last;
    for await (const event of stream) {
      if (event.type === "response.output_text.delta") said += event.delta;
      last = event;
    }
    assert.equal(said, "You said: Grüße 🌍");
    assert.equal(last.type, "response.completed");
    assert.equal(last.response.usage.input_tokens, 11);
  });

  test("the stream helper ends with the whole response", async () => {
    const stream = client.responses.stream({ model: "openai::gpt-4o", input: "hi" });
    const response = await stream.finalResponse();
    assert.equal(response.output_text, "You said: hi");
    assert.equal((await mock.last.json()).model, "gpt-4o");
  });

  test("at a provider that only speaks chat", async () => {
    const response = await client.responses.create({ model: "llama-3", input: "hi" });
    assert.equal(response.output_text, "You said: hi");
    assert.equal(plain.last.path, "/api/v1/chat/completions");
  });
});

describe("models", () => {
  test("list has each configured model, without asking a provider", async () => {
    const listed = [];
    for await (const model of client.models.list()) {
      assert.equal(model.object, "model");
      assert.equal(typeof model.created, "number");
      listed.push([model.id, model.owned_by]);
    }
    const ours = ["gpt-4o", "org/tiny:1", "whisper-1", "tts-1", "emb-1", "img-1"].map((id) => [
      id,
      "openai",
    ]);
    assert.deepEqual(listed.sort(), [...ours, ["llama-3", "local"]].sort());
    assert.equal(mock.requests.length + plain.requests.length, 0);
  });

  test("retrieve, with a name that has to be escaped", async () => {
    assert.equal((await client.models.retrieve("gpt-4o")).id, "gpt-4o");
    assert.equal((await client.models.retrieve("org/tiny:1")).id, "org/tiny:1");
    await assert.rejects(client.models.retrieve("gpt-5"), NotFoundError);
  });
});

describe("errors", () => {
  const classes = [
    [400, BadRequestError],
    [401, AuthenticationError],
    [403, PermissionDeniedError],
    [404, NotFoundError],
    [422, UnprocessableEntityError],
    [429, RateLimitError],
    [500, InternalServerError],
    [503, InternalServerError],
  ];
  for (const [status, type] of classes)
    test(`${status} of the provider is the SDK's ${type.name}`, async () => {
      const body = `{"error": {"code":"c${status}",  "message":"m","param":null,"type":"t","x":1e2}}`;
      mock.once(async (seen, wire) => {
        await seen.body();
        await wire.json(status, body, { "retry-after": "17", "x-should-retry": "false" });
      });
      const request = { model: "gpt-4o", messages: SAID };
      await assert.rejects(client.chat.completions.create(request), (error) => {
        assert.ok(error instanceof type && error instanceof APIError);
        assert.equal(error.status, status);
        assert.equal(error.code, `c${status}`);
        assert.equal(error.headers.get("retry-after"), "17");
        return true;
      });
      assert.equal(mock.requests.length, 1, "passthrough is not retried");
    });

  test("an error's bytes are the provider's, for streams too", async () => {
    const body = '{ "error":{"message":"Incorrect API key", "code":"invalid_api_key","n":1.0}}\n';
    for (const stream of [false, true]) {
      mock.once(async (seen, wire) => {
        await seen.body();
        await wire.json(401, body, { "www-authenticate": "Bearer" });
      });
      const answer = await post(sluice.port, "/v1/chat/completions", {
        model: "gpt-4o",
        messages: SAID,
        stream,
      });
      assert.equal(answer.status, 401);
      assert.equal(answer.text(), body);
      assert.equal(answer.header("www-authenticate"), "Bearer");
      assert.equal(answer.header("x-to11-error-code"), "auth");
      assert.equal(answer.header("x-to11-upstream-provider"), "openai");
      assert.ok(answer.header("x-gateway-request-id"));
    }
  });

  for (const [label, model] of [
    ["a bare name", "gpt-5"],
    ["another case", "GPT-4o"],
    ["a provider", "nobody::gpt-4o"],
    ["a route", "route::gpt-4o"],
    ["a function", "function::gpt-4o"],
  ])
    test(`unknown model: ${label}`, async () => {
      await assert.rejects(client.chat.completions.create({ model, messages: SAID }), (error) => {
        assert.ok(error instanceof NotFoundError);
        assert.equal(error.code, "UnknownModel");
        assert.equal(error.headers.get("x-to11-error-code"), "model_not_found");
        assert.ok(error.headers.get("x-gateway-request-id"));
        assert.ok(error.message.includes(model.split("::")[0]), error.message);
        return true;
      });
      assert.equal(mock.requests.length + plain.requests.length, 0);
    });

  for (const [label, body, code] of [
    ["no model", '{"messages":[]}', "invalid_model"],
    ["model not a string", '{"model":7}', "invalid_model"],
    ["model null", '{"model":null}', "invalid_model"],
    ["no object", '["gpt-4o"]', "invalid_json"],
    ["nothing", "", "invalid_json"],
    ["two models", '{"model":"gpt-4o","model":"gpt-4o"}', "invalid_json"],
    ["unbalanced", '{"model":"gpt-4o","messages":[{]}', "invalid_json"],
    ["cut off", '{"model":"gpt-4o","messages":[', "invalid_json"],
    ["more behind it", '{"model":"gpt-4o"}{}', "invalid_json"],
    ["too deep", `{"model":"gpt-4o","x":${"[".repeat(200)}${"]".repeat(200)}}`, "invalid_json"],
  ])
    test(`bad request: ${label}`, async () => {
      const answer = await post(sluice.port, "/v1/chat/completions", body);
      assert.equal(answer.status, 400);
      assert.equal(answer.json().error.code, code);
      assert.equal(answer.header("x-to11-error-code"), "bad_request");
    });
});

describe("bytes", () => {
  /* All that a parser would have changed: order, spacing, number text, escapes, duplicates, lone surrogates. */
  const odd =
    '  {"z":1.0,"messages" : [ {"role":"user","content":"\\u00fc\\/\\ud83d \\u0000é🌍","role":"user"}],\n' +
    '"temperature":1e-0, "n":0.10000000000000000055511151231257827, "big":123456789012345678901234567890,\r\n' +
    '"metadata":{"model":"other::x","b":1,"b":2,"a":{}},\t"model":@, "-0":-0, "last":[ ] }\n ';

  for (const [label, model, sent] of [
    ["bare", '"gpt-4o"', '"gpt-4o"'],
    ["prefixed", '"openai::gpt-4o"', '"gpt-4o"'],
    ["prefixed, unlisted", '"openai::new-mini"', '"new-mini"'],
    ["prefixed twice: the first counts", '"openai::local::x"', '"local::x"'],
    ["escapes before and behind", '"open\\u0061i::gpt\\u002d4o"', '"gpt\\u002d4o"'],
    ["escaped colons", '"openai\\u003a:gpt-4o"', '"gpt-4o"'],
  ])
    test(`body goes on as it is: ${label}`, async () => {
      const answer = await post(
        sluice.port,
        "/v1/chat/completions?api-version=1&x=%20",
        odd.replace("@", model),
      );
      assert.equal(answer.status, 200);
      assert.equal(await mock.last.text(), odd.replace("@", sent));
      assert.equal(mock.last.path, "/v1/chat/completions?api-version=1&x=%20");
    });

  test("a large body in chunks, with the model at its end", async () => {
    const body = Buffer.from(
      `{"messages":[{"role":"user","content":"${"ü".repeat(1 << 20)}"}],"model":"openai::gpt-4o"}`,
    );
    const pieces = [];
    for (let at = 0; at < body.length; at += 65537) {
      const piece = body.subarray(at, at + 65537);
      pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n"));
    }
    const answer = await send(sluice.port, {
      method: "POST",
      path: "/v1/chat/completions",
      headers: { "content-type": "application/json", "transfer-encoding": "chunked" },
      body: Buffer.concat([...pieces, Buffer.from("0\r\n\r\n")]),
    });
    assert.equal(answer.status, 200);
    assert.equal(await mock.last.text(), body.toString().replace("openai::", ""));
  });

  test("an answer's bytes come as they left", async () => {
    const body = '{"id" : "x","choices":[ ],"n":1.00,"u":"\\u00fc\\ud83d","id":2}\n\n';
    mock.once(async (seen, wire) => {
      await seen.body();
      await wire.json(200, body);
    });
    const answer = await post(sluice.port, "/v1/chat/completions", {
      model: "gpt-4o",
      messages: SAID,
    });
    assert.equal(answer.text(), body);
  });
});

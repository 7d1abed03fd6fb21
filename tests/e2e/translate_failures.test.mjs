/* What goes wrong at a vendor of another dialect, as the caller's SDK sees it: its own error classes, and never a
 * stream that ends well when it did not. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import * as Anthropic from "@anthropic-ai/sdk";
import { APICallError } from "ai";
import * as OpenAI from "openai";
import { post } from "./client.mjs";
import { many } from "./sdks.mjs";
import { stopAll, within } from "./sluice.mjs";
import { AnthropicMessages, OpenaiChat, OpenaiResponses } from "./translate_clients.mjs";
import { KEY, PLAIN } from "./translate_mocks.mjs";
import { MODELS, PAIRS, forPairs, open } from "./translate_site.mjs";

const NATIVE = [OpenaiChat, OpenaiResponses, AnthropicMessages];
const natively = (Client) => NATIVE.includes(Client);

let sluice, vendor;

before(async () => {
  ({ sluice, vendor } = await open());
});
beforeEach(() => vendor.reset());
after(() => stopAll(sluice, vendor));

const talk = ({ Client, streamed, models }, more) =>
  new Client(sluice, { model: models.plain, streamed, ...more });

/* [what, as OpenAI tells it, as Anthropic tells it, what OpenAI's SDK sees, what Anthropic's sees] */
const CASES = [
  [
    "a bad request",
    [400, "invalid_request_error", null],
    [400, "invalid_request_error"],
    ["BadRequestError", 400, "invalid_request_error", null],
    ["BadRequestError", 400, "invalid_request_error"],
  ],
  [
    "a wrong key",
    [401, "invalid_request_error", "invalid_api_key"],
    [401, "authentication_error"],
    ["AuthenticationError", 401, "invalid_request_error", "invalid_api_key"],
    ["AuthenticationError", 401, "authentication_error"],
  ],
  [
    "nothing left to pay with",
    [429, "insufficient_quota", "insufficient_quota"],
    [402, "billing_error"],
    ["APIError", [402, 429], "insufficient_quota", "insufficient_quota"],
    ["APIError", 402, "billing_error"],
  ],
  [
    "no permission",
    [403, "permission_error", null],
    [403, "permission_error"],
    ["PermissionDeniedError", 403, "permission_error", "permission_denied"],
    ["PermissionDeniedError", 403, "permission_error"],
  ],
  [
    "no such model",
    [404, "invalid_request_error", "model_not_found"],
    [404, "not_found_error"],
    ["NotFoundError", 404, "invalid_request_error", "model_not_found"],
    ["NotFoundError", 404, "not_found_error"],
  ],
  [
    "too large",
    [413, "invalid_request_error", null],
    [413, "request_too_large"],
    ["APIError", 413, "invalid_request_error", "request_too_large"],
    ["APIError", 413, "request_too_large"],
  ],
  [
    "too fast",
    [429, "rate_limit_error", "rate_limit_exceeded"],
    [429, "rate_limit_error"],
    ["RateLimitError", 429, "rate_limit_error", "rate_limit_exceeded"],
    ["RateLimitError", 429, "rate_limit_error"],
  ],
  [
    "an error inside",
    [500, "server_error", null],
    [500, "api_error"],
    ["InternalServerError", 500, "server_error", "internal_error"],
    ["InternalServerError", 500, "api_error"],
  ],
  [
    "overload",
    [503, "server_error", null],
    [529, "overloaded_error"],
    ["InternalServerError", 503, "server_error", "overloaded"],
    ["InternalServerError", 529, "overloaded_error"],
  ],
  [
    "late",
    [504, "server_error", null],
    [504, "timeout_error"],
    ["InternalServerError", 504, "server_error", "timeout"],
    ["InternalServerError", 504, "timeout_error"],
  ],
];
const MESSAGE = 'mock says: Nein, Grüße 🌍 "so"';
const LONG = "prompt is too long: 210000 tokens > 200000 maximum";

const told = ([status, type, code], message = MESSAGE) => ({ status, type, code, message });

function checkOpenai(error, [name, status, type, code], message) {
  assert.ok(error instanceof OpenAI[name], error);
  assert.ok([status].flat().includes(error.status), String(error.status));
  assert.equal(error.type, type);
  assert.equal(error.code, code);
  assert.ok(error.message.includes(message), error.message);
}

function checkAnthropic(error, [name, status, type], message) {
  assert.ok(error instanceof Anthropic[name], error);
  assert.equal(error.status, status);
  assert.equal(error.error.type, "error");
  assert.equal(error.error.error.type, type);
  assert.equal(error.error.error.message, message);
  assert.equal(error.error.request_id, error.headers.get("x-gateway-request-id"));
}

describe("errors", () => {
  for (const [what, openai, anthropic, seenByOpenai, seenByAnthropic] of CASES)
    forPairs(
      what,
      async (pair) => {
        const how = told(pair.dialect === "messages" ? anthropic : openai);
        const headers = { "retry-after": "17", "x-should-retry": "false" };
        vendor.fail({ ...how, headers });
        await assert.rejects(talk(pair).say("hi"), (error) => {
          if (pair.Client === AnthropicMessages) checkAnthropic(error, seenByAnthropic, MESSAGE);
          else checkOpenai(error, seenByOpenai, MESSAGE);
          const id = error.headers.get("x-gateway-request-id");
          assert.ok(id);
          assert.equal(error.requestID, id);
          assert.equal(error.headers.get("retry-after"), "17");
          assert.equal(error.headers.get("x-should-retry"), "false");
          assert.equal(error.headers.get("x-upstream-request-id"), "req_vendor");
          assert.match(error.headers.get("x-to11-upstream-provider"), /^(openai|anthropic)$/);
          return true;
        });
        assert.equal(vendor.requests.length, 1, "passthrough is not retried");
      },
      natively,
    );

  forPairs(
    "a prompt that is too long",
    async (pair) => {
      const isClaude = pair.dialect === "messages";
      const code = isClaude ? null : "context_length_exceeded";
      const message = isClaude ? LONG : "This model's maximum context length is 128000 tokens.";
      vendor.fail(told([400, "invalid_request_error", code], message));
      await assert.rejects(talk(pair).say("hi"), (error) => {
        assert.equal(error.status, 400);
        if (pair.Client === AnthropicMessages)
          assert.match(error.error.error.message, /^prompt is too long/);
        else assert.equal(error.code, "context_length_exceeded");
        return true;
      });
    },
    natively,
  );

  forPairs(
    "rate limits, by the SDKs built upon",
    async (pair) => {
      vendor.fail(told([429, "rate_limit_error", "rate_limit_exceeded"]));
      await assert.rejects(talk(pair).say("hi"), (error) => {
        if (error instanceof APICallError) assert.equal(error.statusCode, 429);
        else assert.equal(error.status, 429);
        assert.ok(error.message.includes("mock says"), error.message);
        return true;
      });
    },
    (Client) => !natively(Client),
  );
});

describe("rate limits", () => {
  const ask = async (path, body, headers) => {
    vendor.say({ ...PLAIN, headers });
    return post(sluice.port, path, body, { authorization: `Bearer ${KEY}` });
  };
  const messages = [{ role: "user", content: "hi" }];

  test("of Anthropic, in OpenAI's names", async () => {
    const answer = await ask(
      "/v1/chat/completions",
      { model: MODELS.messages.plain, messages },
      {
        "anthropic-ratelimit-requests-limit": "50",
        "anthropic-ratelimit-requests-remaining": "49",
        "anthropic-ratelimit-tokens-limit": "80000",
        "anthropic-ratelimit-tokens-remaining": "79000",
        "set-cookie": "a=b",
        server: "cloudflare",
      },
    );
    assert.equal(answer.header("x-ratelimit-limit-requests"), "50");
    assert.equal(answer.header("x-ratelimit-remaining-requests"), "49");
    assert.equal(answer.header("x-ratelimit-limit-tokens"), "80000");
    assert.equal(answer.header("x-ratelimit-remaining-tokens"), "79000");
    assert.equal(answer.header("x-upstream-request-id"), "req_vendor");
    for (const name of ["set-cookie", "server", "anthropic-ratelimit-requests-limit"])
      assert.equal(answer.header(name), undefined, name);
  });

  test("of OpenAI, in Anthropic's names", async () => {
    const answer = await ask(
      "/v1/messages",
      { model: MODELS.chat.plain, messages, max_tokens: 9 },
      {
        "x-ratelimit-limit-requests": "50",
        "x-ratelimit-remaining-requests": "49",
        "x-ratelimit-reset-requests": "6m0s",
        "openai-organization": "org-1",
      },
    );
    assert.equal(answer.header("anthropic-ratelimit-requests-limit"), "50");
    assert.equal(answer.header("anthropic-ratelimit-requests-remaining"), "49");
    const reset = answer.header("anthropic-ratelimit-requests-reset");
    assert.match(reset, /^20..-..-..T..:..:..(\.[0-9]+)?Z$/);
    assert.equal(answer.header("request-id"), answer.header("x-gateway-request-id"));
    for (const name of ["openai-organization", "x-ratelimit-limit-requests"])
      assert.equal(answer.header(name), undefined, name);
  });
});

describe("streams that do not end", () => {
  const parts = [{ text: "It was a dark and stormy night; the rain fell in torrents" }];
  const streamed = (_, __, isStreamed) => isStreamed;
  const error = { type: "overloaded_error", code: "overloaded", message: "mock says: busy" };

  for (const end of ["cut", "eof"])
    for (const pieces of [1, 6])
      forPairs(
        `${end} after ${pieces} events`,
        async (pair) => {
          vendor.say({ parts, end, pieces });
          await assert.rejects(talk(pair).say("hi"));
        },
        streamed,
      );

  forPairs(
    "cut within a call",
    async (pair) => {
      const call = { id: "call_1", name: "look", args: '{"city":"Zürich","days":2}' };
      vendor.say({ parts: [{ call }], end: "cut" });
      const tools = [{ name: "look", description: "", schema: { type: "object", properties: {} } }];
      await assert.rejects(talk(pair, { tools }).say("hi"));
    },
    streamed,
  );

  forPairs(
    "an error after text",
    async (pair) => {
      vendor.say({ parts, end: "error", told: error });
      await assert.rejects(talk(pair).say("hi"), (seen) => {
        const isTold = JSON.stringify(seen).includes("busy") || seen.message.includes("busy");
        /* LangChain passes over response.failed, whoever sends it. */
        assert.ok(isTold || seen.message.includes("LangChain: a message without an end"), seen);
        return true;
      });
    },
    streamed,
  );

  const CALLERS = {
    chat: ["/v1/chat/completions", {}, /\ndata: \{"error":\{"message":"mock says: busy".*\n\n$/],
    responses: [
      "/v1/responses",
      { input: "hi" },
      /\nevent: response\.failed\ndata: .*"status":"failed".*mock says: busy.*\n\n$/,
    ],
    messages: [
      "/v1/messages",
      { max_tokens: 99 },
      /\nevent: error\ndata: .*"(overloaded|api)_error","message":"mock says: busy".*\n\n$/,
    ],
  };
  for (const [caller, [path, more, last]] of Object.entries(CALLERS))
    for (const dialect of Object.keys(CALLERS).filter((name) => name !== caller))
      test(`${caller} → ${dialect}: the last event is the caller's own error`, async () => {
        vendor.say({ parts, end: "error", told: error });
        const messages = [{ role: "user", content: "hi" }];
        const body = { ...(more.input ? {} : { messages }), ...more, stream: true };
        const headers = { authorization: `Bearer ${KEY}` };
        const model = MODELS[dialect].plain;
        const answer = await post(sluice.port, path, { ...body, model }, headers);
        assert.equal(answer.status, 200);
        assert.match(answer.text(), last);
        assert.ok(answer.isWhole, "the connection broke, though the end was told");
        assert.ok(answer.text().includes("It wa"));
      });

  forPairs(
    "an error before anything else is one of HTTP",
    async (pair) => {
      vendor.say({ parts: [], pieces: 0, end: "error", told: error });
      await assert.rejects(talk(pair).say("hi"), (seen) => {
        const status = seen.status ?? seen.statusCode;
        assert.equal(status, pair.Client.dialect === "messages" ? 529 : 503);
        return true;
      });
    },
    (Client, dialect, isStreamed) => isStreamed && dialect === "messages",
  );
});

describe("a whole answer", () => {
  forPairs(
    "that is cut is the gateway's 502",
    async (pair) => {
      vendor.say({ parts: [{ text: "It was a dark and stormy night" }], end: "cut" });
      await assert.rejects(talk(pair).say("hi"), (error) => {
        assert.equal(error.status ?? error.statusCode, 502);
        return true;
      });
    },
    (_, __, isStreamed) => !isStreamed,
  );
});

describe("the caller goes", () => {
  forPairs("while the vendor thinks", async (pair) => {
    vendor.once((seen) => seen.gone);
    const controller = new AbortController();
    const asked = vendor.next();
    const answer = talk(pair, { signal: controller.signal }).say("hi");
    const seen = await asked;
    controller.abort();
    await assert.rejects(answer);
    await within(seen.gone, "the vendor's connection to be closed");
  });

  forPairs(
    "within a stream",
    async (pair) => {
      vendor.say({ parts: [{ text: "It was a dark" }], end: "hold" });
      const controller = new AbortController();
      const asked = vendor.next();
      const answer = talk(pair, { signal: controller.signal }).say("hi");
      const seen = await asked;
      await within(vendor.held(), "the vendor to have said all");
      controller.abort();
      await assert.rejects(answer);
      await within(seen.gone, "the vendor's connection to be closed");
    },
    (_, __, isStreamed) => isStreamed,
  );
});

test("200 streams at once, each with its own answer", async () => {
  const text = (i) => `${i}: ${"Zürich 🌍 ".repeat(1 + (i % 50))}`;
  vendor.echo = (asked) => ({ parts: [{ text: asked.turns[0].parts[0].text }] });
  const asks = Array.from({ length: 200 }, (_, i) => PAIRS[i % PAIRS.length]);
  const answers = await many(asks.length, asks.length, (i) => {
    const [, Client, dialect] = asks[i];
    const options = { model: MODELS[dialect].plain, streamed: true };
    return new Client(sluice, options).say(text(i));
  });
  for (const [i, answer] of answers.entries()) {
    assert.equal(answer.text, text(i));
    assert.equal(answer.finish, "stop");
  }
  assert.equal(vendor.requests.length, 200);
});

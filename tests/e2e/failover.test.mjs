/* Targets that fail, and what the vendors' SDKs see of it: another target's answer, or the last error. */
import assert from "node:assert/strict";
import net from "node:net";
import { after, before, beforeEach, describe, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { event } from "./answers.mjs";
import { post } from "./client.mjs";
import { Keyed, bearer } from "./keyed.mjs";
import { Mock } from "./mock.mjs";
import { ANTHROPIC_SDKS, OPENAI_SDKS, anthropic, openai } from "./sdks.mjs";
import { Sluice, stopAll } from "./sluice.mjs";

const KEYS = {
  OPENAI_API_KEY: "sk-gateway-openai",
  AZURE_OPENAI_API_KEY: "gateway-azure", // found by convention
  CLAUDE_MAIN: "sk-ant-api03-main",
  CLAUDE_SPARE: "sk-ant-api03-spare",
};
const CHAT = (model) => ({ model, messages: [{ role: "user", content: "hi" }] });
const MESSAGE = (model) => ({ ...CHAT(model), max_tokens: 9 });
const KEPT_BYTES = 4096;
const HASTY_MS = 200; // of targets that never answer in time; none that answers has such a clock

const mocks = {};
let sluice, plain;

async function deadUrl() {
  const mock = await Mock.start();
  await mock.stop();
  return mock.url;
}

before(async () => {
  mocks.openai = await Keyed.start([bearer(KEYS.OPENAI_API_KEY)]);
  mocks.azure = await Keyed.start([`api-key: ${KEYS.AZURE_OPENAI_API_KEY}`]);
  mocks.anthropic = await Keyed.start(
    [KEYS.CLAUDE_MAIN, KEYS.CLAUDE_SPARE].map((key) => `x-api-key: ${key}`),
  );
  plain = net.createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
  });
  await new Promise((resolve) => plain.listen(0, "127.0.0.1", resolve));
  const models = ["gpt-4o"];
  const credential = "env::OPENAI_API_KEY";
  const gpt = (provider) => ({ model: "gpt-4o", provider });
  const claude = (key) => ({ model: "claude-test-1", credential: `env::${key}` });
  const fallback = (first, second = "azure") => ({
    models: [`${first}-${second}`],
    strategy: "fallback",
    targets: [first, second],
  });
  const responses = true;
  sluice = await Sluice.start(
    {
      server: { retry_body_bytes: KEPT_BYTES },
      providers: {
        openai: { base_url: mocks.openai.url, credential, models },
        "azure-openai": {
          base_url: `${mocks.azure.origin}/openai/v1`,
          auth_type: "api_key_header",
          models,
        },
        dead: { base_url: await deadUrl(), credential, models, responses },
        nowhere: { base_url: "http://no-such-host.invalid/v1", credential, models, responses },
        "not-tls": {
          base_url: `https://127.0.0.1:${plain.address().port}/v1`,
          credential,
          models,
          responses,
        },
        mute: {
          base_url: mocks.openai.url.replace("http", "https"), // waits for the end of a head
          connect_timeout_ms: HASTY_MS,
          credential,
          models,
          responses,
        },
        anthropic: { base_url: mocks.anthropic.url, models: ["claude-test-1"] },
        "dead-claude": { base_url: await deadUrl(), dialect: "anthropic", models: ["claude-dead"] },
      },
      routing: {
        retry: { max_retries: 1, backoff_base_ms: 1, backoff_max_ms: 1 },
        breaker: { enabled: false },
      },
      targets: {
        openai: gpt("openai"),
        azure: gpt("azure-openai"),
        hasty: { ...gpt("openai"), timeout_ms: HASTY_MS },
        "hasty-azure": { ...gpt("azure-openai"), timeout_ms: HASTY_MS },
        dead: gpt("dead"),
        nowhere: gpt("nowhere"),
        "not-tls": gpt("not-tls"),
        mute: gpt("mute"),
        alone: gpt("openai"),
        stubborn: gpt("openai"),
        "claude-main": claude("CLAUDE_MAIN"),
        "claude-spare": claude("CLAUDE_SPARE"),
        "claude-hasty": { ...claude("CLAUDE_MAIN"), timeout_ms: HASTY_MS },
        "claude-dead": { model: "claude-dead", credential: "env::CLAUDE_MAIN" },
      },
      routes: {
        a: fallback("openai"),
        b: fallback("hasty"),
        c: fallback("hasty", "hasty-azure"),
        d: fallback("dead"),
        e: fallback("nowhere"),
        f: fallback("not-tls"),
        m: fallback("mute"),
        g: fallback("dead", "nowhere"),
        h: fallback("claude-main", "claude-spare"),
        i: fallback("claude-hasty", "claude-spare"),
        j: fallback("claude-dead", "claude-spare"),
        k: { models: ["alone"], targets: ["alone"] },
        l: { models: ["stubborn"], targets: ["stubborn"], retry: { max_retries: 3 } },
      },
    },
    { env: KEYS },
  );
});

beforeEach(() => {
  for (const mock of Object.values(mocks)) mock.reset();
});

after(async () => {
  plain.close();
  await stopAll(sluice, ...Object.values(mocks));
});

/* ---- how a provider fails ---- */

const told = (message) => ({
  type: "error",
  error: { type: "some_error", message, code: null, param: null },
});

const status =
  (code, message = `${code}!`, headers) =>
  async (seen, wire) => {
    await seen.body();
    await wire.json(code, told(message), headers);
  };

const breaks = (act) => async (seen, wire) => {
  await seen.body();
  await act(wire);
};

const hangs = async (seen) => {
  await seen.body();
  await seen.gone;
};

const JSON_HEAD = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";

const stalls = async (seen, wire) => {
  await seen.body();
  await wire.raw(`${JSON_HEAD}content-length: 100\r\n\r\n{"id":"x","choices":[`);
  await seen.gone;
};

/* Nothing of them may reach a caller. */
const FAILURES = {
  503: status(503),
  500: status(500),
  529: status(529),
  429: status(429),
  "429 and a long Retry-After": status(429, "later", { "retry-after": "3600" }),
  408: status(408),
  "closed before the head": breaks((wire) => wire.close()),
  "reset before the head": breaks((wire) => wire.reset()),
  "cut in its head": breaks(async (wire) => {
    await wire.raw("HTTP/1.1 200 OK\r\ncontent-ty");
    wire.close();
  }),
  "no HTTP": breaks(async (wire) => {
    await wire.raw("SSH-2.0-OpenSSH_9.2\r\n");
    wire.close();
  }),
  "JSON that is cut": breaks(async (wire) => {
    await wire.raw(`${JSON_HEAD}content-length: 100\r\n\r\n{"id":"x","choices":[`);
    wire.close();
  }),
  "JSON in chunks that is cut": breaks(async (wire) => {
    await wire.raw(`${JSON_HEAD}transfer-encoding: chunked\r\n\r\n8\r\n{"id":"x"\r\n`);
    wire.reset();
  }),
  "an error of which only half comes": breaks(async (wire) => {
    await wire.raw("HTTP/1.1 500 Oops\r\ncontent-length: 100\r\n\r\n{");
    wire.close();
  }),
};

const SOME_OPENAI = ["openai, chat", "openai, chat streamed", "ai, responses streamed"];
const SOME_ANTHROPIC = ["anthropic, messages", "anthropic, messages streamed"];

describe("fallback: the first target fails, the second answers", () => {
  for (const sdk of SOME_OPENAI) {
    const ask = OPENAI_SDKS[sdk];
    for (const [label, script] of Object.entries(FAILURES))
      test(`${sdk}: ${label}`, async () => {
        mocks.openai.once(script);
        const { text, headers } = await ask(sluice, "openai-azure");
        assert.equal(text, "You said: hi");
        assert.equal(headers.get("x-gateway-target"), "azure");
        assert.equal(mocks.openai.requests.length, 1);
        assert.equal(mocks.azure.requests.length, 1);
        const [first] = mocks.openai.requests;
        assert.deepEqual(await mocks.azure.last.body(), await first.body());
        assert.match(mocks.azure.last.path, /^\/openai\/v1\//);
      });

    for (const [label, model, script] of [
      ["no answer within timeout_ms", "hasty-azure", hangs],
      ["no whole answer within timeout_ms", "hasty-azure", stalls],
      ["refused", "dead-azure"],
      ["no such host", "nowhere-azure"],
      ["no TLS there", "not-tls-azure"],
      ["a handshake that never ends", "mute-azure"],
    ])
      test(`${sdk}: ${label}`, async () => {
        if (script) mocks.openai.once(script);
        const { text, headers } = await ask(sluice, model);
        assert.equal(text, "You said: hi");
        assert.equal(headers.get("x-gateway-target"), "azure");
        assert.equal(mocks.azure.requests.length, 1);
      });
  }

  for (const sdk of SOME_ANTHROPIC)
    for (const [label, script, model = "claude-main-claude-spare"] of [
      ...Object.entries(FAILURES),
      ["no answer within timeout_ms", hangs, "claude-hasty-claude-spare"],
      ["no whole answer within timeout_ms", stalls, "claude-hasty-claude-spare"],
      ["refused", null, "claude-dead-claude-spare"],
    ])
      test(`${sdk}: ${label}`, async () => {
        if (script) mocks.anthropic.once(script);
        const { text, headers } = await ANTHROPIC_SDKS[sdk](sluice, model);
        assert.equal(text, "You said: hi");
        assert.equal(headers.get("x-gateway-target"), "claude-spare");
        assert.equal(mocks.anthropic.last.key, KEYS.CLAUDE_SPARE);
        assert.equal(mocks.anthropic.requests.length, script ? 2 : 1);
      });
});

/* ---- nothing to move on for ---- */

describe("final answers stay the first target's", () => {
  for (const [code, name] of [
    [400, "BadRequestError"],
    [401, "AuthenticationError"],
    [403, "PermissionDeniedError"],
    [404, "NotFoundError"],
    [409, "ConflictError"],
    [413, "APIError"],
    [422, "UnprocessableEntityError"],
  ])
    for (const stream of [false, true])
      test(`${code}${stream ? ", streamed" : ""}`, async () => {
        mocks.openai.once(status(code));
        mocks.anthropic.once(status(code));
        const both = {
          openai: () => openai(sluice).chat.completions.create({ ...CHAT("openai-azure"), stream }),
          anthropic: () =>
            anthropic(sluice).messages.create({ ...MESSAGE("claude-main-claude-spare"), stream }),
        };
        for (const [vendor, act] of Object.entries(both))
          await assert.rejects(act(), (error) => {
            assert.ok(error instanceof { openai: OpenAI, anthropic: Anthropic }[vendor][name]);
            assert.equal(error.status, code);
            assert.match(error.message, new RegExp(`${code}!`));
            assert.equal(
              error.headers.get("x-gateway-target"),
              vendor === "openai" ? "openai" : "claude-main",
            );
            return true;
          });
        assert.equal(mocks.openai.requests.length, 1);
        assert.equal(mocks.azure.requests.length, 0);
        assert.equal(mocks.anthropic.requests.length, 1);
      });

  /* Its head goes to the caller as it comes, so from there on nothing is begun anew. */
  const half = event({ choices: [{ index: 0, delta: { content: "half" }, finish_reason: null }] });
  for (const [label, events] of [
    ["its head", []],
    ["its first event", [half]],
  ])
    test(`a stream that dies behind ${label}`, async () => {
      mocks.openai.once(
        breaks(async (wire) => {
          await wire.streamHead();
          for (const each of events) await wire.chunk(each);
          wire.close();
        }),
      );
      const body = { ...CHAT("openai-azure"), stream: true };
      const answer = await post(sluice.port, "/v1/chat/completions", body);
      assert.ok(!answer.isWhole && answer.closed);
      assert.equal(answer.header("x-gateway-target"), "openai");
      assert.ok(answer.text().startsWith(events.join("")));
      const [, last] = answer.text().match(/\ndata: (.*)\n\n$/s);
      assert.equal(JSON.parse(last).error.code, "stream_truncated");
      assert.equal(mocks.openai.requests.length, 1);
      assert.equal(mocks.azure.requests.length, 0);
    });

  test("the SDK throws at it", async () => {
    mocks.openai.once(
      breaks(async (wire) => {
        await wire.streamHead();
        await wire.chunk(half);
        wire.close();
      }),
    );
    await assert.rejects(OPENAI_SDKS["openai, chat streamed"](sluice, "openai-azure"));
    assert.equal(mocks.azure.requests.length, 0);
  });
});

/* ---- all of them fail ---- */

describe("all targets fail: the SDK sees the last error", () => {
  for (const [code, name] of [
    [429, "RateLimitError"],
    [500, "InternalServerError"],
    [503, "InternalServerError"],
    [529, "InternalServerError"],
  ])
    for (const stream of [false, true]) {
      test(`openai, ${code}${stream ? ", streamed" : ""}: the first target's second`, async () => {
        mocks.openai.once(status(502, "first"));
        mocks.azure.once(status(502, "second"));
        mocks.openai.once(status(code, "third"));
        const body = { ...CHAT("openai-azure"), stream };
        await assert.rejects(openai(sluice).chat.completions.create(body), (error) => {
          assert.ok(error instanceof OpenAI[name], error.constructor.name);
          assert.equal(error.status, code);
          assert.match(error.message, /third/);
          assert.equal(error.type, "some_error");
          assert.equal(error.headers.get("x-gateway-target"), "openai");
          return true;
        });
        assert.equal(mocks.openai.requests.length, 2);
        assert.equal(mocks.azure.requests.length, 1);
      });

      test(`anthropic, ${code}${stream ? ", streamed" : ""}: likewise`, async () => {
        for (const [at, message] of [
          [502, "first"],
          [502, "second"],
          [code, "third"],
        ])
          mocks.anthropic.once(status(at, message));
        const body = { ...MESSAGE("claude-main-claude-spare"), stream };
        await assert.rejects(anthropic(sluice).messages.create(body), (error) => {
          assert.ok(error instanceof Anthropic[name], error.constructor.name);
          assert.equal(error.status, code);
          assert.match(error.message, /third/);
          return true;
        });
        const { CLAUDE_MAIN: main, CLAUDE_SPARE: spare } = KEYS;
        assert.deepEqual(mocks.anthropic.shown, [main, spare, main]);
      });
    }

  for (const [label, model, code, name] of [
    ["nobody listens", "dead-nowhere", 502, "upstream_unreachable"],
    ["nobody answers in time", "hasty-hasty-azure", 504, "upstream_timeout"],
  ])
    for (const stream of [false, true])
      test(`${label}${stream ? ", streamed" : ""}: the gateway's own`, async () => {
        mocks.openai.always(hangs);
        mocks.azure.always(hangs);
        const body = { ...CHAT(model), stream };
        await assert.rejects(openai(sluice).chat.completions.create(body), (error) => {
          assert.ok(error instanceof OpenAI.InternalServerError);
          assert.equal(error.status, code);
          assert.equal(error.code, name);
          assert.match(error.message, /attempt 3/);
          assert.equal(error.headers.get("x-to11-error-code"), "upstream");
          return true;
        });
      });

  test("in Anthropic's envelope", async () => {
    mocks.anthropic.always(breaks((wire) => wire.reset()));
    const asked = anthropic(sluice).messages.create(MESSAGE("claude-main-claude-spare"));
    await assert.rejects(asked, (error) => {
      assert.ok(error instanceof Anthropic.InternalServerError);
      assert.equal(error.status, 502);
      assert.equal(error.error.error.type, "api_error");
      return true;
    });
    assert.equal(mocks.anthropic.requests.length, 3);
  });

  test("a target that asks for more than 10 s is not asked again", async () => {
    mocks.openai.once(status(429, "first", { "retry-after": "60" }));
    mocks.azure.once(status(500, "second"));
    const asked = openai(sluice).chat.completions.create(CHAT("openai-azure"));
    await assert.rejects(asked, { status: 500 });
    assert.equal(mocks.openai.requests.length, 1);
    assert.equal(mocks.azure.requests.length, 1);
  });
});

/* ---- retries of one target ---- */

describe("a single target is tried again", () => {
  for (const [label, model, attempts] of [
    ["[routing.retry]", "alone", 2],
    ["the route's own retry", "stubborn", 4],
  ]) {
    test(`${label}: until it answers`, async () => {
      for (let i = 1; i < attempts; i++) mocks.openai.once(status(503));
      const { text } = await OPENAI_SDKS["openai, chat streamed"](sluice, model);
      assert.equal(text, "You said: hi");
      assert.equal(mocks.openai.requests.length, attempts);
    });

    test(`${label}: and its last error is told`, async () => {
      for (let i = 1; i <= attempts; i++) mocks.openai.once(status(500 + i, `try ${i}`));
      const asked = openai(sluice).chat.completions.create(CHAT(model));
      await assert.rejects(asked, (error) => {
        assert.equal(error.status, 500 + attempts);
        assert.match(error.message, new RegExp(`try ${attempts}`));
        return true;
      });
      assert.equal(mocks.openai.requests.length, attempts);
    });
  }

  for (const [header, value] of [
    ["retry-after", "0"],
    ["retry-after-ms", "1"],
  ])
    test(`when it says so: ${header}`, async () => {
      mocks.openai.once(status(429, "soon", { [header]: value }));
      const { text } = await OPENAI_SDKS["openai, chat"](sluice, "alone");
      assert.equal(text, "You said: hi");
      assert.equal(mocks.openai.requests.length, 2);
    });

  test("not when it wants to be left alone for longer; the SDK is told until when", async () => {
    mocks.openai.once(status(429, "later", { "retry-after": "3600" }));
    const asked = openai(sluice).chat.completions.create(CHAT("alone"));
    await assert.rejects(asked, (error) => {
      assert.ok(error instanceof OpenAI.RateLimitError);
      assert.equal(error.headers.get("retry-after"), "3600");
      return true;
    });
    assert.equal(mocks.openai.requests.length, 1);
  });
});

/* ---- bodies that are too large to be kept ---- */

describe("a body over retry_body_bytes is sent once", () => {
  const large = { ...CHAT("openai-azure"), user: "x".repeat(4 * KEPT_BYTES) };

  test("an answer is an answer", async () => {
    const answer = await openai(sluice).chat.completions.create(large);
    assert.equal(answer.choices[0].message.content, "You said: hi");
  });

  test("a failure is told, and why nobody else was asked", async () => {
    mocks.openai.once(breaks((wire) => wire.close()));
    await assert.rejects(openai(sluice).chat.completions.create(large), (error) => {
      assert.equal(error.status, 502);
      assert.match(error.message, /retry_body_bytes \(4096\)/);
      return true;
    });
    assert.equal(mocks.openai.requests.length, 1);
    assert.equal(mocks.azure.requests.length, 0);
  });

  test("one that was not sent yet goes to the next target", async () => {
    const answer = await openai(sluice).chat.completions.create({ ...large, model: "dead-azure" });
    assert.equal(answer.choices[0].message.content, "You said: hi");
    assert.equal(mocks.azure.requests.length, 1);
  });

  test("one that fits is kept", async () => {
    const fitting = { ...large, user: "x".repeat(KEPT_BYTES / 2) };
    mocks.openai.once(breaks((wire) => wire.close()));
    const answer = await openai(sluice).chat.completions.create(fitting);
    assert.equal(answer.choices[0].message.content, "You said: hi");
    assert.equal((await mocks.azure.last.json()).user, fitting.user);
  });
});

/* What a translation cannot carry: told in a header, or refused where nothing may be lost. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { post } from "./client.mjs";
import { stopAll } from "./sluice.mjs";
import { KEY } from "./translate_mocks.mjs";
import { MODELS, open } from "./translate_site.mjs";

const SAID = [{ role: "user", content: "hi" }];
const GPT = MODELS.chat.plain;
const CLAUDE = MODELS.messages.plain;
const RESP = MODELS.responses.plain;

let lenient, strict;

before(async () => {
  lenient = await open();
  strict = await open({ translation: { on_unsupported: "error" } });
});
beforeEach(() => {
  lenient.vendor.reset();
  strict.vendor.reset();
});
after(() => stopAll(lenient?.sluice, strict?.sluice, lenient?.vendor, strict?.vendor));

describe("warnings", () => {
  const headers = { authorization: `Bearer ${KEY}` };
  const rows = [
    [
      "/v1/chat/completions",
      `anthropic::${CLAUDE}`,
      { messages: SAID, seed: 7, logit_bias: { 50256: -100 }, temperature: 1.7 },
      "clamp:temperature",
      "drop:seed",
      "drop:logit_bias",
    ],
    ["/v1/messages", `openai::${GPT}`, { messages: SAID, max_tokens: 99, top_k: 5 }, "drop:top_k"],
    [
      "/v1/messages",
      `openai::${RESP}`,
      { messages: SAID, max_tokens: 99, stop_sequences: ["x"] },
      "drop:stop_sequences",
    ],
    [
      "/v1/responses",
      `anthropic::${CLAUDE}`,
      { input: "hi", truncation: "auto", temperature: 1.5 },
      "clamp:temperature",
    ],
    [
      "/v1/chat/completions",
      `anthropic::${MODELS.messages.old}`,
      { messages: SAID, response_format: { type: "json_object" } },
      "emulate:response_format",
    ],
  ];
  for (const [path, model, body, ...tokens] of rows)
    for (const stream of [false, true])
      test(`${path} → ${model}${stream ? ", streamed" : ""}: ${tokens.join(", ")}`, async () => {
        const answer = await post(lenient.sluice.port, path, { ...body, model, stream }, headers);
        assert.equal(answer.status, 200, answer.text());
        const told = (answer.header("x-gateway-warnings") ?? "").split(", ");
        assert.deepEqual(
          told.filter((token) => tokens.includes(token)).sort(),
          [...tokens].sort(),
          String(told),
        );
      });

  test("on errors too", async () => {
    lenient.vendor.fail({ status: 429, type: "rate_limit_error", message: "slow down" });
    const body = { model: `anthropic::${CLAUDE}`, messages: SAID, seed: 7 };
    const answer = await post(lenient.sluice.port, "/v1/chat/completions", body, headers);
    assert.equal(answer.status, 429);
    assert.equal(answer.header("x-gateway-warnings"), "drop:seed");
  });

  test("none where nothing was lost", async () => {
    const body = { model: `anthropic::${CLAUDE}`, messages: SAID, temperature: 0.5, user: "u" };
    const answer = await post(lenient.sluice.port, "/v1/chat/completions", body, headers);
    assert.equal(answer.status, 200);
    assert.equal(answer.header("x-gateway-warnings"), undefined);
  });

  const lossy = [
    ["/v1/chat/completions", `anthropic::${CLAUDE}`, { messages: SAID, seed: 7 }, "seed"],
    ["/v1/messages", `openai::${GPT}`, { messages: SAID, max_tokens: 99, top_k: 5 }, "top_k"],
    ["/v1/responses", `anthropic::${CLAUDE}`, { input: "hi", store: true }, "store"],
  ];
  for (const [path, model, body, param] of lossy)
    for (const [label, at, more] of [
      ["asked for by the caller", () => lenient, { "x-gateway-strict": "true" }],
      ["asked for by the file", () => strict, {}],
    ])
      test(`strict, ${label}: ${path}: ${param} is refused by its name`, async () => {
        const answer = await post(
          at().sluice.port,
          path,
          { ...body, model },
          { ...headers, ...more },
        );
        assert.equal(answer.status, 400, answer.text());
        const { error } = answer.json();
        assert.equal(error.type, "invalid_request_error");
        assert.ok(error.message.includes(`"${param}"`), error.message);
        if (path !== "/v1/messages") {
          assert.equal(error.param, param);
          assert.equal(error.code, "unsupported_parameter");
        }
        assert.equal(answer.header("x-to11-error-code"), "bad_request");
        assert.equal(at().vendor.requests.length, 0);
      });

  test("strict, but nothing lost: answered", async () => {
    const body = { model: `anthropic::${CLAUDE}`, messages: SAID, temperature: 1.7 };
    const answer = await post(strict.sluice.port, "/v1/chat/completions", body, headers);
    assert.equal(answer.status, 200, answer.text());
    assert.equal(answer.header("x-gateway-warnings"), "clamp:temperature");
  });
});

/* What SDKs do not show: paths, methods, headers both ways, ids, and where keys must never turn up. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { Connection, post, request, send } from "./client.mjs";
import { Mock } from "./mock.mjs";
import { Sluice, stopAll } from "./sluice.mjs";

const CHAT = { model: "gpt-4o", messages: [{ role: "user", content: "hi" }] };
const MESSAGE = {
  model: "claude-test-1",
  max_tokens: 9,
  messages: [{ role: "user", content: "hi" }],
};

let openai, anthropic, azure, sluice;

before(async () => {
  openai = await Mock.start();
  anthropic = await Mock.start();
  azure = await Mock.start();
  sluice = await Sluice.start({
    providers: {
      openai: { base_url: openai.url, models: ["gpt-4o"], headers: { "x-team": "blue" } },
      anthropic: { base_url: anthropic.url, models: ["claude-test-1"] },
      "azure-openai": { base_url: `${azure.origin}/openai/v1/`, models: ["deployed"] },
    },
  });
});

beforeEach(() => {
  for (const mock of [openai, anthropic, azure]) mock.reset();
});

after(() => stopAll(sluice, openai, anthropic, azure));

describe("paths and methods", () => {
  for (const prefix of ["/v1", "/v1/v1"])
    test(`${prefix}/ reaches the same endpoint`, async () => {
      assert.equal((await post(sluice.port, `${prefix}/chat/completions`, CHAT)).status, 200);
      assert.equal(openai.last.path, "/v1/chat/completions");
      assert.equal((await post(sluice.port, `${prefix}/messages`, MESSAGE)).status, 200);
      assert.equal(anthropic.last.path, "/v1/messages");
    });

  test("a base URL's closing slash makes no second one", async () => {
    await post(sluice.port, "/v1/chat/completions", { ...CHAT, model: "deployed" });
    assert.equal(azure.last.path, "/openai/v1/chat/completions");
  });

  test("/ names the product, for HEAD without a body", async () => {
    const answer = await send(sluice.port, { path: "/" });
    assert.equal(answer.status, 200);
    assert.equal(answer.json().name, "sluice");
    assert.match(answer.json().version, /^[0-9]+\.[0-9]+\.[0-9]+/);

    const connection = await Connection.open(sluice.port);
    await connection.write(request({ method: "HEAD", path: "/" }));
    await connection.write(request({ path: "/health" }));
    const head = await connection.answer("HEAD");
    assert.equal(head.status, 200);
    assert.equal((await connection.answer()).json().status, "ok", "no body bytes came before it");
    connection.close();
  });

  test("/health", async () => {
    const answer = await send(sluice.port, { path: "/health" });
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.json(), { status: "ok" });
    assert.match(answer.header("content-type"), /^application\/json/);
  });

  for (const [method, path, allow] of [
    ["GET", "/v1/chat/completions", ["POST"]],
    ["PUT", "/v1/chat/completions", ["POST"]],
    ["DELETE", "/v1/messages", ["POST"]],
    ["POST", "/v1/models", ["GET", "HEAD"]],
    ["POST", "/health", ["GET", "HEAD"]],
    ["PATCH", "/v1/files/file-1", ["GET", "DELETE"]],
  ])
    test(`405 for ${method} ${path}`, async () => {
      const answer = await send(sluice.port, { method, path });
      assert.equal(answer.status, 405);
      assert.deepEqual(answer.header("allow").split(/, */).sort(), allow.sort());
      const { error } = answer.json();
      assert.equal(error.type, "invalid_request_error");
      assert.equal(answer.json().type, path === "/v1/messages" ? "error" : undefined);
    });

  for (const [method, path] of [
    ["GET", "/nothing"],
    ["POST", "/nothing/v1/chat/completions"],
    ["GET", "/v1"],
    ["GET", "/v1/chat/completions/x"],
  ])
    test(`404 for ${method} ${path}`, async () => {
      const answer = await send(sluice.port, { method, path });
      assert.equal(answer.status, 404);
      assert.equal(typeof answer.json().error.message, "string");
      assert.equal(openai.requests.length + anthropic.requests.length, 0);
    });

  test("another /v1 path with a model is forwarded", async () => {
    openai.once(async (seen, wire) => {
      await seen.body();
      await wire.json(200, { ok: true });
    });
    const answer = await post(sluice.port, "/v1/moderations", {
      model: "openai::mod-1",
      input: "x",
    });
    assert.deepEqual(answer.json(), { ok: true });
    assert.equal(openai.last.path, "/v1/moderations");
    assert.equal(await openai.last.text(), '{"model":"mod-1","input":"x"}');
  });
});

describe("native passthrough", () => {
  test("path, query, method and bytes are the caller's", async () => {
    openai.once(async (seen, wire) => {
      await seen.body();
      await wire.whole(
        207,
        { "content-type": "text/x-odd", "x-mine": "1" },
        Buffer.from([0, 255, 10]),
      );
    });
    const body = Buffer.from([0xff, 0x00, 0x7b, 0x0d, 0x0a]);
    const answer = await send(sluice.port, {
      method: "PUT",
      path: "/providers/openai/fine_tuning/jobs/a%2Fb?x=%2F&y",
      headers: { authorization: "Bearer k", "content-type": "application/x-odd" },
      body,
    });
    assert.equal(answer.status, 207);
    assert.deepEqual([...answer.body], [0, 255, 10]);
    assert.equal(answer.header("content-type"), "text/x-odd");
    assert.equal(openai.last.method, "PUT");
    assert.equal(openai.last.path, "/v1/fine_tuning/jobs/a%2Fb?x=%2F&y");
    assert.ok((await openai.last.body()).equals(body));
    assert.equal(openai.last.header("authorization"), "Bearer k");
  });

  test("a body may name any model there", async () => {
    const body = '{"model":"route::x","model":3';
    openai.once(async (seen, wire) => {
      await seen.body();
      await wire.json(400, { error: { message: "bad" } });
    });
    const answer = await post(sluice.port, "/providers/openai/chat/completions", body);
    assert.equal(answer.json().error.message, "bad");
    assert.equal(await openai.last.text(), body);
  });

  test("an unknown provider is 404", async () => {
    const answer = await send(sluice.port, { path: "/providers/nobody/models" });
    assert.equal(answer.status, 404);
    assert.match(answer.json().error.message, /nobody/);
  });

  for (const path of ["/../../secret", "/%2e%2e/secret", "/a/./b", "/a/..%2fb"])
    test(`no way out of the provider's path: ${path}`, async () => {
      const answer = await send(sluice.port, { path: `/providers/openai${path}` });
      assert.equal(answer.status, 400);
      assert.equal(openai.requests.length, 0);
    });
});

describe("headers in", () => {
  const dropped = {
    Cookie: "session=1",
    Forwarded: "for=1.2.3.4",
    "X-Forwarded-For": "1.2.3.4",
    "X-Forwarded-Host": "example.test",
    "X-To11-User-Id": "u",
    "X-Gateway-Strict": "false",
    "Keep-Alive": "timeout=5",
    "Proxy-Authorization": "Basic eDp5",
    "Proxy-Connection": "keep-alive",
    TE: "trailers",
    Upgrade: "h2c",
    "X-Named": "by connection",
    Connection: "keep-alive, x-named, Upgrade",
  };
  const kept = {
    "OpenAI-Organization": "org-1",
    "OpenAI-Project": "proj_1",
    "X-Stainless-Lang": "js",
    "x-stainless-retry-count": "0",
    "Idempotency-Key": "abc",
    "anthropic-beta": "a,b",
    "User-Agent": "odd/1.0 (\xfc)",
    Accept: "application/json",
    "X-Anything": "a:b, c  d",
  };

  for (const [label, path, body, mock] of [
    ["chat", "/v1/chat/completions", CHAT, () => openai],
    ["native", "/providers/openai/chat/completions", CHAT, () => openai],
    ["messages", "/v1/messages", MESSAGE, () => anthropic],
  ])
    test(`dropped and kept: ${label}`, async () => {
      const answer = await post(sluice.port, path, body, {
        ...dropped,
        ...kept,
        Authorization: "Bearer k",
      });
      assert.equal(answer.status, 200);
      const seen = mock().last;
      for (const name of Object.keys(dropped).filter((each) => each !== "Connection"))
        assert.ok(!seen.has(name), `${name}: ${seen.header(name)}`);
      assert.doesNotMatch(seen.header("connection") ?? "", /x-named|upgrade/i);
      for (const [name, value] of Object.entries(kept))
        assert.equal(seen.header(name), value, name);
      const order = seen.headers.map(([name]) => name).filter((name) => name in kept);
      assert.deepEqual(order, Object.keys(kept), "spelling and order");
      assert.equal(seen.header("host"), `127.0.0.1:${mock().port}`);
      assert.equal(seen.header("authorization"), "Bearer k");
    });

  test("a repeated header stays repeated", async () => {
    await post(sluice.port, "/v1/chat/completions", CHAT, [
      ["X-Twice", "1"],
      ["X-Twice", "2"],
    ]);
    assert.deepEqual(
      openai.last.headers.filter(([name]) => name === "X-Twice").map(([, value]) => value),
      ["1", "2"],
    );
  });

  test("the provider's own headers are added", async () => {
    await post(sluice.port, "/v1/chat/completions", CHAT, { "x-team": "red" });
    assert.equal(openai.last.header("x-team"), "blue");
  });

  test("no key: none is made up", async () => {
    await post(sluice.port, "/v1/chat/completions", CHAT);
    for (const name of ["authorization", "x-api-key", "api-key"])
      assert.ok(!openai.last.has(name), name);
  });

  test("azure reads its key in api-key", async () => {
    await post(
      sluice.port,
      "/v1/chat/completions",
      { ...CHAT, model: "deployed" },
      { Authorization: "Bearer k-az" },
    );
    assert.equal(azure.last.header("api-key"), "k-az");
    assert.ok(!azure.last.has("authorization"));
  });

  test("no header of the gateway's own making but those it says", async () => {
    await post(sluice.port, "/v1/chat/completions", CHAT, { "x-mine": "1" });
    const names = openai.last.headers.map(([name]) => name.toLowerCase()).sort();
    assert.deepEqual(names, [
      "content-length",
      "content-type",
      "host",
      "traceparent",
      "via",
      "x-mine",
      "x-team",
    ]);
  });
});

describe("headers out", () => {
  test("end-to-end headers pass, others do not", async () => {
    openai.once(async (seen, wire) => {
      await seen.body();
      await wire.whole(
        200,
        [
          ["Content-Type", "application/json"],
          ["x-ratelimit-remaining-tokens", "149984"],
          ["X-Request-ID", "req_up"],
          ["openai-processing-ms", "17"],
          ["Via", "1.1 a"],
          ["Via", "1.1 b"],
          ["Set-Cookie", "__cf_bm=1"],
          ["Keep-Alive", "timeout=5"],
          ["X-Hop", "1"],
          ["Connection", "keep-alive, x-hop"],
        ],
        "{}",
      );
    });
    const answer = await post(sluice.port, "/v1/chat/completions", CHAT);
    assert.equal(answer.header("x-ratelimit-remaining-tokens"), "149984");
    assert.equal(answer.header("x-request-id"), "req_up");
    assert.equal(answer.header("openai-processing-ms"), "17");
    assert.deepEqual(answer.all("via"), ["1.1 a", "1.1 b"]);
    for (const name of ["set-cookie", "keep-alive", "x-hop"])
      assert.equal(answer.header(name), undefined, name);
  });

  test("a provider cannot speak in the gateway's name", async () => {
    openai.once(async (seen, wire) => {
      await seen.body();
      await wire.json(200, {}, { "x-gateway-target": "forged", "x-to11-error-code": "forged" });
    });
    const answer = await post(sluice.port, "/v1/chat/completions", CHAT);
    assert.ok(!answer.bytes.includes("forged"));
  });

  test("statuses and reasons pass, 204 without a body", async () => {
    openai.once((seen, wire) => wire.head(204, { "x-a": "1" }));
    const connection = await Connection.open(sluice.port);
    await connection.write(request({ method: "DELETE", path: "/providers/openai/files/1" }));
    const answer = await connection.answer("DELETE");
    assert.equal(answer.status, 204);
    assert.equal(answer.header("transfer-encoding"), undefined);
    await connection.write(request({ path: "/health" }));
    assert.equal((await connection.answer()).status, 200);
    connection.close();
  });

  test("HEAD has the provider's length and no body", async () => {
    openai.once((seen, wire) => wire.head(200, { "content-length": "12345" }));
    const connection = await Connection.open(sluice.port);
    await connection.write(request({ method: "HEAD", path: "/providers/openai/models" }));
    const answer = await connection.answer("HEAD");
    assert.equal(answer.header("content-length"), "12345");
    await connection.write(request({ path: "/health" }));
    assert.equal((await connection.answer()).status, 200);
    connection.close();
  });
});

describe("ids and traces", () => {
  const trace = "0af7651916cd43dd8448eb211c80319c";

  test("each answer has an id, and the log the same", async () => {
    const seen = new Set();
    for (const path of ["/health", "/nothing", "/v1/models"]) {
      const answer = await send(sluice.port, { path });
      const id = answer.header("x-gateway-request-id");
      assert.match(id, /^[A-Za-z0-9._-]{8,128}$/);
      assert.equal(answer.header("x-to11-request-id"), id);
      seen.add(id);
    }
    assert.equal(seen.size, 3);
    const answer = await post(sluice.port, "/v1/chat/completions", CHAT);
    const line = await sluice.logged(answer.header("x-gateway-request-id"));
    assert.equal(line.status, 200);
    assert.equal(line.path, "/v1/chat/completions");
    assert.equal(line.provider, "openai");
    assert.equal(line.model_requested, "gpt-4o");
    assert.equal(line.trace_id, answer.header("traceparent").split("-")[1]);
  });

  test("a caller's valid id is kept, another replaced", async () => {
    const kept = await send(sluice.port, {
      path: "/health",
      headers: { "x-request-id": "mine.1_a-b" },
    });
    assert.equal(kept.header("x-gateway-request-id"), "mine.1_a-b");
    for (const odd of ["a b", 'a"b', "x".repeat(129)]) {
      const answer = await send(sluice.port, { path: "/health", headers: { "x-request-id": odd } });
      assert.ok(answer.header("x-gateway-request-id"));
      assert.notEqual(answer.header("x-gateway-request-id"), odd);
    }
  });

  test("a trace goes on, each hop with a span of its own", async () => {
    const traceparent = `00-${trace}-b7ad6b7169203331-01`;
    const answer = await post(sluice.port, "/v1/chat/completions", CHAT, {
      traceparent,
      tracestate: "a=1,b=2",
    });
    const spans = [
      traceparent,
      answer.header("traceparent"),
      openai.last.header("traceparent"),
    ].map((value) => {
      const [version, id, span, flags] = value.split("-");
      assert.deepEqual([version, id, flags], ["00", trace, "01"]);
      assert.match(span, /^[0-9a-f]{16}$/);
      return span;
    });
    assert.equal(new Set(spans).size, 3);
    assert.equal(openai.last.header("tracestate"), "a=1,b=2");
  });

  for (const bad of [
    `00-${"0".repeat(32)}-b7ad6b7169203331-01`,
    `ff-${trace}-b7ad6b7169203331-01`,
    `00-${trace}-x-01`,
  ])
    test(`a trace that is none begins anew: ${bad}`, async () => {
      await post(sluice.port, "/v1/chat/completions", CHAT, { traceparent: bad });
      assert.match(openai.last.header("traceparent"), /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/);
      assert.ok(!openai.last.header("traceparent").includes(trace));
    });
});

describe("pairs of dialects", () => {
  test("embeddings to anthropic: refused in the caller's envelope", async () => {
    const answer = await post(sluice.port, "/v1/embeddings", {
      model: "claude-test-1",
      input: "x",
    });
    assert.equal(answer.status, 400);
    assert.equal(answer.header("x-to11-error-code"), "bad_request");
    assert.ok(answer.header("x-to11-upstream-provider"));
    assert.equal(answer.json().error.code, "unsupported_capability");
    assert.equal(openai.requests.length + anthropic.requests.length, 0);
  });
});

describe("keys", () => {
  const planted = {
    Authorization: "Bearer sk-proj-PLANTED-authorization",
    "X-Api-Key": "sk-ant-PLANTED-x-api-key",
    "Api-Key": "PLANTED-api-key",
    "X-Goog-Api-Key": "AIzaPLANTED-x-goog-api-key",
    Cookie: "session=PLANTED-cookie",
    "Proxy-Authorization": "Basic PLANTED-proxy",
    "X-To11-Anything": "PLANTED-to11",
    "OpenAI-Organization": "PLANTED-org",
  };

  test("never turn up in the log, in metrics or in an error", async () => {
    const answers = [];
    const ask = async (path, body, headers = planted) =>
      answers.push(await post(sluice.port, path, body, headers));
    await ask("/v1/chat/completions", CHAT);
    await ask("/v1/chat/completions?key=PLANTED-query", { ...CHAT, model: "unknown" });
    await ask("/v1/chat/completions", { ...CHAT, model: "claude-test-1" });
    await ask("/v1/messages", "{");
    await ask("/v1/messages", MESSAGE);
    await ask("/nothing?key=PLANTED-query", CHAT);
    await ask("/providers/openai/nothing?key=PLANTED-query", CHAT);
    await ask("/providers/nobody/x?key=PLANTED-query", CHAT);
    openai.once((seen, wire) => wire.reset());
    await ask("/v1/chat/completions?key=PLANTED-query", CHAT);
    await ask("/v1/chat/completions", CHAT, [
      ["Bad Name", "PLANTED-malformed"],
      ...Object.entries(planted),
    ]);
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 404, 200, 400, 200, 404, 404, 404, 502, 400],
    );
    for (const { bytes } of answers) assert.ok(!bytes.includes("PLANTED"), bytes.toString());
    for (const { headers } of answers) {
      const id = headers.find(([name]) => name.toLowerCase() === "x-gateway-request-id");
      if (id) await sluice.logged(id[1]);
    }
    const metrics = await (await fetch(`${sluice.admin}/metrics`)).text();
    assert.ok(!metrics.includes("PLANTED"));
    assert.match(metrics, /gateway_requests_total/);
    assert.ok(!sluice.stderr.includes("PLANTED"));
    assert.ok(sluice.stderr.includes('"request"'), "there is a log to look into");
  });
});

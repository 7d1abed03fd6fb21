/* HTTP/1.1 at its edges: what comes before a body or instead of it, out of step, compressed, too large, or ambiguous. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { Connection, post, request, send } from "./client.mjs";
import { Mock, gate } from "./mock.mjs";
import { Sluice, stopAll, within } from "./sluice.mjs";

const CHAT = { model: "gpt-4o", messages: [{ role: "user", content: "hi" }] };
const BODY_MAX = 1 << 20;
const HEAD_MAX = 16384;

let openai, sluice;

before(async () => {
  openai = await Mock.start();
  sluice = await Sluice.start({
    server: { max_body_bytes: BODY_MAX, max_header_bytes: HEAD_MAX },
    providers: {
      openai: { base_url: openai.url, models: ["gpt-4o"] },
      "also-claude": { base_url: openai.url, dialect: "anthropic", models: ["claude-test-1"] },
    },
  });
});

beforeEach(() => openai.reset());

after(() => stopAll(sluice, openai));

describe("edges of HTTP", () => {
  test("Expect: 100-continue is answered before the body", async () => {
    const connection = await Connection.open(sluice.port);
    const bytes = request({
      method: "POST",
      path: "/v1/chat/completions",
      headers: { "content-type": "application/json", expect: "100-continue" },
      body: JSON.stringify(CHAT),
    });
    const gap = bytes.indexOf("\r\n\r\n") + 4;
    await connection.write(bytes.subarray(0, gap));
    const told = await connection.when((got) => got.includes("\r\n\r\n"), "100 Continue");
    assert.match(told.toString(), /^HTTP\/1\.1 100 /);
    assert.equal(openai.requests.length, 0);
    await connection.write(bytes.subarray(gap));
    assert.equal((await connection.answer()).status, 200);
    assert.ok(!openai.last.has("expect"));
    connection.close();
  });

  test("an early answer comes before the request's end", async () => {
    openai.once(async (seen, wire) => {
      await wire.json(413, { error: { message: "too much" } }, { connection: "close" });
      wire.close();
    });
    const connection = await Connection.open(sluice.port);
    const head = { "content-type": "application/json", "content-length": "1000000" };
    const bytes = request({ method: "POST", path: "/v1/chat/completions", headers: head });
    await connection.write(Buffer.concat([bytes, Buffer.from('{"model":"gpt-4o","messages":[')]));
    const answer = await connection.answer();
    assert.equal(answer.status, 413);
    assert.equal(answer.json().error.message, "too much");
    connection.close();
  });

  test("a request is under way before its body has ended", async () => {
    const asked = openai.next();
    const connection = await Connection.open(sluice.port);
    const tail = '"messages":[]}';
    const start = '{"model":"gpt-4o",';
    const head = {
      "content-type": "application/json",
      "content-length": String(start.length + tail.length),
    };
    const bytes = request({ method: "POST", path: "/v1/chat/completions", headers: head });
    await connection.write(Buffer.concat([bytes, Buffer.from(start)]));
    await within(asked, "the request at the provider");
    await connection.write(tail);
    assert.equal((await connection.answer()).status, 200);
    assert.equal(await openai.last.text(), start + tail);
    connection.close();
  });

  test("a second model breaks off what is under way", async () => {
    const broken = gate();
    openai.once(async (seen) => {
      await seen.body();
      broken.open(seen.broken);
    });
    const asked = openai.next();
    const connection = await Connection.open(sluice.port);
    const bytes = request({
      method: "POST",
      path: "/v1/chat/completions",
      headers: { "content-type": "application/json", "content-length": "200" },
    });
    await connection.write(Buffer.concat([bytes, Buffer.from('{"model":"gpt-4o",')]));
    await within(asked, "the request at the provider");
    await connection.write('"model":"gpt-4o"');
    const answer = await connection.answer();
    assert.equal(answer.status, 400);
    assert.equal(answer.json().error.code, "invalid_json");
    assert.equal(await within(broken.opened, "the provider's request to break"), true);
    connection.close();
  });

  test("pipelined requests are answered in order", async () => {
    const first = gate();
    openai.once(async (seen, wire) => {
      await seen.body();
      await first.opened;
      await wire.json(200, { n: 1 });
    });
    const connection = await Connection.open(sluice.port);
    const chat = request({
      method: "POST",
      path: "/v1/chat/completions",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(CHAT),
    });
    const asked = openai.next();
    await connection.write(
      Buffer.concat([chat, request({ path: "/health" }), request({ path: "/nothing" })]),
    );
    await within(asked, "the first request");
    first.open();
    assert.deepEqual((await connection.answer()).json(), { n: 1 });
    assert.equal((await connection.answer()).status, 200);
    assert.equal((await connection.answer()).status, 404);
    connection.close();
  });

  test("a gzipped answer arrives readable, whoever asked for it", async () => {
    const plain = '{"id":"x","choices":[]}';
    openai.always(async (seen, wire) => {
      await seen.body();
      await wire.json(200, gzipSync(plain), { "content-encoding": "gzip" });
    });
    const answer = await post(sluice.port, "/v1/chat/completions", CHAT, {
      "accept-encoding": "gzip",
    });
    assert.equal(answer.header("content-encoding"), "gzip");
    assert.ok(answer.body.equals(gzipSync(plain)));
    const read = await fetch(`${sluice.url}/chat/completions`, {
      method: "POST",
      body: JSON.stringify(CHAT),
    });
    assert.equal(await read.text(), plain);
  });

  for (const [coding, press] of [
    ["gzip", gzipSync],
    ["br", brotliCompressSync],
  ])
    test(`a request in ${coding} is read for its model`, async () => {
      const headers = { "content-encoding": coding };
      const answer = await post(
        sluice.port,
        "/v1/chat/completions",
        press(JSON.stringify(CHAT)),
        headers,
      );
      assert.equal(answer.status, 200);
      assert.deepEqual(await openai.last.json(), CHAT);
      assert.ok(!openai.last.has("content-encoding"));
    });
});

describe("limits", () => {
  const paths = {
    "/v1/chat/completions": {
      model: "gpt-4o",
      type: "invalid_request_error",
      code: "body_too_large",
    },
    "/v1/messages": { model: "claude-test-1", type: "request_too_large", code: undefined },
  };
  const ways = {
    "by its length": (body) => [{}, body],
    "by its chunks": (body) => [
      { "transfer-encoding": "chunked" },
      `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
    ],
    "once decompressed": (body) => [{ "content-encoding": "gzip" }, gzipSync(body)],
  };

  for (const [path, { model, type, code }] of Object.entries(paths))
    for (const [way, frame] of Object.entries(ways))
      test(`a body too large, ${way}: 413 at ${path}`, async () => {
        const over = `{"model":"${model}","x":"${"a".repeat(BODY_MAX)}"}`;
        const [headers, body] = frame(over);
        const answer = await send(sluice.port, { method: "POST", path, headers, body });
        assert.equal(answer.status, 413);
        const { error } = answer.json();
        assert.equal(error.type, type);
        assert.equal(error.code, code);
        for (const [number] of error.message.matchAll(/[0-9]+/g))
          assert.ok(Number(number) <= over.length, `a number out of nowhere: ${error.message}`);
      });

  test("a body that just fits", async () => {
    const most = `{"model":"gpt-4o","messages":[],"x":"${"a".repeat(BODY_MAX - 39)}"}`;
    assert.equal(most.length, BODY_MAX);
    assert.equal((await post(sluice.port, "/v1/chat/completions", most)).status, 200);
    assert.equal(openai.last.bodyLength, BODY_MAX);
  });

  test("a head too large: 431", async () => {
    const answer = await send(sluice.port, {
      path: "/health",
      headers: { "x-large": "a".repeat(HEAD_MAX) },
    });
    assert.equal(answer.status, 431);
    assert.equal(answer.json().error.code, "headers_too_large");
  });
});

describe("ambiguous requests are refused, and the connection with them", () => {
  const line = "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n";
  const body = JSON.stringify(CHAT);
  const { length } = body;
  const smuggled = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";

  for (const [label, bytes] of [
    [
      "length and chunks",
      `${line}Content-Length: ${length}\r\nTransfer-Encoding: chunked\r\n\r\n${body}`,
    ],
    ["two lengths", `${line}Content-Length: ${length}\r\nContent-Length: 0\r\n\r\n${body}`],
    [
      "the same length twice",
      `${line}Content-Length: ${length}\r\nContent-Length: ${length}\r\n\r\n${body}`,
    ],
    ["a list of lengths", `${line}Content-Length: ${length}, ${length}\r\n\r\n${body}`],
    ["a signed length", `${line}Content-Length: +${length}\r\n\r\n${body}`],
    ["an unknown coding", `${line}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
    ["chunked that is not last", `${line}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`],
    ["a folded field", `${line}X: a\r\n b\r\nContent-Length: ${length}\r\n\r\n${body}`],
    ["a blank before the colon", `${line}Content-Length : ${length}\r\n\r\n${body}`],
    ["a bare LF", `${line}X: a\nContent-Length: ${length}\r\n\r\n${body}`],
    ["a bare CR", `${line}X: a\rContent-Length: ${length}\r\n\r\n${body}`],
    ["a NUL", `${line}X: a\0b\r\nContent-Length: ${length}\r\n\r\n${body}`],
    ["no Host", `POST /v1/chat/completions HTTP/1.1\r\nContent-Length: ${length}\r\n\r\n${body}`],
    ["two Hosts", `${line}Host: y\r\nContent-Length: ${length}\r\n\r\n${body}`],
    ["no HTTP", "\x16\x03\x01\x02\x00\r\n\r\n"],
  ])
    test(label, async () => {
      const connection = await Connection.open(sluice.port);
      await connection.write(Buffer.from(bytes + smuggled, "latin1"));
      const answer = await connection.answer("POST");
      assert.equal(answer.status, 400);
      await within(connection.closed, "the connection to be closed");
      assert.equal(connection.received().length, 0, "the rest must not be taken for a request");
      assert.equal(openai.requests.length, 0);
    });
});

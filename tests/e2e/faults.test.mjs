/* Providers that fail in every way we could think of: the caller is told so, in its own envelope, and the gateway goes on. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { promisify } from "node:util";
import OpenAI, { InternalServerError } from "openai";
import { post, send } from "./client.mjs";
import { Mock } from "./mock.mjs";
import { Sluice, stopAll, until, within } from "./sluice.mjs";

const CHAT = { model: "gpt-4o", messages: [{ role: "user", content: "hi" }] };
const run = promisify(execFile);

let mock, tlsMock, mute, plain, folder, sluice;

/* A key and a certificate that nobody vouches for, for `name`. */
async function certify(name) {
  const [key, cert] = [path.join(folder, "key.pem"), path.join(folder, "cert.pem")];
  await run("openssl", [
    ...[
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-days",
      "2",
    ],
    ...[
      "-subj",
      "/CN=sluice e2e",
      "-addext",
      `subjectAltName=${name}`,
      "-keyout",
      key,
      "-out",
      cert,
    ],
  ]);
  return { key: await readFile(key), cert: await readFile(cert), file: cert };
}

/* A server that is none of HTTP's. */
async function listen(serve) {
  const sockets = new Set();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    serve(socket);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = () => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  };
  return { port: server.address().port, stop };
}

/* A port where nothing listens. */
async function deadPort() {
  const { port, stop } = await listen(() => {});
  await stop();
  return port;
}

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "sluice-tls-"));
  const identity = await certify("IP:127.0.0.1");
  mock = await Mock.start();
  tlsMock = await Mock.start({ tls: identity });
  mute = await listen((socket) => socket.resume());
  plain = await listen((socket) =>
    socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")),
  );
  const dead = `http://127.0.0.1:${await deadPort()}/v1`;
  const trusted = { ca_file: identity.file };
  sluice = await Sluice.start({
    providers: {
      openai: { base_url: mock.url, models: ["gpt-4o"] },
      dead: { base_url: dead, models: ["dead"] },
      "dead-claude": { base_url: dead, dialect: "anthropic", models: ["dead-claude"] },
      nowhere: { base_url: "http://no-such-host.invalid/v1", models: ["nowhere"] },
      hasty: { base_url: mock.url, models: ["hasty"], timeout_ms: 150 },
      untrusted: { base_url: tlsMock.url, models: ["untrusted"] },
      trusted: { ...trusted, base_url: tlsMock.url, models: ["trusted"] },
      misnamed: {
        ...trusted,
        base_url: tlsMock.url.replace("127.0.0.1", "localhost"),
        models: ["misnamed"],
      },
      "not-tls": { base_url: `https://127.0.0.1:${plain.port}/v1`, models: ["not-tls"] },
      mute: {
        base_url: `https://127.0.0.1:${mute.port}/v1`,
        connect_timeout_ms: 150,
        models: ["mute"],
      },
    },
  });
});

beforeEach(() => mock.reset());

after(async () => {
  await rm(folder, { recursive: true, force: true });
  await stopAll(sluice, mute, plain, mock, tlsMock);
});

const chat = (model = "gpt-4o", headers) =>
  post(sluice.port, "/v1/chat/completions", { ...CHAT, model }, headers);

function assertFault(answer, status, code, label) {
  assert.equal(answer.status, status, label);
  assert.ok(answer.isWhole, label);
  assert.equal(answer.header("x-to11-error-code"), "upstream", label);
  assert.ok(answer.header("x-to11-upstream-provider"), label);
  const { error } = answer.json();
  assert.equal(error.code, code, label);
  assert.ok(error.message.length > 0, label);
}

/* Answers with these bytes and nothing else, and then closes. */
const bytesThenClose = (bytes) => async (seen, wire) => {
  await seen.body();
  await wire.raw(bytes);
  wire.close();
};

const JSON_HEAD = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
const BODY = '{"id":"x","choices":[{"n":[1,2]}],"s":"ü"}';
const LENGTH = Buffer.byteLength(BODY);

describe("connecting", () => {
  for (const [label, model, status, code] of [
    ["refused", "dead", 502, "upstream_unreachable"],
    ["no such host", "nowhere", 502, "upstream_unreachable"],
    ["a certificate nobody vouches for", "untrusted", 502, "upstream_unreachable"],
    ["a certificate for another name", "misnamed", 502, "upstream_unreachable"],
    ["no TLS there", "not-tls", 502, "upstream_unreachable"],
    ["a handshake that never ends", "mute", 504, "upstream_timeout"],
  ])
    test(label, async () => {
      assertFault(await chat(model, { authorization: "Bearer sk-secret" }), status, code);
      assert.equal(tlsMock.requests.length, 0, "not a byte of the request");
    });

  test("a trusted certificate", async () => {
    const answer = await chat("trusted");
    assert.equal(answer.status, 200);
    assert.equal(answer.json().choices[0].message.content, "You said: hi");
    tlsMock.reset();
  });

  test("in Anthropic's envelope", async () => {
    const answer = await post(sluice.port, "/v1/messages", {
      ...CHAT,
      model: "dead-claude",
      max_tokens: 1,
    });
    assert.equal(answer.status, 502);
    assert.equal(answer.json().type, "error");
    assert.equal(answer.json().error.type, "api_error");
    assert.equal(answer.json().request_id, answer.header("x-gateway-request-id"));
  });

  test("the SDK sees an InternalServerError", async () => {
    const client = new OpenAI({ apiKey: "k", baseURL: sluice.url, maxRetries: 0 });
    await assert.rejects(client.chat.completions.create({ ...CHAT, model: "dead" }), (error) => {
      assert.ok(error instanceof InternalServerError);
      assert.equal(error.status, 502);
      return true;
    });
  });
});

describe("broken answers", () => {
  for (const [label, end] of [
    ["closed", (wire) => wire.close()],
    ["reset", (wire) => wire.reset()],
  ])
    test(`${label} before the head; a POST is not sent twice`, async () => {
      /* On a connection that is kept, too: there the gateway could take it for a stale one. */
      assert.equal((await chat()).status, 200);
      mock.requests = [];
      mock.once(async (seen, wire) => {
        await seen.body();
        end(wire);
      });
      assertFault(await chat(), 502, "upstream_broken");
      assert.equal(mock.requests.length, 1);
    });

  test("connections that the provider closed while idle are no fault", async () => {
    for (let i = 0; i < 20; i++) {
      assert.equal((await chat()).status, 200);
      await Promise.all(
        [...mock.sockets].map((socket) => {
          const closed = new Promise((resolve) => socket.once("close", resolve));
          socket.end();
          return closed;
        }),
      );
    }
    assert.equal(mock.requests.length, 20);
  });

  for (const [framing, bytes] of [
    ["by length", `${JSON_HEAD}content-length: ${LENGTH}\r\n\r\n${BODY}`],
    [
      "in one chunk",
      `${JSON_HEAD}transfer-encoding: chunked\r\n\r\n${LENGTH.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`,
    ],
    [
      "in chunks, with a trailer",
      `${JSON_HEAD}transfer-encoding: chunked\r\n\r\n5;x=1\r\n${BODY.slice(0, 5)}\r\n` +
        `${(LENGTH - 5).toString(16)}\r\n${BODY.slice(5)}\r\n0\r\nx-sum: 1\r\n\r\n`,
    ],
  ])
    test(`cut at every byte: ${framing}`, async () => {
      const whole = Buffer.from(bytes);
      for (let count = 0; count < whole.length; count++) {
        mock.once(bytesThenClose(whole.subarray(0, count)));
        assertFault(await chat(), 502, "upstream_broken", `cut at ${count}`);
      }
      mock.once(bytesThenClose(whole));
      const answer = await chat();
      assert.equal(answer.status, 200);
      assert.equal(answer.text(), BODY);
    });

  test("a file cut short does not look whole", async () => {
    for (const framing of ["content-length: 100000", "transfer-encoding: chunked"]) {
      const head = `HTTP/1.1 200 OK\r\ncontent-type: audio/wav\r\n${framing}\r\n\r\n`;
      mock.once(bytesThenClose(`${head}1000\r\nabcdef`));
      const answer = await post(sluice.port, "/v1/audio/speech", { model: "gpt-4o", input: "x" });
      assert.ok(
        answer.status === 502 || (answer.status === 200 && !answer.isWhole && answer.closed),
        framing,
      );
    }
  });

  test("more bytes than the length says belong to no other answer", async () => {
    const forged =
      'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{"forged"}';
    mock.once(async (seen, wire) => {
      await seen.body();
      await wire.raw(`${JSON_HEAD}content-length: ${LENGTH}\r\n\r\n${BODY}${forged}`);
    });
    assert.equal((await chat()).text(), BODY);
    for (let i = 0; i < 3; i++) assert.equal((await chat()).json().object, "chat.completion");
  });

  for (const [label, bytes] of [
    ["no HTTP", "\x00\x01\x02garbage\r\n\r\n"],
    ["no HTTP and no end", "\xff".repeat(100)],
    ["HTTP/0.9", "<html></html>"],
    ["HTTP/2", "HTTP/2 200\r\ncontent-length: 0\r\n\r\n"],
    ["a status of words", "HTTP/1.1 OK\r\ncontent-length: 0\r\n\r\n"],
    ["a status of four digits", "HTTP/1.1 2000 OK\r\ncontent-length: 0\r\n\r\n"],
    ["a status below 100", "HTTP/1.1 099 OK\r\ncontent-length: 0\r\n\r\n"],
    ["a field without a colon", `${JSON_HEAD}oops\r\ncontent-length: ${LENGTH}\r\n\r\n${BODY}`],
    ["a folded field", `${JSON_HEAD}x: a\r\n b\r\ncontent-length: ${LENGTH}\r\n\r\n${BODY}`],
    ["a blank before the colon", `${JSON_HEAD}content-length : ${LENGTH}\r\n\r\n${BODY}`],
    [
      "a control byte in a value",
      `${JSON_HEAD}x: a\x00b\r\ncontent-length: ${LENGTH}\r\n\r\n${BODY}`,
    ],
    ["two lengths", `${JSON_HEAD}content-length: ${LENGTH}\r\ncontent-length: 3\r\n\r\n${BODY}`],
    ["a signed length", `${JSON_HEAD}content-length: +${LENGTH}\r\n\r\n${BODY}`],
    [
      "length and chunks",
      `${JSON_HEAD}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n`,
    ],
    ["an unknown coding", `${JSON_HEAD}transfer-encoding: x, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n`],
    [
      "a chunk size of letters",
      `${JSON_HEAD}transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`,
    ],
    [
      "a chunk size beyond all bounds",
      `${JSON_HEAD}transfer-encoding: chunked\r\n\r\nffffffffffffffff1\r\n{}`,
    ],
    [
      "a chunk longer than it says",
      `${JSON_HEAD}transfer-encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n`,
    ],
    ["a head without an end", `HTTP/1.1 200 OK\r\nx: ${"a".repeat(200000)}`],
    ["too many fields", `HTTP/1.1 200 OK\r\n${"x: 1\r\n".repeat(20000)}\r\n`],
    [
      "a switch nobody asked for",
      "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
    ],
    ["only informational heads", "HTTP/1.1 102 Processing\r\n\r\n".repeat(3)],
    ["a flood of informational heads", "HTTP/1.1 102 Processing\r\nx: y\r\n\r\n".repeat(100000)],
  ])
    test(label, async () => {
      mock.once(bytesThenClose(Buffer.from(bytes, "latin1")));
      assertFault(await chat(), 502, "upstream_broken");
    });

  test("a few informational heads are passed over", async () => {
    mock.once(async (seen, wire) => {
      await seen.body();
      await wire.raw("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n");
      await wire.json(200, BODY);
    });
    const answer = await chat();
    assert.equal(answer.status, 200);
    assert.equal(answer.text(), BODY);
    assert.equal(answer.header("link"), undefined);
  });

  test("errors that the provider breaks off are told as broken", async () => {
    mock.once(
      bytesThenClose(
        `HTTP/1.1 429 No\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{"error`,
      ),
    );
    assertFault(await chat(), 502, "upstream_broken");
  });
});

describe("time", () => {
  for (const [label, begin] of [
    ["no byte", async () => {}],
    ["half a head", (wire) => wire.raw("HTTP/1.1 200 OK\r\ncontent-")],
    ["a head alone", (wire) => wire.raw(`${JSON_HEAD}content-length: 2\r\n\r\n`)],
    ["half a body", (wire) => wire.raw(`${JSON_HEAD}content-length: 2\r\n\r\n{`)],
    ["half a chunk", (wire) => wire.raw(`${JSON_HEAD}transfer-encoding: chunked\r\n\r\n2\r\n{`)],
    [
      "no last chunk",
      (wire) => wire.raw(`${JSON_HEAD}transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n`),
    ],
    ["informational heads alone", (wire) => wire.raw("HTTP/1.1 102 Processing\r\n\r\n")],
  ])
    test(`${label} within timeout_ms: 504, and the provider is cancelled`, async () => {
      mock.once(async (seen, wire) => {
        await seen.body();
        await begin(wire);
        await seen.gone;
      });
      assertFault(await chat("hasty"), 504, "upstream_timeout");
      await within(mock.last.gone, "the provider's connection to be closed");
    });

  test("a stream without a first byte: 504", async () => {
    mock.once(async (seen) => {
      await seen.body();
      await seen.gone;
    });
    const answer = await post(sluice.port, "/v1/chat/completions", {
      ...CHAT,
      model: "hasty",
      stream: true,
    });
    assertFault(answer, 504, "upstream_timeout");
  });
});

test("afterwards it serves on, and has closed what it opened", async () => {
  const settled = async () => {
    for (const socket of mock.sockets) socket.destroy();
    for (const socket of tlsMock.sockets) socket.destroy();
    await until(() => mock.sockets.size + tlsMock.sockets.size === 0, "the mocks to settle");
  };
  await settled();
  await until(
    () => sluice.fds() <= sluice.fdsAtStart + 2,
    "descriptors of all faults so far to be closed",
  );

  for (let i = 0; i < 20; i++) {
    for (const model of ["dead", "nowhere", "untrusted", "not-tls"])
      assert.equal((await chat(model)).status, 502);
    mock.once((seen, wire) => wire.reset());
    assert.equal((await chat()).status, 502);
    assert.equal((await chat()).status, 200);
  }
  await settled();
  await until(() => sluice.fds() <= sluice.fdsAtStart + 2, "the descriptors to be closed");
  const answer = await send(sluice.port, { path: "/health" });
  assert.deepEqual(answer.json(), { status: "ok" });
});

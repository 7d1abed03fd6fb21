/* TLS towards providers: who is trusted, who is refused and with which words, and how connections may end. */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { event } from "./answers.mjs";
import { Certs } from "./certs.mjs";
import { Connection, post, request } from "./client.mjs";
import { Mock, gate } from "./mock.mjs";
import { Sluice, stopAll, until } from "./sluice.mjs";

const KEY = "sk-proj-caller-0123456789";
const UNSAFE = "DEFAULT@SECLEVEL=0"; // what OpenSSL wants to hear before it speaks TLS 1.1

const CHAT = "/v1/chat/completions";
const MESSAGE = "/v1/messages";
const CHAT_EVENT = event({ choices: [{ index: 0, delta: { content: "é🌍" } }] });
const MESSAGE_EVENT = `event: ping\n${event({ type: "ping" })}`;

let certs, authority, mock, named, selfSigned, expired, future, old, sluice;

const body = (model, more = {}) => ({
  model,
  max_tokens: 9,
  messages: [{ role: "user", content: "hi" }],
  ...more,
});

const ask = (path, model, more) =>
  post(sluice.port, path, body(model, more), { authorization: `Bearer ${KEY}` });

const chat = (model, more) => ask(CHAT, model, more);

/* The models of a provider in both dialects: NAME and NAME-claude. */
const both = (name, table) => ({
  [name]: { models: [name], ...table },
  [`${name}-claude`]: { models: [`${name}-claude`], dialect: "anthropic", ...table },
});

before(async () => {
  certs = await Certs.start();
  authority = await certs.own("authority");
  const other = await certs.own("other");
  const upstream = await certs.issue("upstream", "IP:127.0.0.1", authority);
  const start = async (identity, options) => {
    const started = await Mock.start({ tls: { ...identity, ...options } });
    started.handshakes = 0;
    started.server.on("secureConnection", () => started.handshakes++);
    return started;
  };
  mock = await start(upstream);
  named = await start(await certs.issue("named", "DNS:api.provider.test", authority));
  selfSigned = await start(await certs.own("self-signed", "IP:127.0.0.1"));
  expired = await start(await certs.issue("expired", "IP:127.0.0.1", authority, [-3, -1]));
  future = await start(await certs.issue("future", "IP:127.0.0.1", authority, [1, 3]));
  old = await start(upstream, { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: UNSAFE });
  const trusted = { ca_file: authority.certFile };
  const providers = {
    openai: { ...trusted, base_url: mock.url, models: ["gpt"] },
    anthropic: { ...trusted, base_url: mock.url, models: ["claude"] },
    environment: { base_url: mock.url, models: ["environment"] },
    ...both("unknown-ca", { ca_file: other.certFile, base_url: mock.url }),
    ...both("self-signed", { base_url: selfSigned.url }),
    ...both("wrong-name", { ...trusted, base_url: mock.url.replace("127.0.0.1", "localhost") }),
    ...both("wrong-address", { ...trusted, base_url: named.url }),
    ...both("expired", { ...trusted, base_url: expired.url }),
    ...both("future", { ...trusted, base_url: future.url }),
    ...both("old", { ...trusted, base_url: old.url }),
  };
  sluice = await Sluice.start({ providers }, { env: { SSL_CERT_FILE: authority.certFile } });
});

beforeEach(() => mock.reset());

after(() => stopAll(sluice, mock, named, selfSigned, expired, future, old, certs));

test("a private authority: chat, stream, and the connection is kept", async () => {
  for (let i = 0; i < 3; i++) {
    assert.equal((await chat("gpt")).json().choices[0].message.content, "You said: hi");
    const streamed = await chat("gpt", { stream: true });
    assert.ok(streamed.isWhole);
    assert.match(streamed.text(), /data: \[DONE\]\n\n$/);
  }
  assert.equal(mock.connections, 1);
  assert.equal(mock.last.header("authorization"), `Bearer ${KEY}`);
  assert.equal(mock.last.header("host"), `127.0.0.1:${mock.port}`);
});

test("without ca_file the environment tells whom to trust", async () => {
  assert.equal((await chat("environment")).status, 200);
});

test("a session is resumed on the next connection", async () => {
  const reused = [];
  mock.always(async (seen, wire) => {
    await seen.body();
    reused.push(wire.socket.isSessionReused());
    await wire.json(200, { choices: [] }, { connection: "close" });
  });
  for (let i = 0; i < 4; i++) assert.equal((await chat("gpt")).status, 200);
  assert.deepEqual(reused.slice(1), [true, true, true]);
});

for (const [how, end] of [
  ["with close_notify", (socket) => socket.end()],
  ["without close_notify", (socket) => socket.destroy()],
])
  test(`connections that the provider closed while idle, ${how}, are no fault`, async () => {
    const idle = new Set();
    mock.always(async (seen, wire) => {
      idle.add(wire.socket);
      await wire.json(200, { choices: [] });
    });
    for (let i = 0; i < 20; i++) {
      assert.equal((await chat("gpt")).status, 200);
      const closed = [...idle].map((socket) => {
        const gone = new Promise((resolve) => socket.once("close", resolve));
        end(socket);
        return gone;
      });
      idle.clear();
      await Promise.all(closed);
    }
    assert.equal(mock.requests.length, 20);
  });

for (const [name, server, says] of [
  ["unknown-ca", () => mock, /of 127\.0\.0\.1: unable to get local issuer certificate \(.*ca_file/],
  ["self-signed", () => selfSigned, /of 127\.0\.0\.1: self-signed certificate \(set ca_file/],
  ["wrong-name", () => mock, /of localhost: hostname mismatch/],
  ["wrong-address", () => named, /of 127\.0\.0\.1: IP address mismatch/],
  ["expired", () => expired, /of 127\.0\.0\.1: certificate has expired/],
  [
    "future",
    () => future,
    /of 127\.0\.0\.1: certificate is not yet valid \(is the clock right\?\)/,
  ],
  ["old", () => old, /could not complete the TLS handshake with 127\.0\.0\.1: .*protocol version/],
])
  test(`refused: ${name}`, async () => {
    const handshakes = server().handshakes;
    for (const more of [{}, { stream: true }]) {
      const answer = await chat(name, more);
      assert.equal(answer.status, 502);
      assert.equal(answer.header("x-to11-error-code"), "upstream");
      assert.equal(answer.header("x-to11-upstream-provider"), name);
      const { error } = answer.json();
      assert.equal(error.code, "upstream_unreachable");
      assert.ok(error.message.startsWith(`provider "${name}": `), error.message);
      assert.match(error.message, says);
    }
    const answer = await ask(MESSAGE, `${name}-claude`);
    assert.equal(answer.status, 502);
    assert.equal(answer.json().type, "error");
    assert.equal(answer.json().error.type, "api_error");
    assert.match(answer.json().error.message, says);
    assert.equal(server().requests.length, 0, "no byte of a request");
    assert.equal(server().handshakes, handshakes, "nor a handshake that was finished");
  });

const closed = (wire) => wire.close();
const cut = (wire) => wire.cut();

for (const [label, path, model, first] of [
  ["chat", CHAT, "gpt", CHAT_EVENT],
  ["messages", MESSAGE, "claude", MESSAGE_EVENT],
])
  for (const [how, end] of [
    ["with close_notify", closed],
    ["without close_notify", cut],
  ])
    test(`a stream cut ${how} ends in an error event: ${label}`, async () => {
      const held = gate();
      mock.once(async (seen, wire) => {
        await seen.body();
        await wire.streamHead();
        await wire.chunk(first);
        await held.opened;
        end(wire);
      });
      const connection = await Connection.open(sluice.port);
      const headers = { "content-type": "application/json" };
      const text = JSON.stringify(body(model, { stream: true }));
      await connection.write(request({ path, headers, body: text }));
      await connection.when((bytes) => bytes.includes(first), "the first event");
      held.open();
      const answer = await connection.answer();
      assert.equal(answer.status, 200);
      assert.ok(!answer.isWhole && answer.closed);
      assert.ok(answer.text().startsWith(first));
      const told = answer
        .text()
        .slice(first.length)
        .match(/^\n*(event: error\n)?data: (.*)\n\n$/);
      assert.ok(told, answer.text());
      assert.equal(Boolean(told[1]), label === "messages");
      assert.equal(typeof JSON.parse(told[2]).error.message, "string");
    });

const BODY = '{"id":"x","choices":[]}';
const LENGTH = BODY.length;

for (const [label, headers, bytes, end, status] of [
  ["short of its length", { "content-length": LENGTH + 1 }, BODY, closed, 502],
  ["short of its length, no close_notify", { "content-length": LENGTH + 1 }, BODY, cut, 502],
  ["all of its length, no close_notify", { "content-length": LENGTH }, BODY, cut, 200],
  [
    "all but the last chunk, no close_notify",
    { "transfer-encoding": "chunked" },
    `${LENGTH.toString(16)}\r\n${BODY}\r\n`,
    cut,
    502,
  ],
  ["with the connection", { connection: "close" }, BODY, closed, 200],
  ["with the connection, no close_notify", { connection: "close" }, BODY, cut, 502],
])
  test(`an answer that ends ${label}: ${status}`, async () => {
    mock.once(async (seen, wire) => {
      await seen.body();
      await wire.head(200, { "content-type": "application/json", ...headers });
      await wire.raw(bytes);
      end(wire);
    });
    const answer = await chat("gpt");
    assert.equal(answer.status, status);
    assert.ok(answer.isWhole);
    if (status === 200) assert.equal(answer.text(), BODY);
    else assert.equal(answer.json().error.code, "upstream_broken");
  });

test("a file that ends with the connection: whole, or visibly not", async () => {
  for (const [end, whole] of [
    [closed, true],
    [cut, false],
  ]) {
    mock.once(async (seen, wire) => {
      await seen.body();
      await wire.head(200, { "content-type": "audio/wav", connection: "close" });
      await wire.raw(Buffer.alloc(100000, 7));
      end(wire);
    });
    const answer = await ask("/v1/audio/speech", "gpt", { input: "x" });
    assert.ok(answer.status === 200 || (answer.status === 502 && !whole));
    if (answer.status === 200) assert.equal(answer.isWhole, whole);
    if (whole) assert.equal(answer.body.length, 100000);
  }
});

test("afterwards it serves on, and has closed what it opened", async () => {
  for (const { sockets } of [mock, named, selfSigned, expired, future, old])
    for (const socket of sockets) socket.destroy();
  await until(() => sluice.fds() <= sluice.fdsAtStart + 2, "the descriptors to be closed");
  assert.equal((await chat("gpt")).status, 200);
});

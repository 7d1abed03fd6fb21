/* TLS towards callers, and towards the provider behind them. See tls_upstream.test.mjs for whom the gateway trusts. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { X509Certificate, randomBytes } from "node:crypto";
import net from "node:net";
import path from "node:path";
import { Duplex } from "node:stream";
import { after, before, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { answer as provider, event } from "./answers.mjs";
import { Certs } from "./certs.mjs";
import { Connection, request } from "./client.mjs";
import { Mock, gate } from "./mock.mjs";
import { Sluice, stopAll, until, within } from "./sluice.mjs";

const MIB = 1 << 20;
const TRIES = 16; // connections, enough to reach both workers
const STREAMS = 48;
const UNSAFE = "DEFAULT@SECLEVEL=0"; // what OpenSSL wants to hear before it speaks TLS 1.1
const KEY = "sk-proj-caller-0123456789";
const JSON_TYPE = { "content-type": "application/json" };
const CHAT_EVENT = event({ choices: [{ index: 0, delta: { content: "é🌍" } }] });

const here = path.dirname(fileURLToPath(import.meta.url));
const run = promisify(execFile);

let certs, authority, gateway, upstream, mock, sluice;

const secure = (options) => Connection.secure(sluice.port, { ca: authority.cert, ...options });

/* One request on a connection of its own. */
async function ask(parts, options) {
  const connection = await secure(options);
  try {
    await connection.write(request(parts));
    return await connection.answer(parts.method);
  } finally {
    connection.close();
  }
}

const chat = (model, body = {}) => ({
  method: "POST",
  path: "/v1/chat/completions",
  headers: JSON_TYPE,
  body: JSON.stringify({ messages: [{ role: "user", content: "hi" }], model, ...body }),
});

/* A stream that is cut after its first event, for models that say so; else what a provider does. */
async function scripted(seen, wire) {
  const body = await seen.json();
  if (!body.model.endsWith("-cut")) return provider(seen, wire);
  await wire.streamHead();
  await wire.chunk(seen.path.endsWith("/messages") ? event({ type: "ping" }) : CHAT_EVENT);
  return wire.cut();
}

const config = () => {
  const trusted = { base_url: mock.url, ca_file: authority.certFile };
  const unknown = { base_url: mock.url, ca_file: gateway.certFile };
  return {
    server: { workers: 2, tls_cert: gateway.certFile, tls_key: gateway.keyFile },
    providers: {
      openai: { ...trusted, models: ["gpt", "gpt-cut"] },
      anthropic: { ...trusted, models: ["claude", "claude-cut"] },
      unknown: { ...unknown, models: ["unknown-ca"] },
      "unknown-too": { ...unknown, models: ["unknown-ca-claude"], dialect: "anthropic" },
    },
  };
};

before(async () => {
  certs = await Certs.start();
  authority = await certs.own("authority");
  gateway = await certs.issue("gateway", "DNS:localhost,IP:127.0.0.1", authority);
  upstream = await certs.issue("upstream", "IP:127.0.0.1", authority);
  mock = await Mock.start({ tls: upstream });
  sluice = await Sluice.start(config());
});

beforeEach(() => mock.reset());

after(() => stopAll(sluice, mock, certs));

test("the SDKs, with nothing set but the authority to trust", async () => {
  mock.always(scripted);
  const origin = `https://localhost:${sluice.port}`;
  const { stdout } = await within(
    run(process.execPath, [path.join(here, "application.mjs")], {
      env: {
        ...process.env,
        NODE_EXTRA_CA_CERTS: authority.certFile,
        OPENAI_API_KEY: KEY,
        OPENAI_BASE_URL: `${origin}/v1`,
        ANTHROPIC_API_KEY: KEY,
        ANTHROPIC_BASE_URL: origin,
      },
    }),
    "the application",
  );
  const {
    "chatStream gpt-cut": chatCut,
    "messageStream claude-cut": messageCut,
    ...rest
  } = JSON.parse(stdout);
  assert.deepEqual(rest, {
    "chat gpt": "You said: hi",
    "chatStream gpt": "You said: hi",
    "message claude": "You said: hi",
    "messageStream claude": "You said: hi",
    "chat unknown-ca": "thrown: InternalServerError 502",
    "message unknown-ca-claude": "thrown: InternalServerError 502",
  });
  assert.match(chatCut, /^thrown: /);
  assert.match(messageCut, /^thrown: /);
});

describe("towards callers", () => {
  for (const version of ["TLSv1.2", "TLSv1.3"]) {
    const only = { minVersion: version, maxVersion: version };

    test(`${version}: a connection is kept, and pipelined requests are answered in order`, async () => {
      const connection = await secure(only);
      assert.equal(connection.socket.getProtocol(), version);
      assert.equal(connection.socket.alpnProtocol, "http/1.1");
      for (const text of ["one", "two"]) {
        const messages = [{ role: "user", content: text }];
        await connection.write(request(chat("gpt", { messages })));
        const { choices } = (await connection.answer()).json();
        assert.equal(choices[0].message.content, `You said: ${text}`);
      }
      await connection.write(
        Buffer.concat([request(chat("gpt")), request({ path: "/health" }), request(chat("none"))]),
      );
      const statuses = [];
      for (let i = 0; i < 3; i++) statuses.push((await connection.answer()).status);
      assert.deepEqual(statuses, [200, 200, 404]);
      connection.close();
    });

    test(`${version}: a session is resumed, by whichever worker`, async () => {
      const first = await secure(only);
      const sessions = [];
      first.socket.on("session", (session) => sessions.push(session));
      if (version === "TLSv1.2") sessions.push(first.socket.getSession());
      await first.write(request({ path: "/health" }));
      assert.equal((await first.answer()).status, 200);
      await until(() => sessions.length, "a session");
      first.close();
      assert.ok(!first.socket.isSessionReused());
      for (let i = 0; i < TRIES; i++) {
        const connection = await secure({ ...only, session: sessions[0] });
        assert.ok(connection.socket.isSessionReused(), `connection ${i}`);
        await connection.write(request({ path: "/health" }));
        assert.equal((await connection.answer()).status, 200);
        connection.close();
      }
    });

    test(`${version}: one byte of a request to a record`, async () => {
      const connection = await secure(only);
      for (const byte of request(chat("gpt"))) await connection.write(Buffer.from([byte]));
      assert.equal((await connection.answer()).status, 200);
      connection.close();
    });

    test(`${version}: a caller who leaves without close_notify: the provider is cancelled`, async () => {
      mock.once(async (seen, wire) => {
        await seen.body();
        await wire.streamHead();
        await wire.chunk(CHAT_EVENT);
        await seen.gone;
      });
      const connection = await secure(only);
      await connection.write(request(chat("gpt", { stream: true })));
      await connection.when((bytes) => bytes.includes("é🌍"), "the first event");
      connection.close();
      await within(mock.last.gone, "the provider's connection to be closed");
    });
  }

  test("it says close_notify before it closes", async () => {
    const raw = net.connect(sluice.port, "127.0.0.1");
    const came = [];
    const socket = new Duplex({
      read() {},
      write: (bytes, _, done) => void raw.write(bytes, done),
      final: (done) => void raw.end(done),
    });
    raw.on("data", (bytes) => {
      came.push(bytes);
      socket.push(bytes);
    });
    raw.on("end", () => socket.push(null));
    raw.on("error", () => {});
    const ended = new Promise((resolve) => raw.once("close", resolve));
    const connection = await secure({ socket, maxVersion: "TLSv1.2" });
    const parts = chat("gpt");
    await connection.write(request({ ...parts, headers: { ...JSON_TYPE, connection: "close" } }));
    assert.ok((await connection.answer()).isWhole);
    await within(ended, "the end");
    const bytes = Buffer.concat(came);
    const types = [];
    for (let at = 0; at < bytes.length; at += 5 + bytes.readUInt16BE(at + 3)) types.push(bytes[at]);
    assert.deepEqual(types.slice(-2), [23, 21], "application data, alert");
  });

  for (const [label, options, says] of [
    [
      "TLS 1.1",
      { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: UNSAFE },
      /PROTOCOL_VERSION/,
    ],
    ["HTTP/2 alone", { ALPNProtocols: ["h2"] }, /NO_APPLICATION_PROTOCOL/],
    [
      "CBC alone",
      { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES128-SHA" },
      /HANDSHAKE_FAILURE/,
    ],
  ])
    test(`${label} is refused, by an alert`, async () => {
      await assert.rejects(secure(options), (error) => {
        assert.match(String(error.code), says);
        return true;
      });
    });

  test("who offers HTTP/2 as well gets HTTP/1.1; who offers nothing is served", async () => {
    for (const [offered, chosen] of [
      [["h2", "http/1.1"], "http/1.1"],
      [undefined, false],
    ]) {
      const connection = await secure({ ALPNProtocols: offered });
      assert.equal(connection.socket.alpnProtocol, chosen);
      await connection.write(request({ path: "/health" }));
      assert.equal((await connection.answer()).status, 200);
      connection.close();
    }
  });

  for (const [label, bytes] of [
    ["plain HTTP", request(chat("gpt"))],
    ["noise", Buffer.alloc(4096, 0xff)],
    ["a record longer than any", Buffer.from([22, 3, 1, 0xff, 0xff, 1])],
  ])
    test(`${label} is refused, and answered by no HTTP`, async () => {
      const connection = await Connection.open(sluice.port);
      await connection.write(bytes);
      const came = await connection.when(() => false, "the end");
      assert.ok(came.length === 0 || came[0] === 21, `an alert at most, not ${came}`);
      assert.equal(mock.requests.length, 0);
      assert.equal((await ask({ path: "/health" })).status, 200);
    });

  test("a handshake that stops is closed after header_timeout_ms", async () => {
    const hasty = await Sluice.start({
      ...config(),
      server: { ...config().server, header_timeout_ms: 150 },
    });
    try {
      for (const begun of [[], [22], [22, 3, 1, 0, 100, 1]]) {
        const connection = await Connection.open(hasty.port);
        await connection.write(Buffer.from(begun));
        assert.equal((await connection.when(() => false, "the end")).length, 0);
      }
    } finally {
      await hasty.stop();
    }
  });

  test("SIGHUP takes a new certificate; open connections go on, and streams in them", async () => {
    const shown = async () => {
      const connection = await secure();
      const { fingerprint256 } = connection.socket.getPeerCertificate();
      connection.close();
      return fingerprint256;
    };
    const everywhere = async (wanted) => {
      for (let i = 0; i < TRIES; i++) if ((await shown()) !== wanted) return false;
      return true;
    };
    const before = await shown();
    const kept = await secure();
    const rest = gate();
    mock.once(async (seen, wire) => {
      await seen.body();
      await wire.streamHead();
      await wire.chunk(CHAT_EVENT);
      await rest.opened;
      await wire.chunk("data: [DONE]\n\n");
      await wire.lastChunk();
    });
    await kept.write(request(chat("gpt", { stream: true })));
    await kept.when((bytes) => bytes.includes("é🌍"), "the first event");

    const from = sluice.lines.length;
    gateway = await certs.issue("gateway", "DNS:localhost,IP:127.0.0.1", authority);
    const renewed = new X509Certificate(gateway.cert).fingerprint256;
    assert.notEqual(renewed, before);
    assert.equal(await shown(), before, "nothing changes unasked");
    sluice.signal("SIGHUP");
    await until(() => everywhere(renewed), "the new certificate");

    rest.open();
    const answer = await kept.answer();
    assert.ok(answer.isWhole);
    assert.equal(answer.text(), `${CHAT_EVENT}data: [DONE]\n\n`);
    await kept.write(request(chat("gpt")));
    assert.equal((await kept.answer()).status, 200);
    kept.close();

    /* And one that does not fit its key changes nothing, and says so. */
    await sluice.write({ ...config(), server: { ...config().server, tls_key: upstream.keyFile } });
    sluice.signal("SIGHUP");
    const told = await sluice.line((line) => line.level === "error" && line.msg, "an error", from);
    assert.match(told, /could not use key .*upstream\.key: it is not the key of .*gateway\.crt/);
    assert.ok(await everywhere(renewed));
    await sluice.write(config());
  });
});

describe("many and much", () => {
  test(`${STREAMS} streams at once, each of them to the byte`, async () => {
    const streams = Array.from({ length: STREAMS }, (_, index) => [
      ...Array.from({ length: 100 }, (_, i) => {
        const content = randomBytes(1 + ((i * 97 + index * 31) % 4000)).toString("base64");
        return event({ choices: [{ index: 0, delta: { content } }] });
      }),
      "data: [DONE]\n\n",
    ]);
    mock.always(async (seen, wire) => {
      const { messages } = await seen.json();
      return wire.stream(streams[Number(messages[0].content)]);
    });
    const ends = streams.map(async (pieces, index) => {
      const messages = [{ role: "user", content: String(index) }];
      const answer = await ask(chat("gpt", { stream: true, messages }));
      assert.ok(answer.isWhole, `stream ${index}`);
      assert.ok(answer.text() === pieces.join(""), `stream ${index}`);
    });
    await within(Promise.all(ends), "the streams", 60000);
  });

  for (const version of ["TLSv1.2", "TLSv1.3"])
    for (const framing of ["length", "chunked"])
      test(`4 MiB up and down, ${framing}, ${version}`, async () => {
        const bytes = randomBytes(4 * MIB + 1);
        const pieces = [];
        for (let at = 0; at < bytes.length; at += 100_003)
          pieces.push(bytes.subarray(at, at + 100_003));
        mock.once(async (seen, wire) => {
          const body = await seen.body();
          if (framing === "length") return wire.whole(200, {}, body);
          await wire.head(200, { "transfer-encoding": "chunked" });
          for (const piece of pieces) await wire.chunk(piece);
          return wire.lastChunk();
        });
        const chunks = pieces.flatMap((piece) => [
          `${piece.length.toString(16)}\r\n`,
          piece,
          "\r\n",
        ]);
        const chunked = Buffer.concat([...chunks, "0\r\n\r\n"].map((part) => Buffer.from(part)));
        const answer = await ask(
          {
            method: "POST",
            path: "/providers/openai/echo",
            headers: framing === "length" ? {} : { "transfer-encoding": "chunked" },
            body: framing === "length" ? bytes : chunked,
          },
          { minVersion: version, maxVersion: version },
        );
        assert.equal(answer.status, 200);
        assert.ok(answer.isWhole);
        assert.ok((await mock.last.body()).equals(bytes), "up");
        assert.ok(answer.body.equals(bytes), "down");
      });
});

test("afterwards it serves on, and has closed what it opened", async () => {
  for (const socket of mock.sockets) socket.destroy();
  await until(() => sluice.fds() <= sluice.fdsAtStart + 2, "the descriptors to be closed");
  assert.deepEqual((await ask({ path: "/health" })).json(), { status: "ok" });
});

/* The way to providers through a proxy: what it is told, what it must not be, and what becomes of its refusals. And
 * connections that do not come about in time. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import net from "node:net";
import { after, before, beforeEach, test } from "node:test";
import { Certs } from "./certs.mjs";
import { Connection, post } from "./client.mjs";
import { Mock, gate } from "./mock.mjs";
import { Proxy } from "./proxy.mjs";
import { Sluice, stopAll, until, within } from "./sluice.mjs";

const CHAT = "/v1/chat/completions";
const MESSAGES = [{ role: "user", content: "hi" }];
const KEY = "Bearer sk-proj-caller-0123456789";
const PASSWORD = "wörd:/@";
const BASIC = Buffer.from(`caller:${PASSWORD}`).toString("base64");

let certs, authority, far, direct, plain, full, proxy, sluice;

/* What the gateway finds in its environment, and nothing of what stands in ours. */
const proxyEnv = (HTTPS_PROXY, NO_PROXY = "", https_proxy = "") => ({
  HTTPS_PROXY,
  https_proxy,
  NO_PROXY,
  no_proxy: "",
});

const ask = (model, path = CHAT) =>
  post(sluice.port, path, { model, messages: MESSAGES, max_tokens: 9 }, { authorization: KEY });

/* A server that never accepts. */
const DEAF = `
const server = require("node:net").createServer();
server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
  require("node:fs").writeSync(1, String(server.address().port));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});`;

/* A port where the kernel takes no connection any more, because nobody does and the queue is full. */
async function fullPort() {
  const child = spawn(process.execPath, ["-e", DEAF], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = new Promise((resolve) => child.once("close", resolve));
  const said = new Promise((resolve) => child.stdout.once("data", resolve));
  const port = Number(await within(said, "its port"));
  const waiting = []; // the kernel takes one more than the backlog
  for (let i = 0; i < 2; i++) waiting.push(await Connection.open(port));
  const stop = () => {
    for (const connection of waiting) connection.close();
    child.kill("SIGKILL");
    return exited;
  };
  return { port, stop };
}

before(async () => {
  certs = await Certs.start();
  authority = await certs.own("authority");
  far = await Mock.start({ tls: await certs.issue("far", "DNS:api.provider.test", authority) });
  direct = await Mock.start({ tls: await certs.issue("direct", "IP:127.0.0.1", authority) });
  plain = await Mock.start();
  full = await fullPort();
  proxy = await Proxy.start(far.port);
  const short = { connect_timeout_ms: 150 };
  const table = (name, base_url, more) => ({
    [name]: { base_url, models: [name], ca_file: authority.certFile, ...more },
  });
  const failing = "https://api.provider.test:8443/v1";
  const providers = {
    ...table("gpt", "https://api.provider.test/v1"),
    ...table("pieces", "https://api.provider.test:1443/v1"),
    ...table("failing", failing),
    ...table("failing-claude", failing, { dialect: "anthropic" }),
    ...table("hung", "https://hung.provider.test/v1", short),
    ...table("forged", "https://api.other.test/v1"),
    ...table("direct", direct.url),
    ...table("below", "https://api.example.invalid/v1"),
    ...table("plain", plain.url),
    ...table("full", `http://127.0.0.1:${full.port}/v1`, short),
    ...table("full-tls", `https://127.0.0.1:${full.port}/v1`, short),
  };
  const url = `http://caller:${encodeURIComponent(PASSWORD)}@127.0.0.1:${proxy.port}/`;
  const env = proxyEnv(url, "127.0.0.1, .example.invalid");
  sluice = await Sluice.start({ providers }, { env });
});

beforeEach(() => {
  for (const each of [proxy, far, direct, plain]) each.reset();
});

after(() => stopAll(sluice, proxy, far, direct, plain, full, certs));

test("CONNECT by name, then TLS with the provider, and the tunnel is kept", async () => {
  for (let i = 0; i < 3; i++) {
    const answer = await ask("gpt");
    assert.equal(answer.status, 200);
    assert.equal(answer.json().choices[0].message.content, "You said: hi");
  }
  assert.equal(proxy.heads.length, 1);
  const [line, ...fields] = proxy.heads[0].split("\r\n");
  assert.equal(line, "CONNECT api.provider.test:443 HTTP/1.1");
  assert.deepEqual(
    fields
      .map((field) => field.toLowerCase())
      .filter(Boolean)
      .sort(),
    ["host: api.provider.test:443", `proxy-authorization: basic ${BASIC.toLowerCase()}`],
  );
  assert.ok(proxy.heads[0].includes(`Basic ${BASIC}\r\n`));
  assert.equal(far.requests.length, 3);
  for (const seen of far.requests) {
    assert.ok(!seen.has("proxy-authorization"));
    assert.ok(!seen.head.includes(BASIC));
    assert.equal(seen.header("host"), "api.provider.test");
    assert.equal(seen.header("authorization"), KEY);
  }
});

test("NO_PROXY, and providers without TLS, are asked directly", async () => {
  assert.equal((await ask("direct")).status, 200);
  assert.equal((await ask("plain")).status, 200);
  assert.equal((await ask("below")).status, 502);
  assert.equal(direct.requests.length + plain.requests.length, 2);
  for (const seen of [direct.last, plain.last]) assert.ok(!seen.has("proxy-authorization"));
  assert.equal(proxy.heads.length, 0);
});

test("the proxy's answer in pieces", async () => {
  proxy.once(async (socket) => {
    for (const byte of Buffer.from("HTTP/1.0 200 ok\r\nx: y\r\n\r\n"))
      await new Promise((resolve) => socket.write(Buffer.from([byte]), resolve));
    return true;
  });
  assert.equal((await ask("pieces")).status, 200);
  assert.equal(proxy.heads.length, 1);
});

for (const [label, said, says] of [
  ["407", "407 Proxy Authentication Required\r\ncontent-length: 0", /answered 407 to CONNECT/],
  ["502", "502 Bad Gateway\r\ncontent-length: 3\r\n\r\nno!", /answered 502 to CONNECT/],
  ["a redirect", "302 Found\r\nlocation: https://elsewhere.test/", /answered 302 to CONNECT/],
  ["bytes of nobody's behind its 200", "200 ok\r\n\r\nHTTP/1.1 200 ok\r\n\r\n", /CONNECT/],
])
  test(`the proxy answers ${label}: 502`, async () => {
    for (const [model, apiPath] of [
      ["failing", CHAT],
      ["failing-claude", "/v1/messages"],
    ]) {
      proxy.once((socket) => void socket.write(`HTTP/1.1 ${said}\r\n\r\n`));
      const answer = await ask(model, apiPath);
      assert.equal(answer.status, 502);
      assert.equal(answer.header("x-to11-error-code"), "upstream");
      const { error, type } = answer.json();
      assert.equal(type, model === "failing" ? undefined : "error");
      assert.match(error.message, says);
      assert.ok(!answer.bytes.includes(BASIC) && !answer.bytes.includes(PASSWORD));
    }
    assert.equal(proxy.heads.length, 2, "asked once each");
    assert.equal(far.requests.length, 0);
  });

for (const [label, end] of [
  ["closes", (socket) => void socket.end()],
  ["resets", (socket) => void socket.resetAndDestroy()],
  ["speaks no HTTP", (socket) => void socket.end("220 mail.test ESMTP\r\n\r\n")],
])
  test(`the proxy ${label}: 502`, async () => {
    proxy.once(end);
    const answer = await ask("failing");
    assert.equal(answer.status, 502);
    assert.equal(answer.json().error.code, "upstream_unreachable");
    assert.equal(far.requests.length, 0);
  });

test("a proxy that leads elsewhere is found out", async () => {
  const answer = await ask("forged");
  assert.equal(answer.status, 502);
  assert.match(answer.json().error.message, /of api\.other\.test: hostname mismatch/);
  assert.equal(proxy.heads.length, 1);
  assert.equal(far.requests.length, 0);
});

test("a proxy that never answers: 504 after connect_timeout_ms, and it is left", async () => {
  const left = gate();
  proxy.once((socket) => void socket.once("close", left.open));
  const answer = await ask("hung");
  assert.equal(answer.status, 504);
  assert.equal(answer.json().error.code, "upstream_timeout");
  await within(left.opened, "its connection to be closed");
});

for (const model of ["full", "full-tls"])
  test(`connecting takes longer than connect_timeout_ms: 504: ${model}`, async () => {
    const answer = await ask(model);
    assert.equal(answer.status, 504);
    assert.equal(answer.json().error.code, "upstream_timeout");
    assert.match(answer.json().error.message, /connect/);
  });

test("a proxy that is not there: 502; by the variable in small letters", async () => {
  const dead = net.createServer();
  await new Promise((resolve) => dead.listen(0, "127.0.0.1", resolve));
  const { port } = dead.address();
  await new Promise((resolve) => dead.close(resolve));
  const providers = { openai: { base_url: "https://api.provider.test/v1", models: ["gpt"] } };
  const env = proxyEnv("", "", `127.0.0.1:${port}`);
  const lone = await Sluice.start({ providers }, { env });
  try {
    const answer = await post(lone.port, CHAT, { model: "gpt" });
    assert.equal(answer.status, 502);
    assert.match(answer.json().error.message, new RegExp(`127\\.0\\.0\\.1:${port}`));
  } finally {
    await lone.stop();
  }
});

for (const url of [
  "socks5://caller:geheim@127.0.0.1:1080",
  "https://caller:geheim@127.0.0.1:1080",
  "http://caller:geheim@127.0.0.1:0",
  "http://caller:geheim@127.0.0.1:99999",
  "http://caller:geheim@:1080",
  "http://caller:geheim%zz@127.0.0.1:1080",
])
  test(`HTTPS_PROXY=${url}: no start, and it says why but not what`, async () => {
    await assert.rejects(Sluice.start({}, { env: proxyEnv(url) }), (error) => {
      assert.match(error.message, /the gateway ended \(1\).*HTTPS_PROXY/s);
      assert.ok(!error.message.includes("geheim"));
      return true;
    });
  });

test("the proxy's password and the caller's key are in no log and no metric", async () => {
  const answer = await ask("gpt");
  await sluice.logged(answer.header("x-gateway-request-id"));
  assert.ok(sluice.lines.filter(({ msg }) => msg === "request").length > 10, "it does log");
  const told = sluice.stderr + (await (await fetch(`${sluice.admin}/metrics`)).text());
  for (const secret of [PASSWORD, encodeURIComponent(PASSWORD), BASIC, KEY.split(" ")[1]])
    assert.ok(!told.includes(secret), secret);
});

test("afterwards it has closed what it opened", async () => {
  for (const { sockets } of [proxy, far, direct, plain])
    for (const socket of sockets) socket.destroy();
  await until(() => sluice.fds() <= sluice.fdsAtStart + 2, "the descriptors to be closed");
});

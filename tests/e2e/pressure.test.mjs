/* Back-pressure: whoever reads slowly slows the one who writes, through the gateway and past its memory. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import { Connection, request } from "./client.mjs";
import { Mock, gate } from "./mock.mjs";
import { Sluice, stopAll, until, within } from "./sluice.mjs";

const MIB = 1 << 20;
const TOTAL = 160 * MIB; // what is offered
const IN_KERNEL = 64 * MIB; // what the sockets of both sides may hold of it
const GROWTH = 32 * MIB; // of the gateway's memory

let mock, sluice;

before(async () => {
  mock = await Mock.start();
  sluice = await Sluice.start({
    server: { max_body_bytes: 4 * TOTAL },
    providers: { openai: { base_url: mock.url, models: ["gpt-4o"] } },
  });
});

after(() => stopAll(sluice, mock));

/* Runs requests past the gateway until `count` stands still meanwhile. Each of them is some turns of its loop, so it has
 * had every chance to move it. */
async function standsStill(count) {
  await until(async () => {
    const had = count();
    for (let i = 0; i < 25; i++)
      await fetch(`${sluice.origin}/health`).then((answer) => answer.text());
    return count() === had;
  }, "the flow to stop");
  return count();
}

const piece = Buffer.alloc(
  64 << 10,
  "data: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789\n\n",
);

for (const [label, type, framing] of [
  ["a chunked event stream", "text/event-stream", "chunked"],
  ["a stream that ends with its connection", "text/event-stream", "close"],
  ["a file", "application/octet-stream", "length"],
  ["a JSON answer without a length", "application/json", "chunked"],
])
  test(`a slow reader of ${label} slows the provider`, async () => {
    let sent = 0;
    const hash = createHash("sha256");
    mock.once(async (seen, wire) => {
      await seen.body();
      const headers = { "content-type": type };
      if (framing === "chunked") headers["transfer-encoding"] = "chunked";
      if (framing === "length") headers["content-length"] = TOTAL;
      await wire.head(200, headers);
      while (sent < TOTAL) {
        hash.update(piece);
        await (framing === "chunked" ? wire.chunk(piece) : wire.raw(piece));
        sent += piece.length;
      }
      if (framing === "chunked") await wire.lastChunk();
      if (framing === "close") wire.close();
    });
    const connection = await Connection.open(sluice.port);
    connection.socket.pause();
    const before = sluice.residentBytes();
    await connection.write(request({ path: "/providers/openai/big" }));
    await until(() => sent > 0, "the first piece");
    const stopped = await standsStill(() => sent);
    assert.ok(stopped < IN_KERNEL, `${stopped / MIB} MiB were taken from the provider`);
    const grown = sluice.residentBytes() - before;
    assert.ok(grown < GROWTH, `it grew by ${grown / MIB} MiB`);

    /* And when the caller reads on, all of it comes. */
    const got = await within(readBody(connection), "the rest", 60000);
    assert.equal(got.bytes, TOTAL);
    assert.equal(got.digest, hash.digest("hex"));
    connection.close();
  });

for (const [label, headers] of [
  ["with its length", { "content-length": TOTAL }],
  ["in chunks", { "transfer-encoding": "chunked" }],
])
  test(`a provider that does not read slows an upload ${label}`, async () => {
    const released = gate();
    mock.once(async (seen, wire) => {
      wire.pause();
      await released.opened;
      wire.resume();
      const hash = createHash("sha256").update(await seen.body());
      await wire.json(200, { digest: hash.digest("hex"), bytes: seen.bodyLength });
    });
    const connection = await Connection.open(sluice.port);
    const before = sluice.residentBytes();
    const asked = mock.next();
    const hash = createHash("sha256");
    let taken = 0;
    await connection.write(request({ method: "PUT", path: "/providers/openai/big", headers }));
    const upload = (async () => {
      const chunk = Buffer.concat([
        Buffer.from(`${piece.length.toString(16)}\r\n`),
        piece,
        Buffer.from("\r\n"),
      ]);
      while (taken < TOTAL) {
        hash.update(piece);
        await connection.write(headers["content-length"] ? piece : chunk);
        taken += piece.length;
      }
      if (!headers["content-length"]) await connection.write("0\r\n\r\n");
    })();
    await within(asked, "the request");
    await until(() => taken > 0, "the first piece");
    const stopped = await standsStill(() => taken);
    assert.ok(stopped < IN_KERNEL, `${stopped / MIB} MiB were taken from the caller`);
    const grown = sluice.residentBytes() - before;
    assert.ok(grown < GROWTH, `it grew by ${grown / MIB} MiB`);
    released.open();
    await within(upload, "the upload", 60000);
    const answer = await connection.answer("PUT");
    assert.deepEqual(answer.json(), { digest: hash.digest("hex"), bytes: TOTAL });
    connection.close();
  });

/* Reads an answer to its end without keeping it: its body's length and digest. */
async function readBody(connection) {
  const hash = createHash("sha256");
  let bytes = 0;
  let bytesOfChunk = 0; // still to come of the chunk at hand
  let rest = connection.received();
  let head;
  let chunked;
  let length;
  const take = (count) => {
    hash.update(rest.subarray(0, count));
    bytes += count;
    rest = rest.subarray(count);
  };
  /* True at the end. */
  const chew = () => {
    if (head === undefined) {
      const gap = rest.indexOf("\r\n\r\n");
      if (gap < 0) return false;
      head = rest.subarray(0, gap).toString("latin1");
      chunked = /transfer-encoding: chunked/i.test(head);
      length = Number(head.match(/content-length: ([0-9]+)/i)?.[1]);
      rest = rest.subarray(gap + 4);
    }
    if (!chunked) {
      take(rest.length);
      return bytes === length;
    }
    while (rest.length) {
      if (bytesOfChunk > 2) {
        const count = Math.min(rest.length, bytesOfChunk - 2);
        take(count);
        bytesOfChunk -= count;
      } else if (bytesOfChunk > 0) {
        const count = Math.min(rest.length, bytesOfChunk);
        rest = rest.subarray(count);
        bytesOfChunk -= count;
      } else {
        const line = rest.indexOf("\r\n");
        if (line < 0) return false;
        const size = parseInt(rest.subarray(0, line).toString("latin1"), 16);
        if (size === 0) return rest.length >= line + 4;
        rest = rest.subarray(line + 2);
        bytesOfChunk = size + 2;
      }
    }
    return false;
  };
  return new Promise((resolve) => {
    let isDone = false;
    const done = () => {
      if (!isDone) resolve({ bytes, digest: hash.digest("hex") });
      isDone = true;
    };
    connection.socket.removeAllListeners("data");
    connection.socket.on("data", (data) => {
      rest = rest.length ? Buffer.concat([rest, data]) : data;
      if (chew()) done();
    });
    connection.socket.once("close", done);
    connection.socket.resume();
  });
}

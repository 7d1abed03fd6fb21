/* SIGTERM: no accepted request is lost, nothing new is taken, and the end comes by itself. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Connection, post, request } from "./client.mjs";
import { Mock, gate } from "./mock.mjs";
import { Sluice, stopAll, until, within } from "./sluice.mjs";

const CHAT = { model: "m-1", messages: [{ role: "user", content: "hi" }] };

/* Of each test its own, as each ends it. */
async function setUp(t, server = {}) {
  const mock = await Mock.start();
  const sluice = await Sluice.start({
    server,
    providers: { one: { base_url: mock.url, models: ["m-1"] } },
  });
  t.after(() => stopAll(sluice, mock));
  return { mock, sluice };
}

/* Resolves when no connection can be made any more. */
const refuses = (sluice) =>
  until(
    () =>
      Connection.open(sluice.port).then(
        (connection) => connection.close(),
        () => true,
      ),
    "connections to be refused",
  );

describe("SIGTERM", () => {
  test("without anything to do: ends at once, with 0", async (t) => {
    const both = await setUp(t);
    both.sluice.signal("SIGTERM");
    assert.deepEqual(await within(both.sluice.exited, "the end"), { code: 0, signal: null });
  });

  test("idle connections do not hold it up", async (t) => {
    const both = await setUp(t);
    const idle = await Connection.open(both.sluice.port);
    const used = await Connection.open(both.sluice.port);
    await used.write(request({ path: "/health" }));
    assert.equal((await used.answer()).status, 200);
    both.sluice.signal("SIGTERM");
    await within(both.sluice.exited, "the end");
    await within(Promise.all([idle.closed, used.closed]), "the connections to be closed");
  });

  test("requests in flight are answered, whole", async (t) => {
    const both = await setUp(t);
    const { mock, sluice } = both;
    const held = gate();
    let waiting = 0;
    mock.always(async (seen, wire) => {
      const body = await seen.json();
      waiting++;
      if (body.stream) {
        await wire.streamHead();
        await wire.chunk('data: {"choices":[]}\n\n');
        await held.opened;
        await wire.chunk("data: [DONE]\n\n");
        await wire.lastChunk();
      } else {
        await held.opened;
        await wire.json(200, { user: body.user });
      }
    });
    const asked = Array.from({ length: 40 }, (_, i) =>
      post(sluice.port, "/v1/chat/completions", { ...CHAT, user: `u${i}`, stream: i % 2 === 1 }),
    );
    await until(() => waiting === asked.length, "all requests at the provider");
    sluice.signal("SIGTERM");
    await refuses(sluice);
    assert.ok(!sluice.isOver, "it must wait for them");
    held.open();
    for (const [i, answer] of (await Promise.all(asked)).entries()) {
      assert.equal(answer.status, 200);
      assert.ok(answer.isWhole, `answer ${i}`);
      if (i % 2) assert.match(answer.text(), /\[DONE\]/);
      else assert.deepEqual(answer.json(), { user: `u${i}` });
    }
    assert.deepEqual(await within(sluice.exited, "the end"), { code: 0, signal: null });
  });

  test("a request whose body is still coming is answered too", async (t) => {
    const both = await setUp(t);
    const { mock, sluice } = both;
    const asked = mock.next();
    const connection = await Connection.open(sluice.port);
    const body = JSON.stringify(CHAT);
    const bytes = request({
      method: "POST",
      path: "/v1/chat/completions",
      headers: { "content-type": "application/json" },
      body,
    });
    await connection.write(bytes.subarray(0, bytes.length - 5));
    await within(asked, "the request at the provider");
    sluice.signal("SIGTERM");
    await refuses(sluice);
    await connection.write(bytes.subarray(bytes.length - 5));
    assert.equal((await connection.answer()).status, 200);
    await within(connection.closed, "the connection to be closed after it");
    await within(sluice.exited, "the end");
  });

  for (const workers of [1, 2])
    test(`under load, ${workers} workers: what reached the provider reached the caller`, async (t) => {
      const both = await setUp(t, { workers });
      const { mock, sluice } = both;
      let serial = 0;
      const reached = new Set();
      const answered = new Set();
      mock.always(async (seen, wire) => {
        const { user } = await seen.json();
        reached.add(user);
        await wire.json(200, { user });
      });
      /* Half keep their connection, half open one for each request; a refused or closed one ends the caller. */
      const callers = Array.from({ length: 24 }, async (_, i) => {
        let connection;
        for (;;) {
          const user = `u${serial++}`;
          try {
            connection ??= await Connection.open(sluice.port);
          } catch {
            return;
          }
          await connection.write(
            request({
              method: "POST",
              path: "/v1/chat/completions",
              headers: { "content-type": "application/json" },
              body: JSON.stringify({ ...CHAT, user }),
            }),
          );
          const answer = await connection.answer();
          if (answer.status === 0) {
            assert.equal(answer.bytes.length, 0, "not half an answer");
            assert.ok(!reached.has(user), `${user} was lost`);
          } else if (answer.status === 200) {
            assert.ok(answer.isWhole);
            assert.deepEqual(answer.json(), { user });
            answered.add(user);
          } else {
            assert.equal(answer.status, 503);
          }
          if (i % 2 || answer.closed || /close/i.test(answer.header("connection") ?? "")) {
            connection.close();
            connection = undefined;
          }
        }
      });
      await until(() => answered.size > 300, "some load");
      sluice.signal("SIGTERM");
      await within(Promise.all(callers), "the callers");
      assert.deepEqual(await within(sluice.exited, "the end"), { code: 0, signal: null });
      assert.deepEqual(
        [...reached].filter((user) => !answered.has(user)),
        [],
      );
    });

  test("what does not end within drain_timeout_ms is cut off", async (t) => {
    const both = await setUp(t, { drain_timeout_ms: 150 });
    const { mock, sluice } = both;
    mock.once((seen) => seen.gone);
    const asked = mock.next();
    const answer = post(sluice.port, "/v1/chat/completions", CHAT);
    await within(asked, "the request at the provider");
    sluice.signal("SIGTERM");
    await within(sluice.exited, "the end");
    const { status, isWhole } = await answer;
    assert.ok(status >= 500 || !isWhole);
  });

  test("a second SIGINT ends at once", async (t) => {
    const both = await setUp(t);
    const { mock, sluice } = both;
    mock.once((seen) => seen.gone);
    const asked = mock.next();
    const answer = post(sluice.port, "/v1/chat/completions", CHAT);
    await within(asked, "the request at the provider");
    sluice.signal("SIGINT");
    await refuses(sluice);
    assert.ok(!sluice.isOver, "the first one waits");
    sluice.signal("SIGINT");
    await within(sluice.exited, "the end");
    await answer;
  });
});

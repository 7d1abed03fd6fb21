/* A provider that dies, and a configuration that changes, in the middle of a crowd. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { event } from "./answers.mjs";
import { Connection, request } from "./client.mjs";
import { Keyed, bearer } from "./keyed.mjs";
import { gate } from "./mock.mjs";
import { scrape, total } from "./scrape.mjs";
import { many, openai } from "./sdks.mjs";
import { Sluice, stopAll, until, within } from "./sluice.mjs";

const KEYS = { KEY_A: "sk-gateway-a", KEY_B: "sk-gateway-b" };
const EVENTS = 20; // of a stream; each says who sent it, for whom, and which one it is
const PATIENCE_MS = 120000; // for a crowd on a small machine

const body = (user, stream) => ({
  model: "assistant",
  messages: [{ role: "user", content: "hi" }],
  user,
  ...(stream ? { stream } : {}),
});

const piece = (content, finish_reason = null) =>
  event({ choices: [{ index: 0, delta: { content }, finish_reason }] });

async function sendEvents(wire, name, user, from, to) {
  for (let i = from; i < to; i++) await wire.chunk(piece(`${name} ${user} ${i}`));
}

async function sendEnd(wire) {
  await wire.chunk(piece("", "stop"));
  await wire.chunk("data: [DONE]\n\n");
  await wire.lastChunk();
}

const whole = (name, user) => ({
  choices: [{ index: 0, message: { role: "assistant", content: `${name} ${user}` } }],
});

async function answers(name, { user, stream }, wire) {
  if (!stream) return wire.json(200, whole(name, user));
  await wire.streamHead();
  await sendEvents(wire, name, user, 0, EVENTS);
  return sendEnd(wire);
}

/* What a stream came to: whose it was, how many of its events came, and whether its end did. Fails where an event is
 * missing, comes twice, or is another request's or another provider's. */
function readStream(text, user) {
  const told = { from: null, events: 0, isWhole: false, error: null };
  for (const block of text.split("\n\n")) {
    if (!block.trim()) continue;
    assert.ok(!told.isWhole && !told.error, `${user}: something behind the end`);
    const [, data] = block.match(/^\n*data: (.*)$/) ?? [];
    assert.ok(data, `${user}: ${JSON.stringify(block)}`);
    if (data === "[DONE]") {
      told.isWhole = true;
      continue;
    }
    const { error, choices } = JSON.parse(data);
    told.error = error ?? null;
    if (error || choices[0].finish_reason) continue;
    const [from, whose, number] = choices[0].delta.content.split(" ");
    told.from ??= from;
    assert.deepEqual([from, whose, Number(number)], [told.from, user, told.events]);
    told.events++;
  }
  return told;
}

/* A caller who keeps its connection. */
class Caller {
  constructor(port) {
    this.port = port;
  }

  async ask(asked) {
    this.connection ??= await Connection.open(this.port);
    await this.connection.write(
      request({
        method: "POST",
        path: "/v1/chat/completions",
        headers: { "content-type": "application/json", authorization: "Bearer anything" },
        body: JSON.stringify(asked),
      }),
    );
    const answer = await this.connection.answer("POST");
    if (answer.closed || /close/i.test(answer.header("connection") ?? "")) this.close();
    return answer;
  }

  close() {
    this.connection?.close();
    this.connection = undefined;
  }
}

/* ---- a provider dies ---- */

/* The provider that is to die. From its 300th request on it stops in all stages of an answer, and when it has 100
 * such, it is gone: for each, `stages` says which. */
function mortal(mock, dies) {
  const stages = new Map();
  let count = 0;
  mock.always(async (seen, wire) => {
    const asked = await seen.json();
    if (count++ < 300) return answers("a", asked, wire);
    const isDeep = stages.size % 2 === 1;
    if (!asked.stream) {
      if (isDeep) {
        await wire.head(200, { "content-type": "application/json", "content-length": 1000 });
        await wire.raw(JSON.stringify(whole("a", asked.user)));
      }
    } else if (isDeep) {
      await wire.streamHead();
      await sendEvents(wire, "a", asked.user, 0, EVENTS / 2);
    }
    stages.set(asked.user, isDeep ? "begun" : "silent");
    if (stages.size === 100) dies();
    return seen.gone;
  });
  return stages;
}

for (const strategy of ["fallback", "weighted"])
  describe(`2,000 requests, 200 at a time, ${strategy}, and a target dies`, () => {
    test("no caller notices who has not got a byte, and no stream is begun anew", async (t) => {
      const a = await Keyed.start([bearer(KEYS.KEY_A)]);
      const b = await Keyed.start([bearer(KEYS.KEY_B)]);
      t.after(() => stopAll(a, b));
      const provider = ({ url }, key) => ({
        base_url: url,
        models: [`model-${key}`],
        credential: `env::${key}`,
      });
      const sluice = await Sluice.start(
        {
          server: { workers: 2 },
          providers: { a: provider(a, "KEY_A"), b: provider(b, "KEY_B") },
          targets: { first: { model: "model-KEY_A" }, second: { model: "model-KEY_B" } },
          routes: { r: { models: ["assistant"], strategy, targets: ["first", "second"] } },
          routing: {
            retry: { max_retries: 2, backoff_base_ms: 1, backoff_max_ms: 10 },
            breaker: { failures: 5, window_ms: 3600000, open_ms: 3600000 },
          },
        },
        { env: KEYS },
      );
      t.after(() => stopAll(sluice));
      let killed;
      const stages = mortal(a, () => {
        killed = a.kill();
      });
      const atB = new Set();
      b.always(async (seen, wire) => {
        const asked = await seen.json();
        atB.add(asked.user);
        return answers("b", asked, wire);
      });

      const count = { a: 0, b: 0, cut: 0 };
      const client = openai(sluice);
      const callers = Array.from({ length: 100 }, () => new Caller(sluice.port));
      const streams = many(1000, callers.length, async (i) => {
        const caller = callers.pop();
        const user = `s${i}`;
        const answer = await caller.ask(body(user, true));
        callers.push(caller);
        assert.equal(answer.status, 200, `${user}: ${answer.bytes}`);
        const told = readStream(answer.text(), user);
        assert.equal(told.isWhole, answer.isWhole, `${user}: ${answer.text()}`);
        if (told.isWhole) {
          assert.equal(told.events, EVENTS, user);
          count[told.from]++;
          return;
        }
        /* Its provider died within it: it says so, and nobody else was asked to begin it anew. */
        assert.equal(told.error?.code, "stream_truncated", `${user}: ${answer.text()}`);
        assert.ok(told.from === "a" || told.events === 0, user);
        assert.ok(!atB.has(user), user);
        count.cut++;
      });
      const buffered = many(1000, 100, async (i) => {
        const user = `w${i}`;
        const answer = await client.chat.completions.create(body(user, false));
        const [from, whose] = answer.choices[0].message.content.split(" ");
        assert.equal(whose, user);
        count[from]++;
      });
      await within(Promise.all([streams, buffered]), "the answers", PATIENCE_MS);
      await killed;

      const all = [...stages];
      const begun = all.filter(([user, stage]) => stage === "begun" && user.startsWith("s"));
      assert.equal(all.length, 100, "it died");
      assert.ok(begun.length > 0 && begun.length < 100);
      assert.ok(count.cut >= begun.length, `${count.cut} of ${begun.length}`);
      assert.equal(count.a + count.b + count.cut, 2000);
      for (const [user, stage] of all)
        assert.equal(
          atB.has(user),
          stage === "silent" || user.startsWith("w"),
          `${user}: ${stage}`,
        );
      t.diagnostic(JSON.stringify(count));

      for (const caller of callers) caller.close();
      const families = await until(async () => {
        const page = await scrape(sluice);
        return total(page, "gateway_inflight_requests") === 0 && page;
      }, "nothing under way");
      assert.equal(total(families, "gateway_requests_total", { code: "200" }), 2000);
      assert.equal(total(families, "gateway_requests_total"), 2000);
      assert.equal(total(families, "gateway_target_healthy", { target: "first" }), 0);
      assert.equal(total(families, "gateway_target_healthy", { target: "second" }), 1);
      const attempts = (labels) => total(families, "gateway_upstream_attempts_total", labels);
      assert.equal(attempts({ outcome: "success" }), count.a + count.b);
      assert.equal(attempts({ target: "second", outcome: "success" }), count.b);
      assert.equal(attempts({ target: "second" }), count.b);
      const moved = total(families, "gateway_fallbacks_total", { from: "first", to: "second" });
      assert.equal(attempts({ target: "first" }), count.a + count.cut + moved);
      assert.equal(total(families, "gateway_fallbacks_total"), moved);
    });
  });

/* ---- the configuration changes ---- */

test("1,000 open streams end under the routes they began with; new ones take the new", async (t) => {
  const COUNT = 1000;
  const a = await Keyed.start([bearer(KEYS.KEY_A)]);
  const b = await Keyed.start([bearer(KEYS.KEY_B)]);
  t.after(() => stopAll(a, b));
  const config = (name, mock, key) => ({
    server: { workers: 2 },
    providers: {
      [name]: { base_url: mock.url, models: ["m"], credential: key, max_connections: COUNT },
    },
    targets: { [`at-${name}`]: { model: "m" } },
    routes: { [`to-${name}`]: { models: ["assistant"], targets: [`at-${name}`] } },
  });
  const sluice = await Sluice.start(config("old", a, "env::KEY_A"), { env: KEYS });
  t.after(() => stopAll(sluice));
  const gauge = async (name) => total(await scrape(sluice), name);
  const fds = await gauge("process_open_fds");

  const held = gate();
  a.always(async (seen, wire) => {
    const { user } = await seen.json();
    await wire.streamHead();
    await sendEvents(wire, "a", user, 0, EVENTS / 2);
    await held.opened;
    await sendEvents(wire, "a", user, EVENTS / 2, EVENTS);
    await sendEnd(wire);
  });
  b.always(async (seen, wire) => answers("b", await seen.json(), wire));

  /* Only the connections are opened a few at a time: all of them stay open. */
  const streams = await many(COUNT, 50, async (i) => {
    const connection = await Connection.open(sluice.port);
    const asked = JSON.stringify(body(`s${i}`, true));
    await connection.write(request({ path: "/v1/chat/completions", body: asked }));
    const half = `a s${i} ${EVENTS / 2 - 1}"`;
    await connection.when((bytes) => bytes.includes(half), `${half} of a stream`);
    return connection;
  });
  assert.equal(await gauge("gateway_open_streams"), COUNT);

  for (const round of [1, 2]) {
    const from = sluice.lines.length;
    await sluice.write(config("new", b, "env::KEY_B"));
    sluice.signal("SIGHUP");
    await sluice.line(({ msg }) => /^configuration reloaded/.test(msg), "the reload", from);
    await many(100, 20, async (i) => {
      const user = `r${round}-${i}`;
      const stream = i % 2 === 0;
      const { data, response } = await openai(sluice)
        .chat.completions.create(body(user, stream))
        .withResponse();
      assert.equal(response.headers.get("x-gateway-target"), "at-new");
      let last = data.choices?.[0].message.content;
      if (stream) for await (const { choices } of data) last = choices[0].delta.content || last;
      assert.equal(last, stream ? `b ${user} ${EVENTS - 1}` : `b ${user}`);
    });
    assert.equal(await gauge("gateway_open_streams"), COUNT);
  }
  assert.equal(a.requests.length, COUNT);

  held.open();
  await many(COUNT, COUNT, async (i) => {
    const answer = await streams[i].answer("POST");
    assert.ok(answer.isWhole && answer.status === 200, `s${i}`);
    assert.equal(answer.header("x-gateway-target"), "at-old");
    const told = readStream(answer.text(), `s${i}`);
    assert.deepEqual(told, { from: "a", events: EVENTS, isWhole: true, error: null });
    streams[i].close();
  });

  /* Nothing is left of the old configuration, its kept connections neither; the new one's are ended from afar. */
  await until(() => a.sockets.size === 0, "the connections to the old provider to be closed");
  for (const socket of b.sockets) socket.destroy();
  await until(async () => (await gauge("process_open_fds")) === fds, "the file descriptors");
  assert.equal(await gauge("gateway_open_streams"), 0);
  assert.equal(await gauge("gateway_inflight_requests"), 0);
});

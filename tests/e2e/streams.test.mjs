/* Event streams under conditions that SDK users meet and mocks seldom make: cuts, silence, slow and vanished callers. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { event, namedEvent } from "./answers.mjs";
import { Connection, post, request } from "./client.mjs";
import { Mock } from "./mock.mjs";
import { Sluice, stopAll, within } from "./sluice.mjs";

const MIB = 1 << 20;

let mock, sluice, openai, anthropic;

before(async () => {
  mock = await Mock.start();
  sluice = await Sluice.start({
    providers: {
      openai: { base_url: mock.url, models: ["gpt-4o"] },
      anthropic: { base_url: mock.url, models: ["claude-test-1"] },
      impatient: { base_url: mock.url, models: ["silent"], responses: true, idle_timeout_ms: 150 },
      "impatient-too": {
        base_url: mock.url,
        models: ["silent-claude"],
        dialect: "anthropic",
        idle_timeout_ms: 150,
      },
    },
  });
  openai = new OpenAI({ apiKey: "k", baseURL: sluice.url, maxRetries: 0 });
  anthropic = new Anthropic({ apiKey: "k", baseURL: sluice.origin, maxRetries: 0 });
});

beforeEach(() => mock.reset());

after(() => stopAll(sluice, mock));

const choice = (delta, finish_reason = null) =>
  event({ choices: [{ index: 0, delta, finish_reason }] });

/* Each dialect: a short stream, how far it has told its end, and how an SDK reads it. */
const dialects = {
  chat: {
    path: "/v1/chat/completions",
    body: { model: "gpt-4o", stream: true, messages: [{ role: "user", content: "x" }] },
    silent: "silent",
    events: [choice({ content: "é🌍" }), choice({}, "stop"), "data: [DONE]\n\n"],
    endsWith: 2, // a finish_reason tells the end, to those who never send [DONE]
    terminal: "[DONE]",
    isError: (told) => typeof told.error.message === "string",
    read: async (model = "gpt-4o") => {
      let text = "";
      const { body } = dialects.chat;
      for await (const chunk of await openai.chat.completions.create({ ...body, model }))
        text += chunk.choices[0].delta.content ?? "";
      return text;
    },
  },
  responses: {
    path: "/v1/responses",
    body: { model: "gpt-4o", stream: true, input: "x" },
    silent: "silent",
    events: [
      namedEvent({ type: "response.output_text.delta", delta: "é🌍" }),
      namedEvent({ type: "response.completed", response: {} }),
    ],
    endsWith: 2,
    terminal: "response.completed",
    isError: (told) => told.type === "error" && typeof told.message === "string",
    read: async (model = "gpt-4o") => {
      let text = "";
      let last;
      const { body } = dialects.responses;
      for await (const told of await openai.responses.create({ ...body, model })) {
        text += told.delta ?? "";
        last = told.type;
      }
      /* This SDK throws at an error event or at a broken body, but does not ask for the last event. */
      assert.equal(last, "response.completed");
      return text;
    },
  },
  messages: {
    path: "/v1/messages",
    body: {
      model: "claude-test-1",
      stream: true,
      max_tokens: 9,
      messages: [{ role: "user", content: "x" }],
    },
    silent: "silent-claude",
    events: [
      namedEvent({
        type: "message_start",
        message: { id: "m", type: "message", role: "assistant", content: [], usage: {} },
      }),
      namedEvent({
        type: "content_block_start",
        index: 0,
        content_block: { type: "text", text: "" },
      }),
      namedEvent({
        type: "content_block_delta",
        index: 0,
        delta: { type: "text_delta", text: "é🌍" },
      }),
      namedEvent({ type: "content_block_stop", index: 0 }),
      namedEvent({
        type: "message_delta",
        delta: { stop_reason: "end_turn" },
        usage: { output_tokens: 1 },
      }),
      namedEvent({ type: "message_stop" }),
    ],
    endsWith: 6,
    terminal: "message_stop",
    isError: (told) => told.type === "error" && typeof told.error.message === "string",
    read: async (model = "claude-test-1") => {
      const { body } = dialects.messages;
      const message = await anthropic.messages.stream({ ...body, model }).finalMessage();
      return message.content[0].text;
    },
  },
};

for (const dialect of Object.values(dialects)) dialect.bytes = Buffer.from(dialect.events.join(""));

/* Each framing: writes the first `count` of `bytes`, and then the end, if that is all of them. */
const framings = {
  "within a chunk": async (wire, bytes, count) => {
    await wire.streamHead();
    await wire.raw(
      Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes.subarray(0, count)]),
    );
    if (count === bytes.length) await wire.raw("\r\n0\r\n\r\n");
  },
  "between chunks": async (wire, bytes, count) => {
    await wire.streamHead();
    if (count) await wire.chunk(bytes.subarray(0, count));
    if (count === bytes.length) await wire.lastChunk();
  },
  "by length": async (wire, bytes, count) => {
    await wire.head(200, { "content-type": "text/event-stream", "content-length": bytes.length });
    await wire.raw(bytes.subarray(0, count));
  },
  "to the close": async (wire, bytes, count) => {
    await wire.head(200, { "content-type": "text/event-stream", connection: "close" });
    await wire.raw(bytes.subarray(0, count));
    wire.close();
  },
};

/* What stands behind the bytes that were sent: an error event of the caller's dialect, and nothing else but line ends,
 * which fill the chunk that was begun. */
function assertErrorEvent(dialect, rest, label) {
  const found = rest.toString("utf8").match(/^\n*(?:event: error\n)?data: (.*)\n\n$/);
  assert.ok(found, `${label}: ${JSON.stringify(rest.toString("utf8"))}`);
  assert.ok(dialect.isError(JSON.parse(found[1])), `${label}: ${found[1]}`);
}

for (const [name, dialect] of Object.entries(dialects))
  describe(name, () => {
    for (const [framing, write] of Object.entries(framings)) {
      test(`whole, framed ${framing}`, async () => {
        mock.once(async (seen, wire) => {
          await seen.body();
          await write(wire, dialect.bytes, dialect.bytes.length);
        });
        const answer = await post(sluice.port, dialect.path, dialect.body);
        assert.equal(answer.status, 200);
        assert.ok(answer.isWhole);
        assert.equal(answer.text(), dialect.bytes.toString());
      });

      test(`cut at every byte, framed ${framing}`, async () => {
        const told = dialect.events.slice(0, dialect.endsWith).join("");
        /* Servers forget the last blank line: where the end of the connection is the end, that is no cut. */
        const upTo =
          framing === "to the close" ? Buffer.byteLength(told) - 2 : dialect.bytes.length;
        for (let count = 0; count < upTo; count++) {
          const label = `cut at ${count}`;
          mock.once(async (seen, wire) => {
            await seen.body();
            await write(wire, dialect.bytes, count);
            wire.close();
          });
          const answer = await post(sluice.port, dialect.path, dialect.body);
          if (answer.status === 502) {
            assert.equal(count, 0, `${label}: the stream had begun`);
            assert.equal(answer.header("x-to11-error-code"), "upstream");
            continue;
          }
          assert.equal(answer.status, 200, label);
          assert.equal(answer.framing, "chunked", label);
          assert.ok(!answer.isWhole && answer.closed, `${label}: it ended as if it were whole`);
          const sent = dialect.bytes.subarray(0, count);
          assert.ok(answer.body.subarray(0, count).equals(sent), `${label}: ${answer.text()}`);
          assertErrorEvent(dialect, answer.body.subarray(count), label);
          if (!sent.includes(dialect.terminal))
            assert.ok(!answer.body.includes(dialect.terminal), label);
        }
      });
    }

    test("the SDK reads it whole, and throws at every cut", async () => {
      for (let count = dialect.bytes.length; count >= 0; count--) {
        mock.once(async (seen, wire) => {
          await seen.body();
          await framings["within a chunk"](wire, dialect.bytes, count);
          if (count < dialect.bytes.length) wire.close();
        });
        if (count === dialect.bytes.length) assert.equal(await dialect.read(), "é🌍");
        /* Behind its last event's data an SDK does not look, and need not. */
        else if (!dialect.bytes.subarray(0, count).includes(dialect.terminal))
          await assert.rejects(dialect.read(), `cut at ${count}`);
      }
    });

    test("reset instead of closed: never a clean end", async () => {
      const count = dialect.bytes.length >> 1;
      mock.once(async (seen, wire) => {
        await seen.body();
        await framings["between chunks"](wire, dialect.bytes, count);
        wire.reset();
      });
      const answer = await post(sluice.port, dialect.path, dialect.body);
      assert.ok(answer.status === 502 || !answer.isWhole);
    });

    test("silence beyond idle_timeout_ms ends in an error event", async () => {
      const [first] = dialect.events;
      mock.once(async (seen, wire) => {
        await seen.body();
        await wire.streamHead();
        await wire.chunk(first);
        await seen.gone;
      });
      const answer = await post(sluice.port, dialect.path, {
        ...dialect.body,
        model: dialect.silent,
      });
      assert.ok(!answer.isWhole && answer.closed);
      const length = Buffer.byteLength(first);
      assert.equal(answer.body.subarray(0, length).toString(), first);
      assertErrorEvent(dialect, answer.body.subarray(length), "silent");
      await within(mock.last.gone, "the provider's connection to be closed");
    });

    test("the SDK throws at silence", async () => {
      mock.once(async (seen, wire) => {
        await seen.body();
        await wire.streamHead();
        await wire.chunk(dialect.events[0]);
        await seen.gone;
      });
      await assert.rejects(dialect.read(dialect.silent));
    });

    test("every byte in a write of its own", async () => {
      const script = async (seen, wire) => {
        await seen.body();
        await wire.streamHead();
        for (const byte of dialect.bytes) await wire.chunk([byte]);
        await wire.lastChunk();
      };
      mock.once(script);
      const answer = await post(sluice.port, dialect.path, dialect.body);
      assert.ok(answer.isWhole);
      assert.ok(answer.body.equals(dialect.bytes));
      mock.once(script);
      assert.equal(await dialect.read(), "é🌍");
    });
  });

test("comments, CRLF, other fields and a byte order mark pass untouched", async () => {
  const bytes = Buffer.from(
    "\ufeff: ping\r\n\r\nid: 7\r\nretry: 1\r\ndata:{}\r\n\r\n: ping\n\ndata: {}\ndata: \n\ndata: [DONE]\r\n\r\n",
  );
  mock.once(async (seen, wire) => {
    await seen.body();
    await framings["between chunks"](wire, bytes, bytes.length);
  });
  const answer = await post(sluice.port, dialects.chat.path, dialects.chat.body);
  assert.ok(answer.isWhole);
  assert.ok(answer.body.equals(bytes));
});

test("one event of 3 MiB", async () => {
  const text = "ü🌍".repeat(MIB / 2);
  mock.once(async (seen, wire) => {
    await seen.body();
    await wire.stream([choice({ content: text }), choice({}, "stop"), "data: [DONE]\n\n"]);
  });
  assert.equal(await dialects.chat.read(), text);
});

/* ---- callers who leave ---- */

describe("a caller who leaves", () => {
  const chat = request({
    method: "POST",
    path: dialects.chat.path,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(dialects.chat.body),
  });

  for (const [label, leave] of [
    ["closes", (socket) => socket.destroy()],
    ["resets", (socket) => socket.resetAndDestroy()],
  ])
    test(`${label} within a stream: the provider is cancelled`, async () => {
      mock.once(async (seen, wire) => {
        await seen.body();
        await wire.streamHead();
        await wire.chunk(dialects.chat.events[0]);
        await seen.gone; // silent from here on: only the caller's end can tell
      });
      const connection = await Connection.open(sluice.port);
      await connection.write(chat);
      await connection.when((bytes) => bytes.includes("é🌍"), "the first event");
      leave(connection.socket);
      await within(mock.last.gone, "the provider's connection to be closed");
    });

  test("before an answer: the provider is cancelled", async () => {
    mock.once((seen) => seen.gone);
    const asked = mock.next();
    const connection = await Connection.open(sluice.port);
    await connection.write(chat);
    const seen = await within(asked, "the request");
    connection.close();
    await within(seen.gone, "the provider's connection to be closed");
  });

  test("within the upload: the provider is cancelled", async () => {
    mock.once(async (seen) => {
      await seen.body();
      await seen.gone;
    });
    const asked = mock.next();
    const connection = await Connection.open(sluice.port);
    const head = { "content-type": "application/json", "content-length": "100000" };
    await connection.write(request({ method: "POST", path: dialects.chat.path, headers: head }));
    await connection.write('{"model":"gpt-4o","messages":[');
    const seen = await within(asked, "the request");
    connection.close();
    await within(seen.gone, "the provider's connection to be closed");
    assert.ok(seen.broken, "the body must not look whole");
  });
});

/* A configuration that changes under way: SIGHUP and POST /reload. */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import OpenAI from "openai";
import { post } from "./client.mjs";
import { Mock, gate } from "./mock.mjs";
import { Sluice, stopAll, until, within } from "./sluice.mjs";

const CHAT = (model) => ({ model, messages: [{ role: "user", content: "hi" }] });

let mock, other, sluice, client;

const first = () => ({ providers: { one: { base_url: mock.url, models: ["m-1"] } } });
const second = () => ({ providers: { two: { base_url: other.url, models: ["m-2"] } } });

const models = async () => {
  const listed = await (await fetch(`${sluice.url}/models`)).json();
  return listed.data
    .map(({ id }) => id)
    .sort()
    .join();
};

const reloads = async () => {
  const page = await (await fetch(`${sluice.admin}/metrics`)).text();
  const count = (result) =>
    Number(page.match(`gateway_config_reload_total\\{result="${result}"\\} ([0-9]+)`)?.[1] ?? 0);
  return { success: count("success"), error: count("error") };
};

const ways = {
  SIGHUP: async () => {
    sluice.signal("SIGHUP");
  },
  "POST /reload": async () => {
    const answer = await fetch(`${sluice.admin}/reload`, { method: "POST" });
    return { status: answer.status, text: await answer.text() };
  },
};

before(async () => {
  mock = await Mock.start();
  other = await Mock.start();
  sluice = await Sluice.start(first());
  client = new OpenAI({ apiKey: "k", baseURL: sluice.url, maxRetries: 0 });
});

/* Each test begins with the first configuration in force. */
beforeEach(async () => {
  mock.reset();
  other.reset();
  await sluice.write(first());
  sluice.signal("SIGHUP");
  await until(async () => (await models()) === "m-1", "the first configuration");
});

after(() => stopAll(sluice, mock, other));

for (const [way, reload] of Object.entries(ways)) {
  test(`${way}: what is new is there, what is gone is unknown`, async () => {
    await sluice.write(second());
    const told = await reload();
    if (told) assert.ok(told.status >= 200 && told.status < 300, `${told.status} ${told.text}`);
    await until(async () => (await models()) === "m-2", "the new models");
    assert.equal((await post(sluice.port, "/v1/chat/completions", CHAT("m-2"))).status, 200);
    assert.equal(other.requests.length, 1);
    const gone = await post(sluice.port, "/v1/chat/completions", CHAT("m-1"));
    assert.equal(gone.status, 404);
    assert.equal(gone.json().error.code, "UnknownModel");
  });

  for (const [label, bad, says] of [
    ["no TOML", "[server\nport = 0\n", /gateway\.toml:1:[0-9]+/],
    [
      "a misspelt key",
      "[server]\nport = 0\nwrokers = 2\n",
      /gateway\.toml:3:[0-9]+.*wrokers.*workers/,
    ],
    [
      "a wrong type",
      "[server]\nport = 0\n[providers.x]\nbase_url = 7\nmodels = []\n",
      /gateway\.toml:4:[0-9]+/,
    ],
  ])
    test(`${way}: a bad file changes nothing and says so: ${label}`, async () => {
      const counted = await reloads();
      const from = sluice.lines.length;
      await sluice.write(bad);
      const told = await reload();
      if (told) assert.ok(told.status >= 400, `${told.status} ${told.text}`);
      await sluice.line((line) => line.level === "error", "an error in the log", from);
      const text = () =>
        sluice.lines
          .slice(from)
          .map((line) => line.unparsed ?? line.msg)
          .join("\n");
      await until(() => says.test(text()), `${says} in ${text()}`);
      assert.equal(await models(), "m-1");
      assert.equal((await post(sluice.port, "/v1/chat/completions", CHAT("m-1"))).status, 200);
      const now = await reloads();
      assert.deepEqual(now, { ...counted, error: counted.error + 1 });
    });

  test(`${way}: a stream in flight finishes under the old one`, async () => {
    const rest = gate();
    mock.once(async (seen, wire) => {
      await seen.body();
      const chunk = (content) =>
        `data: {"choices":[{"index":0,"delta":{"content":"${content}"}}]}\n\n`;
      await wire.streamHead();
      await wire.chunk(chunk("before, "));
      await rest.opened;
      await wire.chunk(chunk("after"));
      await wire.chunk("data: [DONE]\n\n");
      await wire.lastChunk();
    });
    const stream = await client.chat.completions.create({ ...CHAT("m-1"), stream: true });
    let text = "";
    for await (const chunk of stream) {
      text += chunk.choices[0].delta.content;
      if (text === "before, ") {
        await sluice.write(second());
        await reload();
        await until(async () => (await models()) === "m-2", "the new models");
        rest.open();
      }
    }
    assert.equal(text, "before, after");
  });
}

test("requests without a break while the file changes 20 times", async () => {
  let stop = false;
  let count = 0;
  const both = () => ({
    providers: { ...first().providers, two: { base_url: other.url, models: [`extra-${count}`] } },
  });
  const callers = Array.from({ length: 4 }, async () => {
    while (!stop) {
      const answer = await post(sluice.port, "/v1/chat/completions", CHAT("m-1"));
      assert.equal(answer.status, 200, answer.text());
    }
  });
  try {
    for (; count < 20; count++) {
      await sluice.write(both());
      sluice.signal("SIGHUP");
      const wanted = `extra-${count},m-1`;
      await until(async () => (await models()) === wanted, wanted);
    }
  } finally {
    stop = true;
    await within(Promise.all(callers), "the callers");
  }
});

test("the admin port refuses what it does not know", async () => {
  assert.equal((await fetch(`${sluice.admin}/reload`)).status, 405);
  assert.equal((await fetch(`${sluice.admin}/nothing`)).status, 404);
});

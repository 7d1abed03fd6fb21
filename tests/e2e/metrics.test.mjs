/* The admin listener: the page of metrics, read as a scraper reads it, and health. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { post, send } from "./client.mjs";
import { Mock, gate } from "./mock.mjs";
import { scrape as scrapeOf, total } from "./scrape.mjs";
import { Sluice, stopAll, until, within } from "./sluice.mjs";

const CHAT = { model: "gpt-4o", messages: [{ role: "user", content: "hi" }] };
const TOKEN = "admin-token-0123456789";

let mock, sluice;

before(async () => {
  mock = await Mock.start();
  sluice = await Sluice.start({
    providers: { openai: { base_url: mock.url, models: ["gpt-4o"] } },
  });
});

beforeEach(() => mock.reset());

after(() => stopAll(sluice, mock));

const scrape = () => scrapeOf(sluice);

describe("/metrics", () => {
  test("has the families, each with a type", async () => {
    await post(sluice.port, "/v1/chat/completions", CHAT);
    await until(
      async () => total(await scrape(), "gateway_requests_total") > 0,
      "the first request to be counted",
    );
    const families = await scrape();
    for (const [name, type] of Object.entries({
      gateway_requests_total: "counter",
      gateway_inflight_requests: "gauge",
      gateway_open_streams: "gauge",
      gateway_overhead_duration_seconds: "histogram",
      http_server_request_duration_seconds: "histogram",
      gateway_config_reload_total: "counter",
      gateway_build_info: "gauge",
      process_resident_memory_bytes: "gauge",
      process_open_fds: "gauge",
      process_cpu_seconds_total: "counter",
      process_start_time_seconds: "gauge",
    })) {
      assert.equal(families.get(name)?.type, type, name);
      assert.ok(families.get(name).samples.size > 0, name);
    }
    assert.equal(total(families, "gateway_build_info"), 1);
    assert.ok([...families.get("gateway_build_info").samples.keys()][0].includes('version="'));
  });

  test("counts each request once, by its status", async () => {
    const count = async (labels) => total(await scrape(), "gateway_requests_total", labels);
    const ok = { code: "200", provider: "openai", model: "gpt-4o", operation: "chat" };
    const before = {
      ok: await count(ok),
      limited: await count({ code: "429" }),
      unknown: await count({ code: "404" }),
    };
    for (let i = 0; i < 7; i++) await post(sluice.port, "/v1/chat/completions", CHAT);
    for (let i = 0; i < 3; i++) {
      mock.once(async (seen, wire) => {
        await seen.body();
        await wire.json(429, {});
      });
      await post(sluice.port, "/v1/chat/completions", CHAT);
    }
    for (let i = 0; i < 2; i++)
      await post(sluice.port, "/v1/chat/completions", { ...CHAT, model: "nobody-knows" });
    await until(
      async () => (await count({ code: "404" })) === before.unknown + 2,
      "the last one to be counted",
    );
    assert.equal(await count(ok), before.ok + 7);
    assert.equal(await count({ code: "429" }), before.limited + 3);
  });

  test("histograms add up", async () => {
    await post(sluice.port, "/v1/chat/completions", CHAT);
    await until(
      async () => total(await scrape(), "http_server_request_duration_seconds") > 0,
      "a duration",
    );
    const families = await scrape();
    for (const name of [
      "http_server_request_duration_seconds",
      "gateway_overhead_duration_seconds",
    ]) {
      const series = new Map();
      for (const [sample, value] of families.get(name).samples) {
        const [, part, labels] = sample.match(/_(bucket|sum|count)(\{.*\})?$/);
        const le = labels?.match(/le="([^"]*)"/)?.[1];
        const key = (labels ?? "").replace(/,?le="[^"]*"/, "").replace("{,", "{");
        const entry = series.get(key) ?? { buckets: [] };
        if (part === "bucket") entry.buckets.push([le, value]);
        else entry[part] = value;
        series.set(key, entry);
      }
      for (const [labels, { buckets, sum, count }] of series) {
        assert.ok(sum >= 0 && count >= 0, labels);
        assert.equal(buckets.at(-1)[0], "+Inf", labels);
        assert.equal(buckets.at(-1)[1], count, labels);
        for (let i = 1; i < buckets.length; i++) {
          assert.ok(buckets[i][1] >= buckets[i - 1][1], `${name}${labels}: buckets are cumulative`);
          assert.ok(i === buckets.length - 1 || Number(buckets[i][0]) > Number(buckets[i - 1][0]));
        }
      }
    }
    const bounds = [...families.get("http_server_request_duration_seconds").samples.keys()]
      .map((sample) => sample.match(/le="([^"]*)"/)?.[1])
      .filter(Boolean);
    const wanted = "0.005 0.01 0.025 0.05 0.075 0.1 0.25 0.5 0.75 1 2.5 5 7.5 10 +Inf".split(" ");
    assert.deepEqual([...new Set(bounds)], wanted);
  });

  test("gauges follow what is under way, and come back", async () => {
    const held = gate();
    mock.once(async (seen, wire) => {
      await seen.body();
      await wire.streamHead();
      await wire.chunk("data: {}\n\n");
      await held.opened;
      await wire.chunk("data: [DONE]\n\n");
      await wire.lastChunk();
    });
    const gauges = async () => {
      const families = await scrape();
      return [
        total(families, "gateway_inflight_requests"),
        total(families, "gateway_open_streams"),
      ].join();
    };
    await until(async () => (await gauges()) === "0,0", "nothing under way");
    const answer = post(sluice.port, "/v1/chat/completions", { ...CHAT, stream: true });
    await until(async () => (await gauges()) === "1,1", "the stream to be counted");
    held.open();
    await answer;
    await until(async () => (await gauges()) === "0,0", "nothing under way again");
  });

  test("callers who left are 499", async () => {
    mock.once((seen) => seen.gone);
    const before = total(await scrape(), "gateway_requests_total", { code: "499" });
    const asked = mock.next();
    const controller = new AbortController();
    const gone = fetch(`${sluice.url}/chat/completions`, {
      method: "POST",
      body: JSON.stringify(CHAT),
      signal: controller.signal,
    });
    await within(asked, "the request");
    controller.abort();
    await assert.rejects(gone);
    await until(
      async () => total(await scrape(), "gateway_requests_total", { code: "499" }) === before + 1,
      "the caller's leave to be counted",
    );
  });

  test("names that callers make up become no series", async () => {
    for (let i = 0; i < 50; i++)
      await post(sluice.port, "/v1/chat/completions", { ...CHAT, model: `openai::made-up-${i}` });
    const { samples } = (await scrape()).get("gateway_requests_total");
    assert.ok(![...samples.keys()].some((sample) => sample.includes("made-up")));
    assert.ok([...samples.keys()].some((sample) => sample.includes('model="other"')));
  });

  test("OpenMetrics when asked for", async () => {
    const headers = { accept: "application/openmetrics-text; version=1.0.0" };
    const answer = await fetch(`${sluice.admin}/metrics`, { headers });
    assert.equal(
      answer.headers.get("content-type"),
      "application/openmetrics-text; version=1.0.0; charset=utf-8",
    );
    const text = await answer.text();
    assert.ok(text.endsWith("# EOF\n"));
    assert.match(text, /^# TYPE gateway_requests counter$/m);
  });
});

describe("admin", () => {
  test("/health", async () => {
    const answer = await fetch(`${sluice.admin}/health`);
    assert.equal(answer.status, 200);
    assert.equal((await answer.json()).status, "ok");
  });

  test("what is the admin's is not the caller's", async () => {
    for (const path of ["/metrics", "/reload"])
      for (const method of ["GET", "POST"])
        assert.equal((await send(sluice.port, { method, path })).status, 404, path);
  });

  test("a token is asked for when there is one", async () => {
    const guarded = await Sluice.start(
      {
        admin: { token: "env::ADMIN_TOKEN" },
        providers: { openai: { base_url: mock.url, models: ["gpt-4o"] } },
      },
      { env: { ADMIN_TOKEN: TOKEN } },
    );
    const ask = async (path, authorization, method = "GET") => {
      const headers = authorization ? { authorization } : {};
      return (await fetch(guarded.admin + path, { method, headers })).status;
    };
    for (const wrong of [
      undefined,
      "Bearer x",
      `Bearer ${TOKEN}x`,
      `Bearer ${TOKEN.slice(1)}`,
      `Basic ${TOKEN}`,
    ]) {
      assert.equal(await ask("/metrics", wrong), 401, wrong);
      assert.equal(await ask("/reload", wrong, "POST"), 401, wrong);
    }
    assert.equal(await ask("/metrics", `Bearer ${TOKEN}`), 200);
    assert.ok(!guarded.stderr.includes(TOKEN));
    await guarded.stop();
  });
});

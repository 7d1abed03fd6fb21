/* The gateway's own credentials: where they come from, how they change, and that neither they nor a caller's key get
 * to where they do not belong. */
import assert from "node:assert/strict";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { post, send } from "./client.mjs";
import { CREDENTIALS, Keyed, bearer } from "./keyed.mjs";
import { gate } from "./mock.mjs";
import { ANTHROPIC_SDKS, CALLERS_KEY, OPENAI_SDKS, openai } from "./sdks.mjs";
import { Sluice, run, stopAll, until, within } from "./sluice.mjs";

const CHAT = (model) => ({ model, messages: [{ role: "user", content: "hi" }] });
const HASTE = { backoff_base_ms: 1, backoff_max_ms: 1 };
const UNSET = {
  OPENAI_API_KEY: undefined,
  ANTHROPIC_API_KEY: undefined,
  MISTRAL_API_KEY: undefined,
};

/* ---- a key that changes ---- */

describe("a credential in a file", () => {
  const OLD = "sk-old-0123456789";
  const NEW = "sk-new-9876543210";
  let folder, file, mock, sluice;

  /* As operators are told to: so that nobody reads half of it. */
  const put = async (text) => {
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
  };

  const ways = {
    SIGHUP: async () => {
      const from = sluice.lines.length;
      sluice.signal("SIGHUP");
      return sluice.line(
        ({ msg }) => /^configuration reloaded|^could not reload/.exec(msg),
        "the reload",
        from,
      );
    },
    "POST /reload": async () => {
      const answer = await fetch(`${sluice.admin}/reload`, { method: "POST" });
      return answer.text().then(() => answer);
    },
  };

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "sluice-keys-"));
    file = path.join(folder, "openai");
    await put(`${OLD}\n`);
    mock = await Keyed.start([bearer(OLD), bearer(NEW)]);
    sluice = await Sluice.start({
      providers: { openai: { base_url: mock.url, models: ["gpt-4o", "o3"] } },
      targets: {
        gpt: { model: "gpt-4o", credential: `file::${file}` },
        other: { model: "o3", credential: `file::${file}` },
      },
      routing: { retry: HASTE },
    });
  });

  beforeEach(async () => {
    await put(`${OLD}\n`);
    await ways.SIGHUP();
    await until(async () => {
      mock.reset();
      await OPENAI_SDKS["openai, chat"](sluice, "gpt-4o");
      return mock.last.key === OLD;
    }, "the old key");
    mock.reset();
  });

  after(async () => {
    await stopAll(sluice, mock);
    await rm(folder, { recursive: true, force: true });
  });

  const ask = (model = "gpt-4o") => OPENAI_SDKS["openai, chat"](sluice, model);

  for (const [way, reload] of Object.entries(ways)) {
    test(`${way}: the next request shows the new one`, async () => {
      await put(NEW); // and no newline behind it
      await ask();
      assert.deepEqual(mock.shown, [OLD], "not before the reload");
      await reload();
      for (const model of ["gpt-4o", "o3"]) await ask(model);
      assert.deepEqual(mock.shown, [OLD, NEW, NEW]);
    });

    test(`${way}: what is under way goes on with the old one, retries too`, async () => {
      const held = gate();
      let waiting = 0;
      const hold = async (seen, wire) => {
        const { stream } = await seen.json();
        waiting++;
        if (stream) {
          await wire.streamHead();
          await wire.chunk('data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n');
          await held.opened;
          await wire.chunk('data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n');
          await wire.chunk("data: [DONE]\n\n");
          await wire.lastChunk();
        } else {
          await held.opened;
          await wire.json(503, {});
        }
      };
      mock.once(hold);
      const stream = OPENAI_SDKS["openai, chat streamed"](sluice, "gpt-4o");
      await until(() => waiting === 1, "the stream at the provider");
      mock.once(hold);
      const retried = ask();
      await until(() => waiting === 2, "the request at the provider");
      await put(`${NEW}\n`);
      await reload();
      await ask();
      assert.deepEqual(mock.shown, [OLD, OLD, NEW]);
      held.open();
      assert.equal((await within(stream, "the stream")).text, "a");
      assert.equal((await within(retried, "the answer")).text, "You said: hi");
      assert.deepEqual(mock.shown, [OLD, OLD, NEW, OLD], "the second attempt");
    });

    for (const [label, spoil] of [
      ["is gone", () => rm(file)],
      ["is empty", () => put("")],
      ["holds two lines", () => put(`${NEW}\n${NEW}\n`)],
    ])
      test(`${way}: a file that ${label} changes nothing`, async () => {
        const from = sluice.lines.length;
        await spoil();
        const answer = await reload();
        if (answer.status) assert.equal(answer.status, 422);
        await sluice.line(({ msg }) => /^could not reload/.test(msg), "the error", from);
        await ask();
        assert.deepEqual(mock.shown, [OLD]);
        const told = sluice.lines
          .slice(from)
          .map((line) => line.unparsed ?? line.msg)
          .join("\n");
        assert.match(told, /gateway\.toml:[0-9]+:[0-9]+: error: targets\.gpt\.credential: /);
        assert.ok(told.includes(file), told);
        assert.ok(!told.includes(NEW));
      });
  }
});

/* ---- a key that is not there ---- */

describe("at the start", () => {
  const CONFIG = `[server]
port = 0
[admin]
port = 0
[providers.openai]
base_url = "http://127.0.0.1:9/v1"
models = ["gpt-4o"]
`;
  const rows = [
    ["a target's variable", '[targets.a]\nmodel = "gpt-4o"\ncredential = "env::NOT_THERE"\n'],
    ["a target's empty variable", '[targets.a]\nmodel = "gpt-4o"\ncredential = "env::EMPTY_ONE"\n'],
    ["a target's file", '[targets.a]\nmodel = "gpt-4o"\ncredential = "file::no/such/file"\n'],
    [
      "a provider's variable, for a target",
      'credential = "env::NOT_THERE"\n[targets.a]\nmodel = "gpt-4o"\n',
    ],
    [
      "a provider's variable, for a function",
      'credential = "env::NOT_THERE"\n[functions.f]\nmodels = ["gpt-4o"]\n',
    ],
    [
      "a provider's variable, for a variant",
      'credential = "env::NOT_THERE"\n[functions.f]\nstrategy = "experiment"\n' +
        '[functions.f.variants.v]\nmodel = "gpt-4o"\n',
    ],
  ];
  for (const [label, text] of rows)
    for (const command of ["serve", "check"])
      test(`${label} is missing: ${command} names it and its place, and ends`, async () => {
        const config = CONFIG + text;
        const [, place] = config.match(/"(?:env|file)::([^"]*)"/);
        const before = config.slice(0, config.indexOf(`"`, config.indexOf("credential")));
        const line = before.split("\n").length;
        const column = before.length - before.lastIndexOf("\n");
        const told = await run([command], config, { ...UNSET, EMPTY_ONE: "" });
        assert.equal(told.code, 1);
        const output = told.stdout + told.stderr;
        const found = output.split("\n").find((each) => each.includes(": error: "));
        assert.ok(found?.includes(`gateway.toml:${line}:${column}: error: `), output);
        assert.ok(found.includes(place), found);
        assert.doesNotMatch(output, /listening on/);
      });

  test("a key in the file itself is an error that does not show it", async () => {
    const secret = "sk-proj-0123456789abcdef";
    const text = `${CONFIG}[targets.a]\nmodel = "gpt-4o"\ncredential = "${secret}"\n`;
    for (const command of ["serve", "check"]) {
      const { code, stdout, stderr } = await run([command], text);
      assert.equal(code, 1);
      assert.match(stdout + stderr, /gateway\.toml:10:14: error: targets\.a\.credential/);
      assert.ok(!(stdout + stderr).includes(secret));
    }
  });

  test("a provider's variable that no target uses may be missing", async (t) => {
    const mock = await Keyed.start([bearer(CALLERS_KEY)]);
    t.after(() => stopAll(mock));
    const sluice = await Sluice.start(
      {
        providers: {
          openai: { base_url: mock.url, models: ["gpt-4o"], credential: "env::NOT_THERE" },
        },
      },
      { env: UNSET },
    );
    t.after(() => stopAll(sluice));
    await OPENAI_SDKS["openai, chat"](sluice, "gpt-4o");
    assert.deepEqual(mock.shown, [CALLERS_KEY]);
  });

  test("by convention one may be missing: a warning, and no key is shown", async (t) => {
    const mocks = { openai: await Keyed.start([""]), anthropic: await Keyed.start([""]) };
    t.after(() => stopAll(...Object.values(mocks)));
    const sluice = await Sluice.start(
      {
        providers: {
          openai: { base_url: mocks.openai.url, models: ["gpt-4o"] },
          anthropic: { base_url: mocks.anthropic.url, models: ["claude-test-1"] },
        },
        targets: { gpt: { model: "gpt-4o" }, claude: { model: "claude-test-1" } },
      },
      { env: UNSET },
    );
    t.after(() => stopAll(sluice));
    for (const [target, name] of [
      ["gpt", "OPENAI_API_KEY"],
      ["claude", "ANTHROPIC_API_KEY"],
    ])
      assert.match(
        sluice.stderr,
        new RegExp(`gateway\\.toml:[0-9]+:[0-9]+: warning: targets\\.${target}\\b.*\\b${name}\\b`),
      );
    for (const ask of Object.values(OPENAI_SDKS)) await ask(sluice, "gpt-4o");
    for (const ask of Object.values(ANTHROPIC_SDKS)) await ask(sluice, "claude-test-1");
    assert.equal(mocks.openai.requests.length, Object.keys(OPENAI_SDKS).length);
    assert.equal(mocks.anthropic.requests.length, Object.keys(ANTHROPIC_SDKS).length);
  });
});

/* ---- what the caller shows ---- */

describe("a caller's key reaches nobody but the gateway", () => {
  const PLANTED = "planted-by-the-caller";
  const OWN = "gateways-own-key";
  const mocks = {};
  let sluice;

  before(async () => {
    mocks.openai = await Keyed.start([bearer(OWN)]);
    mocks.anthropic = await Keyed.start([`x-api-key: ${OWN}`]);
    mocks.azure = await Keyed.start([`api-key: ${OWN}`]);
    mocks.keyless = await Keyed.start([""]);
    const credential = "env::OWN_KEY";
    const { url } = mocks.keyless;
    sluice = await Sluice.start(
      {
        providers: {
          openai: { base_url: mocks.openai.url, models: ["gpt"], credential },
          anthropic: { base_url: mocks.anthropic.url, models: ["claude"], credential },
          "azure-openai": { base_url: mocks.azure.url, models: ["azure"], credential },
          keyless: { base_url: url, models: ["keyless"], responses: true },
          "keyless-claude": { base_url: url, models: ["keyless-claude"], dialect: "anthropic" },
          query: {
            base_url: url,
            models: ["query"],
            auth_type: "query_param",
            responses: true,
            credential,
          },
          odd: {
            base_url: url,
            models: ["odd"],
            auth_type: "api_key_header",
            auth_header_name: "x-odd-key",
            responses: true,
            credential,
          },
        },
        routing: { retry: HASTE },
        targets: Object.fromEntries(
          ["gpt", "claude", "azure", "keyless", "keyless-claude", "query", "odd"].map((model) => [
            `${model}-target`,
            { model },
          ]),
        ),
      },
      { env: { ...UNSET, OWN_KEY: OWN } },
    );
  });

  beforeEach(() => {
    for (const mock of Object.values(mocks)) mock.reset();
  });

  after(() => stopAll(sluice, ...Object.values(mocks)));

  const planted = (names) => Object.fromEntries(names.map((name) => [name, `${PLANTED}-${name}`]));
  const everywhere = { apiKey: PLANTED, defaultHeaders: planted(CREDENTIALS) };
  const oddly = { apiKey: PLANTED, defaultHeaders: planted([...CREDENTIALS, "x-odd-key"]) };
  const rows = [
    [OPENAI_SDKS, "gpt", "openai"],
    [OPENAI_SDKS, "azure", "azure"],
    [OPENAI_SDKS, "keyless", "keyless"],
    [OPENAI_SDKS, "query", "keyless"],
    [OPENAI_SDKS, "odd", "keyless"],
    [ANTHROPIC_SDKS, "claude", "anthropic"],
    [ANTHROPIC_SDKS, "keyless-claude", "keyless"],
  ];
  for (const [sdks, model, name] of rows)
    for (const [sdk, ask] of Object.entries(sdks))
      for (const [label, options] of [
        ["its own key", { apiKey: PLANTED }],
        ["all headers there are", model === "odd" ? oddly : everywhere],
      ])
        test(`${sdk}, ${model}: ${label}`, async () => {
          mocks[name].once(async (seen, wire) => {
            await seen.body();
            await wire.json(503, {}); // so that a second attempt is seen, too
          });
          assert.equal((await ask(sluice, model, options)).text, "You said: hi");
          assert.equal(mocks[name].requests.length, 2);
          for (const request of mocks[name].requests) {
            assert.ok(!request.head.includes(PLANTED), request.head.toString());
            if (model === "query") assert.ok(request.path.endsWith(`?key=${OWN}`), request.path);
            if (model === "odd") assert.equal(request.header("x-odd-key"), OWN);
          }
        });

  test("nor one in the query where the provider reads it there", async () => {
    const at = `/v1/chat/completions?key=${PLANTED}&a=1`;
    assert.equal((await post(sluice.port, at, CHAT("query"))).status, 200);
    assert.equal(mocks.keyless.last.path, `/v1/chat/completions?a=1&key=${OWN}`);
  });
});

/* ---- what is told ---- */

test("no key is in any output, whatever happens", async (t) => {
  const SECRETS = {
    ADMIN_KEY: "planted-admin-0123456789",
    OPENAI_API_KEY: "planted-openai-0123456789",
    AZURE_KEY: "planted-azure-0123456789",
    ANTHROPIC_API_KEY: "planted-anthropic-0123456789",
  };
  const CALLERS = "planted-callers-0123456789";
  const openaiMock = await Keyed.start([SECRETS.OPENAI_API_KEY, CALLERS].map(bearer));
  const azureMock = await Keyed.start([`api-key: ${SECRETS.AZURE_KEY}`]);
  const claudeMock = await Keyed.start([`x-api-key: ${SECRETS.ANTHROPIC_API_KEY}`]);
  t.after(() => stopAll(openaiMock, azureMock, claudeMock));
  const config = {
    admin: { token: "env::ADMIN_KEY" },
    providers: {
      openai: { base_url: openaiMock.url, models: ["gpt-4o", "o3", "emb-1"] },
      "azure-openai": { base_url: azureMock.url, models: ["gpt-4o"], credential: "env::AZURE_KEY" },
      anthropic: { base_url: claudeMock.url, models: ["claude-test-1"] },
      dead: { base_url: "http://127.0.0.1:9/v1", models: ["dead"], credential: "env::AZURE_KEY" },
    },
    routing: { retry: HASTE },
    targets: {
      first: { model: "gpt-4o", provider: "openai" },
      second: { model: "gpt-4o", provider: "azure-openai" },
      claude: { model: "claude-test-1" },
      dead: { model: "dead" },
    },
    routes: {
      gpt: { models: ["gpt"], strategy: "fallback", targets: ["first", "second"] },
      claude: { models: ["claude"], targets: ["claude"] },
      dead: { models: ["dead-route"], targets: ["dead"] },
    },
    functions: {
      summarize: { models: ["o3"] },
      support: { strategy: "experiment", variants: { v: { model: "o3", temperature: 0 } } },
    },
  };
  const sluice = await Sluice.start(config, { env: SECRETS });
  t.after(() => stopAll(sluice));
  const told = []; // everything that came out, but of the provider's own words

  const keys = [...CREDENTIALS.map((name) => [name, `Bearer ${CALLERS}`]), ["x-other", CALLERS]];
  const ask = async (model, at = "/v1/chat/completions", body = CHAT(model)) => {
    const answer = await post(sluice.port, at, body, keys);
    told.push(answer.bytes.toString());
    return answer.status;
  };
  const fail = async (seen, wire) => {
    await seen.body();
    wire.reset();
  };
  assert.equal(await ask("gpt"), 200);
  openaiMock.once(fail);
  assert.equal(await ask("gpt"), 200);
  openaiMock.always(fail);
  azureMock.always(fail);
  assert.equal(await ask("gpt"), 502);
  assert.equal(await ask("function::summarize"), 502);
  openaiMock.reset();
  azureMock.reset();
  assert.equal(await ask("function::support"), 200);
  assert.equal(await ask("dead-route"), 502);
  assert.equal(await ask("claude", "/v1/messages", { ...CHAT("claude"), max_tokens: 9 }), 200);
  assert.equal(await ask("claude"), 200);
  assert.equal(await ask("function::no"), 404);
  assert.equal(await ask("gpt", `/v1/chat/completions?key=${CALLERS}`), 200);
  assert.equal(await ask("gpt", `/nothing?key=${CALLERS}`), 404);
  const passed = openai(sluice, { apiKey: CALLERS });
  await passed.chat.completions.create(CHAT("o3"));

  for (const page of ["/v1/models", "/", "/health"])
    told.push((await send(sluice.port, { path: page, headers: keys })).bytes.toString());
  const token = ["authorization", `Bearer ${SECRETS.ADMIN_KEY}`];
  for (const [page, method] of [
    ["/metrics", "GET"],
    ["/health", "GET"],
    ["/reload", "POST"],
    ["/nothing", "GET"],
  ])
    for (const headers of [[token], []]) {
      const answer = await send(sluice.adminPort, { method, path: page, headers });
      if (page === "/metrics" || page === "/reload")
        assert.equal(answer.status, headers.length ? 200 : 401, page);
      told.push(answer.bytes.toString());
    }
  await sluice.stop();
  told.push(sluice.stdout, sluice.stderr);

  const names = ["o3", "gpt", "route::claude", "dead-route", "summarize", "function::support"];
  for (const command of [["check"], ...names.map((name) => ["explain", name])]) {
    const { code, stdout, stderr } = await run(command, config, SECRETS);
    assert.equal(code, 0, `${command.join(" ")}: ${stderr}`);
    told.push(stdout, stderr);
  }
  const all = told.join("\n");
  assert.equal(all.match(/"msg":"request"/g).length, 15);
  assert.match(all, /gateway_upstream_attempts_total/);
  const at = all.indexOf("planted-");
  assert.equal(at, -1, all.slice(Math.max(0, at - 300), at + 60));
});

/* The files of examples/, each with its providers moved to mocks: everything they define answers. */
import assert from "node:assert/strict";
import { readFile, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { answer } from "./answers.mjs";
import { Certs } from "./certs.mjs";
import { Connection, request } from "./client.mjs";
import { Keyed, bearer } from "./keyed.mjs";
import { ANTHROPIC_SDKS, CALLERS_KEY, OPENAI_SDKS, openai } from "./sdks.mjs";
import { Sluice, run, stopAll } from "./sluice.mjs";

const folder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../examples");
const files = (await readdir(folder)).filter((name) => name.endsWith(".toml"));
const texts = Object.fromEntries(
  await Promise.all(
    files.map(async (name) => [name, await readFile(path.join(folder, name), "utf8")]),
  ),
);

/* ---- what a file defines ---- */

/* As much of TOML as the examples use: a value to a line, and values as JSON has them. */
function readToml(text) {
  const root = {};
  let table = root;
  for (const line of text.split("\n")) {
    const [, list, name] = line.match(/^\[(\[?)([^\]]+)\]/) ?? [];
    const [, key, rest] = line.match(/^([A-Za-z0-9_-]+) *= *(.*)$/) ?? [];
    if (name) {
      const keys = name.match(/"[^"]*"|[^.]+/g).map((each) => each.replaceAll('"', ""));
      const last = keys.pop();
      let at = root;
      for (const each of keys) at = at[each] ??= {};
      table = list ? {} : (at[last] ??= {});
      if (list) (at[last] ??= []).push(table);
    } else if (key) {
      const [value] = rest.match(/^("[^"]*"|\[[^\]]*\]|\{[^}]*\}|[^ #]+)/);
      table[key] = value.startsWith("{") ? value : JSON.parse(value);
    } else {
      assert.match(line, /^(#.*)?$/);
    }
  }
  return root;
}

/* The model and the provider of a target or a variant, and where its key is. */
function resolve(config, target) {
  const [provider] = Object.entries(config.providers).find(
    ([name, { models }]) => name === (target.provider ?? name) && models.includes(target.model),
  );
  const convention = `env::${provider.toUpperCase().replace(/[-.]/g, "_")}_API_KEY`;
  const place = target.credential ?? config.providers[provider].credential ?? convention;
  return { provider, model: target.model, variable: place.replace("env::", "") };
}

/* All that has a name for callers: the name, the kind of call, and what may answer. */
function destinations(config) {
  const { targets = {}, routes = {}, functions = {} } = config;
  const found = [];
  const named = new Set();
  const ofTargets = (names) =>
    names.map((name) => {
      named.add(name);
      return { name, ...resolve(config, targets[name]) };
    });
  const answers = ({ steps, targets: names, models, variants }, isFunction) => {
    if (steps) return steps.flatMap((step) => ofTargets(step.targets));
    if (names) return ofTargets(names);
    const inline = isFunction && models ? models.map((model) => ({ model })) : [];
    return [
      ...inline,
      ...Object.entries(variants ?? {}).map(([variant, each]) => ({ variant, ...each })),
    ].map((each) => {
      const { provider, ...rest } = resolve(config, each);
      const { variant, temperature, max_tokens } = each;
      const name = `${provider}::${each.model}`;
      return { name, provider, ...rest, variant, temperature, max_tokens };
    });
  };
  for (const [name, route] of Object.entries(routes))
    for (const model of [...route.models, `route::${name}`])
      found.push({ name: model, endpoint: route.endpoint, answers: answers(route, false) });
  for (const [name, each] of Object.entries(functions))
    for (const model of [name, `function::${name}`])
      found.push({ name: model, endpoint: each.endpoint, answers: answers(each, true) });
  for (const name of Object.keys(targets))
    if (!named.has(name)) found.push({ name: targets[name].model, answers: ofTargets([name]) });
  return found;
}

/* ---- the gateway of a file ---- */

const keyOf = (variable) => `key-in-${variable}`;

/* Where each provider reads its key. */
const lineOf = (provider, key) => {
  if (provider === "anthropic") return `x-api-key: ${key}`;
  return provider === "azure-openai" ? `api-key: ${key}` : bearer(key);
};

async function start(text, config) {
  const variables = [...text.matchAll(/"env::([A-Z_]+)"/g)].map(([, name]) => name);
  for (const { answers } of destinations(config))
    variables.push(...answers.map(({ variable }) => variable));
  const mocks = {};
  let moved = text.replace(/^port = .*$/m, "port = 0\n[admin]\nport = 0");
  for (const [name, { base_url: url }] of Object.entries(config.providers)) {
    if (url === "demo:") continue;
    const keys = [...variables.map(keyOf), CALLERS_KEY].map((key) => lineOf(name, key));
    mocks[name] = await Keyed.start([...keys, bearer(CALLERS_KEY)]);
    moved = moved.replace(`"${url}"`, `"${mocks[name].origin}${new URL(url).pathname}"`);
  }
  const env = Object.fromEntries(variables.map((name) => [name, keyOf(name)]));
  return { mocks, sluice: await Sluice.start(moved, { env }) };
}

const isClaude = (model) => /^claude/.test(model);

/* One request, with the SDK for it. */
async function ask(sluice, name, endpoint, model, stream) {
  if (endpoint === "embeddings") {
    const asked = openai(sluice).embeddings.create({ model: name, input: "four" });
    const { data, response } = await asked.withResponse();
    assert.deepEqual(data.data[0].embedding, [4, 0.25, -0.5]);
    return response.headers;
  }
  const [sdks, label] = isClaude(model)
    ? [ANTHROPIC_SDKS, "anthropic, messages"]
    : [OPENAI_SDKS, "openai, chat"];
  const { text, headers } = await sdks[label + (stream ? " streamed" : "")](sluice, name);
  if (model !== "demo") assert.equal(text, "You said: hi");
  return headers;
}

for (const file of files.filter((name) => name !== "private.toml"))
  describe(file, () => {
    const text = texts[file];
    const config = readToml(text);
    let mocks, sluice;

    before(async () => {
      ({ mocks, sluice } = await start(text, config));
    });

    after(() => stopAll(sluice, ...Object.values(mocks)));

    /* Only this one answers: all others are down, so that every way but the one to it is barred. */
    const leaveOnly = ({ provider, model, variable }) => {
      for (const [name, mock] of Object.entries(mocks)) {
        mock.reset();
        mock.always(async (seen, wire) => {
          const isWanted = name === provider && seen.key === keyOf(variable);
          if (isWanted && (await seen.json()).model === model) return answer(seen, wire);
          await seen.body();
          return wire.json(503, {});
        });
      }
    };

    for (const { name, endpoint, answers } of destinations(config))
      for (const wanted of answers)
        for (const stream of endpoint === "embeddings" ? [false] : [false, true])
          test(`${name}: ${wanted.variant ?? wanted.name}${stream ? ", streamed" : ""}`, async () => {
            leaveOnly(wanted);
            const headers = await ask(sluice, name, endpoint, wanted.model, stream);
            assert.equal(headers.get("x-gateway-target"), wanted.name);
            assert.equal(headers.get("x-gateway-variant"), wanted.variant ?? null);
            const { last } = mocks[wanted.provider];
            assert.equal(last.key, keyOf(wanted.variable));
            const body = await last.json();
            if (wanted.temperature !== undefined)
              assert.equal(body.temperature, wanted.temperature);
            if (wanted.max_tokens !== undefined)
              assert.equal(body.max_tokens ?? body.max_completion_tokens, wanted.max_tokens);
          });

    const managed = new Set(destinations(config).map(({ name }) => name));
    const passed = Object.entries(config.providers).flatMap(([provider, { models }]) =>
      models.flatMap((model) => [
        [`${provider}::${model}`, provider, model],
        ...(managed.has(model) ? [] : [[model, provider, model]]),
      ]),
    );
    const seen = new Set();
    for (const [name, provider, model] of passed) {
      if (seen.has(name)) continue; // two list it: the first has it
      seen.add(name);
      test(`${name}, passed through`, async () => {
        mocks[provider]?.reset();
        const endpoint = /embedding/.test(model) ? "embeddings" : "chat";
        const headers = await ask(sluice, name, endpoint, model, true);
        assert.equal(headers.get("x-gateway-target"), null);
        if (!mocks[provider]) return;
        assert.equal(mocks[provider].last.key, CALLERS_KEY);
        assert.equal((await mocks[provider].last.json()).model, model);
      });
    }

    test("the check has no complaint, as long as the keys are there", async () => {
      const variables = destinations(config).flatMap(({ answers }) => answers);
      const env = Object.fromEntries(variables.map(({ variable }) => [variable, keyOf(variable)]));
      const { code, stdout, stderr } = await run(["check"], text, env);
      assert.equal(code, 0, stdout + stderr);
      assert.doesNotMatch(stdout + stderr, /error:/);
    });
  });

/* ---- the private one: TLS on both sides ---- */

test("private.toml", async (t) => {
  const certs = await Certs.start();
  t.after(() => certs.stop());
  const own = await certs.own("gateway", "DNS:localhost,IP:127.0.0.1");
  const authority = await certs.own("private-ca");
  const server = await certs.issue("vllm", "DNS:localhost,IP:127.0.0.1", authority);
  await writeFile(path.join(certs.folder, "admin-token"), "token-0123456789\n");
  const vllm = await Keyed.start([bearer(CALLERS_KEY)], { tls: server });
  const ollama = await Keyed.start([bearer(CALLERS_KEY)]);
  t.after(() => stopAll(vllm, ollama));
  const text = texts["private.toml"]
    .replace(/"(file::)?certs\//g, `"$1${certs.folder}/`)
    .replace(/^port = .*$/gm, "port = 0")
    .replaceAll('"0.0.0.0"', '"127.0.0.1"')
    .replace("https://gpu1.internal:8000", vllm.origin)
    .replace("http://127.0.0.1:11434", ollama.origin);
  const sluice = await Sluice.start(text);
  t.after(() => stopAll(sluice));
  for (const [model, mock, header] of [
    ["llama-3.3-70b", vllm, "gpu1"],
    ["qwen3:8b", ollama, undefined],
  ]) {
    const connection = await Connection.secure(sluice.port, { ca: own.cert });
    await connection.write(
      request({
        path: "/v1/chat/completions",
        headers: { authorization: `Bearer ${CALLERS_KEY}` },
        body: JSON.stringify({ model, messages: [{ role: "user", content: "hi" }] }),
      }),
    );
    const answer = await connection.answer("POST");
    connection.close();
    assert.equal(answer.json().choices[0].message.content, "You said: hi");
    assert.equal(mock.last.header("x-cluster"), header);
  }
  const page = (headers) => fetch(`${sluice.admin}/metrics`, { headers });
  assert.equal((await page({})).status, 401);
  assert.equal((await page({ authorization: "Bearer token-0123456789" })).status, 200);
});

test("none of them is missing", () => {
  const wanted = ["demo", "experiment", "fallback", "functions", "passthrough", "private"];
  for (const name of [...wanted, "single", "steps", "weighted"])
    assert.ok(files.includes(`${name}.toml`), name);
});

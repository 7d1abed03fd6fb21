/*
 * Coding agents on models of another vendor: a task of two commands, run headless, without a network.
 *
 * They are large and change daily, so they are not among the dependencies:
 *   npm install --prefix DIR @anthropic-ai/claude-code @openai/codex
 *   SLUICE_AGENTS=DIR node --test agents.test.mjs
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { stopAll, within } from "./sluice.mjs";
import { KEY } from "./translate_mocks.mjs";
import { MODELS, open } from "./translate_site.mjs";

const AGENTS = process.env.SLUICE_AGENTS;
const at = (file) => AGENTS && path.join(AGENTS, "node_modules", file);
const CLAUDE_CODE = at("@anthropic-ai/claude-code/cli-wrapper.cjs");
const CODEX = at("@openai/codex/bin/codex.js");
const RUN_MS = 90000; // of a task that takes a second

const without = (file) =>
  file && existsSync(file) ? false : "set SLUICE_AGENTS, see agents.test.mjs";

let sluice, vendor, folder;

before(async () => {
  ({ sluice, vendor } = await open());
  folder = await mkdtemp(path.join(tmpdir(), "sluice-agents-"));
});
beforeEach(() => vendor.reset());
after(async () => {
  await stopAll(sluice, vendor);
  if (folder) await rm(folder, { recursive: true, force: true });
});

/* A model that has the agent run two commands, and then says what the second one told. */
const shells = {
  Bash: (command) => ({ command, description: "Runs it" }),
  exec_command: (cmd) => ({ cmd }),
  shell_command: (command) => ({ command }),
  shell: (command) => ({ command: ["bash", "-c", command] }),
};
const COMMANDS = ["echo forty-two > made.txt", "cat made.txt"];

function answerTo(asked) {
  const tool = asked.tools.find(({ name }) => name in shells);
  if (!tool) return { parts: [{ text: "A title" }] };
  const results = asked.turns.flatMap(({ parts }) => parts.filter((part) => part.result));
  const step = results.length;
  if (step === COMMANDS.length)
    return { parts: [{ text: `It says: ${results.at(-1).result.text}` }] };
  const args = JSON.stringify(shells[tool.name](COMMANDS[step]));
  return {
    parts: [{ text: `Step ${step}.` }, { call: { id: `call_${step}`, name: tool.name, args } }],
    finish: "tool_use",
  };
}

async function run(file, words, { home, env }) {
  const work = path.join(home, "work");
  await mkdir(work, { recursive: true });
  const child = spawn(process.execPath, [file, ...words], {
    cwd: work,
    env: { PATH: process.env.PATH, HOME: home, NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const told = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"])
    child[name].setEncoding("utf8").on("data", (text) => {
      told[name] += text;
    });
  const closed = new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  try {
    told.code = await within(closed, "the agent's end", RUN_MS);
  } finally {
    child.kill("SIGKILL");
  }
  assert.equal(told.code, 0, `${told.stdout}\n${told.stderr}\n${vendor.refused.join("\n")}`);
  assert.equal(await readFile(path.join(work, "made.txt"), "utf8"), "forty-two\n");
  return told;
}

/* Its requests that bore tools: one for each command, and one for the end; each with all that was before. */
function checkTask(dialect) {
  const steps = vendor.asked.filter(({ tools }) => tools.some(({ name }) => name in shells));
  assert.equal(steps.length, COMMANDS.length + 1);
  for (const [i, { dialect: spoken, turns, key }] of steps.entries()) {
    assert.equal(spoken, dialect);
    assert.equal(key, KEY);
    const made = turns.flatMap(({ parts }) => parts.filter((part) => part.call));
    assert.deepEqual(
      made.map(({ call }) => call.id),
      ["call_0", "call_1"].slice(0, i),
    );
  }
  assert.deepEqual(vendor.refused, []);
}

describe("claude-code", { skip: without(CLAUDE_CODE) }, () => {
  for (const dialect of ["chat", "responses"])
    test(`on a model spoken to in ${dialect}`, async () => {
      vendor.echo = answerTo;
      const model = MODELS[dialect].plain;
      const words = ["-p", "Make made.txt", "--output-format", "json", "--allowedTools", "Bash"];
      const { stdout } = await run(CLAUDE_CODE, words, {
        home: path.join(folder, `claude-${dialect}`),
        env: {
          ANTHROPIC_BASE_URL: sluice.origin,
          ANTHROPIC_API_KEY: KEY,
          ANTHROPIC_MODEL: model,
          ANTHROPIC_DEFAULT_HAIKU_MODEL: model,
          CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
          DISABLE_AUTOUPDATER: "1",
        },
      });
      const told = JSON.parse(stdout);
      assert.equal(told.is_error, false);
      assert.match(told.result, /^It says: forty-two/);
      checkTask(dialect);
    });
});

describe("codex", { skip: without(CODEX) }, () => {
  for (const dialect of ["messages", "chat"])
    test(`on a model spoken to in ${dialect}`, async () => {
      vendor.echo = answerTo;
      const home = path.join(folder, `codex-${dialect}`);
      await mkdir(path.join(home, ".codex"), { recursive: true });
      const lines = [
        `model = "${MODELS[dialect].plain}"`,
        'model_provider = "sluice"',
        "[model_providers.sluice]",
        'name = "sluice"',
        `base_url = "${sluice.url}"`,
        'wire_api = "responses"',
        'env_key = "SLUICE_KEY"',
      ];
      await writeFile(path.join(home, ".codex/config.toml"), `${lines.join("\n")}\n`);
      const flags = ["--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"];
      const words = ["exec", ...flags, "Make made.txt"];
      const { stdout } = await run(CODEX, words, { home, env: { SLUICE_KEY: KEY } });
      assert.match(stdout, /It says: [^]*forty-two/);
      checkTask(dialect);
    });
});

/*
 * Conversations as applications really keep them, cut, reordered and glued: whatever of it a caller sends, a strict
 * vendor takes what the gateway makes of it, or the caller is told before the vendor is asked. Drawn at random, from
 * seeds: a failure names its own.
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { chances } from "./chances.mjs";
import { post } from "./client.mjs";
import { stopAll } from "./sluice.mjs";
import { KEY } from "./translate_mocks.mjs";
import { MODELS, open } from "./translate_site.mjs";
import { PDF, PNG } from "./vendor_kit.mjs";

const SEEDS = Number(process.env.SLUICE_MESSY ?? 150); // for each pair
const FIRST = Number(process.env.SLUICE_MESSY_FROM ?? 0);

let sluice, vendor;

before(async () => {
  ({ sluice, vendor } = await open());
});
beforeEach(() => vendor.reset());
after(() => stopAll(sluice, vendor));

/* Each call has an id of its own; results are for those that were, or for others. */
function drawer(seed) {
  const chance = chances(seed);
  const { pick, may, below } = chance;
  const made = [];
  const mint = () => {
    const id = `${pick(...IDS)}${made.length || ""}`;
    made.push(id);
    return id;
  };
  const known = () =>
    may(0.8) && made.length ? made.at(-1 - below(Math.min(3, made.length))) : pick(...IDS);
  return { ...chance, mint, known };
}

const TEXTS = ["", " ", "\n\n", "hi", "a\u0000b", "Grüße 🌍 ", '{"a":1}', "[tool result x]"];
const IDS = ["call_1", "call_2", "toolu_01A", "functions.x:0", "a b/c", "x".repeat(90), "ü"];
const NAMES = ["look", "find_it", "run-2", "n".repeat(64)];
const ARGS = [
  '{"a":1}',
  "{}",
  "",
  " ",
  "null",
  "[1]",
  '"x"',
  "{broken",
  '{"a":{"b":[1.0,null]}}',
  "7",
];
const INPUTS = [{ a: 1 }, {}, { a: { b: [null] } }];

/* ---- one turn, in each dialect ---- */

const chat = {
  path: "/v1/chat/completions",
  part({ pick }) {
    return pick(
      { type: "text", text: pick(...TEXTS) },
      { type: "text", text: "hi" },
      { type: "image_url", image_url: { url: `data:image/png;base64,${PNG}` } },
      { type: "image_url", image_url: { url: "https://example.com/a.png", detail: "low" } },
      {
        type: "file",
        file: { filename: "a.pdf", file_data: `data:application/pdf;base64,${PDF}` },
      },
    );
  },
  turn(chance) {
    const { pick, may, some, mint, known } = chance;
    const content = () =>
      may(0.5)
        ? pick(...TEXTS)
        : [{ type: "text", text: "x" }, ...some(2, () => ({ type: "text", text: pick(...TEXTS) }))];
    return pick(
      () => ({ role: pick("system", "developer"), content: content() }),
      () => ({
        role: "user",
        content: may(0.5)
          ? pick(...TEXTS)
          : [chat.part(chance), ...some(2, () => chat.part(chance))],
      }),
      () => ({ role: "assistant", content: pick(...TEXTS) }),
      () => ({ role: "assistant", content: null, refusal: "No." }),
      () => ({ role: "assistant", content: content(), reasoning_content: pick(...TEXTS) }),
      () => ({
        role: "assistant",
        content: pick(null, ...TEXTS),
        tool_calls: [0, ...some(2, () => 0)].map(() => ({
          id: mint(),
          type: "function",
          function: { name: pick(...NAMES), arguments: pick(...ARGS) },
        })),
      }),
      () => ({ role: "tool", tool_call_id: known(), content: content() }),
      () => ({ role: "tool", tool_call_id: known(), content: content() }),
    )();
  },
  body: (turns, tools, more) => ({
    messages: turns,
    ...(tools
      ? {
          tools: NAMES.map((name) => ({
            type: "function",
            function: { name, parameters: { type: "object", properties: {} } },
          })),
        }
      : {}),
    ...more,
  }),
};

const responses = {
  path: "/v1/responses",
  part({ pick }) {
    return pick(
      { type: "input_text", text: pick(...TEXTS) },
      { type: "input_text", text: "hi" },
      { type: "input_image", image_url: `data:image/png;base64,${PNG}`, detail: "auto" },
      { type: "input_file", filename: "a.pdf", file_data: `data:application/pdf;base64,${PDF}` },
    );
  },
  turn(chance) {
    const { pick, may, some, mint, known } = chance;
    return pick(
      () => ({ role: pick("system", "developer"), content: pick(...TEXTS) }),
      () => ({
        role: "user",
        content: may(0.5) ? pick(...TEXTS) : some(3, () => responses.part(chance)),
      }),
      () => ({ role: "assistant", content: pick(...TEXTS) }),
      () => ({
        type: "message",
        id: "msg_1",
        role: "assistant",
        status: "completed",
        content: some(2, () =>
          pick(
            { type: "output_text", text: pick(...TEXTS), annotations: [] },
            { type: "refusal", refusal: "No." },
          ),
        ),
      }),
      () => ({
        type: "reasoning",
        id: "rs_1",
        summary: some(2, () => ({ type: "summary_text", text: pick(...TEXTS) })),
        ...(may(0.5) ? { encrypted_content: pick("gAAAA", "gw1:a:W10", "gw1:broken") } : {}),
      }),
      () => ({
        type: "function_call",
        id: "fc_1",
        call_id: mint(),
        name: pick(...NAMES),
        arguments: pick(...ARGS),
      }),
      () => ({
        type: "function_call",
        call_id: mint(),
        name: pick(...NAMES),
        arguments: pick(...ARGS),
      }),
      () => ({
        type: "function_call_output",
        call_id: mint(),
        output: may(0.7) ? pick(...TEXTS) : some(2, () => responses.part(chance)),
      }),
      () => ({ type: "function_call_output", call_id: known(), output: pick(...TEXTS) }),
    )();
  },
  body: (turns, tools, more) => ({
    input: turns,
    ...(tools
      ? {
          tools: NAMES.map((name) => ({
            type: "function",
            name,
            parameters: { type: "object", properties: {} },
            strict: false,
          })),
        }
      : {}),
    ...more,
  }),
};

const messages = {
  path: "/v1/messages",
  block({ pick, may, mint, known }, role) {
    const text = () => ({
      type: "text",
      text: pick(...TEXTS),
      ...(may(0.2) ? { cache_control: { type: "ephemeral" } } : {}),
    });
    if (role === "assistant")
      return pick(
        text,
        () => ({
          type: "tool_use",
          id: mint(),
          name: pick(...NAMES),
          input: pick(...INPUTS),
        }),
        () => ({ type: "thinking", thinking: pick(...TEXTS), signature: pick("", "EqoB") }),
        () => ({ type: "redacted_thinking", data: pick("gw1:o:W10", "EmwK") }),
      )();
    return pick(
      text,
      () => ({ type: "image", source: { type: "base64", media_type: "image/png", data: PNG } }),
      () => ({
        type: "document",
        source: { type: "base64", media_type: "application/pdf", data: PDF },
      }),
      () => ({
        type: "document",
        source: { type: "text", media_type: "text/plain", data: "words" },
      }),
      () => ({
        type: "tool_result",
        tool_use_id: known(),
        content: pick(
          undefined,
          "",
          "seen",
          [text()],
          [{ type: "image", source: { type: "base64", media_type: "image/png", data: PNG } }],
        ),
        ...(may(0.3) ? { is_error: true } : {}),
      }),
      () => ({ type: "tool_result", tool_use_id: known(), content: "seen" }),
    )();
  },
  turn(chance) {
    const role = chance.pick("user", "assistant", "user", "assistant", "system");
    const text = chance.pick(...TEXTS);
    if (role === "system") return { role, content: text };
    return {
      role,
      content: chance.may(0.4) ? text : chance.some(4, () => messages.block(chance, role)),
    };
  },
  body: (turns, tools, more) => ({
    max_tokens: 2000,
    messages: turns,
    ...(tools
      ? { tools: NAMES.map((name) => ({ name, input_schema: { type: "object", properties: {} } })) }
      : {}),
    ...more,
  }),
};

const CALLERS = { chat, responses, messages };

function draw(caller, seed, model) {
  const chance = drawer(seed);
  const turns = [caller.turn(chance), ...chance.some(9, () => caller.turn(chance))];
  turns.push({ role: "user", content: "Go on. " });
  if (chance.may(0.2)) turns.push({ role: "assistant", content: "Well, " });
  const more = chance.may(0.3) ? { temperature: chance.pick(0, 0.7, 1) } : {};
  return { ...caller.body(turns, chance.may(0.7), more), model, stream: chance.may(0.3) };
}

for (const [name, caller] of Object.entries(CALLERS))
  for (const dialect of Object.keys(CALLERS).filter((other) => other !== name))
    for (const model of new Set(Object.values(MODELS[dialect])))
      test(`${name} → ${dialect}, ${model}`, async () => {
        let answered = 0;
        for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
          const body = draw(caller, seed, model);
          const was = vendor.refused.length;
          const answer = await post(sluice.port, caller.path, body, {
            authorization: `Bearer ${KEY}`,
          });
          const why = () =>
            `seed ${seed}: ${JSON.stringify(body)}\n${vendor.refused.at(-1)}\n${answer.text()}`;
          assert.equal(vendor.refused.length, was, why());
          if (answer.status !== 200)
            assert.equal(answer.header("x-to11-error-code"), "bad_request", why());
          else answered++;
          assert.ok(answer.isWhole, why());
        }
        assert.ok(answered > SEEDS / 2, `only ${answered} of ${SEEDS} were answered`);
      });

/* A gateway between clients of each dialect and a vendor that speaks all of them: the pairs that a test is run for. */
import { test } from "node:test";
import { Sluice } from "./sluice.mjs";
import { CLIENTS } from "./translate_frameworks.mjs";
import { Vendor } from "./translate_mocks.mjs";

/* By the dialect that they are spoken to in; `thinker` is one that reasons. */
export const MODELS = {
  chat: { plain: "gpt-4o", thinker: "gpt-5.2" },
  responses: { plain: "gpt-4.1", thinker: "gpt-5.4" },
  messages: {
    plain: "claude-sonnet-4-5",
    thinker: "claude-sonnet-4-5",
    adaptive: "claude-opus-4-8",
    old: "claude-3-haiku-20240307",
  },
};

const models = (dialect) => [...new Set(Object.values(MODELS[dialect]))];

export const providersAt = (vendor, more = {}) => ({
  openai: {
    base_url: vendor.url,
    responses: false,
    models: [...models("chat"), ...models("responses")],
    ...more,
  },
  anthropic: { base_url: vendor.url, models: models("messages"), ...more },
});

export const APIS = Object.fromEntries(
  models("responses").map((model) => [model, { api: "responses" }]),
);

/* @return {sluice, vendor}  both running */
export async function open(more = {}, env = undefined) {
  const vendor = await Vendor.start();
  const sluice = await Sluice.start(
    { providers: providersAt(vendor), models: APIS, ...more },
    { env },
  );
  return { sluice, vendor };
}

/* Each client with each dialect that is not its own: [label, Client, upstream's dialect]. */
export const PAIRS = Object.entries(CLIENTS).flatMap(([label, Client]) =>
  Object.keys(MODELS)
    .filter((dialect) => dialect !== Client.dialect)
    .map((dialect) => [`${label} → ${dialect}`, Client, dialect]),
);

/* One test for each pair, whole and streamed.
 * @param act    ({Client, dialect, streamed, models})
 * @param where  (Client, dialect, streamed, label): the pairs that it is for */
export function forPairs(what, act, where = () => true) {
  for (const [label, Client, dialect] of PAIRS)
    for (const streamed of [false, true])
      if (where(Client, dialect, streamed, label))
        test(`${label}${streamed ? ", streamed" : ""}: ${what}`, () =>
          act({ Client, dialect, streamed, models: MODELS[dialect] }));
}

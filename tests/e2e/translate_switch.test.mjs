/* A conversation that began with a vendor of another dialect goes on with one of the caller's own: its bytes pass as
 * they are, but for the state that the gateway put there itself, which that vendor would refuse. */
import assert from "node:assert/strict";
import { after, before, beforeEach } from "node:test";
import { stopAll } from "./sluice.mjs";
import { LangChainChat, LangChainMessages, LangChainResponses } from "./translate_frameworks.mjs";
import { MODELS, forPairs, open } from "./translate_site.mjs";

const THINKING = { thinking: "Let me think.", signature: `EqoB${"aGVsbG8/".repeat(40)}` };

let sluice, vendor;

before(async () => {
  ({ sluice, vendor } = await open());
});
beforeEach(() => {
  vendor.reset();
  vendor.isForOwn = true;
});
after(() => stopAll(sluice, vendor));

forPairs(
  "and then the caller's own dialect",
  async ({ Client, streamed, models }) => {
    vendor.say({ parts: [THINKING, { text: "One." }] });
    const options = { model: models.thinker, streamed, effort: "medium" };
    const conversation = new Client(sluice, options);
    await conversation.say("Think.");
    options.model = MODELS[Client.dialect].thinker;
    await conversation.say("Go on.");
    assert.equal(vendor.lastAsked.dialect, Client.dialect);
    assert.deepEqual(vendor.lastAsked.turns[1], { role: "assistant", parts: [{ text: "One." }] });
  },
  /* The helpers of OpenAI's SDK add members of their own to what they assemble, which the API refuses. */
  (Client, dialect, streamed) =>
    !streamed && ![LangChainChat, LangChainMessages, LangChainResponses].includes(Client),
);

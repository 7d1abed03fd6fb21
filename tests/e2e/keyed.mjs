/*
 * A provider that looks at the credential: a key it does not know, a key where it does not read it, or a second one
 * beside it is answered with 401 and told by stop(), so that no test passes by luck.
 */
import assert from "node:assert/strict";
import { Mock } from "./mock.mjs";

export const CREDENTIALS = ["authorization", "x-api-key", "api-key", "x-goog-api-key"];

const refuse = async (seen, wire) => {
  await seen.body();
  await wire.json(401, {
    type: "error",
    error: { type: "authentication_error", message: "mock: not the right key", code: "bad_key" },
  });
};

export const bearer = (key) => `authorization: Bearer ${key}`;

export class Keyed extends Mock {
  /* @param lines    the credentials it accepts, as header lines; "": that there is none
   * @param options  as Mock.start() takes them */
  static async start(lines, options = {}) {
    const mock = await super.start(options);
    mock.lines = lines;
    mock.strays = [];
    return mock;
  }

  scriptFor(seen) {
    const shown = CREDENTIALS.filter((name) => seen.has(name));
    const line = shown.map((name) => `${name}: ${seen.header(name)}`).join(", ");
    seen.key = line.replace(/^[a-z-]+: (Bearer )?/, "");
    if (this.lines.includes(line)) return super.scriptFor(seen);
    this.strays.push(line || "none");
    return refuse;
  }

  /* Of the requests that came since the last reset(). */
  get shown() {
    return this.requests.map((seen) => seen.key);
  }

  async stop() {
    await super.stop();
    assert.deepEqual(this.strays, [], `credentials that port ${this.port} should not have seen`);
  }
}

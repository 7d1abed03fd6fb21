/*
 * The page of metrics, read as a scraper reads it.
 */
import assert from "node:assert/strict";

/* Text form 0.0.4, strictly: families in one piece, HELP and TYPE before their samples, no sample twice. */
function parse(text) {
  const families = new Map();
  let family;
  assert.ok(text.endsWith("\n"));
  for (const line of text.slice(0, -1).split("\n")) {
    const told = line.match(/^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/);
    if (told) {
      const [, kind, name, rest] = told;
      if (kind === "HELP") {
        assert.ok(!families.has(name), `${name} comes twice`);
        family = { name, samples: new Map() };
        families.set(name, family);
      } else {
        assert.equal(family.name, name);
        assert.equal(family.samples.size, 0, `${name}: TYPE behind its samples`);
        family.type = rest;
      }
      continue;
    }
    const sample = line.match(/^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? (-?[0-9.e+-]+|\+Inf|NaN)$/);
    assert.ok(sample, line);
    const [, name, labels = "", value] = sample;
    assert.equal(
      name.replace(/_(bucket|sum|count)$/, family.type === "histogram" ? "" : "$&"),
      family.name,
      line,
    );
    assert.match(labels, /^(\{([a-z_]+="([^"\\\n]|\\[\\"n])*",?)+\})?$/, line);
    assert.ok(!family.samples.has(name + labels), `twice: ${line}`);
    family.samples.set(name + labels, Number(value));
  }
  return families;
}

/* The families of a gateway's page, by name. */
export async function scrape(sluice) {
  const answer = await fetch(`${sluice.admin}/metrics`);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  return parse(await answer.text());
}

/* Sum of a family's samples with all these labels. */
export function total(families, name, labels = {}) {
  let sum = 0;
  for (const [sample, value] of families.get(name)?.samples ?? [])
    if (Object.entries(labels).every(([key, text]) => sample.includes(`${key}="${text}"`)))
      sum += value;
  return sum;
}

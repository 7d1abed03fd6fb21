/* Chance from a seed, the same on every run: what tests of many cases are drawn by. */
export function chances(seed) {
  /* Mulberry32. */
  let state = (seed + 1) * 0x9e3779b9;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = (count) => Math.floor(next() * count);
  return {
    below,
    pick: (...values) => values[below(values.length)],
    may: (chance) => next() < chance,
    some: (most, make) => Array.from({ length: below(most + 1) }, (_, i) => make(i)),
  };
}

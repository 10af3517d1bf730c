// The state of query–key–value: what it holds, what attention makes of it, and one token more or fewer.

import { dot, matmul, same, softmax, tidy } from "kit";

export const MOVED = ["q", "k", "v"];
export const MATRICES = { q: "w_q", k: "w_k", v: "w_v" };
export const TRAITS = ["labels", "q", "k", "v", "mask", "scaled", "temperature", "query", "x", "w_q", "w_k", "w_v"];
export const [MIN_TOKENS, MAX_TOKENS, LIMIT] = [2, 5, 10];
export const times = (n, make) => Array.from({ length: n }, (_, i) => make(i));
export const replaced = (list, at, value) => list.map((each, i) => (i === at ? value : each));
export const nothingMasked = (n) => times(n, () => Array(n).fill(true));
export const causal = (n) => times(n, (i) => times(n, (j) => j <= i));

export function attention({ q, k, v, mask, scaled, temperature }) {
  const dots = q.map((query) => k.map((key) => dot(query, key)));
  const divisor = (scaled ? Math.SQRT2 : 1) * temperature;
  const scores = dots.map((row) => row.map((value) => value / divisor));
  const weights = scores.map((row, i) => softmax(row, mask[i]));
  return { dots, scores, weights, outputs: matmul(weights, v) };
}

/** q, k and v as x times the matrices; null without x. */
export const fromX = (state) =>
  state.x && Object.fromEntries(MOVED.map((role) => [role, matmul(state.x, state[MATRICES[role]]).map((row) => row.map(tidy))]));

export function valid(state) {
  const n = state.labels.length;
  const numbers = (rows, many) =>
    rows.length === many && rows.every((row) => row.length === 2 && row.every((c) => Number.isFinite(c) && Math.abs(c) <= LIMIT));
  return (
    n >= MIN_TOKENS && n <= MAX_TOKENS &&
    state.labels.every((label) => typeof label === "string") &&
    MOVED.every((role) => numbers(state[role], n) && numbers(state[MATRICES[role]], 2)) &&
    (state.x === null || numbers(state.x, n)) &&
    state.mask.length === n && state.mask.every((row) => row.length === n && row.every((may) => typeof may === "boolean")) &&
    typeof state.scaled === "boolean" && state.temperature >= 0.1 && state.temperature <= 10 &&
    Number.isInteger(state.query) && state.query >= 0 && state.query < n
  );
}

/** One token fewer or more: one that was taken away comes back as it was, a new one points where no preset's does. */
export function resized(state, by, f) {
  const { labels, mask, query } = state;
  const n = labels.length + by;
  const lists = ["labels", ...MOVED, ...(state.x ? ["x"] : [])];
  if (n < MIN_TOKENS || n > MAX_TOKENS) return {};
  if (by < 0) {
    f.removed.push(Object.fromEntries(lists.map((name) => [name, state[name].at(-1)])));
    const cut = (list) => list.slice(0, n);
    return { ...Object.fromEntries(lists.map((name) => [name, cut(state[name])])), mask: cut(mask).map(cut), query: Math.min(query, n - 1) };
  }
  const turn = (angle) => [Math.cos(angle + n), Math.sin(angle + n)].map((c) => Math.round(26 * c) / 20);
  const fresh = { labels: f.t("newToken", { index: n }), q: turn(0), k: turn(0.6), v: turn(2), x: turn(1) };
  if (state.x) Object.assign(fresh, Object.fromEntries(MOVED.map((role) => [role, matmul([fresh.x], state[MATRICES[role]])[0].map(tidy)])));
  const token = { ...fresh, ...f.removed.pop() };
  const isCausal = same(mask, causal(n - 1)) && !same(mask, nothingMasked(n - 1));
  const wider = isCausal ? causal(n) : [...mask.map((row) => [...row, true]), Array(n).fill(true)];
  return { ...Object.fromEntries(lists.map((name) => [name, [...state[name], token[name]]])), mask: wider };
}

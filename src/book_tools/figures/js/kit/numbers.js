// Numbers: as text, kept in bounds, and the little linear algebra that figures share.

/** A number as text with a true minus and no minus before 0. */
export function decimals(value, digits = 2) {
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

/** Like decimals, but what is too large or too small for them in powers of ten. */
export function compact(value, digits = 2) {
  const size = Math.abs(value);
  if (size === 0 || (size >= 10 ** -digits && size < 1e4)) return decimals(value, digits);
  const [mantissa, exponent] = value.toExponential(1).split("e");
  const raised = [...String(Number(exponent))].map((c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c])).join("");
  return `${mantissa.replace("-", "−")}·10${raised}`;
}

export const pair = (vector) => `[${vector.map((x) => decimals(x)).join(",\u00a0")}]`;
export const percent = (weight) => (weight > 0 && weight < 0.005 ? "under 1%" : `${Math.round(weight * 100)}%`);

export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
export const tidy = (value) => Number(value.toFixed(4)) + 0; // 0.30000000000000004 is noise; + 0 turns -0 into 0
export const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
export const copy = (value) => (value === undefined ? null : JSON.parse(JSON.stringify(value)));

export const sum = (values) => values.reduce((a, b) => a + b, 0);
export const mean = (values) => sum(values) / values.length;
export const dot = (a, b) => sum(a.map((value, i) => value * b[i]));
/** Rows times a matrix. */
export const matmul = (rows, matrix) =>
  rows.map((row) => matrix[0].map((_, j) => row.reduce((total, value, i) => total + value * matrix[i][j], 0)));

/** Softmax of a row; where `may` is given, what it forbids gets 0, and a row that may nothing is all zeros. */
export function softmax(row, may = row.map(() => true)) {
  const highest = Math.max(...row.filter((_, j) => may[j]));
  const powers = row.map((score, j) => (may[j] ? Math.exp(score - highest) : 0));
  const total = sum(powers);
  return powers.map((power) => (total > 0 ? power / total : 0));
}

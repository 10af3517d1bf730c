// The figure query–key–value: scaled dot-product attention over 2 to 5 tokens with two-dimensional vectors.
// One module, no dependency. Its contract is anywidget's: export default { render({ model, el }) }.
// Formatted by prettier with --print-width 110.
//
// State (the model's traits): labels, q, k, v ([x, y] a token), mask (mask[i][j]: query i may attend to key j),
// scaled, temperature, query (the token that is drawn), presets (states to start from, by name).

const TRAITS = ["labels", "q", "k", "v", "mask", "scaled", "temperature", "query"];
const MIN_TOKENS = 2;
const MAX_TOKENS = 5;
const LIMIT = 10; // of a coordinate
const TEMPERATURE = { min: 0.1, max: 10 };

// Every word that people read, so that an edition in another language can replace this one object.
const TEXT = {
  figure: "Interactive figure: query, key, value",
  presets: "Start from",
  tokens: "Tokens",
  fewer: "One token fewer",
  more: "One token more",
  reset: "Reset",
  query: "Query",
  compare: "Compare",
  compareFormula: "q · k",
  compareHelp: "Drag an arrow. The farther a key reaches along the query’s line (dotted), the higher q · k.",
  weigh: "Weigh",
  weighFormula: (scaled, temperature) =>
    `softmax( q · k${scaled ? " / √2" : ""}${temperature === 1 ? "" : ` / ${Number(temperature.toFixed(2))}`} )`,
  key: "key",
  dot: "q · k",
  score: "score",
  weight: "weight",
  mayAttend: (query, key) => `${query} may attend to ${key}`,
  scaled: "divide the scores by √d = √2",
  temperature: "temperature",
  mask: "Mask",
  maskNone: "nothing",
  maskCausal: "the future",
  mix: "Mix",
  mixFormula: "Σ weight · v",
  mixHelp: "Drag a value. The output stays inside the values’ outline.",
  every: "All queries",
  everyHelp: "Click a number to mask that pair, a word to follow its query.",
  cell: (query, key, weight, may) => `query ${query}, key ${key}: weight ${weight}${may ? "" : ", masked"}`,
  follow: (query) => `Follow the query ${query}`,
  output: "output",
  tip: { q: (word) => `query of ${word}`, k: (word) => `key of ${word}`, v: (word) => `value of ${word}` },
  tipRole: "vector, moved by the arrow keys",
  tipValue: (x, y) => `x ${x}, y ${y}`,
  compareScene: (word) => `The query of ${word} and all keys, as arrows in a plane`,
  mixScene: (word) => `All values and the output of ${word}, as points in a plane`,
  edit: "Edit the numbers",
  vector: { q: "query", k: "key", v: "value" },
  coordinate: (vector, axis) => `${vector}, ${axis}`,
  token: (index) => `token ${index}`,
  newToken: (index) => `new ${index}`,
  table: "All the numbers",
  tableScores: "Scores (before softmax)",
  tableWeights: "Weights",
  tableOutputs: "Outputs",
  attends(query, shares, output) {
    const said = shares.map(
      ({ key, weight, may }) => `${may ? percent(weight) : "0%"} to ‘${key}’${may ? "" : " (masked)"}`,
    );
    const last = said.pop();
    return `‘${query}’ attends ${said.length ? `${said.join(", ")} and ${last}` : last}. Its output is ${output}.`;
  },
  attendsToNothing: (query, output) =>
    `‘${query}’ may attend to no key: its weights are all 0, and so is its output, ${output}.`,
};

// ---------------------------------------------------------------------------------------------------- attention

const dot = (a, b) => a[0] * b[0] + a[1] * b[1];

/** Dot products, scores (what enters softmax), weights and outputs of a state. A fully masked query gets zeros. */
export function attention({ q, k, v, mask, scaled, temperature }) {
  const dots = q.map((query) => k.map((key) => dot(query, key)));
  const divisor = (scaled ? Math.SQRT2 : 1) * temperature;
  const scores = dots.map((row) => row.map((value) => value / divisor));
  const weights = scores.map((row, i) => {
    const highest = Math.max(...row.filter((_, j) => mask[i][j]));
    const powers = row.map((score, j) => (mask[i][j] ? Math.exp(score - highest) : 0));
    const sum = powers.reduce((a, b) => a + b, 0);
    return powers.map((power) => (sum > 0 ? power / sum : 0));
  });
  const outputs = weights.map((row) =>
    [0, 1].map((axis) => row.reduce((sum, weight, j) => sum + weight * v[j][axis], 0)),
  );
  return { dots, scores, weights, outputs };
}

/** The corners of the convex hull of `points`, in order (Andrew's monotone chain). */
function hull(points) {
  const sorted = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const half = (ordered) => {
    const chain = [];
    for (const p of ordered) {
      while (chain.length > 1) {
        const [a, b] = chain.slice(-2);
        if ((b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]) > 0) break;
        chain.pop();
      }
      chain.push(p);
    }
    return chain.slice(0, -1);
  };
  return sorted.length < 2 ? sorted : [...half(sorted), ...half(sorted.reverse())];
}

const nothingMasked = (n) => Array.from({ length: n }, () => Array(n).fill(true));
const causal = (n) => Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => j <= i));
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const copy = (value) => JSON.parse(JSON.stringify(value));
const clamp = (value, limit) => Math.min(limit, Math.max(-limit, value));
const tidy = (value) => Number(value.toFixed(4)) + 0; // 0.30000000000000004 is noise; + 0 turns -0 into 0

function decimals(value, digits = 2) {
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}
const pair = ([x, y]) => `[${decimals(x)},\u00a0${decimals(y)}]`;
const percent = (weight) => (weight > 0 && weight < 0.005 ? "under 1%" : `${Math.round(weight * 100)}%`);

/** Whether a state from outside is whole: Python may change its traits one after another. */
function consistent(state) {
  const n = state.labels.length;
  return ["q", "k", "v", "mask"].every((name) => state[name]?.length === n) && state.query < n;
}

// -------------------------------------------------------------------------------------------------- looks

const STYLE = `
:host { display: block; margin: 1.5em 0; }
.figure {
  --surface: #ffffff; --ink: #1c2430; --muted: #586273; --line: #dbe0e7; --control: #7d8796; --wash: #f3f5f8;
  --q: #0a5ea8; --k: #b04a00; --v: #00705a; --out: #96307f; --focus: #0a5ea8;
  color-scheme: light;
  container-type: inline-size; box-sizing: border-box; max-width: 800px; margin-inline: auto;
  font-size: 15px; line-height: 1.45; color: var(--ink); background: var(--surface);
  border: 1px solid var(--line); border-radius: 12px; font-variant-numeric: tabular-nums; text-align: start;
}
.figure[data-theme="dark"] {
  --surface: #171b21; --ink: #e7eaf0; --muted: #a6b0be; --line: #353d49; --control: #838e9e; --wash: #20262e;
  --q: #74b6f7; --k: #f2a65e; --v: #4fcba8; --out: #e694d6; --focus: #9ccbfa;
  color-scheme: dark;
}
*, *::before, *::after { box-sizing: border-box; }
[hidden] { display: none !important; }
.inner { padding: 16px; }
button, input { font: inherit; color: inherit; }
button { cursor: pointer; }
:focus { outline: none; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
.said { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

.bar { display: flex; flex-wrap: wrap; gap: 8px 20px; align-items: center; }
.group { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; margin: 0; padding: 0; border: 0; min-width: 0; }
.name { color: var(--muted); font-size: 13.5px; margin-inline-end: 2px; }
.chip {
  border: 1px solid var(--line); background: var(--surface); border-radius: 999px; padding: 3px 10px; min-height: 32px;
  font-size: 13.5px; line-height: 1.3;
}
.chip:hover { border-color: var(--control); }
.chip[aria-pressed="true"] { border-color: var(--ink); box-shadow: inset 0 0 0 1px var(--ink); }
.chip.square { border-radius: 8px; width: 32px; padding: 0; }
.chip:disabled { color: var(--control); border-color: var(--line); cursor: default; }
.presets { flex: 1; }
.count { min-width: 1.2em; text-align: center; }

.queries { margin-top: 14px; padding-top: 14px; border-top: 1px solid var(--line); }
.queries label { position: relative; display: inline-flex; }
.queries input { position: absolute; opacity: 0; inset: 0; margin: 0; width: 100%; height: 100%; cursor: pointer; }
.queries label span { padding: 4px 14px; border-radius: 8px; min-height: 34px; display: flex; align-items: center;
  border: 1px solid transparent; background: var(--wash); max-width: 9em; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; }
.queries input:checked + span { background: var(--q); color: var(--surface); font-weight: 600; }
.queries input:focus-visible + span { outline: 2px solid var(--focus); outline-offset: 2px; }

.panels { display: grid; grid-template-columns: minmax(0, 1fr); gap: 24px 30px; margin-top: 14px; }
@container (min-width: 600px) { .panels { grid-template-columns: repeat(2, minmax(0, 1fr)); } .inner { padding: 20px; } }
.panel { min-width: 0; display: flex; flex-direction: column; }
h3 { all: unset; display: flex; align-items: baseline; gap: 8px; font-weight: 650; font-size: 15.5px; margin-bottom: 8px; }
.step { width: 1.45em; height: 1.45em; border-radius: 50%; background: var(--ink); color: var(--surface); font-size: 12.5px;
  display: inline-grid; place-content: center; font-weight: 650; align-self: center; }
h3 .formula { font-weight: 400; color: var(--muted); font-family: "STIX Two Text", "Cambria", Georgia, serif; font-size: 15px; }
.help { margin: 6px 0 0; color: var(--muted); font-size: 13px; line-height: 1.4; }

.plane { display: block; width: 100%; max-width: 420px; margin-inline: auto; background: var(--wash); border-radius: 10px;
  user-select: none; -webkit-user-select: none; }
.plane text { font-size: 13px; fill: var(--ink); text-anchor: middle; dominant-baseline: central; pointer-events: none;
  paint-order: stroke; stroke: var(--wash); stroke-width: 4px; stroke-linejoin: round; }
.plane .tick { font-size: 10.5px; fill: var(--muted); stroke: none; }
.grid { stroke: var(--line); stroke-width: 1; }
.axis { stroke: var(--control); stroke-width: 1; }
.q { --role: var(--q); } .k { --role: var(--k); } .v { --role: var(--v); } .out { --role: var(--out); }
.plane .tag { fill: var(--role); font-weight: 600; }
.shaft { stroke: var(--role); }
.head { fill: var(--role); stroke: var(--wash); stroke-width: 1; }
.masked .shaft { stroke-dasharray: 2 5; }
.masked .head { fill: var(--wash); stroke: var(--role); }
.handle { cursor: grab; touch-action: none; outline: none !important; }
.handle:active { cursor: grabbing; }
.hit { fill: transparent; }
.ring { fill: none; stroke: transparent; stroke-width: 2; }
.handle:hover .ring { stroke: var(--role); stroke-opacity: .45; }
.handle:focus-visible .ring { stroke: var(--focus); stroke-opacity: 1; stroke-width: 2.5; }
.direction { stroke: var(--q); stroke-opacity: .35; stroke-width: 1; }
.drop { stroke: var(--k); stroke-opacity: .8; stroke-width: 1.2; stroke-dasharray: 1 4; stroke-linecap: round; }
.hull { fill: var(--v); fill-opacity: .1; stroke: var(--v); stroke-opacity: .45; stroke-width: 1; stroke-linejoin: round; }
.spoke { stroke: var(--out); stroke-opacity: .55; stroke-linecap: round; }
.target { fill: var(--out); stroke: var(--wash); stroke-width: 1.5; }

table { border-collapse: collapse; width: 100%; margin: 0; font-size: inherit; }
th, td { border: 0; padding: 0; font-weight: 400; background: none; }
.weigh th, .weigh td { padding: 5px 0; border-bottom: 1px solid var(--line); text-align: end; white-space: nowrap; }
.weigh thead th { color: var(--muted); font-size: 13px; padding-top: 0; }
.weigh th:first-child { text-align: start; }
.weigh td:nth-child(2), .weigh td:nth-child(3), .weigh thead th:nth-child(-n + 3):not(:first-child) { width: 3.9em; }
.weigh tbody th { max-width: 0; width: 30%; }
.weigh label { display: flex; gap: 8px; align-items: center; cursor: pointer; min-height: 26px; }
.weigh label span { overflow: hidden; text-overflow: ellipsis; }
.weigh .share { padding-inline-start: 14px; }
.share div { display: flex; align-items: center; gap: 8px; justify-content: flex-end; }
.track { flex: 1; height: 10px; border-radius: 3px; background: var(--wash); overflow: hidden; min-width: 24px; }
.fill { display: block; height: 100%; background: var(--out); border-radius: 3px; }
.share b { font-weight: 650; min-width: 2.6em; }
tr.masked td { color: var(--muted); }
tr.masked label span { text-decoration: line-through; }
input[type="checkbox"], input[type="range"] { accent-color: var(--q); flex: none; margin: 0; }
input[type="checkbox"] { width: 17px; height: 17px; cursor: pointer; }
.controls { display: grid; gap: 10px; margin-top: 14px; font-size: 14px; }
.controls label { display: flex; align-items: center; gap: 8px; }
.controls input[type="range"] { flex: 1; min-width: 80px; height: 24px; cursor: pointer; }
.controls .shown { min-width: 2.4em; text-align: end; }

.every { table-layout: fixed; border-spacing: 3px; border-collapse: separate; margin: 0 -3px; width: calc(100% + 6px); }
.every th { font-size: 12.5px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; color: var(--muted);
  text-align: center; }
.every th:first-child, .every td:first-child { width: 20%; text-align: start; }
.every button { display: block; width: 100%; border: 0; border-radius: 6px; height: 40px; padding: 0; background: none; }
.every th button { text-align: start; overflow: hidden; text-overflow: ellipsis; color: var(--ink); padding-inline: 5px;
  font-size: 14px; }
.every tr:not([aria-current]) th button:hover { background: var(--wash); }
.every tr[aria-current="true"] th button { background: var(--q); color: var(--surface); font-weight: 600; }
.every td button { font-size: 14px; }
.every td button:hover { box-shadow: inset 0 0 0 2px var(--control); }
.every td button[aria-pressed="true"] { color: var(--muted); background: repeating-linear-gradient(
  -45deg, var(--wash) 0 4px, var(--surface) 4px 8px) !important; box-shadow: inset 0 0 0 1px var(--line); }

.summary { margin: 10px 0 0; min-height: 4.35em; }
@container (min-width: 600px) { .summary { min-height: 2.9em; } .last { margin-inline-start: auto; } }
details { margin: 10px 0 0; padding: 0; border: 0; background: none; }
summary { cursor: pointer; color: var(--muted); font-size: 14px; padding: 4px 0; width: fit-content; }
summary:hover { color: var(--ink); }
.edit { display: grid; gap: 12px; padding-top: 8px; }
.edit fieldset { border: 0; margin: 0; padding: 0 0 12px; border-bottom: 1px solid var(--line); min-width: 0;
  display: grid; grid-template-columns: minmax(0, 1fr); gap: 8px 14px; align-items: center; }
.edit fieldset:last-child { border: 0; padding-bottom: 0; }
.edit .vector { display: grid; grid-template-columns: 3.4em minmax(0, 1fr) minmax(0, 1fr); gap: 6px; align-items: center; }
.edit .vector > span { color: var(--role); font-size: 14px; font-weight: 600; }
.edit input { width: 100%; min-width: 0; height: 32px; padding: 2px 6px; border: 1px solid var(--control); border-radius: 6px;
  background: var(--surface); }
.edit input[aria-invalid="true"] { border-color: var(--k); box-shadow: inset 0 0 0 1px var(--k); }
@container (min-width: 600px) {
  .edit fieldset { grid-template-columns: minmax(0, 1fr) repeat(3, minmax(0, 2fr)); border: 0; padding: 0; }
  .edit { gap: 8px; }
  .edit .vector > span { text-align: end; }
  .numbers { grid-template-columns: repeat(2, minmax(0, 1fr)); column-gap: 30px; }
}
.numbers { display: grid; gap: 18px; padding-top: 8px; overflow-x: auto; }
.numbers caption { text-align: start; font-weight: 650; font-size: 14px; padding-bottom: 4px; }
.numbers th, .numbers td { font-size: 13.5px; padding: 3px 4px; text-align: end; border-bottom: 1px solid var(--line);
  white-space: nowrap; }
.numbers th { color: var(--muted); overflow: hidden; text-overflow: ellipsis; max-width: 6em; }
.numbers th:first-child { text-align: start; }

@media (prefers-reduced-motion: no-preference) {
  .fill { transition: width .18s ease-out; }
  .every td button { transition: background-color .18s ease-out; }
  .chip, .queries span { transition: border-color .12s, background-color .12s; }
}
@media print {
  .figure { break-inside: avoid; }
  .bar, .controls, details, .help { display: none; }
}
`;

// The heat map's colours as numbers, because the ink on a cell is chosen by its contrast with the cell.
const HEAT = {
  light: { low: [255, 255, 255], high: [132, 36, 110] },
  dark: { low: [23, 27, 33], high: [236, 158, 220] },
};
const INKS = [
  [255, 255, 255],
  [11, 15, 20],
];

function luminance(colour) {
  const [r, g, b] = colour.map((c) =>
    c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a, b) {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}
function heat(weight, theme) {
  const { low, high } = HEAT[theme];
  const cell = low.map((from, i) => Math.round(from + (high[i] - from) * (0.06 + 0.94 * weight)));
  const ink = contrast(INKS[0], cell) > contrast(INKS[1], cell) ? INKS[0] : INKS[1];
  return { cell: `rgb(${cell.join(" ")})`, ink: `rgb(${ink.join(" ")})` };
}

/** The page's theme: the book's, JupyterLab's, VS Code's or Colab's where they say, else the system's. */
function pageTheme() {
  const { documentElement: html, body } = document;
  const said = [
    html.dataset.theme,
    { true: "light", false: "dark" }[body.dataset.jpThemeLight],
    /dark|high-contrast$/.test(body.dataset.vscodeThemeKind ?? "")
      ? "dark"
      : body.dataset.vscodeThemeKind && "light",
    html.getAttribute("theme"),
  ].find((theme) => theme === "light" || theme === "dark");
  return said ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
}

/** Calls `apply(theme)` now and at every change, paper included; returns a function that stops it. */
function followTheme(apply) {
  let printing = false;
  const update = () => apply(printing ? "light" : pageTheme());
  const system = matchMedia("(prefers-color-scheme: dark)");
  const paper = matchMedia("print");
  const onPaper = () => {
    printing = paper.matches;
    update();
  };
  const observer = new MutationObserver(update);
  for (const node of [document.documentElement, document.body]) observer.observe(node, { attributes: true });
  system.addEventListener("change", update);
  paper.addEventListener("change", onPaper);
  update();
  return () => {
    observer.disconnect();
    system.removeEventListener("change", update);
    paper.removeEventListener("change", onPaper);
  };
}

// -------------------------------------------------------------------------------------------------- elements

function fillIn(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else set(element, { [name]: value });
  }
  element.append(...children);
  return element;
}
const h = (tag, attributes = {}, ...children) => fillIn(document.createElement(tag), attributes, children);
const s = (tag, attributes = {}, ...children) =>
  fillIn(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

/** Sets attributes; false and null remove one, true sets it empty. */
function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value == null) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : value);
  }
}

const panel = (number, title, formula, ...children) =>
  h(
    "section",
    { class: "panel", "aria-label": title },
    h("h3", {}, number ? h("span", { class: "step" }, number) : "", title, formula ?? ""),
    ...children,
  );

// -------------------------------------------------------------------------------------------------- planes

const SIZE = 320; // of a plane's view box
const MIDDLE = SIZE / 2;
const EDGE = 22; // between the largest coordinate and the border

/** The largest coordinate that a plane shows: in half units, with some room to drag. */
const extent = (vectors) =>
  Math.max(1.5, Math.ceil(2.3 * Math.max(...vectors.flat().map(Math.abs)) - 1e-9) / 2);

const textWidth = (text) => [...text].reduce((sum, c) => sum + (c > "⺀" ? 13 : 7.2), 0);

/** Where each label goes: the direction around its point that overlaps least with what has been placed. */
function placeLabels(labels, taken) {
  const placed = [...taken];
  const overlap = (a, b) =>
    Math.max(0, Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x)) *
    Math.max(0, Math.min(a.y + a.h, b.y + b.h) - Math.max(a.y, b.y));
  const page = { x: 4, y: 4, w: SIZE - 8, h: SIZE - 8 };
  return labels.map(({ text, at: [x, y], angle }) => {
    const w = textWidth(text) + 4;
    const candidates = [0, 45, -45, 90, -90, 135, -135, 180].map((turn, order) => {
      const direction = angle + (turn * Math.PI) / 180;
      const cx = x + Math.cos(direction) * (12 + w / 2);
      const cy = y + Math.sin(direction) * 19;
      const box = { x: cx - w / 2, y: cy - 9, w, h: 18 };
      const outside = w * 18 - overlap(box, page);
      return {
        cx,
        cy,
        box,
        cost: placed.reduce((sum, other) => sum + overlap(box, other), 0) + 20 * outside + 6 * order,
      };
    });
    const best = candidates.reduce((a, b) => (b.cost < a.cost ? b : a));
    placed.push(best.box);
    return best;
  });
}

/** A plane with a grid, and the conversion between its units and its view box. */
function plane(label) {
  const lines = s("g", { "aria-hidden": "true" });
  const scene = s("g");
  const svg = s(
    "svg",
    { class: "plane", viewBox: `0 0 ${SIZE} ${SIZE}`, role: "group", "aria-label": label },
    lines,
    scene,
  );
  const self = {
    svg,
    scene,
    range: 0,
    point: ([x, y]) => [
      MIDDLE + (x * (MIDDLE - EDGE)) / self.range,
      MIDDLE - (y * (MIDDLE - EDGE)) / self.range,
    ],
    vector({ clientX, clientY }) {
      const { x, y } = new DOMPoint(clientX, clientY).matrixTransform(svg.getScreenCTM().inverse());
      const unit = (MIDDLE - EDGE) / self.range;
      return [(x - MIDDLE) / unit, (MIDDLE - y) / unit];
    },
    setRange(range) {
      if (range === self.range) return;
      self.range = range;
      const drawn = [];
      const whole = Math.floor(range);
      for (let i = -whole; i <= whole; i++) {
        const [at] = self.point([i, 0]);
        const style = { class: i === 0 ? "axis" : "grid" };
        drawn.push(s("line", { ...style, x1: at, x2: at, y1: 0, y2: SIZE }));
        drawn.push(s("line", { ...style, y1: at, y2: at, x1: 0, x2: SIZE }));
      }
      for (const i of [-whole, whole]) {
        const [x, y] = self.point([i, i]);
        drawn.push(s("text", { class: "tick", x, y: MIDDLE + 10 }, decimals(i, 0)));
        drawn.push(s("text", { class: "tick", x: MIDDLE - 9, y }, decimals(i, 0)));
      }
      lines.replaceChildren(...drawn);
    },
  };
  return self;
}

/** The end of a vector: dragged, or focused and moved by the arrow keys. `role` is q, k or v. */
function handle(store, plane, role, shape, reach) {
  const element = s(
    "g",
    { class: `handle ${role}`, tabindex: 0, role: "slider", "aria-roledescription": TEXT.tipRole },
    s("circle", { class: "hit", r: reach }),
    s("circle", { class: "ring", r: reach - 3 }),
    shape,
  );
  const self = { element, index: 0 };
  const move = ([x, y]) => {
    const vectors = store.state[role].map((vector, i) => (i === self.index ? [x, y].map(tidy) : vector));
    store.change({ [role]: vectors });
  };
  let grip = null; // from the pointer to the vector's end, while dragging
  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    element.focus({ focusVisible: false });
    element.setPointerCapture(event.pointerId);
    const [x, y] = plane.vector(event);
    const [a, b] = store.state[role][self.index];
    grip = [a - x, b - y];
    store.drag(true);
  });
  // A finger on a vector drags it, not the page; touch-action alone does not reach the inside of an SVG everywhere.
  element.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
  element.addEventListener("pointermove", (event) => {
    if (!grip) return;
    const at = plane.vector(event);
    move(at.map((value, axis) => clamp(Math.round((value + grip[axis]) * 20) / 20, plane.range)));
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"])
    element.addEventListener(end, () => {
      if (!grip) return;
      grip = null;
      store.drag(false);
    });
  element.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 0.5 : 0.1;
    const by = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] }[
      event.key
    ];
    if (!by) return;
    event.preventDefault();
    move(store.state[role][self.index].map((value, axis) => clamp(value + by[axis], LIMIT)));
  });
  self.update = (index, words, [x, y]) => {
    self.index = index;
    const [px, py] = plane.point([x, y]);
    set(element, {
      transform: `translate(${px} ${py})`,
      "aria-label": TEXT.tip[role](words[index]),
      "aria-valuemin": -plane.range,
      "aria-valuemax": plane.range,
      "aria-valuenow": x,
      "aria-valuetext": TEXT.tipValue(decimals(x), decimals(y)),
      "data-handle": `${role}${index}`,
    });
  };
  return self;
}

const arrowHead = (length) =>
  s("path", { class: "head", d: `M0 0L${-length} ${length * 0.42}L${-length} ${-length * 0.42}Z` });

function comparePanel(store, n) {
  const view = plane("");
  const direction = s("line", { class: "direction" });
  const arrow = (role, width, head) => {
    const shaft = s("line", { class: "shaft", "stroke-width": width });
    const tip = arrowHead(head);
    return {
      shaft,
      tip,
      head,
      group: s("g", { class: role }, shaft),
      tag: s("text", { class: `tag ${role}` }),
    };
  };
  const query = arrow("q", 7, 19); // wide enough to be seen beneath a key that lies on it
  const keys = Array.from({ length: n }, () => ({
    ...arrow("k", 2, 12),
    drop: s("line", { class: "drop" }),
  }));
  query.handle = handle(store, view, "q", query.tip, 22);
  for (const key of keys) key.handle = handle(store, view, "k", key.tip, 13);
  view.scene.append(
    s(
      "g",
      { "aria-hidden": "true" },
      direction,
      ...keys.map((key) => key.drop),
      query.group,
      ...keys.map((key) => key.group),
    ),
    query.handle.element,
    ...keys.map((key) => key.handle.element),
    s("g", { "aria-hidden": "true" }, ...keys.map((key) => key.tag), query.tag),
  );

  const draw = (arrow, vector) => {
    const [x, y] = view.point(vector);
    const length = Math.hypot(x - MIDDLE, y - MIDDLE);
    const part = Math.max(0, 1 - (0.8 * arrow.head) / Math.max(length, 1)); // the shaft ends inside the head
    set(arrow.shaft, {
      x1: MIDDLE,
      y1: MIDDLE,
      x2: MIDDLE + (x - MIDDLE) * part,
      y2: MIDDLE + (y - MIDDLE) * part,
    });
    const angle = Math.atan2(-vector[1], vector[0]);
    set(arrow.tip, { transform: `rotate(${(angle * 180) / Math.PI})` });
    return { at: [x, y], angle };
  };
  return {
    element: panel(
      1,
      TEXT.compare,
      h("span", { class: "formula" }, TEXT.compareFormula),
      view.svg,
      h("p", { class: "help" }, TEXT.compareHelp),
    ),
    update({ labels, q, k, mask, query: i }, { weights }, range) {
      view.setRange(range(q, k));
      set(view.svg, { "aria-label": TEXT.compareScene(labels[i]) });
      const length = Math.hypot(...q[i]);
      const unit = length > 0 ? q[i].map((c) => c / length) : [0, 0];
      const [[x1, y1], [x2, y2]] = [-9, 9].map((far) => view.point(unit.map((c) => c * far * view.range)));
      set(direction, { x1, y1, x2, y2 });
      const tips = keys.map((key, j) => {
        const shadow = dot(k[j], unit);
        const [[ax, ay], [bx, by]] = [view.point(k[j]), view.point(unit.map((c) => c * shadow))];
        set(key.drop, {
          x1: ax,
          y1: ay,
          x2: bx,
          y2: by,
          visibility: mask[i][j] && length > 0 ? "visible" : "hidden",
        });
        set(key.shaft, { "stroke-width": 1.5 + 3.5 * weights[i][j] });
        set(key.group, { class: mask[i][j] ? "k" : "k masked" });
        key.handle.update(j, labels, k[j]);
        key.handle.element.classList.toggle("masked", !mask[i][j]);
        key.tag.textContent = labels[j];
        return { text: labels[j], ...draw(key, k[j]) };
      });
      query.handle.update(i, labels, q[i]);
      query.tag.textContent = `q: ${labels[i]}`;
      const all = [{ text: query.tag.textContent, ...draw(query, q[i]) }, ...tips];
      const heads = all.map(({ at: [x, y] }) => ({ x: x - 7, y: y - 7, w: 14, h: 14 }));
      placeLabels(all, heads).forEach(({ cx, cy }, at) =>
        set((at ? keys[at - 1] : query).tag, { x: cx, y: cy }),
      );
    },
  };
}

function mixPanel(store, n) {
  const view = plane("");
  const outline = s("polygon", { class: "hull" });
  const target = s("path", { class: "target", d: "M0 -9L9 0L0 9L-9 0Z" });
  const targetTag = s("text", { class: "tag out" });
  const values = Array.from({ length: n }, () => {
    const square = s("rect", { class: "head", rx: 2 });
    return {
      square,
      spoke: s("line", { class: "spoke" }),
      tag: s("text", { class: "tag v" }),
      handle: handle(store, view, "v", square, 15),
    };
  });
  view.scene.append(
    s("g", { "aria-hidden": "true" }, outline, ...values.map((value) => value.spoke)),
    ...values.map((value) => value.handle.element),
    s(
      "g",
      { "aria-hidden": "true", "pointer-events": "none" },
      target,
      ...values.map((value) => value.tag),
      targetTag,
    ),
  );
  return {
    element: panel(
      3,
      TEXT.mix,
      h("span", { class: "formula" }, TEXT.mixFormula),
      view.svg,
      h("p", { class: "help" }, TEXT.mixHelp),
    ),
    update({ labels, v, mask, query: i }, { weights, outputs }, range) {
      view.setRange(range(v));
      set(view.svg, { "aria-label": TEXT.mixScene(labels[i]) });
      const seen = v.filter((_, j) => mask[i][j]);
      set(outline, {
        points: hull(seen)
          .map((corner) => view.point(corner).join())
          .join(" "),
      });
      const [ox, oy] = view.point(outputs[i]);
      const points = values.map((value, j) => {
        const [x, y] = view.point(v[j]);
        const weight = weights[i][j];
        const side = 9 + 9 * weight;
        set(value.square, { x: -side / 2, y: -side / 2, width: side, height: side });
        set(value.spoke, {
          x1: x,
          y1: y,
          x2: ox,
          y2: oy,
          "stroke-width": Math.max(0.75, 9 * weight),
          visibility: weight > 0.002 ? "visible" : "hidden",
        });
        value.handle.update(j, labels, v[j]);
        value.handle.element.classList.toggle("masked", !mask[i][j]);
        value.tag.textContent = labels[j];
        return { text: labels[j], at: [x, y], angle: Math.atan2(y - oy, x - ox) };
      });
      set(target, { transform: `translate(${ox} ${oy})` });
      targetTag.textContent = `${TEXT.output} ${pair(outputs[i])}`;
      const heads = [...points.map(({ at }) => at), [ox, oy]].map(([x, y]) => ({
        x: x - 8,
        y: y - 8,
        w: 16,
        h: 16,
      }));
      const all = [{ text: targetTag.textContent, at: [ox, oy], angle: Math.PI / 2 }, ...points];
      placeLabels(all, heads).forEach(({ cx, cy }, at) =>
        set(at ? values[at - 1].tag : targetTag, { x: cx, y: cy }),
      );
    },
  };
}

// -------------------------------------------------------------------------------------------------- numbers

function weighPanel(store, n) {
  const formula = h("span", { class: "formula" });
  const rows = Array.from({ length: n }, (_, j) => {
    const box = h("input", {
      type: "checkbox",
      onchange: () => store.mask(store.state.query, j, box.checked),
    });
    const word = h("span");
    const [product, score, weight] = [h("td"), h("td"), h("b")];
    const fill = h("span", { class: "fill" });
    const share = h(
      "td",
      { class: "share" },
      h("div", {}, h("span", { class: "track", "aria-hidden": "true" }, fill), weight),
    );
    const row = h("tr", {}, h("th", { scope: "row" }, h("label", {}, box, word)), product, score, share);
    return { box, word, product, score, weight, fill, row };
  });
  const scaled = h("input", {
    type: "checkbox",
    class: "scaled",
    onchange: () => store.change({ scaled: scaled.checked }),
  });
  const temperature = h("input", {
    type: "range",
    class: "temperature",
    min: Math.log10(TEMPERATURE.min),
    max: Math.log10(TEMPERATURE.max),
    step: 0.02,
    oninput: () => {
      const value = Number((10 ** temperature.value).toPrecision(2));
      store.change({ temperature: Math.abs(temperature.value) < 0.03 ? 1 : value });
    },
  });
  const shown = h("span", { class: "shown", "aria-hidden": "true" });
  const maskButton = (name, text, mask) =>
    h(
      "button",
      { type: "button", class: "chip", "data-mask": name, onclick: () => store.change({ mask: mask(n) }) },
      text,
    );
  const none = maskButton("none", TEXT.maskNone, nothingMasked);
  const future = maskButton("causal", TEXT.maskCausal, causal);
  const table = h(
    "table",
    { class: "weigh" },
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        ...[TEXT.key, TEXT.dot, TEXT.score, TEXT.weight].map((text) => h("th", { scope: "col" }, text)),
      ),
    ),
    h("tbody", {}, ...rows.map(({ row }) => row)),
  );
  const controls = h(
    "div",
    { class: "controls" },
    h("label", {}, scaled, TEXT.scaled),
    h("label", {}, TEXT.temperature, temperature, shown),
    h(
      "div",
      { class: "group", role: "group", "aria-label": TEXT.mask },
      h("span", { class: "name" }, TEXT.mask),
      none,
      future,
    ),
  );
  return {
    element: panel(2, TEXT.weigh, formula, table, controls),
    update(state, { dots, scores, weights }) {
      const { labels, mask, query: i } = state;
      formula.textContent = TEXT.weighFormula(state.scaled, state.temperature);
      rows.forEach(({ box, word, product, score, weight, fill, row }, j) => {
        const may = mask[i][j];
        box.checked = may;
        set(box, { "aria-label": TEXT.mayAttend(labels[i], labels[j]) });
        word.textContent = labels[j];
        product.textContent = decimals(dots[i][j]);
        score.textContent = may ? decimals(scores[i][j]) : "−∞";
        weight.textContent = decimals(weights[i][j]);
        fill.style.width = `${100 * weights[i][j]}%`;
        row.className = may ? "" : "masked";
      });
      scaled.checked = state.scaled;
      temperature.value = Math.log10(state.temperature);
      shown.textContent = decimals(state.temperature, state.temperature < 1 ? 2 : 1);
      set(temperature, { "aria-valuetext": shown.textContent });
      set(none, { "aria-pressed": String(same(mask, nothingMasked(n))) });
      set(future, { "aria-pressed": String(same(mask, causal(n))) });
    },
  };
}

function everyPanel(store, n) {
  const heads = Array.from({ length: n }, () => h("th", { scope: "col" }));
  const rows = Array.from({ length: n }, (_, i) => {
    const word = h("button", { type: "button", onclick: () => store.change({ query: i }) });
    const cells = Array.from({ length: n }, (_, j) =>
      h("button", {
        type: "button",
        "data-cell": `${i},${j}`,
        tabindex: i || j ? -1 : 0,
        onclick: () => store.mask(i, j, !store.state.mask[i][j]),
      }),
    );
    return {
      word,
      cells,
      row: h("tr", {}, h("th", { scope: "row" }, word), ...cells.map((cell) => h("td", {}, cell))),
    };
  });
  // One tab stop for all cells; inside, the arrow keys move.
  const body = h(
    "tbody",
    {
      onkeydown(event) {
        const at = event.target.dataset.cell?.split(",").map(Number);
        const by = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
        if (!at || !by) return;
        event.preventDefault();
        const next = rows[at[0] + by[0]]?.cells[at[1] + by[1]];
        if (!next) return;
        set(event.target, { tabindex: -1 });
        set(next, { tabindex: 0 });
        next.focus();
      },
    },
    ...rows.map(({ row }) => row),
  );
  const table = h("table", { class: "every" }, h("thead", {}, h("tr", {}, h("td"), ...heads)), body);
  return {
    element: panel(null, TEXT.every, null, table, h("p", { class: "help" }, TEXT.everyHelp)),
    update({ labels, mask, query }, { weights }, _, theme) {
      heads.forEach((head, j) => (head.textContent = labels[j]));
      rows.forEach(({ word, cells, row }, i) => {
        word.textContent = labels[i];
        set(word, { "aria-label": TEXT.follow(labels[i]) });
        set(row, { "aria-current": i === query && "true" });
        cells.forEach((cell, j) => {
          const may = mask[i][j];
          const { cell: background, ink } = heat(weights[i][j], theme);
          cell.textContent = decimals(weights[i][j]);
          cell.style.backgroundColor = may ? background : "";
          cell.style.color = may ? ink : "";
          set(cell, {
            "aria-label": TEXT.cell(labels[i], labels[j], decimals(weights[i][j]), may),
            "aria-pressed": String(!may),
          });
        });
      });
    },
  };
}

function editPanel(store, n) {
  const field = (role, i, axis) => {
    const input = h("input", {
      type: "number",
      step: 0.05,
      min: -LIMIT,
      max: LIMIT,
      inputmode: "decimal",
      "data-field": `${role}${i}${"xy"[axis]}`,
      oninput() {
        const value = input.valueAsNumber;
        const valid = Number.isFinite(value) && Math.abs(value) <= LIMIT;
        set(input, { "aria-invalid": !valid && "true" });
        if (valid)
          store.change({
            [role]: store.state[role].map((vector, at) =>
              at === i ? vector.map((c, d) => (d === axis ? value : c)) : vector,
            ),
          });
      },
      // What the state does not hold does not stay on the page.
      onblur() {
        set(input, { "aria-invalid": false });
        input.value = store.state[role][i][axis];
      },
    });
    return input;
  };
  const tokens = Array.from({ length: n }, (_, i) => {
    const word = h("input", {
      type: "text",
      maxlength: 12,
      "aria-label": TEXT.token(i + 1),
      "data-field": `label${i}`,
      oninput: () =>
        word.value.trim() &&
        store.change({
          labels: store.state.labels.map((label, at) => (at === i ? word.value.trim() : label)),
        }),
      onblur: () => (word.value = store.state.labels[i]),
    });
    const fields = Object.fromEntries(
      ["q", "k", "v"].map((role) => [role, [0, 1].map((axis) => field(role, i, axis))]),
    );
    const vectors = Object.entries(fields).map(([role, inputs]) =>
      h("div", { class: `vector ${role}` }, h("span", {}, TEXT.vector[role]), ...inputs),
    );
    return { word, fields, element: h("fieldset", {}, word, ...vectors) };
  });
  const write = (input, value) => {
    if (
      input.matches(":focus") ? input.value.trim() !== String(value) && input.valueAsNumber !== value : true
    )
      input.value = value;
  };
  return {
    element: h("div", { class: "edit" }, ...tokens.map(({ element }) => element)),
    update(state) {
      tokens.forEach(({ word, fields, element }, i) => {
        set(element, { "aria-label": state.labels[i] });
        write(word, state.labels[i]);
        for (const [role, inputs] of Object.entries(fields))
          inputs.forEach((input, axis) => {
            write(input, state[role][i][axis]);
            set(input, { "aria-label": TEXT.coordinate(TEXT.tip[role](state.labels[i]), "xy"[axis]) });
          });
      });
    },
  };
}

/** Every number, and each at full precision in a data attribute. */
function numbersPanel(n) {
  const grid = (name, caption, columns) => {
    const heads = Array.from({ length: columns }, () => h("th", { scope: "col" }));
    const rows = Array.from({ length: n }, () => ({
      word: h("th", { scope: "row" }),
      cells: Array.from({ length: columns }, () => h("td")),
    }));
    const table = h(
      "table",
      { "data-table": name },
      h("caption", {}, caption),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, TEXT.query.toLowerCase()), ...heads)),
      h("tbody", {}, ...rows.map(({ word, cells }) => h("tr", {}, word, ...cells))),
    );
    const update = (labels, names, matrix, may) => {
      heads.forEach((head, j) => (head.textContent = names[j]));
      rows.forEach(({ word, cells }, i) => {
        word.textContent = labels[i];
        cells.forEach((cell, j) => {
          cell.textContent = may(i, j) ? decimals(matrix[i][j], 4) : "−∞";
          set(cell, { "data-value": String(matrix[i][j]) });
        });
      });
    };
    return { table, update };
  };
  const scores = grid("scores", TEXT.tableScores, n);
  const weights = grid("weights", TEXT.tableWeights, n);
  const outputs = grid("outputs", TEXT.tableOutputs, 2);
  return {
    element: h("div", { class: "numbers" }, scores.table, weights.table, outputs.table),
    update({ labels, mask }, result) {
      scores.update(labels, labels, result.scores, (i, j) => mask[i][j]);
      weights.update(labels, labels, result.weights, () => true);
      outputs.update(labels, ["x", "y"], result.outputs, () => true);
    },
  };
}

// -------------------------------------------------------------------------------------------------- the whole

let instances = 0;

function toolbar(store, initial) {
  const presets = Object.entries(store.presets).map(([name, preset]) => ({
    preset,
    button: h(
      "button",
      { type: "button", class: "chip", "data-preset": name, onclick: () => store.restart(preset) },
      name,
    ),
  }));
  const step = (text, name, by) =>
    h(
      "button",
      { type: "button", class: "chip square", "aria-label": name, onclick: () => store.resize(by) },
      text,
    );
  const [fewer, more, count] = [
    step("−", TEXT.fewer, -1),
    step("+", TEXT.more, 1),
    h("span", { class: "count" }),
  ];
  const reset = h(
    "button",
    { type: "button", class: "chip last", "data-reset": true, onclick: () => store.restart(initial) },
    TEXT.reset,
  );
  return {
    element: h(
      "div",
      { class: "bar" },
      h(
        "div",
        { class: "group presets", role: "group", "aria-label": TEXT.presets },
        h("span", { class: "name" }, TEXT.presets),
        ...presets.map(({ button }) => button),
        reset,
      ),
    ),
    tokens: h(
      "div",
      { class: "group last", role: "group", "aria-label": TEXT.tokens },
      h("span", { class: "name" }, TEXT.tokens),
      fewer,
      count,
      more,
    ),
    update(state) {
      for (const { preset, button } of presets)
        set(button, {
          "aria-pressed": String(TRAITS.every((name) => name === "query" || same(state[name], preset[name]))),
        });
      count.textContent = state.labels.length;
      set(fewer, { disabled: state.labels.length <= MIN_TOKENS });
      set(more, { disabled: state.labels.length >= MAX_TOKENS });
    },
  };
}

function queryChoice(store, n) {
  const name = `query-${++instances}`;
  const choices = Array.from({ length: n }, (_, i) => {
    const radio = h("input", { type: "radio", name, value: i, onchange: () => store.change({ query: i }) });
    const word = h("span");
    return { radio, word, label: h("label", {}, radio, word) };
  });
  return {
    element: h(
      "div",
      { class: "group", role: "radiogroup", "aria-label": TEXT.query },
      h("span", { class: "name", "aria-hidden": "true" }, TEXT.query),
      ...choices.map(({ label }) => label),
    ),
    update({ labels, query }) {
      choices.forEach(({ radio, word }, i) => {
        radio.checked = i === query;
        word.textContent = labels[i];
      });
    },
  };
}

function summary({ labels, mask, query: i }, { weights, outputs }) {
  const shares = labels
    .map((key, j) => ({ key, weight: weights[i][j], may: mask[i][j] }))
    .sort((a, b) => b.may - a.may || b.weight - a.weight);
  const output = pair(outputs[i]);
  return shares.some(({ may }) => may)
    ? TEXT.attends(labels[i], shares, output)
    : TEXT.attendsToNothing(labels[i], output);
}

/** The state, its changes, and its way to and from the model. */
function createStore(model, draw) {
  const read = () => Object.fromEntries(TRAITS.map((name) => [name, copy(model.get(name) ?? null)]));
  const store = {
    state: read(),
    presets: model.get("presets") ?? {},
    range: null, // of the planes; it never changes under the hand, and only grows until a fresh start
    dragging: false,
    drag(now) {
      store.dragging = now;
      draw();
    },
    change(patch) {
      store.state = { ...store.state, ...patch };
      draw();
      for (const [name, value] of Object.entries(patch)) model.set(name, copy(value));
      model.save_changes();
    },
    restart(state) {
      store.range = null;
      store.change(copy(Object.fromEntries(TRAITS.map((name) => [name, state[name]]))));
    },
    mask(i, j, may) {
      store.change({
        mask: store.state.mask.map((row, a) => row.map((cell, b) => (a === i && b === j ? may : cell))),
      });
    },
    resize(by) {
      const { labels, q, k, v, mask, query } = store.state;
      const n = labels.length + by;
      if (n < MIN_TOKENS || n > MAX_TOKENS) return;
      if (by < 0) {
        removed.push([labels.at(-1), q.at(-1), k.at(-1), v.at(-1)]);
        const cut = (list) => list.slice(0, n);
        store.change({
          labels: cut(labels),
          q: cut(q),
          k: cut(k),
          v: cut(v),
          mask: cut(mask).map(cut),
          query: Math.min(query, n - 1),
        });
        return;
      }
      // A token that was taken away comes back as it was; a new one points where no preset's does.
      const turn = (angle) => [Math.cos(angle + n), Math.sin(angle + n)].map((c) => Math.round(26 * c) / 20);
      const [label, ...vectors] = removed.pop() ?? [TEXT.newToken(n), turn(0), turn(0.6), turn(2)];
      const [qn, kn, vn] = vectors;
      const isCausal = same(mask, causal(n - 1));
      const wider =
        isCausal && !same(mask, nothingMasked(n - 1))
          ? causal(n)
          : [...mask.map((row) => [...row, true]), Array(n).fill(true)];
      store.change({ labels: [...labels, label], q: [...q, qn], k: [...k, kn], v: [...v, vn], mask: wider });
    },
    listen() {
      const onChange = () => {
        const outside = read();
        if (!consistent(outside) || same(outside, store.state)) return;
        store.state = outside;
        draw();
      };
      for (const name of TRAITS) model.on(`change:${name}`, onChange);
      return () => TRAITS.forEach((name) => model.off(`change:${name}`, onChange));
    },
  };
  const removed = [];
  return store;
}

function render({ model, el }) {
  // JupyterLab's shortcuts must not act on keys meant for the figure.
  el.dataset.lmSuppressShortcuts = "true";
  const root = el.shadowRoot ?? el.attachShadow({ mode: "open" });
  const store = createStore(model, () => draw());
  const bar = toolbar(store, copy(store.state));
  const sentence = h("p", { class: "summary" });
  const said = h("div", { class: "said", "aria-live": "polite", role: "status" });
  const [top, panels] = [h("div"), h("div", { class: "panels" })];
  const [edit, numbers] = [TEXT.edit, TEXT.table].map((title) => h("details", {}, h("summary", {}, title)));
  const figure = h(
    "div",
    { class: "figure", role: "group", "aria-label": TEXT.figure },
    h(
      "div",
      { class: "inner" },
      bar.element,
      h("div", { class: "bar queries" }, top, bar.tokens),
      sentence,
      panels,
      edit,
      numbers,
      said,
    ),
  );
  root.replaceChildren(h("style", {}, STYLE), figure);

  let parts = [];
  let n = 0;
  let theme = "light";
  let timer = 0;
  function build() {
    n = store.state.labels.length;
    const query = queryChoice(store, n);
    const grid = [comparePanel(store, n), weighPanel(store, n), mixPanel(store, n), everyPanel(store, n)];
    const [fields, table] = [editPanel(store, n), numbersPanel(n)];
    top.replaceChildren(query.element);
    panels.replaceChildren(...grid.map(({ element }) => element));
    edit.replaceChildren(edit.firstChild, fields.element);
    numbers.replaceChildren(numbers.firstChild, table.element);
    parts = [bar, query, ...grid, fields, table];
  }
  function draw() {
    const { state } = store;
    if (state.labels.length !== n) build();
    const result = attention(state);
    const needed = { compare: extent([...state.q, ...state.k]), mix: extent(state.v) };
    const shown = store.range ?? { compare: 0, mix: 0 };
    if (!store.dragging)
      store.range = {
        compare: Math.max(shown.compare, needed.compare),
        mix: Math.max(shown.mix, needed.mix),
      };
    const range = (...vectors) => (vectors.length > 1 ? store.range.compare : store.range.mix);
    for (const part of parts) part.update(state, result, range, theme);
    const text = summary(state, result);
    sentence.textContent = text;
    // Spoken when the hand rests, not at every step of a drag.
    clearTimeout(timer);
    timer = setTimeout(() => (said.textContent = text), 500);
  }
  const stopTheme = followTheme((now) => {
    theme = now;
    figure.dataset.theme = now;
    draw();
  });
  const stopListening = store.listen();
  return () => {
    clearTimeout(timer);
    stopTheme();
    stopListening();
  };
}

export default { render };

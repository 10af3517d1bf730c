// The figure receptive field: a stack of dilated convolutions, one input poked, one output asked.
// State: w, layers, gaps, both, poked, asked. Data: samples, the input and the weights of each window's layers.

import {
  check, choice, compact, decimals, defineFigure, fold, goals, h, heatmap, help, lineChart, numberTable, numberTables,
  panel, sentence, slider,
} from "kit";
import words from "words";

const WINDOWS = [3, 5];
const GAPS = { none: () => 1, doubled: (w, l) => 2 ** l, powers: (w, l) => w ** l, holes: (w, l) => 2 ** (l + 1) };
const PATTERNS = Object.keys(GAPS);
const FIELDS = ["formula", "reached", "effect"];
const STEP = 1e-5; // of the differences that give the gradient
const EFFECTIVE = 0.1;

const dilations = ({ gaps, w, layers }) => Array.from({ length: layers }, (_, l) => GAPS[gaps](w, l));
const distance = (a, b) => Math.sqrt(a.reduce((total, value, i) => total + (value - b[i]) ** 2, 0));

/** All layers' outputs, the input first: x + tanh(convolution(x)) with zeros beyond the ends. */
function forward(x, weights, state) {
  const reach = state.w - 1;
  const rows = [x];
  dilations(state).forEach((gap, l) => {
    const left = state.both ? (reach * gap) / 2 : reach * gap;
    const below = rows.at(-1);
    rows.push(
      below.map((own, t) =>
        own.map((value, out) => {
          let sum = 0;
          for (let i = 0; i <= reach; i++) {
            const from = below[t - left + i * gap];
            if (from) for (let c = 0; c < from.length; c++) sum += weights[l][out][c][i] * from[c];
          }
          return value + Math.tanh(sum);
        }),
      ),
    );
  });
  return rows;
}

const changed = (x, at, change) => x.map((row, t) => (t === at ? row.map(change) : row));

/** How far every position of every layer moves when the input at `at` becomes 1 − x. */
function moves(x, weights, state, at) {
  const before = forward(x, weights, state);
  const after = forward(changed(x, at, (value) => 1 - value), weights, state);
  return before.map((row, l) => row.map((vector, t) => distance(vector, after[l][t])));
}

/** The length of the gradient of output `asked` with respect to each input, by central differences. */
function effects(x, weights, state) {
  return x.map((row, t) => {
    let squares = 0;
    row.forEach((_, c) => {
      const [up, down] = [STEP, -STEP].map(
        (by) => forward(changed(x, t, (value, i) => value + (i === c ? by : 0)), weights, state).at(-1)[state.asked],
      );
      up.forEach((value, i) => (squares += ((value - down[i]) / (2 * STEP)) ** 2));
    });
    return Math.sqrt(squares);
  });
}

/** Formula, what really moves the output, and its effect relative to the largest: three rows over the inputs. */
function fieldsOf(x, weights, state) {
  const span = (state.w - 1) * dilations(state).reduce((a, b) => a + b, 0);
  const [left, right] = state.both ? [span / 2, span / 2] : [span, 0];
  const formula = x.map((_, t) => Number(t - state.asked >= -left && t - state.asked <= right));
  const reached = x.map((_, t) => Number(formula[t] && moves(x, weights, state, t).at(-1)[state.asked] > 0));
  const strength = effects(x, weights, state).map((value, t) => (reached[t] ? value : 0));
  const largest = Math.max(...strength);
  return [formula, reached, strength.map((value) => value / largest)];
}

const powerOfTen = (value) => {
  const raised = String(Math.round(Math.log10(value)));
  return raised === "0" ? "1" : `10${[...raised].map((sign) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(sign)]).join("")}`;
};

/** Colour by order of magnitude: a ten-thousandth is still to be seen. */
const heatOf = (value, largest) => (value > 0 ? Math.max(0.12, 1 + Math.log10(value / largest) / 5) : 0);

function build(f) {
  const { x, weights: all } = f.data.samples;
  const n = x.length;
  const positions = Array.from({ length: n }, (_, t) => String(t + 1));
  const windows = choice(f.t("window"), (i) => f.change({ w: WINDOWS[i] }));
  const gaps = choice(f.t("gaps"), (i) => f.change({ gaps: PATTERNS[i] }));
  const layers = slider(f.t("layers"), { min: 1, max: all[WINDOWS[0]].length, step: 1 }, (value) => f.change({ layers: value }));
  const both = check(f.t("both"), (on) => f.change({ both: on }), { class: "both" });
  const stack = heatmap({
    rowAxis: f.t("layer"),
    columnAxis: f.t("position"),
    oncell: (i, j) => {
      if (i === f.state.layers) f.change({ poked: j });
      if (i === 0) f.change({ asked: j });
    },
  });
  const fields = heatmap({ rowAxis: f.t("field"), columnAxis: f.t("position") });
  const chart = lineChart({
    x: { name: f.t("distance"), ticks: 8, format: String },
    y: { name: f.t("effectAxis"), log: true, ticks: [1e-6, 1e-4, 1e-2, 1], format: powerOfTen },
  });
  const title = h("span");
  const seen = panel(2, "", null, fields.element);
  seen.querySelector("h3").append(title);
  const said = sentence();
  const aims = goals(f);
  const [movedTable, fieldTable] = ["moved", "fields"].map((name) => numberTable(name, f.t(name), f.t("layer")));
  return {
    elements: [
      h("div", { class: "bar" }, windows.element, gaps.element, both.element),
      h("div", { class: "bar" }, layers.element),
      said,
      panel(1, f.t("moves"), null, stack.element, help(f.t("movesHelp"))),
      seen,
      h("div", { class: "panels" }, panel(3, f.t("chartName"), null, chart.element), h("div", {}, aims.element)),
      fold(f.t("table"), numberTables(f.t("table"), fieldTable, movedTable)),
    ],
    update(state) {
      const weights = all[state.w];
      const moved = moves(x, weights, state, state.poked).reverse(); // the output on top
      const rows = fieldsOf(x, weights, state);
      windows.update(WINDOWS.map(String), WINDOWS.indexOf(state.w));
      gaps.update(PATTERNS.map((name) => f.t(`gaps-${name}`)), PATTERNS.indexOf(state.gaps));
      layers.update(state.layers);
      both.update(state.both);

      const names = moved.map((_, i) => (i === state.layers ? f.t("input") : i ? String(state.layers - i) : f.t("output")));
      const largest = Math.max(...moved.flat());
      const text = () => "";
      stack.update({
        rows: names, columns: positions, values: moved, theme: f.theme, text,
        weight: (value) => heatOf(value, largest),
        light: null,
        label: (i, j) => {
          const key = i === state.layers ? "cellInput" : i ? "cell" : "cellOutput";
          return f.t(key, { layer: names[i], position: positions[j], value: decimals(moved[i][j], 4) });
        },
      });
      stack.element.querySelectorAll("[data-cell]").forEach((cell) => {
        const [i, j] = cell.dataset.cell.split(",").map(Number);
        cell.classList.toggle("chosen", (i === state.layers && j === state.poked) || (i === 0 && j === state.asked));
        cell.classList.toggle("still", i > 0 && i < state.layers);
      });
      title.textContent = f.t("sees", { asked: positions[state.asked] });
      fields.update({
        rows: FIELDS.map((name) => f.t(name)), columns: positions, values: rows, theme: f.theme, text,
        weight: (value, i) => (i < 2 ? 0.6 * value : heatOf(value, 1)),
        label: (i, j) => f.t("cellField", { field: f.t(FIELDS[i]), position: positions[j], value: decimals(rows[i][j], 4) }),
      });
      const [formula, reached, effect] = rows;
      const side = (sign) =>
        effect.map((value, t) => [sign * (t - state.asked), value]).filter(([away, value]) => away >= 0 && value > 0)
          .sort((a, b) => a[0] - b[0]);
      const series = [{ name: f.t("left"), role: "q", points: side(-1) }];
      if (side(1).length > 1) series.push({ name: f.t("right"), role: "k", points: side(1), dashed: true });
      chart.update({ label: f.t("chart", { asked: positions[state.asked] }), series, xDomain: [0, n - 1], yDomain: [1e-6, 1] });

      fieldTable.update({ rows: FIELDS.map((name) => f.t(name)), columns: positions, values: rows });
      movedTable.update({ rows: names, columns: positions, values: moved });
      const count = (row, least = 0) => row.filter((value) => value > least).length;
      const holes = count(reached) < count(formula);
      const ahead = count(reached.slice(state.asked + 1));
      const sentences = [
        f.t("says", {
          layers: state.layers, w: state.w, gaps: dilations(state).join(", "), asked: positions[state.asked],
          formula: count(formula), reached: count(reached), effective: count(effect, EFFECTIVE),
        }),
        holes && f.t("saysHole"),
        ahead && f.t("saysLeak", { ahead }),
      ];
      const now = sentences.filter(Boolean).join(" ");
      if (said.textContent !== now) f.say((said.textContent = now));
      const last = state.asked === n - 1;
      const far = last && effect[0] > 0;
      const value = compact(last ? effect[0] : 0, 1);
      aims.update([
        { id: "far", text: f.t("goalFar"), met: f.touched && far && state.layers <= 4 },
        { id: "hole", text: f.t("goalHole"), met: f.touched && holes },
        { id: "faint", text: f.t("goalFaint"), met: f.touched && far && effect[0] < 1e-3, now: f.t("nowEffect", { value }) },
        { id: "leak", text: f.t("goalLeak"), met: f.touched && ahead > 0 },
      ]);
    },
  };
}

const whole = (value, least, most) => Number.isInteger(value) && value >= least && value <= most;

export default defineFigure({
  words,
  traits: ["w", "layers", "gaps", "both", "poked", "asked"],
  data: ["samples"],
  valid: ({ w, layers, gaps, both, poked, asked }) =>
    WINDOWS.includes(w) && whole(layers, 1, 8) && PATTERNS.includes(gaps) && typeof both === "boolean" &&
    whole(poked, 0, 16) && whole(asked, 0, 16),
  build,
  style: `
    .heatmap { border-spacing: 1px; margin-top: 6px; } .heatmap th:first-child, .heatmap td:first-child { width: 17%; }
    .heatmap button { height: 24px; border-radius: 3px; } .heatmap th { font-size: 11.5px; text-overflow: clip; }
    .heatmap td button { box-shadow: inset 0 0 0 1px var(--line); }
    .heatmap td button.still { cursor: default; }
    .heatmap td button.chosen { box-shadow: inset 0 0 0 3px var(--k); }
    .panel { margin-top: 14px; } .numbers { grid-template-columns: minmax(0, 1fr); }
    @media (forced-colors: active) { .heatmap td button.chosen { outline: 3px solid Highlight; outline-offset: -3px; } }`,
});

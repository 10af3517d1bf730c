// The figure √d_k: what the dimension does to the logits' variance, the weights and softmax's Jacobian.
// State: d, kind ("random" or "trained"), scaled. Data: samples, the q and k that Python drew or trained.

import {
  check, choice, compact, decimals, defineFigure, dot, fold, goals, h, heatmap, lineChart, mean, numberField,
  numberTable, numberTables, panel, percent, sentence, softmax, sum,
} from "kit";
import words from "words";

const SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256];
const LARGEST = SIZES.at(-1);
const KINDS = ["random", "trained"];

/** Logits, weights, the logits' variance and the mean Frobenius norm of diag(p) − p pᵀ. */
function measure(samples, { d, kind, scaled }) {
  const { q, k } = kind === "random" ? samples.random : samples.trained[d];
  const divisor = scaled ? Math.sqrt(d) : 1;
  const keys = k.map((key) => key.slice(0, d));
  const logits = q.map((query) => keys.map((key) => dot(key, query) / divisor));
  const weights = logits.map((row) => softmax(row));
  const middle = mean(logits.flat());
  const jacobians = weights.map((p) =>
    Math.sqrt(sum(p.flatMap((a, i) => p.map((b, j) => ((i === j ? a : 0) - a * b) ** 2)))),
  );
  return { logits, weights, variance: mean(logits.flat().map((x) => (x - middle) ** 2)), jacobian: mean(jacobians) };
}

function build(f) {
  const trained = Object.keys(f.data.samples.trained).map(Number).sort((a, b) => a - b);
  const sizes = { random: SIZES, trained };
  const nearest = (d) => trained.reduce((a, b) => (Math.abs(Math.log(b / d)) < Math.abs(Math.log(a / d)) ? b : a));
  const kind = choice(f.t("kind"), (i) => f.change({ kind: KINDS[i], d: i ? nearest(f.state.d) : f.state.d }));
  const size = choice(f.t("d"), (i) => f.change({ d: sizes[f.state.kind][i] }));
  const own = numberField(f.t("ownD"), { min: 1, max: LARGEST, whole: true, attributes: { "data-field": "d" } }, (d) => f.change({ d }));
  const ownRow = h("label", { class: "field" }, h("span", { class: "name" }, f.t("ownD")), own.element);
  const scaled = check(f.t("scaled"), (on) => f.change({ scaled: on }), { class: "scaled" });
  const map = heatmap({ rowAxis: f.t("query"), columnAxis: f.t("key") });
  const axis = { name: "d", log: true, ticks: [1, 4, 16, 64, 256], format: String };
  const variance = lineChart({ x: axis, y: { name: f.t("variance"), log: true, ticks: 4, format: (v) => (Math.log10(v) % 1 ? "" : compact(v, 0)) } });
  const jacobian = lineChart({ x: axis, y: { name: f.t("jacobian"), ticks: 5 } });
  const said = sentence();
  const aims = goals(f);
  const [logits, weights, curves] = ["logits", "weights", "curves"].map((name) =>
    numberTable(name, f.t(name), name === "curves" ? "d" : f.t("query")),
  );
  const columns = ["varPlain", "varDivided", "jacPlain", "jacDivided"];
  const numbers = numberTables(f.t("table"), curves, logits, weights);
  return {
    elements: [
      h("div", { class: "bar" }, kind.element, size.element, ownRow, scaled.element),
      said,
      h(
        "div",
        { class: "panels" },
        panel(1, f.t("variance"), null, variance.element),
        panel(2, f.t("jacobian"), null, jacobian.element),
        panel(3, f.t("weights"), null, map.element),
        h("div", {}, aims.element),
      ),
      fold(f.t("table"), numbers),
    ],
    update(state) {
      const now = measure(f.data.samples, state);
      kind.update(KINDS.map((name) => f.t(name)), KINDS.indexOf(state.kind));
      size.update(sizes[state.kind].map(String), sizes[state.kind].indexOf(state.d));
      own.update(state.d);
      ownRow.hidden = state.kind === "trained";
      scaled.update(state.scaled);

      const names = now.weights.map((_, i) => String(i + 1));
      const label = (i, j) => f.t("cell", { query: names[i], key: names[j], weight: decimals(now.weights[i][j]) });
      map.update({ rows: names, columns: names, values: now.weights, theme: f.theme, label });
      const at = sizes[state.kind].map((d) => [false, true].map((on) => measure(f.data.samples, { ...state, d, scaled: on })));
      const series = (name) =>
        ["plain", "divided"].map((key, on) => ({
          name: f.t(key), role: on ? "v" : "k", dashed: !on,
          points: at.map((pair, i) => [sizes[state.kind][i], pair[on][name]]),
        }));
      const xDomain = [1, LARGEST];
      variance.update({ label: f.t("varianceChart"), series: series("variance"), mark: state.d, xDomain });
      jacobian.update({ label: f.t("jacobianChart"), series: series("jacobian"), mark: state.d, xDomain, yDomain: [0, 0.6] });

      curves.update({
        rows: sizes[state.kind].map(String),
        columns: columns.map((key) => f.t(key)),
        values: at.map(([plain, divided]) => [plain.variance, divided.variance, plain.jacobian, divided.jacobian]),
      });
      logits.update({ rows: names, columns: names, values: now.logits });
      weights.update({ rows: names, columns: names, values: now.weights });
      const largest = percent(mean(now.weights.map((row) => Math.max(...row))));
      const text = f.t("says", { d: state.d, variance: compact(now.variance), largest, jacobian: decimals(now.jacobian) });
      if (said.textContent !== text) f.say((said.textContent = text));
      const answer = f.t("now", { value: decimals(now.jacobian) });
      const dead = measure(f.data.samples, { ...state, scaled: false }).jacobian < 0.1;
      aims.update([
        { id: "dead", text: f.t("goalDead"), met: f.touched && now.jacobian < 0.1, now: answer },
        { id: "rescue", text: f.t("goalRescue"), met: f.touched && dead && now.jacobian > 0.2, now: answer },
      ]);
    },
  };
}

export default defineFigure({
  words,
  traits: ["d", "kind", "scaled"],
  data: ["samples"],
  valid: ({ d, kind, scaled }) =>
    Number.isInteger(d) && d >= 1 && d <= LARGEST && KINDS.includes(kind) && typeof scaled === "boolean" && (kind === "random" || [4, 16, 64, 256].includes(d)),
  build,
  style: `.numbers { grid-template-columns: minmax(0, 1fr); } .field input { width: 5.5em; } .heatmap button { height: 30px; } .heatmap td button { font-size: 12px; }`,
});

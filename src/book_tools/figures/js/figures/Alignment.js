// The figure alignment: a GRU with attention writes a translation; where it looks can be moved by hand.
// State: sentence, step, moved ([[step, weights], …]). Data: decoder (packed matrices), sentences (annotations, goals).

import {
  button, choice, decimals, defineFigure, fold, goals, h, heatmap, help, numberTable, numberTables, panel, percent,
  sentence, set, slider, softmax, sum, tidy,
} from "kit";
import words from "words";

const SHOWN = 5; // pieces of the next word's distribution
const END = "■"; // short enough for a narrow column
const SURE = 0.9; // the weight from which a step counts as sent to a token

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const WHOLE = new Map([...LETTERS].map((letter, i) => [letter, i - LETTERS.length / 2]));

/** Whole numbers, a letter each, times a scale for each row, as Python packed them. */
function unpack({ shape: [rows, columns], scales, values }) {
  const numbers = new Float64Array(rows * columns);
  for (let i = 0; i < numbers.length; i++) numbers[i] = WHOLE.get(values[i]) * scales[Math.floor(i / columns)];
  return { rows, columns, numbers };
}
const row = ({ columns, numbers }, i) => numbers.subarray(i * columns, (i + 1) * columns);

/** W x + b. */
function linear({ rows, columns, numbers }, x, bias) {
  const y = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    let total = bias ? bias.numbers[i] : 0;
    for (let j = 0, at = i * columns; j < columns; j++, at++) total += numbers[at] * x[j];
    y[i] = total;
  }
  return y;
}
const sigmoid = (x) => 1 / (1 + Math.exp(-x));
const joined = (...vectors) => Float64Array.from(vectors.flatMap((vector) => [...vector]));

/** The decoder of transformer_lab's AttentionGRU. */
function decoderOf({ matrices, pieces, bos, eos, limit }) {
  const m = Object.fromEntries(Object.entries(matrices).map(([name, packed]) => [name, unpack(packed)]));
  const layer = (name, x) => linear(m[`${name}.weight`], x, m[`${name}.bias`]);

  function cell(x, state) {
    const [input, hidden] = [layer("decoder.from_input", x), layer("decoder.from_state", state)];
    const d = state.length;
    return state.map((old, i) => {
      const [reset, update] = [sigmoid(input[i] + hidden[i]), sigmoid(input[d + i] + hidden[d + i])];
      const candidate = Math.tanh(input[2 * d + i] + reset * hidden[2 * d + i]);
      return candidate + update * (old - candidate);
    });
  }
  /** A sentence made ready: annotations, keys, the first state. */
  function read(packed) {
    const memory = unpack(packed);
    const annotations = Array.from({ length: memory.rows }, (_, j) => row(memory, j));
    const keys = annotations.map((annotation) => layer("attention.key", annotation));
    const state = layer("start", annotations[0].subarray(memory.columns / 2)).map(Math.tanh);
    return { annotations, keys, state };
  }
  /** Greedy; `moved` is a map from steps to weights. */
  function write({ annotations, keys, state: first }, moved) {
    const steps = [];
    for (let [state, piece] = [first, bos]; steps.length < limit && (piece !== eos || !steps.length); ) {
      const asked = layer("attention.query", state);
      const scores = keys.map((key) => linear(m["attention.score.weight"], key.map((k, i) => Math.tanh(asked[i] + k)))[0]);
      const own = softmax(scores);
      const given = moved.get(steps.length);
      const weights = given ? given.map((weight) => weight / sum(given)) : own;
      const context = new Float64Array(annotations[0].length);
      annotations.forEach((annotation, j) => annotation.forEach((value, i) => (context[i] += weights[j] * value)));
      const word = row(m["embedding.weight"], piece);
      state = cell(joined(word, context), state);
      const probabilities = softmax([...layer("output", layer("readout", joined(state, context, word)).map(Math.tanh))]);
      piece = probabilities.indexOf(Math.max(...probabilities));
      steps.push({ piece, own, weights, probabilities });
    }
    const text = steps.filter(({ piece }) => piece !== eos).map(({ piece }) => pieces[piece]).join("");
    return { steps, text: text.replaceAll("▁", " ").trim() };
  }
  return { read, write };
}

const largest = (values) => values.indexOf(Math.max(...values));

/** How many words of `wanted` stand at their place in `text`. */
function agreeing(text, wanted) {
  const [now, then] = [text.split(" "), wanted.split(" ")];
  return { right: then.filter((word, i) => now[i] === word).length, words: then.length };
}

/** The words, with a mark from the first to the last that is another than in `before`. */
function marked(words, before) {
  let [from, back] = [0, 0];
  while (from < words.length && words[from] === before[from]) from += 1;
  while (back < Math.min(words.length, before.length) - from && words.at(-1 - back) === before.at(-1 - back)) back += 1;
  return words.flatMap((word, i) => [h(i >= from && i < words.length - back ? "mark" : "span", {}, word), " "]);
}

let shared = null; // unpacked once, however often a sentence is chosen

function build(f) {
  const { sentences } = f.data;
  const source = sentences[f.state.sentence] ?? sentences[0];
  const n = source.tokens.length;
  if (shared?.data !== f.data.decoder) shared = { data: f.data.decoder, decoder: decoderOf(f.data.decoder) };
  const { decoder } = shared;
  const { pieces, eos } = f.data.decoder;
  const prepared = decoder.read(source.memory);
  const plain = decoder.write(prepared, new Map());
  const mine = () => new Map(f.state.moved.filter(([, weights]) => weights.length === n));
  const names = source.tokens.map((token) => (token === "<eos>" ? END : token));
  const nameOf = (piece) => (piece === eos ? END : pieces[piece].replaceAll("▁", ""));
  const spoken = (name) => (name === END ? f.t("end") : name);
  let now = plain;
  const shownStep = () => Math.min(f.state.step, now.steps.length - 1);

  const move = (step, weights) =>
    f.change({ step, moved: [...[...mine()].filter(([at]) => at !== step), [step, weights.map(tidy)]].sort(([a], [b]) => a - b) });
  /** One token gets `share`; the others keep their proportions. */
  function share(j, share) {
    const { weights } = now.steps[shownStep()];
    const rest = sum(weights.filter((_, i) => i !== j));
    move(shownStep(), weights.map((weight, i) => (i === j ? share : ((1 - share) * (rest > 1e-6 ? weight / rest : 1 / (n - 1))))));
  }

  const chosen = choice(f.t("sentence"), (i) => f.change({ sentence: i, step: 0, moved: [] }));
  const output = h("p", { class: "output" });
  const before = help("");
  const map = heatmap({
    rowAxis: f.t("written"),
    columnAxis: f.t("read"),
    oncell: (i, j) => move(i, names.map((_, k) => Number(k === j))),
    onrow: (step) => f.change({ step }),
  });
  const sliders = names.map((token, j) =>
    slider(token, {
      min: 0, max: 1, step: 0.01, text: (weight) => `${Math.round(100 * weight)}%`,
      attributes: { "aria-label": f.t("weightOf", { token: spoken(token), place: j + 1 }), "data-weight": j },
    }, (value) => share(j, value)),
  );
  const heading = h("p", { class: "name" });
  const own = button(f.t("own"), () => f.change({ moved: [...mine()].filter(([at]) => at !== shownStep()) }), { "data-own": true });
  const next = numberTable("next", "", f.t("pieces"));
  const weightsTable = numberTable("weights", f.t("weightsTable"), f.t("written"));
  const said = sentence();
  const aims = goals(f);
  return {
    elements: [
      chosen.element,
      output,
      before,
      h(
        "div",
        { class: "panels" },
        panel(1, f.t("map"), null, map.element, help(f.t("mapHelp"))),
        h("div", {},
          panel(
            2, f.t("weightsOf"), null,
            h("div", { class: "head" }, heading, own),
            h("div", { class: "sliders" }, ...sliders.map(({ element }) => element)),
          ),
          panel(3, f.t("next"), null, h("div", { class: "next" }, next.element), help(f.t("nextHelp"))),
        ),
      ),
      said,
      aims.element,
      fold(f.t("numbers"), numberTables(f.t("numbers"), weightsTable)),
    ],
    update(state) {
      const moved = mine();
      now = moved.size ? decoder.write(prepared, moved) : plain;
      const step = shownStep();
      const { weights, probabilities } = now.steps[step];
      chosen.update(sentences.map(({ text }) => text), state.sentence);
      output.replaceChildren(...marked(now.text.split(" "), plain.text.split(" ")));
      before.textContent = f.t("plain", { plain: plain.text });
      const rows = now.steps.map(({ piece }, t) => `${nameOf(piece)}${moved.has(t) ? " *" : ""}`);
      map.update({
        rows, columns: names, values: now.steps.map((each) => each.weights), theme: f.theme, current: step, text: () => "",
        label: (i, j) => f.t("cell", {
          piece: spoken(nameOf(now.steps[i].piece)), step: i + 1, weight: percent(now.steps[i].weights[j]),
          token: spoken(names[j]), place: j + 1,
        }),
      });
      const piece = spoken(nameOf(now.steps[step].piece));
      heading.textContent = f.t(moved.has(step) ? "stepMoved" : "stepOwn", { step: step + 1, piece });
      sliders.forEach((each, j) => each.update(weights[j]));
      set(own, { disabled: !moved.has(step) });
      const best = probabilities.map((p, i) => [p, i]).sort(([a], [b]) => b - a).slice(0, SHOWN);
      next.update({
        rows: best.map(([, i]) => (i === eos ? f.t("end") : pieces[i])), columns: [f.t("probability")], values: best.map(([p]) => [p]), text: (p) => decimals(p, 3),
      });
      for (const cell of next.element.querySelectorAll("tbody td")) cell.style.backgroundSize = `${100 * cell.dataset.value}% 70%`;
      next.element.caption.textContent = f.t("nextTable", { step: step + 1 });
      weightsTable.update({ rows, columns: names, values: now.steps.map((each) => each.weights) });
      const most = largest(weights);
      const values = { step: step + 1, piece, token: spoken(names[most]), weight: percent(weights[most]) };
      const text = f.t(moved.has(step) ? "saysMoved" : "says", values);
      const told = `${text} ${now.text}`;
      if (said.dataset.told !== told) f.say((said.dataset.told = told)); // the translation stands above, in large letters
      said.textContent = text;
      const sent = now.steps.some((each, t) => moved.has(t) && Math.max(...each.weights) >= SURE && largest(each.weights) !== largest(each.own));
      aims.update([
        ...source.goals.map((wanted, i) => ({
          id: `say${i}`, text: f.t("goalSay", { text: wanted }), met: f.touched && moved.size === 1 && now.text === wanted,
          now: f.t("now", agreeing(now.text, wanted)),
        })),
        { id: "nothing", text: f.t("goalNothing"), met: f.touched && moved.size === 1 && sent && now.text === plain.text, now: f.t("nowNothing") },
      ]);
    },
  };
}

const weighted = (entry) =>
  Array.isArray(entry) && Number.isInteger(entry[0]) && Array.isArray(entry[1]) && entry[1].every((w) => Number.isFinite(w) && w >= 0) && sum(entry[1]) > 0;

export default defineFigure({
  words,
  traits: ["sentence", "step", "moved"],
  data: ["decoder", "sentences"],
  valid: ({ sentence: at, step, moved }) =>
    Number.isInteger(at) && at >= 0 && Number.isInteger(step) && step >= 0 && Array.isArray(moved) && moved.every(weighted),
  shape: ({ sentence: at }) => at,
  build,
  style: `
    .choice label span { max-width: none; }
    .output { font-size: 20px; line-height: 1.35; margin: 14px 0 0; min-height: 2.7em; }
    @container (min-width: 600px) { .output { min-height: 1.35em; } }
    .output mark { background: none; color: var(--a); font-weight: 700; text-decoration: underline; text-underline-offset: 3px; }
    .heatmap { border-spacing: 1px; }
    .heatmap button { height: 25px; border-radius: 3px; }
    .heatmap th { text-overflow: clip; }
    .heatmap th button { font-size: 13px; padding-inline: 2px; }
    .head { display: flex; justify-content: space-between; align-items: center; gap: 8px; }
    .head p { margin: 0; }
    .sliders .slider .name { min-width: 2.2em; }
    .sliders .slider input[type="range"] { height: 24px; }
    .panels > div > .panel + .panel { margin-top: 18px; }
    .next { font-size: 14px; }
    .next caption, .next thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
    .next th { text-align: start; width: 6em; }
    .next td { text-align: end; background: linear-gradient(var(--line), var(--line)) no-repeat 0 50%; }
    .summary { min-height: 0; }
    .numbers { grid-template-columns: minmax(0, 1fr); }`,
});

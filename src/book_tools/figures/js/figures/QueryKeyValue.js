// The figure query–key–value: scaled dot-product attention over 2 to 5 tokens with two-dimensional vectors.
// State: labels, q, k, v ([x, y] a token), mask (mask[i][j]: query i may attend to key j), scaled, temperature,
// query (the token that is drawn), x (or null) and the matrices w_q, w_k, w_v that made q, k and v of it.

import {
  arrow, button, check, choice, compact, copy, decimals, defineFigure, dot, extent, fold, goals, group, h, handle,
  heatmap, help, hull, matmul, numberField, numberTable, pair, panel, percent, placeTags, plane, s, same, sentence, set,
  slider, softmax, sum, textField, tidy,
} from "kit";
import words from "words";

const MOVED = ["q", "k", "v"];
const MATRICES = { q: "w_q", k: "w_k", v: "w_v" };
const TRAITS = ["labels", "q", "k", "v", "mask", "scaled", "temperature", "query", "x", "w_q", "w_k", "w_v"];
const [MIN_TOKENS, MAX_TOKENS, LIMIT] = [2, 5, 10];
const times = (n, make) => Array.from({ length: n }, (_, i) => make(i));
const replaced = (list, at, value) => list.map((each, i) => (i === at ? value : each));
const nothingMasked = (n) => times(n, () => Array(n).fill(true));
const causal = (n) => times(n, (i) => times(n, (j) => j <= i));

function attention({ q, k, v, mask, scaled, temperature }) {
  const dots = q.map((query) => k.map((key) => dot(query, key)));
  const divisor = (scaled ? Math.SQRT2 : 1) * temperature;
  const scores = dots.map((row) => row.map((value) => value / divisor));
  const weights = scores.map((row, i) => softmax(row, mask[i]));
  return { dots, scores, weights, outputs: matmul(weights, v) };
}

/** q, k and v as x times the matrices; null without x. */
const fromX = (state) =>
  state.x && Object.fromEntries(MOVED.map((role) => [role, matmul(state.x, state[MATRICES[role]]).map((row) => row.map(tidy))]));

function valid(state) {
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

/** Planes never change their range under the hand, and only grow until a fresh start. */
const growing = () => {
  let range = 0;
  return (f, vectors) => (f.dragging && range ? range : (range = Math.max(range, extent(vectors))));
};

function comparePanel(f, n) {
  const [view, range] = [plane(), growing()];
  const move = (role, i) => (vector) => f.change({ [role]: replaced(f.state[role], i(), vector) });
  const direction = s("line", { class: "direction" });
  const query = arrow(f, view, { role: "q", head: 19, width: 7, reach: 22, limit: LIMIT }, move("q", () => f.state.query));
  const keys = times(n, (j) => arrow(f, view, { role: "k", reach: 13, limit: LIMIT }, move("k", () => j)));
  const drops = times(n, () => s("line", { class: "drop" }));
  view.scene.append(
    s("g", { "aria-hidden": "true" }, direction, ...drops),
    ...[query, ...keys].map((each) => each.shaft),
    ...[query, ...keys].map((each) => each.handle),
    ...[...keys, query].map((each) => each.tag),
  );
  const element = panel(1, f.t("compare"), f.t("compareFormula"), view.svg, help(f.t("compareHelp")));
  return {
    element,
    update({ labels, q, k, mask, query: i }, { weights }, light) {
      view.setRange(range(f, [...q, ...k]));
      view.name(f.t("compareScene", { word: labels[i] }));
      const length = Math.hypot(...q[i]);
      const unit = length > 0 ? q[i].map((c) => c / length) : [0, 0];
      const [[x1, y1], [x2, y2]] = [-9, 9].map((far) => view.point(unit.map((c) => c * far * view.range)));
      set(direction, { x1, y1, x2, y2 });
      const name = (role, j) => f.t(`tip${role}`, { word: labels[j] });
      const tags = keys.map((key, j) => {
        const [[ax, ay], [bx, by]] = [view.point(k[j]), view.point(unit.map((c) => c * dot(k[j], unit)))];
        const visibility = mask[i][j] && length > 0 ? "visible" : "hidden";
        set(drops[j], { x1: ax, y1: ay, x2: bx, y2: by, visibility });
        const width = 1.5 + 3.5 * weights[i][j];
        const lit = light?.j === j;
        return key.update(k[j], { name: name("k", j), text: labels[j], id: `k${j}`, width, off: !mask[i][j], lit });
      });
      const text = `q: ${labels[i]}`;
      placeTags([query.update(q[i], { name: name("q", i), text, id: `q${i}`, lit: light?.i === i }), ...tags]);
    },
  };
}

function weighPanel(f, n) {
  const rows = times(n, (j) => {
    const [box, word, fill, share] = [null, h("span"), h("span", { class: "fill" }), h("b")];
    const may = check("", (on) => f.mask(f.state.query, j, on));
    may.element.replaceChildren(may.element.querySelector("input"), word);
    const numbers = times(3, () => h("td"));
    const bar = h("td", { class: "share" }, h("div", {}, h("span", { class: "track" }, fill), share));
    const light = (on) => () => f.light(on ? { i: f.state.query, j } : null);
    const row = h("tr", { onpointerenter: light(true), onpointerleave: light(false) }, h("th", { scope: "row" }, may.element), ...numbers, bar);
    return { box, word, fill, share, may, numbers, row, input: may.element.querySelector("input") };
  });
  const exp = h("th", { scope: "col" });
  const [total, whole] = [h("td"), h("td", { class: "share" })];
  const table = h(
    "table",
    { class: "weigh" },
    h("thead", {}, h("tr", {}, ...["key", "dot", "score"].map((key) => h("th", { scope: "col" }, f.t(key))), exp, h("th", { scope: "col" }, f.t("weight")))),
    h("tbody", {}, ...rows.map(({ row }) => row)),
    h("tfoot", {}, h("tr", {}, h("th", { scope: "row" }, f.t("sum")), h("td"), h("td"), total, whole)),
  );
  const scaled = check(f.t("scaled"), (on) => f.change({ scaled: on }), { class: "scaled" });
  const temperature = slider(
    f.t("temperature"),
    {
      min: -1, max: 1, step: 0.05,
      to: (position) => Number((10 ** position).toPrecision(2)),
      from: Math.log10,
      text: (value) => decimals(value, value < 1 ? 2 : 1),
      attributes: { class: "temperature" },
    },
    (value) => f.change({ temperature: value }),
  );
  const none = button(f.t("maskNone"), () => f.change({ mask: nothingMasked(n) }), { "data-mask": "none" });
  const future = button(f.t("maskCausal"), () => f.change({ mask: causal(n) }), { "data-mask": "future" });
  const controls = h("div", { class: "controls" }, scaled.element, temperature.element, group(f.t("mask"), none, future));
  const element = panel(2, f.t("weigh"), " ", table, controls);
  return {
    element,
    update({ labels, mask, query: i, scaled: on, temperature: heat }, { dots, scores, weights }, light) {
      const key = on ? (heat === 1 ? "weighScaled" : "weighBoth") : heat === 1 ? "weighPlain" : "weighTemperature";
      element.querySelector(".formula").textContent = f.t(key, { temperature: heat });
      const allowed = scores[i].filter((_, j) => mask[i][j]);
      const highest = Math.max(...allowed, -Infinity);
      const shifted = Math.abs(highest) > 50; // what has no room as a number is shown as softmax computes it
      const powers = scores[i].map((score, j) => (mask[i][j] ? Math.exp(score - (shifted ? highest : 0)) : 0));
      exp.textContent = f.t(shifted ? "expShifted" : "exp");
      rows.forEach(({ word, fill, share, may, numbers, row, input }, j) => {
        word.textContent = labels[j];
        may.update(mask[i][j]);
        set(input, { "aria-label": f.t("mayAttend", { query: labels[i], key: labels[j] }) });
        numbers[0].textContent = decimals(dots[i][j]);
        numbers[1].textContent = mask[i][j] ? decimals(scores[i][j]) : "−∞";
        numbers[2].textContent = compact(powers[j]);
        set(numbers[2], { "data-exp": powers[j] });
        fill.style.width = `${100 * weights[i][j]}%`;
        share.textContent = decimals(weights[i][j]);
        row.classList.toggle("masked", !mask[i][j]);
        row.classList.toggle("lit", light?.i === i && light.j === j);
      });
      total.textContent = compact(sum(powers));
      set(total, { "data-sum": sum(powers) });
      whole.textContent = decimals(sum(weights[i]));
      scaled.update(on);
      temperature.update(heat);
      set(none, { "aria-pressed": String(same(mask, nothingMasked(n))) });
      set(future, { "aria-pressed": String(same(mask, causal(n))) });
    },
  };
}

function mixPanel(f, n) {
  const [view, range] = [plane(), growing()];
  const outline = s("polygon", { class: "hull" });
  const target = s("path", { class: "target", d: "M0 -9L9 0L0 9L-9 0Z" });
  const targetTag = s("text", { class: "tag out" });
  const values = times(n, (j) => {
    const square = s("rect", { class: "head", rx: 2 });
    const end = handle(f, view, { role: "v", shape: square, reach: 15, limit: LIMIT }, (vector) => f.change({ v: replaced(f.state.v, j, vector) }));
    return { square, end, spoke: s("line", { class: "spoke" }), tag: s("text", { class: "tag v" }) };
  });
  view.scene.append(
    s("g", { "aria-hidden": "true" }, outline, ...values.map(({ spoke }) => spoke)),
    ...values.map(({ end }) => end.element),
    s("g", { "aria-hidden": "true", "pointer-events": "none" }, target, ...values.map(({ tag }) => tag), targetTag),
  );
  return {
    element: panel(3, f.t("mix"), f.t("mixFormula"), view.svg, help(f.t("mixHelp"))),
    update({ labels, v, mask, query: i }, { weights, outputs }, light) {
      view.setRange(range(f, v));
      view.name(f.t("mixScene", { word: labels[i] }));
      const corners = hull(v.filter((_, j) => mask[i][j]));
      set(outline, { points: corners.map((corner) => view.point(corner).join()).join(" ") });
      const [ox, oy] = view.point(outputs[i]);
      const tags = values.map(({ square, end, spoke, tag }, j) => {
        const [[x, y], weight] = [view.point(v[j]), weights[i][j]];
        const side = 9 + 9 * weight;
        set(square, { x: -side / 2, y: -side / 2, width: side, height: side });
        set(spoke, { x1: x, y1: y, x2: ox, y2: oy, "stroke-width": Math.max(0.75, 9 * weight), visibility: weight > 0.002 ? "visible" : "hidden" });
        end.update(v[j], f.t("tipv", { word: labels[j] }), `v${j}`);
        end.element.classList.toggle("masked", !mask[i][j]);
        end.element.classList.toggle("lit", light?.j === j);
        tag.textContent = labels[j];
        return { tag, text: labels[j], at: [x, y], angle: Math.atan2(y - oy, x - ox) };
      });
      set(target, { transform: `translate(${ox} ${oy})` });
      targetTag.textContent = `${f.t("output")} ${pair(outputs[i])}`;
      placeTags([{ tag: targetTag, text: targetTag.textContent, at: [ox, oy], angle: Math.PI / 2 }, ...tags], 16);
    },
  };
}

function everyPanel(f) {
  const map = heatmap({
    rowAxis: f.t("query"),
    columnAxis: f.t("key"),
    oncell: (i, j) => f.mask(i, j, !f.state.mask[i][j]),
    onrow: (i) => f.change({ query: i }),
    onlight: f.light,
  });
  return {
    element: panel(null, f.t("every"), null, map.element, help(f.t("everyHelp"))),
    update({ labels, mask, query }, { weights }, light) {
      const label = (i, j) =>
        f.t(mask[i][j] ? "cell" : "cellMasked", { query: labels[i], key: labels[j], weight: decimals(weights[i][j]) });
      map.update({ rows: labels, columns: labels, values: weights, theme: f.theme, label, off: (i, j) => !mask[i][j], current: query, light });
    },
  };
}

/** x, and the three matrices that make queries, keys and values of it: all can be moved. */
function sourcePanel(f, n) {
  const made = (patch) => {
    const next = { ...f.state, ...patch };
    f.change({ ...patch, ...fromX(next) });
  };
  const scene = (count, role, move) => {
    const [view, range] = [plane(), growing()];
    const arrows = times(count, (i) => arrow(f, view, { role, limit: 5 }, (vector) => move(i, vector)));
    view.scene.append(...["shaft", "handle", "tag"].flatMap((part) => arrows.map((each) => each[part])));
    const update = (vectors, texts, names, id) => {
      view.setRange(range(f, vectors));
      placeTags(arrows.map((each, i) => each.update(vectors[i], { name: names[i], text: texts[i], id: `${id}${i}` })));
    };
    return { view, update };
  };
  const start = () => made({ x: copy(f.state.k), w_q: [[1, 0], [0, 1]], w_k: [[1, 0], [0, 1]], w_v: [[1, 0], [0, 1]] });
  const again = button(f.t("sourceMake"), () => (f.state.x ? made({}) : start()), { "data-source": true });
  const said = h("p", { class: "help" });
  const xs = scene(n, "out", (i, vector) => made({ x: replaced(f.state.x, i, vector) }));
  const matrices = MOVED.map((role) => ({
    role,
    ...scene(2, role, (i, vector) => made({ [MATRICES[role]]: replaced(f.state[MATRICES[role]], i, vector) })),
  }));
  const planes = h("div", { class: "sources" }, ...[{ view: xs.view, role: "x" }, ...matrices].map(({ view, role }) =>
    h("figure", {}, h("figcaption", { class: role }, role === "x" ? "x" : `W${{ q: "ᵩ", k: "ₖ", v: "ᵥ" }[role]}`), view.svg)));
  return {
    element: h("div", { class: "source" }, help(f.t("sourceHelp")), said, again, planes),
    update(state) {
      const holds = state.x && MOVED.every((role) => same(state[role], fromX(state)[role]));
      said.textContent = f.t(!state.x ? "sourceHand" : holds ? "sourceHolds" : "sourceMoved");
      set(again, { hidden: Boolean(holds) });
      set(planes, { hidden: !state.x });
      if (!state.x) return;
      xs.view.name(f.t("sourceScene"));
      xs.update(state.x, state.labels, state.labels.map((word) => f.t("tipx", { word })), "x");
      for (const { role, view, update } of matrices) {
        const name = `W_${role}`;
        view.name(f.t("matrixScene", { name }));
        update(state[MATRICES[role]], state[MATRICES[role]].map(pair), [1, 2].map((index) => f.t("row", { index, name })), MATRICES[role]);
      }
    },
  };
}

function editPanel(f, n) {
  const tokens = times(n, (i) => {
    const word = textField(f.t("token", { index: i + 1 }), (label) => f.change({ labels: replaced(f.state.labels, i, label) }), { maxlength: 12, "data-field": `label${i}` });
    const fields = MOVED.map((role) =>
      [0, 1].map((axis) =>
        numberField(`${role}${i}`, { min: -LIMIT, max: LIMIT, step: 0.05, attributes: { "data-field": `${role}${i}${"xy"[axis]}` } }, (value) =>
          f.change({ [role]: replaced(f.state[role], i, replaced(f.state[role][i], axis, value)) }),
        ),
      ),
    );
    const vectors = fields.map((pair, r) => h("div", { class: `vector ${MOVED[r]}` }, h("span", {}, f.t(MOVED[r])), ...pair.map(({ element }) => element)));
    return { word, fields, element: h("fieldset", {}, word.element, ...vectors) };
  });
  return {
    element: h("div", { class: "edit" }, ...tokens.map(({ element }) => element)),
    update({ labels, ...state }) {
      tokens.forEach(({ word, fields, element }, i) => {
        set(element, { "aria-label": labels[i] });
        word.update(labels[i]);
        fields.forEach((pair, r) =>
          pair.forEach((field, axis) => {
            const vector = f.t(`tip${MOVED[r]}`, { word: labels[i] });
            field.update(state[MOVED[r]][i][axis], f.t("coordinate", { vector, axis: "xy"[axis] }));
          }),
        );
      });
    },
  };
}

function numbersPanel(f) {
  const [scores, weights, outputs] = ["Scores", "Weights", "Outputs"].map((name) => numberTable(name.toLowerCase(), f.t(`table${name}`), f.t("query")));
  return {
    element: h("div", { class: "numbers" }, scores.element, weights.element, outputs.element),
    update({ labels, mask }, result) {
      const text = (value, i, j) => (mask[i][j] ? decimals(value, 4) : "−∞");
      scores.update({ rows: labels, columns: labels, values: result.scores, text });
      weights.update({ rows: labels, columns: labels, values: result.weights });
      outputs.update({ rows: labels, columns: ["x", "y"], values: result.outputs });
    },
  };
}

function toolbar(f) {
  const presets = Object.entries(f.data.presets ?? {}).map(([name, preset]) => ({
    preset,
    chip: button(name, () => f.restart(preset), { "data-preset": name }),
  }));
  const resize = (text, key, by) => button(text, () => f.resize(by), { class: "chip square", "aria-label": f.t(key) });
  const [fewer, more, count] = [resize("−", "fewer", -1), resize("+", "more", 1), h("span", { class: "count" })];
  const query = choice(f.t("queryChoice"), (i) => f.change({ query: i }));
  return {
    element: h(
      "div",
      {},
      h("div", { class: "bar" }, group(f.t("presets"), ...presets.map(({ chip }) => chip))),
      h("div", { class: "bar queries" }, query.element, group(f.t("tokens"), fewer, count, more)),
    ),
    update(state) {
      query.update(state.labels, state.query);
      for (const { preset, chip } of presets)
        set(chip, { "aria-pressed": String(TRAITS.every((name) => name === "query" || same(state[name], preset[name]))) });
      count.textContent = state.labels.length;
      set(fewer, { disabled: state.labels.length <= MIN_TOKENS });
      set(more, { disabled: state.labels.length >= MAX_TOKENS });
    },
  };
}

function summary(f, { labels, mask, query: i }, { weights, outputs }) {
  const shares = labels
    .map((key, j) => ({ key, weight: weights[i][j], may: mask[i][j] }))
    .sort((a, b) => b.may - a.may || b.weight - a.weight);
  const said = shares.map(({ key, weight, may }) => f.t(may ? "share" : "shareMasked", { key, weight: percent(weight) }));
  const last = said.pop();
  const values = { query: labels[i], output: pair(outputs[i]), shares: said.length ? f.t("and", { first: said.join(", "), last }) : last };
  return f.t(shares.some(({ may }) => may) ? "attends" : "attendsToNothing", values);
}

function wanted(f, { labels, query: i }, { weights, outputs }) {
  const key = labels.length > 3 ? 3 : 0;
  const [query, spread] = [labels[i], Math.max(...weights[i]) - Math.min(...weights[i])];
  const now = (value) => f.t("now", { value });
  return [
    { id: "give", text: f.t("goalGive", { query, key: labels[key] }), met: weights[i][key] >= 0.9, now: now(percent(weights[i][key])) },
    {
      id: "equal",
      text: f.t("goalEqual", { query }),
      met: f.touched && spread < 0.02 && weights[i][0] > 0,
      now: now(`${percent(Math.min(...weights[i]))} – ${percent(Math.max(...weights[i]))}`),
    },
    { id: "middle", text: f.t("goalMiddle", { query }), met: f.touched && sum(weights[i]) > 0 && Math.hypot(...outputs[i]) < 0.1, now: now(pair(outputs[i])) },
  ];
}

function build(f) {
  const n = f.state.labels.length;
  let light = null; // the row and the column that make a number
  f.light = (at) => {
    if (same(at, light)) return;
    light = at;
    f.draw();
  };
  f.mask = (i, j, may) => f.change({ mask: replaced(f.state.mask, i, replaced(f.state.mask[i], j, may)) });
  f.removed ??= [];
  f.resize = (by) => f.change(resized(f.state, by, f));
  const bar = toolbar(f);
  const said = sentence();
  const aims = goals(f);
  const panels = [comparePanel(f, n), weighPanel(f, n), mixPanel(f, n), everyPanel(f)];
  const [source, edit, numbers] = [sourcePanel(f, n), editPanel(f, n), numbersPanel(f)];
  const grid = h("div", { class: "panels" }, ...panels.map(({ element }) => element));
  const folds = [["source", source], ["edit", edit], ["table", numbers]].map(([key, { element }]) => fold(f.t(key), element));
  return {
    elements: [bar.element, said, grid, aims.element, ...folds],
    update(state) {
      const result = attention(state);
      for (const part of [bar, source, edit]) part.update(state);
      for (const part of panels) part.update(state, result, light);
      numbers.update(state, result);
      const text = summary(f, state, result);
      if (said.textContent !== text) f.say((said.textContent = text));
      aims.update(wanted(f, state, result));
    },
  };
}

/** One token fewer or more: one that was taken away comes back as it was, a new one points where no preset's does. */
function resized(state, by, f) {
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

const style = `
.queries { margin-top: 14px; padding-top: 14px; border-top: 1px solid var(--line); }
.queries .group:last-child { margin-inline-start: auto; }
.direction { stroke: var(--q); stroke-opacity: .35; stroke-width: 1; }
.drop { stroke: var(--k); stroke-opacity: .8; stroke-width: 1.2; stroke-dasharray: 1 4; stroke-linecap: round; }
.hull { fill: var(--v); fill-opacity: .1; stroke: var(--v); stroke-opacity: .45; stroke-width: 1; stroke-linejoin: round; }
.spoke { stroke: var(--out); stroke-opacity: .55; stroke-linecap: round; }
.target { fill: var(--out); stroke: var(--wash); stroke-width: 1.5; }
.weigh th, .weigh td { padding: 5px 0; border-bottom: 1px solid var(--line); text-align: end; white-space: nowrap; }
.weigh thead th { color: var(--muted); font-size: 12.5px; padding-top: 0; }
.weigh th + td, .weigh td + td, .weigh th + th { padding-inline-start: 5px; }
.weigh th:first-child { text-align: start; }
.weigh tbody th { max-width: 0; width: 27%; }
.weigh td:nth-child(n + 2):nth-child(-n + 4) { width: 3.6em; }
.weigh label { min-height: 26px; cursor: pointer; }
.weigh label span { overflow: hidden; text-overflow: ellipsis; }
.weigh .share { padding-inline-start: 12px; }
.weigh tfoot th, .weigh tfoot td { border: 0; color: var(--muted); }
.share div { display: flex; align-items: center; gap: 6px; justify-content: flex-end; }
.share b { font-weight: 650; min-width: 2.4em; }
tr.masked td { color: var(--muted); }
tr.masked label span { text-decoration: line-through; }
.weigh tr.lit td, .weigh tr.lit th { background: var(--wash); }
.sources { display: grid; grid-template-columns: minmax(0, 1fr); gap: 12px; margin-top: 8px; }
.sources figure { margin: 0; }
.sources figcaption { color: var(--role, var(--out)); font-weight: 650; }
.edit { display: grid; gap: 12px; padding-top: 8px; }
.edit fieldset { border: 0; margin: 0; padding: 0 0 12px; border-bottom: 1px solid var(--line); min-width: 0;
  display: grid; grid-template-columns: minmax(0, 1fr); gap: 8px 14px; align-items: center; }
.edit fieldset:last-child { border: 0; padding-bottom: 0; }
.edit .vector { display: grid; grid-template-columns: 3.4em minmax(0, 1fr) minmax(0, 1fr); gap: 6px; align-items: center; }
.edit .vector > span { color: var(--role); font-size: 14px; font-weight: 600; }
.edit input { width: 100%; }
@container (max-width: 599px) {
  .summary { position: sticky; bottom: 0; z-index: 1; background: var(--surface); padding: 8px 0; min-height: 0;
    border-top: 1px solid var(--line); }
  .content { display: flex; flex-direction: column; }
  .panels { order: 1; } .summary { order: 2; } .goals, details { order: 3; }
}
@container (min-width: 600px) {
  .sources { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .edit fieldset { grid-template-columns: minmax(0, 1fr) repeat(3, minmax(0, 2fr)); border: 0; padding: 0; }
  .edit { gap: 8px; }
  .edit .vector > span { text-align: end; }
}
@media print { .goals { display: none; } }
`;

export default defineFigure({ words, traits: TRAITS, data: ["presets"], valid, shape: ({ labels }) => labels.length, build, style });

// The figure query–key–value: scaled dot-product attention over 2 to 5 tokens with two-dimensional vectors.
// State: labels, q, k, v ([x, y] a token), mask (mask[i][j]: query i may attend to key j), scaled, temperature,
// query (the token that is drawn), x (or null) and the matrices w_q, w_k, w_v that made q, k and v of it.

import {
  arrow, button, check, choice, compact, decimals, defineFigure, dot, fold, goals, group, growing, h, handle, heatmap,
  help, hull, numberTable, numberTables, pair, panel, percent, placeTags, plane, s, same, sentence, set, slider,
  softmax, sum,
} from "kit";
import words from "words";
import { editPanel } from "./QueryKeyValue/edit.js";
import { sourcePanel } from "./QueryKeyValue/source.js";
import {
  TRAITS, MIN_TOKENS, MAX_TOKENS, LIMIT, times, replaced, nothingMasked, causal, attention, valid, resized,
} from "./QueryKeyValue/state.js";
import { style } from "./QueryKeyValue/style.js";

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

function numbersPanel(f) {
  const [scores, weights, outputs] = ["Scores", "Weights", "Outputs"].map((name) => numberTable(name.toLowerCase(), f.t(`table${name}`), f.t("query")));
  return {
    element: numberTables(f.t("table"), scores, weights, outputs),
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

export default defineFigure({ words, traits: TRAITS, data: ["presets"], valid, shape: ({ labels }) => labels.length, build, style });

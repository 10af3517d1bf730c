// The figure *BLEU*: matched n-grams of an output, clipping, brevity penalty and precisions; six ways to score it.
// State: outputs, references (one to three sentences), current (which one is shown), k, cut, smooth. Data: presets,
// signatures (sacreBLEU's, of each way). All scores are computed in the page, and equal sacreBLEU's.

import {
  button, check, choice, decimals, defineFigure, fold, goals, group, h, help, numberTable, numberTables, panel,
  sentence, sum, textField,
} from "kit";
import words from "words";

const ORDERS = [1, 2, 3, 4];
const CUTS = ["13a", "lower", "none", "zh", "char"];
const LONGEST = 200;

// --- how sacreBLEU 2.6 cuts words -------------------------------------------------------------------------------

const split = (text) => text.split(/\s+/u).filter(Boolean);
const signs = (text) =>
  text
    .replace(/([{-~[-` -&(-+:-@/])/g, " $1 ")
    .replace(/([^0-9])([.,])/gu, "$1 $2 ")
    .replace(/([.,])([^0-9])/gu, " $1 $2")
    .replace(/([0-9])(-)/g, "$1 $2 ");
const entities = (text) =>
  text.replaceAll("<skipped>", "").replaceAll("&quot;", '"').replaceAll("&amp;", "&").replaceAll("&lt;", "<").replaceAll("&gt;", ">");
// 2001 to 2a6d is what its range of "Extension B" means to Python, dashes and quotation marks among them.
const CHINESE =
  /[\u2001-\u2a6d\u2e80-\u303f\u3100-\u312f\u31a0-\u31ef\u3200-\u4db5\u4e00-\u9fbb\uf900-\ufa2d\ufa30-\ufa6a\ufa70-\ufad9\ufe10-\ufe1f\ufe30-\ufe4f\uff00-\uffef]/gu;
const cutters = {
  "13a": (text) => split(signs(` ${entities(text)} `)),
  lower: (text) => split(signs(` ${entities(text.toLowerCase())} `)),
  none: split,
  zh: (text) => split(signs(text.trim().replace(CHINESE, " $& "))),
  char: (text) => split([...text].join(" ")),
};

// --- BLEU --------------------------------------------------------------------------------------------------------

const runs = (tokens, k) => tokens.slice(k - 1).map((_, i) => tokens.slice(i, i + k).join(" "));
function tally(list) {
  const counts = new Map();
  for (const each of list) counts.set(each, (counts.get(each) ?? 0) + 1);
  return counts;
}

/** Of each run of k in the output whether it counts, is used up ("clipped") or is not in the reference ("absent"). */
function matched(output, reference, k) {
  const left = tally(runs(reference, k));
  return runs(output, k).map((run) => {
    const rest = left.get(run);
    if (rest) left.set(run, rest - 1);
    return rest ? "counts" : rest === 0 ? "clipped" : "absent";
  });
}

/** BLEU of some pairs of token lists, all counts pooled. `effective`: only as long runs as the output has. */
function score(pairs, { smooth, effective = false }) {
  const rows = ORDERS.map((k) => {
    const all = pairs.map(([output, reference]) => matched(output, reference, k));
    return { k, counted: sum(all.map((one) => one.filter((each) => each === "counts").length)), written: sum(all.map((one) => one.length)), share: 0 };
  });
  const [c, r] = [0, 1].map((side) => sum(pairs.map((pair) => pair[side].length)));
  const penalty = c ? Math.exp(Math.min(0, 1 - r / c)) : 0;
  let halves = 1;
  for (const row of rows) {
    if (row.written && row.counted) row.share = row.counted / row.written;
    else if (row.written && smooth) row.share = 1 / ((halves *= 2) * row.written);
  }
  const used = effective ? rows.filter(({ written }) => written) : rows;
  const nothing = !rows.some(({ counted }) => counted) || used.some(({ share }) => !share);
  const bleu = nothing ? 0 : 100 * penalty * Math.exp(sum(used.map(({ share }) => Math.log(share))) / used.length);
  return { rows, c, r, penalty, bleu };
}

function allWays({ outputs, references, smooth }) {
  const cut = (way) => outputs.map((output, i) => [cutters[way](output), cutters[way](references[i])]);
  const pooled = Object.fromEntries(CUTS.map((way) => [way, score(cut(way), { smooth })]));
  const alone = cut("13a").map((pair) => score([pair], { smooth, effective: true }).bleu);
  return { pooled, six: [...CUTS.map((way) => pooled[way].bleu), sum(alone) / alone.length] };
}

// --- the picture -------------------------------------------------------------------------------------------------

/** Which words stand in a run that counts. */
function covered(tokens, marks, k) {
  const on = new Set();
  marks.forEach((mark, i) => mark === "counts" && ORDERS.slice(0, k).forEach((_, j) => on.add(i + j)));
  return tokens.map((_, i) => on.has(i));
}

function build(f) {
  const presets = group(
    f.t("presets"),
    ...f.data.presets.map(({ name, outputs, references }) => button(f.t(name), () => f.restart({ ...f.state, outputs, references, current: 0 }), { "data-preset": name })),
  );
  const which = choice(f.t("sentence"), (current) => f.change({ current }));
  const edit = (side) => (text) => text.length <= LONGEST && f.change({ [side]: f.state[side].map((old, i) => (i === f.state.current ? text : old)) });
  const fields = ["outputs", "references"].map((side) => textField(f.t(side), edit(side), { "data-field": side, spellcheck: "false", maxlength: LONGEST }));
  const order = choice(f.t("k"), (i) => f.change({ k: ORDERS[i] }));
  const cut = choice(f.t("cut"), (i) => f.change({ cut: CUTS[i] }));
  const smooth = check(f.t("smooth"), (on) => f.change({ smooth: on }), { class: "smooth" });
  const [mine, theirs] = ["outputs", "references"].map((side) => h("div", { class: "tokens", role: "group", "aria-label": f.t(side), "data-tokens": side }));
  const list = h("ul", { class: "runs" });
  const said = sentence();
  const aims = goals(f);
  const precisions = numberTable("precisions", f.t("precisions"), "k");
  const equation = h("p", { class: "equation" });
  const six = numberTable("six", f.t("six"), f.t("way"));
  const bars = h("ul", { class: "ways" });
  const line = (name, field) => h("label", { class: "line" }, h("span", { class: "name" }, name), field.element);
  return {
    elements: [
      h("div", { class: "bar" }, presets, which.element),
      line(f.t("outputs"), fields[0]),
      line(f.t("references"), fields[1]),
      said,
      h(
        "div",
        { class: "panels" },
        panel(1, f.t("matches"), null, order.element, mine, theirs, list, help(f.t("legend"))),
        panel(2, f.t("numbers"), null, h("div", { class: "shares" }, precisions.element), equation, aims.element),
      ),
      panel(3, f.t("six"), null, h("div", { class: "bar" }, cut.element, smooth.element), bars, help(f.t("sixHelp"))),
      fold(f.t("table"), numberTables(f.t("table"), six)),
    ],
    update(state) {
      const { outputs, references, current, k, cut: way } = state;
      const all = allWays(state);
      const now = all.pooled[way];
      const [output, reference] = [outputs, references].map((side) => cutters[way](side[current]));
      const marks = matched(output, reference, k);
      const back = matched(reference, output, k);
      which.update(outputs.map((_, i) => String(i + 1)), current);
      which.element.hidden = outputs.length === 1;
      fields[0].update(outputs[current]);
      fields[1].update(references[current]);
      order.update(ORDERS.map(String), k - 1);
      cut.update(CUTS.map((name) => f.t(name)), CUTS.indexOf(way));
      smooth.update(state.smooth);

      const tokens = (box, list, on) => box.replaceChildren(...list.map((token, i) => h("span", { class: `token${on[i] ? " on" : ""}` }, token)));
      tokens(mine, output, covered(output, marks, k));
      tokens(theirs, reference, covered(reference, back, k));
      list.replaceChildren(...runs(output, k).map((run, i) => h("li", { class: marks[i] }, run, h("span", { class: "why" }, f.t(marks[i])))));
      if (!marks.length) list.replaceChildren(h("li", { class: "absent" }, f.t("none4", { k })));

      const names = now.rows.map((row) => String(row.k));
      const text = (value, i, j) => (j < 2 ? String(value) : decimals(value, 3));
      precisions.update({ rows: names, columns: [f.t("counted"), f.t("written"), f.t("share")], values: now.rows.map(({ counted, written, share }) => [counted, written, share]), text });
      const shares = now.rows.map(({ share }) => decimals(share, 3)).join(" · ");
      equation.replaceChildren(`BLEU = 100 · ${decimals(now.penalty, 3)} · (${shares})`, h("sup", {}, "1/4"), ` = ${decimals(now.bleu, 1)}`);
      const ways = [...CUTS, "average"];
      six.update({ rows: ways.map((name) => f.t(name)), columns: ["BLEU"], values: all.six.map((value) => [value]), text: (value) => decimals(value, 4) });
      bars.replaceChildren(
        ...ways.map((name, i) => {
          const fill = h("span", { class: "fill" });
          fill.style.width = `${all.six[i]}%`;
          return h("li", { class: name === way ? "chosen" : "" }, h("span", { class: "way" }, f.t(name)), h("span", { class: "track", "aria-hidden": "true" }, fill), h("span", { class: "value" }, decimals(all.six[i], 1)), h("span", { class: "signature" }, f.data.signatures[name]));
        }),
      );
      const values = { c: now.c, r: now.r, penalty: decimals(now.penalty, 3), bleu: decimals(now.bleu, 1) };
      const says = f.t(now.c < now.r ? "saysShort" : "says", values) + (outputs.length > 1 ? ` ${f.t("pooled", { count: outputs.length })}` : "");
      if (said.textContent !== says) f.say((said.textContent = says));

      const own = score([[output, reference]], { smooth: false });
      const gap = Math.max(...all.six) - Math.min(...all.six);
      const bare = (text) => text.toLowerCase().replace(/\s/gu, "");
      const alike = outputs.every((text, i) => bare(text) === bare(references[i]));
      aims.update([
        { id: "short", text: f.t("goalShort"), met: f.touched && own.rows[0].share === 1 && own.penalty < 0.4, now: f.t("nowShort", { share: decimals(own.rows[0].share), penalty: decimals(own.penalty) }) },
        { id: "order", text: f.t("goalOrder"), met: f.touched && own.rows[0].share === 1 && own.c === own.r && own.rows[1].share < 0.3, now: f.t("nowOrder", { first: decimals(own.rows[0].share), second: decimals(own.rows[1].share) }) },
        { id: "apart", text: f.t("goalApart"), met: f.touched && alike && gap > 50, now: f.t(alike ? "nowApart" : "nowOther", { gap: decimals(gap, 1) }) },
      ]);
    },
  };
}

const sentences = (list) => Array.isArray(list) && list.length >= 1 && list.length <= 3 && list.every((text) => typeof text === "string" && text.trim() && text.length <= LONGEST);

export default defineFigure({
  words,
  traits: ["outputs", "references", "current", "k", "cut", "smooth"],
  data: ["presets", "signatures"],
  valid: ({ outputs, references, current, k, cut, smooth }) =>
    sentences(outputs) && sentences(references) && outputs.length === references.length && Number.isInteger(current) && current >= 0 && current < outputs.length &&
    ORDERS.includes(k) && CUTS.includes(cut) && typeof smooth === "boolean",
  build,
  style: `
.line { display: flex; flex-wrap: wrap; gap: 2px 10px; align-items: center; margin-top: 10px; }
.line .name { min-width: 5.5em; }
.line input { flex: 1; min-width: 12em; }
.tokens { display: flex; flex-wrap: wrap; gap: 3px; margin-top: 8px; }
.tokens::before { content: attr(aria-label); color: var(--muted); font-size: 13px; flex-basis: 100%; }
.token { border-radius: 5px; padding: 0 5px; border-bottom: 2px solid transparent; }
.token.on { background: var(--wash); border-bottom-color: var(--v); font-weight: 600; }
.runs { list-style: none; margin: 10px 0 0; padding: 0; display: flex; flex-wrap: wrap; gap: 4px; font-size: 13.5px; }
.runs li { border: 1px solid var(--line); border-radius: 6px; padding: 0 6px; margin: 0; }
.runs .counts { border-color: var(--v); }
.runs .clipped { border-style: dashed; border-color: var(--k); }
.runs .absent { color: var(--muted); }
.runs .why { margin-inline-start: 6px; font-size: 12px; color: var(--muted); }
.runs .counts .why { color: var(--v); } .runs .clipped .why { color: var(--k); }
.shares th, .shares td { padding: 2px 8px 2px 0; text-align: end; }
.shares caption { text-align: start; color: var(--muted); font-size: 13px; }
.equation { margin: 8px 0 0; font-size: 14px; }
.equation sup { font-size: 11px; }
.panels + .panel { margin-top: 22px; }
.ways { list-style: none; margin: 10px 0 0; padding: 0; display: grid; gap: 6px; }
.ways li { display: grid; grid-template-columns: 9.5em 1fr 3em; gap: 0 8px; align-items: center; margin: 0; }
.ways .track { height: 12px; }
.ways .fill { background: var(--control); }
.ways .chosen .fill { background: var(--v); }
.ways .chosen .way { font-weight: 650; }
.ways .way { font-size: 14px; }
.ways .value { text-align: end; }
.ways .signature { grid-column: 1 / -1; color: var(--muted); font-size: 12px; overflow-wrap: anywhere; }
@container (min-width: 600px) { .ways li { grid-template-columns: 9.5em 1fr 3em 21em; } .ways .signature { grid-column: auto; } }`,
});

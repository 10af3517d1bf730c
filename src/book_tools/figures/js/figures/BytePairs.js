// The figure *byte pairs*: byte-pair encoding step by step, on words that the reader may change.
// State: text ("learn 6, learns 2"), step (merges done), fresh (a word to spell). Merges are computed in the page.

import { defineFigure, fold, goals, h, help, numberTable, numberTables, panel, sentence, steps, textField } from "kit";
import words from "words";

const MOST = { words: 12, letters: 20, count: 9999, shown: 7 };
const WORD = /^(\p{L}[\p{L}\p{M}']*)(?:\s+(\d+))?$/u;

/** "learn 6, learns 2" as a Map from words to counts; parts that are no word are left out. */
function parse(text) {
  const counts = new Map();
  for (const part of text.split(/[,，;、]/)) {
    const [, word, count = "1"] = part.trim().match(WORD) ?? [];
    if (!word || [...word].length > MOST.letters || Number(count) < 1 || Number(count) > MOST.count) continue;
    if (counts.size < MOST.words || counts.has(word)) counts.set(word, (counts.get(word) ?? 0) + Number(count));
  }
  return counts;
}

/** The pieces, with every meeting of the two made one. */
function join(pieces, [a, b]) {
  const joined = [];
  let last = null; // what stood last before it was joined
  for (const piece of pieces) {
    if (last === a && piece === b) {
      joined[joined.length - 1] += piece;
      last = null;
    } else {
      joined.push(piece);
      last = piece;
    }
  }
  return joined;
}

/** How often each two pieces stand together, in the order in which they are met: [{ pair, count }]. */
function neighbours(counts, spelt) {
  const met = new Map();
  for (const [word, pieces] of spelt)
    for (let i = 1; i < pieces.length; i++) {
      const key = `${pieces[i - 1]} ${pieces[i]}`;
      if (!met.has(key)) met.set(key, { pair: [pieces[i - 1], pieces[i]], count: 0 });
      met.get(key).count += counts.get(word);
    }
  return [...met.values()];
}

/** All states: before the first merge, after it, … until every word is one piece. */
function learn(counts) {
  let spelt = new Map([...counts.keys()].map((word) => [word, [...word]]));
  const states = [];
  for (let made = null; ; ) {
    const all = neighbours(counts, spelt);
    const next = all.reduce((best, each) => (best && best.count >= each.count ? best : each), null);
    states.push({ spelt, all, next, made });
    if (!next) return states;
    spelt = new Map([...spelt].map(([word, pieces]) => [word, join(pieces, next.pair)]));
    made = next;
  }
}

const plus = ({ pair }) => pair.join(" + ");

/** A word as its pieces; what the last merge made is filled, what the next one joins has a broken line around it. */
function spelling(pieces, { made, next }) {
  const will = new Set();
  if (next) {
    for (let i = 1; i < pieces.length; i++) {
      if (pieces[i - 1] === next.pair[0] && pieces[i] === next.pair[1] && !will.has(i - 1)) will.add(i - 1).add(i);
    }
  }
  const name = made?.pair.join("");
  return pieces.map((piece, i) =>
    h("span", { class: `piece${piece === name ? " made" : ""}${will.has(i) ? " next" : ""}` }, piece),
  );
}

function build(f) {
  const field = textField(f.t("words"), (text) => parse(text).size && f.change({ text }), { class: "wide", spellcheck: "false", "data-field": "text" });
  const fresh = textField(f.t("fresh"), (word) => WORD.test(word) && f.change({ fresh: word }), { spellcheck: "false", maxlength: MOST.letters, "data-field": "fresh" });
  let states = [];
  const walk = steps(f, { pace: 1100, name: (i) => (i ? f.t("merge", { i, pair: plus(states[i].made), made: states[i].made.pair.join("") }) : f.t("start")) }, (step) => f.change({ step }));
  const rows = h("div", { class: "spellings" });
  const bars = h("ol", { class: "bars" });
  const freshRow = h("div", { class: "pieces fresh" });
  const said = sentence();
  const aims = goals(f);
  const counted = numberTable("neighbours", f.t("neighbours"), f.t("pair"));
  const merges = numberTable("merges", f.t("merges"), f.t("pair"));
  const many = () => f.t("count");
  return {
    elements: [
      h("label", { class: "line" }, h("span", { class: "name" }, f.t("words")), field.element),
      walk.element,
      said,
      h(
        "div",
        { class: "panels" },
        panel(1, f.t("spelt"), null, rows, help(f.t("legend"))),
        panel(2, f.t("neighbours"), null, bars),
        panel(3, f.t("unseen"), null, h("label", { class: "line" }, h("span", { class: "name" }, f.t("fresh")), fresh.element), freshRow),
        h("div", {}, aims.element),
      ),
      fold(f.t("table"), numberTables(f.t("table"), merges, counted)),
    ],
    update({ text, step, fresh: word }) {
      const counts = parse(text);
      states = learn(counts);
      const at = Math.min(step, states.length - 1); // other words may need fewer merges
      const now = states[at];
      const done = states.slice(1, at + 1).map(({ made }) => made);
      field.update(text);
      fresh.update(word);
      walk.update(at, states.length);

      rows.replaceChildren(
        ...[...now.spelt].map(([each, pieces]) =>
          h("div", { class: "row", "data-word": each, "data-pieces": pieces.join(" ") }, h("span", { class: "pieces" }, ...spelling(pieces, now)), h("span", { class: "times" }, f.t("times", { count: counts.get(each) }))),
        ),
      );
      const ranked = now.all.map((each, i) => ({ ...each, i })).sort((a, b) => b.count - a.count || a.i - b.i);
      const shown = ranked.slice(0, MOST.shown);
      bars.replaceChildren(
        ...shown.map((each, i) => {
          const fill = h("span", { class: "fill" });
          fill.style.width = `${(100 * each.count) / shown[0].count}%`;
          return h("li", { class: i ? "" : "first" }, h("span", { class: "pair" }, plus(each)), h("span", { class: "track", "aria-hidden": "true" }, fill), h("span", { class: "times" }, String(each.count)));
        }),
        ...(ranked.length > shown.length ? [h("li", { class: "more" }, f.t("more", { count: ranked.length - shown.length }))] : []),
      );
      const pieces = done.reduce((all, { pair }) => join(all, pair), [...word]);
      freshRow.replaceChildren(...spelling(pieces, { made: now.made, next: null }));
      freshRow.dataset.pieces = pieces.join(" ");

      merges.update({ rows: done.map(plus), columns: [many()], values: done.map(({ count }) => [count]), text: String });
      counted.update({ rows: ranked.map(plus), columns: [many()], values: ranked.map(({ count }) => [count]), text: String });
      const ties = ranked.slice(1).filter(({ count }) => count === now.next?.count);
      const values = now.next && { done: at, pair: plus(now.next), count: now.next.count, ties: ties.map(plus).join(", ") };
      const says = !now.next ? f.t("end", { done: at }) : f.t(ties.length ? "saysTie" : "says", values);
      if (said.textContent !== says) f.say((said.textContent = says));

      const when = (target) => states.findIndex(({ made }) => made?.pair.join("") === target);
      const first = { teach: when("teach"), learn: when("learn") };
      const known = counts.has(word);
      aims.update([
        { id: "whole", text: f.t("goalWhole"), met: f.touched && now.spelt.get("learning")?.length === 1, now: f.t("pieces", { count: now.spelt.get("learning")?.length ?? 0 }) },
        { id: "before", text: f.t("goalBefore"), met: f.touched && first.teach > 0 && (first.learn < 0 || first.teach < first.learn), now: f.t("merges2", { teach: first.teach > 0 ? first.teach : "–", learn: first.learn > 0 ? first.learn : "–" }) },
        { id: "unseen", text: f.t("goalUnseen"), met: f.touched && !known && pieces.length === 2 && word.length > 5, now: f.t("pieces", { count: pieces.length }) },
      ]);
    },
  };
}

export default defineFigure({
  words,
  traits: ["text", "step", "fresh"],
  valid: ({ text, step, fresh }) => typeof text === "string" && text.length <= 400 && parse(text).size > 0 && Number.isInteger(step) && step >= 0 && WORD.test(fresh) && fresh.length <= MOST.letters,
  build,
  style: `
.line { display: flex; flex-wrap: wrap; gap: 4px 10px; align-items: center; }
.line input { flex: 1; min-width: 9em; }
.line .wide { flex-basis: 100%; }
.spellings { display: grid; gap: 5px; }
.row { display: flex; gap: 8px; align-items: center; }
.pieces { display: flex; flex-wrap: wrap; gap: 3px; flex: 1; }
.pieces.fresh { margin-top: 10px; flex: none; }
.piece { border: 1px solid var(--line); background: var(--wash); border-radius: 6px; padding: 1px 6px; min-width: 1.5em; text-align: center; font-size: 15px; }
.piece.made { background: var(--q); border-color: var(--q); color: var(--surface); font-weight: 600; }
.piece.next { outline: 2px dashed var(--k); outline-offset: -1px; }
.times { color: var(--muted); font-size: 13.5px; min-width: 2.6em; text-align: end; }
.bars { list-style: none; margin: 0; padding: 0; display: grid; gap: 5px; }
.bars li { display: flex; gap: 8px; align-items: center; margin: 0; }
.bars .pair { min-width: 7em; font-size: 14px; }
.bars .first .pair { font-weight: 650; }
.bars .fill { background: var(--control); }
.bars .first .fill { background: var(--k); }
.bars .more { color: var(--muted); font-size: 13px; }
.bars .track { height: 12px; }
@media (forced-colors: active) { .piece.made { forced-color-adjust: none; background: Highlight; color: HighlightText; } }`,
});

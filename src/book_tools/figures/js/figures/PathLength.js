// The figure path length: how many steps a word needs to reach another in a recurrent network, a convolution, attention.
// State: network (which one is drawn large), n words, first and second (1 to n), w and gaps (the convolution's), both (do
// they look to both sides?), step (of one clock for all three, 1 to n). Everything is counted in a graph of vectors.

import {
  check, choice, defineFigure, fold, goals, h, help, numberTable, numberTables, panel, s, sentence, set, slider, steps,
} from "kit";
import words from "words";

const NETWORKS = ["recurrent", "convolution", "attention"];
const [FEWEST, MOST] = [4, 16];
const WINDOWS = [2, 3, 4, 5];
const [WIDTH, LEFT] = [360, 24]; // units of the drawing: its width, and what the numbers of its steps need

/**
 * The vectors of a network over n words: { row, column, chain, parents }, the words first (row 0), each vector after its
 * parents. `row` is the step at which it is computed. A convolution gets as many layers as connect both ends.
 */
function graph(network, { n, w, gaps, both }) {
  const nodes = Array.from({ length: n }, (_, column) => ({ row: 0, column, chain: 0, parents: [] }));
  const add = (row, column, parents, chain = 0) => nodes.push({ row, column, chain, parents }) - 1;
  const columns = nodes.map((_, i) => i);
  if (network === "recurrent") {
    for (const [chain, order] of [columns, ...(both ? [[...columns].reverse()] : [])].entries()) {
      let before = null;
      order.forEach((column, i) => (before = add(i + 1, column, before === null ? [column] : [column, before], chain)));
    }
  } else if (network === "attention") {
    for (const column of columns) add(1, column, columns.filter((from) => both || from <= column));
  } else {
    const start = both ? -(w - 1) / 2 : 1 - w;
    let below = columns;
    for (let layer = 0; !Number.isFinite(news(nodes, 0, network)[below[n - 1]].length); layer++) {
      const dilation = gaps ? w ** layer : 1;
      const seen = (column) =>
        Array.from({ length: w }, (_, i) => column + (start + i) * dilation).filter((at) => at >= 0 && at < n);
      below = columns.map((column) => add(layer + 1, column, seen(column).map((at) => below[at])));
    }
  }
  return nodes;
}

/** For each vector, how many steps the word in column `first` took to it at least ({ length, via }); Infinity: not there. */
function news(nodes, first, network) {
  const known = [];
  nodes.forEach(({ row, column, parents }, at) => {
    known[at] = { length: row === 0 && column === first ? 0 : Infinity, via: null };
    for (const parent of parents) {
      // A recurrent network's own word enters its state without a step from another one.
      const length = known[parent].length + (network === "recurrent" && nodes[parent].row === 0 ? 0 : 1);
      if (length < known[at].length) known[at] = { length, via: parent };
    }
  });
  return known;
}

/** All that the figure says of one network. */
function measure(network, state) {
  const nodes = graph(network, state);
  const known = news(nodes, state.first - 1, network);
  const steps = Math.max(...nodes.map(({ row }) => row));
  const arrival = Array.from({ length: state.n }, (_, column) =>
    Math.min(...nodes.map((node, at) => (node.column === column && Number.isFinite(known[at].length) ? node.row : Infinity))),
  );
  const computed = arrival.map((_, column) => Math.min(...nodes.filter((node) => node.row && node.column === column).map(({ row }) => row)));
  const ends = nodes.map((_, at) => at).filter((at) => nodes[at].column === state.second - 1);
  const end = ends.reduce((a, b) => (known[b].length < known[a].length ? b : a));
  const way = new Set();
  if (Number.isFinite(known[end].length)) for (let at = end; at !== null; at = known[at].via) way.add(at);
  return { nodes, known, steps, arrival, computed, path: known[end].length, way };
}

/** The formulas: steps that wait, and the path from the first to the second; each [value, its name in the words]. */
function formulas(network, { n, first, second, w, gaps, both }) {
  const distance = both ? Math.abs(second - first) : second - first;
  const layers = (far) => {
    if (!gaps) return Math.ceil(((both ? 2 : 1) * far) / (w - 1)); // a window in the middle looks half as far to each side
    let count = 0;
    for (let seen = 1; seen < far + 1; seen *= w) count++;
    return count;
  };
  const side = both ? "Both" : "";
  const [waits, path, names] = {
    recurrent: [n, distance, ["formulaN", both ? "distanceBoth" : "distance"]],
    convolution: [layers(n - 1), layers(distance), gaps ? ["gapsN", "gapsPath"] : [`layersN${side}`, `layers${side}`]],
    attention: [1, 1, ["one", "one"]],
  }[network];
  return [[waits, names[0]], distance < 0 ? [Infinity, "never"] : [path, names[1]]];
}

/** The drawing: words, the vectors of one network row by row, words again, and a line of positions for each network. */
function drawing(f, onplace) {
  const svg = s("svg", { class: "lattice", role: "img" });
  return {
    element: svg,
    update(state, measured, tokens) {
      const { n, first, second, step, network } = state;
      const { nodes, known, steps: rows, way } = measured[network];
      const wide = (WIDTH - LEFT) / n;
      const turned = wide < 36;
      const head = turned ? 56 : 22;
      const high = Math.max(22, Math.min(60, 180 / rows)); // of a step
      const x = (column) => LEFT + (column + 0.5) * wide;
      const y = (row) => head + 10 + row * high;
      const radius = Math.min(7, wide / 2 - 3);
      const [children, bottom] = [[], y(rows) + 14];
      const name = (column, below) => {
        const at = below ? bottom + (turned ? 2 : 8) : head - 8;
        const place = turned
          ? { transform: `translate(${x(column) + 4} ${at}) rotate(-90)`, "text-anchor": below ? "end" : "start" }
          : { x: x(column), y: at + (below ? 6 : 0), "text-anchor": "middle" };
        const chosen = column + 1 === (below ? second : first);
        const word = s("text", { class: `word ${below ? "second" : "first"}${chosen ? " chosen" : ""}`, ...place }, tokens[column]);
        const top = below ? bottom - 4 : 0;
        const choose = () => onplace(below ? "second" : "first", column + 1);
        const hit = s("rect", { class: "hit", x: x(column) - wide / 2, y: top, width: wide, height: head, onclick: choose });
        return [word, hit];
      };
      const now = Math.min(step, rows);
      children.push(s("rect", { class: "now", x: 0, y: y(now) - 11, width: WIDTH, height: 22, rx: 5 }));
      for (let row = 1; row <= rows; row++)
        children.push(s("text", { class: "number", x: LEFT - 8, y: y(row) + 4, "text-anchor": "end" }, row));
      const shift = (node) => (state.both && network === "recurrent" && node.row ? (node.chain ? 1 : -1) * Math.min(5, wide / 5) : 0);
      const at = (node) => [x(node.column) + shift(node), y(node.row)];
      const lines = { plain: [], told: [], way: [] };
      nodes.forEach((node, i) => {
        for (const parent of node.parents) {
          const [[x1, y1], [x2, y2]] = [at(nodes[parent]), at(node)];
          const there = node.row <= step && Number.isFinite(known[parent].length);
          const kind = there ? (way.has(i) && way.has(parent) && known[i].via === parent ? "way" : "told") : "plain";
          lines[kind].push(s("line", { class: `link ${kind}${node.row > step ? " later" : ""}`, x1, y1, x2, y2 }));
        }
      });
      children.push(...lines.plain, ...lines.told, ...lines.way);
      nodes.forEach((node, i) => {
        const [cx, cy] = at(node);
        const kind = node.row > step ? "later" : Number.isFinite(known[i].length) ? "told" : "there";
        const r = kind === "later" ? 2 : radius;
        const shape = node.chain
          ? s("rect", { x: cx - r, y: cy - r, width: 2 * r, height: 2 * r, rx: 1 })
          : s("circle", { cx, cy, r });
        set(shape, { class: `vector ${kind}` });
        children.push(shape);
      });
      for (let column = 0; column < n; column++) children.push(...name(column, false), ...name(column, true));

      let top = bottom + head + 10;
      for (const other of NETWORKS) {
        const { arrival, computed, steps: last } = measured[other];
        const told = arrival.filter((row) => row <= step).length;
        const text = f.t("line", { network: f.t(other), step: Math.min(step, last), steps: last, told, n });
        children.push(s("text", { class: `line-name${other === network ? " chosen" : ""}`, x: LEFT, y: top + 10 }, text));
        arrival.forEach((row, column) => {
          const kind = row <= step ? "told" : computed[column] <= step ? "there" : "later";
          const r = kind === "later" ? 2 : Math.min(6, wide / 2 - 3);
          children.push(s("circle", { class: `vector ${kind}`, cx: x(column), cy: top + 24, r }));
        });
        top += 42;
      }
      set(svg, { viewBox: `0 0 ${WIDTH} ${top}`, "aria-label": f.t("drawing", { network: f.t(network) }) });
      svg.replaceChildren(...children);
    },
  };
}

/** Steps that wait and path of each network, counted in its graph, with the formula below each number. */
function countsTable(f) {
  const body = h("tbody");
  const heads = ["", f.t("waits"), f.t("path")].map((text) => (text ? h("th", { scope: "col" }, text) : h("td")));
  return {
    element: h("table", { class: "counts" }, h("thead", {}, h("tr", {}, ...heads)), body),
    update(rows, network) {
      body.replaceChildren(
        ...rows.map(({ name, cells }) =>
          h(
            "tr",
            { "aria-current": name === network && "true" },
            h("th", { scope: "row" }, f.t(name)),
            ...cells.map(([value, formula]) =>
              h("td", {}, h("b", {}, value), h("span", { class: "formula" }, formula)),
            ),
          ),
        ),
      );
    },
  };
}

function build(f) {
  const text = (value) => (Number.isFinite(value) ? String(value) : f.t("never"));
  const tokens = f.t("sentence").split(" ");
  // The two positions differ: who takes the other's place sends it to the old one.
  const pick = (name, value) => {
    const other = name === "first" ? "second" : "first";
    f.change({ [name]: value, [other]: f.state[other] === value ? f.state[name] : f.state[other] });
  };
  const network = choice(f.t("network"), (i) => f.change({ network: NETWORKS[i] }));
  const word = (i) => f.t("word", { word: tokens[i - 1], place: i });
  const places = ["first", "second"].map((name) =>
    slider(f.t(name), { min: 1, max: MOST, step: 1, text: word, attributes: { "data-trait": name } }, (value) => pick(name, value)),
  );
  const length = slider(f.t("n"), { min: FEWEST, max: MOST, step: 1, attributes: { "data-trait": "n" } }, (n) => {
    const [second, step] = [Math.min(f.state.second, n), Math.min(f.state.step, n)];
    f.change({ n, second, step, first: Math.min(f.state.first, n) === second ? second - 1 : Math.min(f.state.first, n) });
  });
  const both = check(f.t("both"), (on) => {
    // To both sides a window has a middle; and with gaps there, ways would lead over the ends of the sentence.
    f.change(on ? { both: true, gaps: false, w: f.state.w + 1 - (f.state.w % 2) } : { both: false });
  }, { class: "both" });
  const gaps = check(f.t("gaps"), (on) => f.change(on ? { gaps: true, both: false } : { gaps: false }), { class: "gaps" });
  const sizes = () => WINDOWS.filter((w) => !f.state.both || w % 2 === 1);
  const size = choice(f.t("w"), (i) => f.change({ w: sizes()[i] }));
  const windowRow = h("div", { class: "bar" }, size.element, gaps.element);
  const walk = steps(f, { name: () => f.t("clock") }, (i) => f.change({ step: i + 1 }));
  const view = drawing(f, pick);
  const said = sentence();
  const counts = countsTable(f);
  const aims = goals(f);
  const [arrivals, numbers] = [numberTable("arrivals", f.t("arrivals")), numberTable("counts", f.t("counts"))];
  return {
    elements: [
      h("div", { class: "bar" }, network.element, both.element),
      windowRow,
      said,
      h(
        "div",
        { class: "panels" },
        h("div", {}, view.element, walk.element, help(f.t("legend"))),
        h(
          "div",
          {},
          h("div", { class: "controls" }, ...places.map(({ element }) => element), length.element),
          panel(null, f.t("compared"), null, counts.element, help(f.t("counted"))),
          aims.element,
        ),
      ),
      fold(f.t("table"), numberTables(f.t("table"), arrivals, numbers)),
    ],
    update(state) {
      const { n, first, second, step, w } = state;
      const measured = Object.fromEntries(NETWORKS.map((name) => [name, measure(name, state)]));
      const formula = Object.fromEntries(NETWORKS.map((name) => [name, formulas(name, state)]));
      network.update(NETWORKS.map((name) => f.t(name)), NETWORKS.indexOf(state.network));
      places.forEach((part, i) => {
        set(part.element.querySelector("input"), { max: n });
        part.update([first, second][i]);
      });
      length.update(n);
      both.update(state.both);
      gaps.update(state.gaps);
      size.update(sizes().map(String), sizes().indexOf(w));
      windowRow.hidden = state.network !== "convolution";
      walk.update(step - 1, n);
      view.update(state, measured, tokens);

      const { arrival, path, steps: last } = measured[state.network];
      const names = { first: tokens[first - 1], second: tokens[second - 1] };
      const where = f.t(`says-${state.network}${state.network === "recurrent" && state.both ? "-both" : ""}`, {
        step: Math.min(step, last), steps: last, word: tokens[Math.min(step, n) - 1],
        other: tokens[n - Math.min(step, n)], wait: n - Math.min(step, n),
      });
      const reached = arrival[second - 1] <= step ? "heard" : Number.isFinite(path) ? "notYet" : "willNever";
      const spoken = `${where} ${f.t(reached, { ...names, path })}`;
      if (said.textContent !== spoken) f.say((said.textContent = spoken));

      counts.update(
        NETWORKS.map((name) => ({
          name,
          cells: [measured[name].steps, measured[name].path].map((value, i) => [
            text(value),
            Number.isFinite(value) ? f.t(formula[name][i][1], { w }) : "",
          ]),
        })),
        state.network,
      );
      const rows = NETWORKS.map((name) => f.t(name));
      arrivals.update({ rows, columns: tokens.slice(0, n), values: NETWORKS.map((name) => measured[name].arrival), text });
      numbers.update({
        rows,
        columns: ["waits", "waitsFormula", "path", "pathFormula"].map((key) => f.t(key)),
        values: NETWORKS.map((name) => [measured[name].steps, formula[name][0][0], measured[name].path, formula[name][1][0]]),
        text,
      });
      const far = measured.recurrent.path;
      const now = f.t("now", { value: text(path) });
      const all = {
        recurrent: [
          { id: "far", text: f.t("goalFar"), met: f.touched && far === 12, now: f.t("now", { value: text(far) }) },
          { id: "arrive", text: f.t("goalArrive"), met: f.touched && first === 1 && second === n && arrival[n - 1] <= step },
          { id: "back", text: f.t("goalBack"), met: f.touched && second < first && Number.isFinite(far) },
        ],
        convolution: [
          { id: "three", text: f.t("goalThree"), met: f.touched && n === MOST && last === 3, now: f.t("nowLayers", { value: last, n }) },
          { id: "one", text: f.t("goalOne"), met: f.touched && path === 1 && Math.abs(second - first) === 4, now },
        ],
        attention: [
          { id: "two", text: f.t("goalTwo"), met: f.touched && !Number.isFinite(path), now },
          { id: "once", text: f.t("goalOnce"), met: f.touched && n === MOST && step === 1 && arrival.every((row) => row === 1 || row === 0) },
        ],
      };
      aims.update(all[state.network]);
    },
  };
}

const whole = (value, low, high) => Number.isInteger(value) && value >= low && value <= high;

export default defineFigure({
  words,
  traits: ["network", "n", "first", "second", "w", "gaps", "both", "step"],
  valid: ({ network, n, first, second, w, gaps, both, step }) =>
    NETWORKS.includes(network) && whole(n, FEWEST, MOST) && [first, second, step].every((value) => whole(value, 1, n)) &&
    first !== second && WINDOWS.includes(w) && [gaps, both].every((value) => typeof value === "boolean") && !(both && (gaps || w % 2 === 0)),
  build,
  style: `
    .lattice { display: block; width: 100%; max-width: 460px; margin-inline: auto; overflow: visible; }
    .lattice text { font-size: 12px; fill: var(--muted); } .lattice .hit { cursor: pointer; }
    .lattice .chosen { fill: var(--ink); } .lattice .word.chosen { font-weight: 700; }
    .lattice .first.chosen { fill: var(--out); } .lattice .second.chosen { fill: var(--q); text-decoration: underline; }
    .lattice .now { fill: var(--wash); }
    .link { stroke: var(--line); stroke-width: 1; } .link.told { stroke: var(--out); stroke-opacity: .45; }
    .link.way { stroke: var(--out); stroke-width: 3; } .link.later { stroke-dasharray: 1 4; }
    .vector { fill: var(--surface); stroke: var(--control); stroke-width: 1.5; }
    .vector.told { fill: var(--out); stroke: var(--out); } .vector.later { fill: var(--control); stroke: none; }
    .counts th, .counts td { padding: 4px 6px 4px 0; text-align: start; vertical-align: top; font-size: 14px; border-bottom: 1px solid var(--line); }
    .counts thead th { color: var(--muted); font-size: 13px; } .counts b { font-size: 16px; }
    .counts .formula { display: block; color: var(--muted); font-size: 12px; min-height: 1.45em; }
    @container (min-width: 340px) { .counts .formula { white-space: nowrap; } }
    .counts tr[aria-current] th { font-weight: 700; }
    .controls { grid-template-columns: minmax(0, 1fr); } .controls .name { min-width: 7em; } .controls .shown { min-width: 5.6em; }
    .numbers { grid-template-columns: minmax(0, 1fr) !important; }
    @media (forced-colors: active) { .lattice { forced-color-adjust: none; } .lattice text { fill: CanvasText; }
      .vector.told, .vector.later { fill: CanvasText; } .vector { stroke: CanvasText; } .link { stroke: CanvasText; } }`,
});

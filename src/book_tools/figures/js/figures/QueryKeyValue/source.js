// Where q, k and v come from: x and three matrices, all to be moved.

import { arrow, button, copy, growing, h, help, pair, placeTags, plane, same, set } from "kit";
import { MOVED, MATRICES, times, replaced, fromX } from "./state.js";

/** x, and the three matrices that make queries, keys and values of it: all can be moved. */
export function sourcePanel(f, n) {
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

// Goals that answer: what to bring about, how near the figure is, and whether it is done.

import { h, set } from "./elements.js";

/** goals(f), update([{ id, text, met, now? }]): `now` says how far it is; what was met once stays done. */
export function goals(f) {
  const done = new Set();
  const list = h("ul");
  return {
    element: h("section", { class: "goals", "aria-label": f.t("goals") }, h("span", { class: "name" }, f.t("goals")), list),
    update(all, fresh = false) {
      if (fresh) done.clear();
      list.replaceChildren(
        ...all.map(({ id, text, met, now }) => {
          if (met && !done.has(id)) {
            done.add(id);
            if (f.touched) f.say(f.t("goalMet", { goal: text }));
          }
          const was = done.has(id);
          const item = h(
            "li",
            { "data-goal": id },
            h("span", { class: "mark", "aria-hidden": "true" }, was ? "✓" : "○"),
            h("span", {}, text),
            h("span", { class: "now" }, was ? f.t("goalDone") : (now ?? f.t("goalOpen"))),
          );
          set(item, { "data-met": was });
          return item;
        }),
      );
    },
  };
}

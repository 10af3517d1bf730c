// Every word and number of the state in a field.

import { h, numberField, set, textField } from "kit";
import { MOVED, LIMIT, times, replaced } from "./state.js";

export function editPanel(f, n) {
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

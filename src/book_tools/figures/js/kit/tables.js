// Numbers as text: a table whose cells hold their number at full precision in data-value.

import { h, set } from "./elements.js";
import { decimals } from "./numbers.js";

/** update({ rows: [names], columns: [names], values: [[number]], text?(value, i, j) }). */
export function numberTable(name, caption, corner = "") {
  const head = h("tr");
  const body = h("tbody");
  const element = h("table", { "data-table": name }, h("caption", {}, caption), h("thead", {}, head), body);
  return {
    element,
    update({ rows, columns, values, text = (value) => decimals(value, 4) }) {
      head.replaceChildren(
        corner ? h("th", { scope: "col" }, corner) : h("td"),
        ...columns.map((column) => h("th", { scope: "col" }, column)),
      );
      body.replaceChildren(
        ...rows.map((row, i) => {
          const cells = values[i].map((value, j) => {
            const cell = h("td", {}, text(value, i, j));
            set(cell, { "data-value": String(value) });
            return cell;
          });
          return h("tr", {}, h("th", { scope: "row" }, row), ...cells);
        }),
      );
    },
  };
}

/** Tables side by side that scroll sideways where they are wide, by the keyboard too: `name` says what they are. */
export const numberTables = (name, ...tables) =>
  h("div", { class: "numbers", tabindex: 0, role: "region", "aria-label": name }, ...tables.map(({ element }) => element));

/** A sentence for everybody to read; `f.say` speaks it. */
export const sentence = () => h("p", { class: "summary" });

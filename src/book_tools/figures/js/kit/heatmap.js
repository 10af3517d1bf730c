// A matrix as coloured cells: one tab stop, the arrow keys move inside, each cell is a button.

import { h, set } from "./elements.js";
import { decimals } from "./numbers.js";
import { heat } from "./theme.js";

/**
 * heatmap({ rowAxis: "query", columnAxis: "key", oncell(i, j), onrow?(i), onlight?(i, j) or (null) })
 * update({ rows, columns, values, theme, label(i, j), weight?, text?, off?(i, j), current?, light? })
 * `weight(value, i, j)` is the heat, 0 to 1; `off` cells are hatched; `light` = { i, j } marks a row and a column.
 */
export function heatmap({ rowAxis, columnAxis, oncell, onrow, onlight = () => {} }) {
  const element = h("table", { class: "heatmap" });
  let [heads, lines] = [[], []];

  function build(n, m) {
    heads = Array.from({ length: m }, () => h("th", { scope: "col" }));
    lines = Array.from({ length: n }, (_, i) => {
      const word = onrow ? h("button", { type: "button", onclick: () => onrow(i) }) : h("span");
      const cells = Array.from({ length: m }, (_, j) =>
        h("button", {
          type: "button",
          "data-cell": `${i},${j}`,
          tabindex: i || j ? -1 : 0,
          onclick: () => oncell?.(i, j),
          onfocus: () => onlight({ i, j }),
          onblur: () => onlight(null),
          onpointerenter: () => onlight({ i, j }),
          onpointerleave: () => onlight(null),
        }),
      );
      return { word, cells, row: h("tr", {}, h("th", { scope: "row" }, word), ...cells.map((cell) => h("td", {}, cell))) };
    });
    const axes = h(
      "th", // of the column of names: a data cell with words would need a head of its own
      { class: "axes", scope: "col" },
      h("span", { class: "column-axis" }, `${columnAxis} →`),
      h("span", { class: "row-axis" }, `${rowAxis} ↓`),
    );
    const body = h("tbody", { onkeydown: move }, ...lines.map(({ row }) => row));
    element.replaceChildren(h("thead", {}, h("tr", {}, axes, ...heads)), body);
  }
  function move(event) {
    const at = event.target.dataset.cell?.split(",").map(Number);
    const by = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!at || !by) return;
    event.preventDefault();
    const next = lines[at[0] + by[0]]?.cells[at[1] + by[1]];
    if (!next) return;
    set(event.target, { tabindex: -1 });
    set(next, { tabindex: 0 });
    next.focus();
  }
  return {
    element,
    update({ rows, columns, values, theme, label, current, light, weight = (x) => x, text = (x) => decimals(x), off }) {
      if (rows.length !== lines.length || columns.length !== heads.length) build(rows.length, columns.length);
      heads.forEach((head, j) => {
        head.textContent = columns[j];
        head.classList.toggle("lit", light?.j === j);
      });
      lines.forEach(({ word, cells, row }, i) => {
        word.textContent = rows[i];
        set(row, { "aria-current": i === current && "true" });
        row.classList.toggle("lit", light?.i === i);
        cells.forEach((cell, j) => {
          const isOff = off?.(i, j) ?? false;
          const { cell: background, ink } = heat(weight(values[i][j], i, j), theme);
          cell.textContent = text(values[i][j], i, j);
          cell.style.backgroundColor = isOff ? "" : background;
          cell.style.color = isOff ? "" : ink;
          cell.classList.toggle("off", isOff);
          cell.classList.toggle("lit", Boolean(light) && (light.i === i || light.j === j));
          cell.classList.toggle("lit-cell", light?.i === i && light?.j === j);
          set(cell, { "aria-label": label(i, j), "aria-pressed": off && oncell ? String(isOff) : null });
        });
      });
    },
  };
}

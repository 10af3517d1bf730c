// A line chart with axes. Its numbers belong into a numberTable too: a picture alone reaches not everybody.

import { axisBottom, axisLeft } from "d3-axis";
import { scaleLinear, scaleLog } from "d3-scale";
import { select } from "d3-selection";
import { line } from "d3-shape";
import { h, s, set } from "./elements.js";

const [WIDTH, HEIGHT] = [340, 220];
const MARGIN = { top: 14, right: 16, bottom: 40, left: 48 };

/**
 * lineChart({ x: { name, log?, ticks?, format? }, y: { … } })
 * update({ label, series: [{ name, points: [[x, y]], role, dashed? }], mark?: x, xDomain?, yDomain? })
 * `role` is a class with a colour (q, k, v, out, a, b); lines are told apart by their dashes and their names as well.
 */
export function lineChart({ x, y }) {
  const scales = { x: x.log ? scaleLog() : scaleLinear(), y: y.log ? scaleLog() : scaleLinear() };
  scales.x.range([MARGIN.left, WIDTH - MARGIN.right]);
  scales.y.range([HEIGHT - MARGIN.bottom, MARGIN.top]);
  const [axisX, axisY] = [0, 1].map(() => s("g", { class: "axes" }));
  set(axisX, { transform: `translate(0 ${HEIGHT - MARGIN.bottom})` });
  set(axisY, { transform: `translate(${MARGIN.left} 0)` });
  const nameX = s("text", { class: "axis-name", x: (WIDTH + MARGIN.left) / 2, y: HEIGHT - 6 }, x.name);
  const middle = (HEIGHT - MARGIN.bottom) / 2;
  const nameY = s("text", { class: "axis-name", transform: `translate(11 ${middle}) rotate(-90)` }, y.name);
  const marker = s("line", { class: "marker", y1: MARGIN.top, y2: HEIGHT - MARGIN.bottom });
  const lines = s("g");
  const svg = s(
    "svg",
    { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" },
    axisX,
    axisY,
    nameX,
    nameY,
    marker,
    lines,
  );
  const legend = h("p", { class: "legend", "aria-hidden": "true" });
  const bounds = (values, log) => {
    const known = values.filter((value) => Number.isFinite(value) && (!log || value > 0));
    const [low, high] = [Math.min(...known), Math.max(...known)];
    return low < high ? [low, high] : log ? [low / 2, high * 2] : [low - 1, high + 1];
  };
  const draw = (axis, group, { ticks = 5, format }) => {
    const made = axis.ticks(ticks).tickSizeOuter(0);
    if (Array.isArray(ticks)) made.tickValues(ticks);
    if (format) made.tickFormat(format);
    select(group).call(made);
  };
  return {
    element: h("div", { class: "chart-frame" }, svg, legend),
    update({ label, series, mark, xDomain, yDomain }) {
      const all = series.flatMap(({ points }) => points);
      scales.x.domain(xDomain ?? bounds(all.map(([a]) => a), x.log));
      scales.y.domain(yDomain ?? bounds(all.map(([, b]) => b), y.log));
      draw(axisBottom(scales.x), axisX, x);
      draw(axisLeft(scales.y), axisY, y);
      const path = line()
        .defined(([a, b]) => Number.isFinite(a) && Number.isFinite(b) && (!y.log || b > 0))
        .x(([a]) => scales.x(a))
        .y(([, b]) => scales.y(b));
      lines.replaceChildren(
        ...series.flatMap(({ points, role, dashed }) => [
          s("path", { class: `series ${role}${dashed ? " dashed" : ""}`, d: path(points) ?? "" }),
          ...(points.length > 24
            ? []
            : points
                .filter(([, b]) => Number.isFinite(b) && (!y.log || b > 0))
                .map(([a, b]) => s("circle", { class: `dot ${role}`, r: 2.6, cx: scales.x(a), cy: scales.y(b) }))),
        ]),
      );
      set(marker, { x1: scales.x(mark ?? 1), x2: scales.x(mark ?? 1), visibility: mark == null ? "hidden" : "visible" });
      legend.replaceChildren(
        ...series.map(({ name, role, dashed }) =>
          h(
            "span",
            { class: role },
            s(
              "svg",
              { width: 26, height: 10, viewBox: "0 0 26 10" },
              s("line", { class: `series${dashed ? " dashed" : ""}`, x1: 0, x2: 26, y1: 5, y2: 5 }),
            ),
            name,
          ),
        ),
      );
      set(svg, { "aria-label": label });
    },
  };
}

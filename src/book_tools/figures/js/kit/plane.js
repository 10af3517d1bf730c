// A plane with a grid, arrows from its middle, and ends that are dragged or moved by the arrow keys.

import { drag } from "d3-drag";
import { scaleLinear } from "d3-scale";
import { select } from "d3-selection";
import { s, set } from "./elements.js";
import { placeLabels } from "./labels.js";
import { clamp, decimals, tidy } from "./numbers.js";

export const SIZE = 320; // of a plane's view box
export const MIDDLE = SIZE / 2;
const EDGE = 22; // between the largest coordinate and the border

/** The largest coordinate that a plane shows: in half units, with some room to drag. */
export const extent = (vectors, least = 1.5) =>
  Math.max(least, Math.ceil(2.3 * Math.max(...vectors.flat().map(Math.abs)) - 1e-9) / 2);

/** plane(): { svg, scene, point([x, y]), setRange(range), name(text) }; draw into `scene`. */
export function plane() {
  const lines = s("g", { "aria-hidden": "true" });
  const scene = s("g");
  const svg = s("svg", { class: "plane", viewBox: `0 0 ${SIZE} ${SIZE}`, role: "group" }, lines, scene);
  const x = scaleLinear().range([EDGE, SIZE - EDGE]);
  const y = scaleLinear().range([SIZE - EDGE, EDGE]);
  const self = {
    svg,
    scene,
    range: 0,
    name: (text) => set(svg, { "aria-label": text }),
    point: ([a, b]) => [x(a), y(b)],
    vector: ([a, b]) => [x.invert(a), y.invert(b)],
    setRange(range) {
      if (range === self.range) return;
      self.range = range;
      for (const scale of [x, y]) scale.domain([-range, range]);
      const drawn = [];
      const whole = Math.floor(range);
      for (let i = -whole; i <= whole; i++) {
        const style = { class: i === 0 ? "axis" : "grid" };
        drawn.push(s("line", { ...style, x1: x(i), x2: x(i), y1: 0, y2: SIZE }));
        drawn.push(s("line", { ...style, y1: y(i), y2: y(i), x1: 0, x2: SIZE }));
      }
      for (const i of [-whole, whole]) {
        drawn.push(s("text", { class: "tick", x: x(i), y: MIDDLE + 10 }, decimals(i, 0)));
        drawn.push(s("text", { class: "tick", x: MIDDLE - 9, y: y(i) }, decimals(i, 0)));
      }
      lines.replaceChildren(...drawn);
    },
  };
  return self;
}

const hidden = { "aria-hidden": "true" };

/**
 * The end of a vector, to be moved. handle(f, view, { id, role, shape, reach, limit }, ([x, y]) => …);
 * `role` is a class with a colour (q, k, v, out, a, b). update([x, y], "its name").
 */
export function handle(f, view, { role, shape, reach = 14, limit = 10 }, onmove) {
  let at = [0, 0];
  const element = s(
    "g",
    { class: `handle ${role}`, tabindex: 0, role: "slider", "aria-roledescription": f.t("tipRole") },
    s("circle", { class: "hit", r: reach }),
    s("circle", { class: "ring", r: reach - 3 }),
    shape,
  );
  const move = (vector, limit) => onmove(vector.map((value) => tidy(clamp(value, -limit, limit))));
  const gesture = drag()
    .container(view.svg)
    .subject(() => {
      const [x, y] = view.point(at); // what is grasped beside the point stays beside it
      return { x, y };
    })
    .on("start", () => f.hold(true))
    .on("drag", ({ x, y }) => move(view.vector([x, y]).map((value) => Math.round(value * 20) / 20), view.range))
    .on("end", () => f.hold(false));
  select(element).call(gesture);
  // A finger on a vector drags it, not the page; touch-action alone does not reach the inside of an SVG everywhere.
  element.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
  element.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 0.5 : 0.1;
    const by = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] }[event.key];
    if (!by) return;
    event.preventDefault();
    move(
      at.map((value, axis) => value + by[axis]),
      limit,
    );
  });
  return {
    element,
    update(vector, name, id) {
      at = vector;
      const [x, y] = view.point(vector);
      set(element, {
        transform: `translate(${x} ${y})`,
        "aria-label": name,
        "aria-valuemin": -view.range,
        "aria-valuemax": view.range,
        "aria-valuenow": vector[0],
        "aria-valuetext": f.t("tipValue", { x: decimals(vector[0]), y: decimals(vector[1]) }),
        "data-handle": id,
      });
    },
  };
}

/**
 * An arrow from the middle whose end can be moved: { shaft, handle, tag }, to be put into a scene in that order.
 * update([x, y], { name, text, id, width?, off? }) gives what placeTags() needs.
 */
export function arrow(f, view, { role, head = 12, width = 2, reach, limit }, onmove) {
  const tip = s("path", { class: "head", d: `M0 0L${-head} ${head * 0.42}L${-head} ${-head * 0.42}Z` });
  const line = s("line", { class: "shaft" });
  const shaft = s("g", { class: role, ...hidden }, line);
  const end = handle(f, view, { role, shape: tip, reach, limit }, onmove);
  const tag = s("text", { class: `tag ${role}`, ...hidden });
  return {
    shaft,
    handle: end.element,
    tag,
    update(vector, { name, text, id, width: now = width, off = false, lit = false }) {
      const [x, y] = view.point(vector);
      const length = Math.hypot(x - MIDDLE, y - MIDDLE);
      const part = Math.max(0, 1 - (0.8 * head) / Math.max(length, 1)); // the shaft ends inside the head
      set(line, { x1: MIDDLE, y1: MIDDLE, "stroke-width": now });
      set(line, { x2: MIDDLE + (x - MIDDLE) * part, y2: MIDDLE + (y - MIDDLE) * part });
      const angle = Math.atan2(-vector[1], vector[0]);
      set(tip, { transform: `rotate(${(angle * 180) / Math.PI})` });
      end.update(vector, name, id);
      for (const each of [shaft, end.element, tag]) {
        each.classList.toggle("masked", off);
        each.classList.toggle("lit", lit);
      }
      tag.textContent = text;
      return { tag, text, at: [x, y], angle };
    },
  };
}

/** Puts words beside points: each is { tag (an SVG text), text, at, angle }, as arrow.update gives it. */
export function placeTags(tags, size = 14) {
  const half = size / 2;
  const taken = tags.map(({ at: [x, y] }) => ({ x: x - half, y: y - half, w: size, h: size }));
  placeLabels(tags, taken, SIZE).forEach(({ cx, cy }, i) => set(tags[i].tag, { x: cx, y: cy }));
}

/** The corners of the convex hull of `points`, in order (Andrew's monotone chain). */
export function hull(points) {
  const sorted = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const half = (ordered) => {
    const chain = [];
    for (const p of ordered) {
      while (chain.length > 1) {
        const [a, b] = chain.slice(-2);
        if ((b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]) > 0) break;
        chain.pop();
      }
      chain.push(p);
    }
    return chain.slice(0, -1);
  };
  return sorted.length < 2 ? sorted : [...half(sorted), ...half(sorted.reverse())];
}

/** The range of a plane that never changes under the hand and only grows: growing()(f, vectors). */
export const growing = () => {
  let range = 0;
  return (f, vectors) => (f.dragging && range ? range : (range = Math.max(range, extent(vectors))));
};

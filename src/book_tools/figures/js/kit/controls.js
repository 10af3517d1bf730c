// Buttons, choices, sliders, fields. Each part is { element, update(...) }.

import { h, set } from "./elements.js";

export const button = (text, onclick, attributes = {}) =>
  h("button", { type: "button", class: "chip", onclick, ...attributes }, text);

/** Buttons under one name: group("Start from", ...buttons). */
export const group = (name, ...children) =>
  h("div", { class: "group", role: "group", "aria-label": name }, h("span", { class: "name" }, name), ...children);

let instances = 0;

/** One of several: choice("Query", i => …), update(["the", "animal"], 1). The arrow keys choose. */
export function choice(name, onchoose) {
  const id = `choice-${++instances}`;
  const element = h("div", { class: "group choice", role: "radiogroup", "aria-label": name });
  const title = h("span", { class: "name", "aria-hidden": "true" }, name);
  let parts = [];
  return {
    element,
    update(words, chosen) {
      if (parts.length !== words.length) {
        parts = words.map((_, i) => {
          const radio = h("input", { type: "radio", name: id, value: i, onchange: () => onchoose(i) });
          const word = h("span");
          return { radio, word, label: h("label", {}, radio, word) };
        });
        element.replaceChildren(title, ...parts.map(({ label }) => label));
      }
      parts.forEach(({ radio, word }, i) => {
        radio.checked = i === chosen;
        word.textContent = words[i];
      });
    },
  };
}

/** A switch: check("divide by √d", on => …, { class: "scaled" }), update(true). */
export function check(text, onchange, attributes = {}) {
  const box = h("input", { type: "checkbox", onchange: () => onchange(box.checked), ...attributes });
  return { element: h("label", { class: "switch" }, box, h("span", {}, text)), update: (on) => (box.checked = on) };
}

/**
 * A slider: slider("temperature", { min, max, step, to, from, text }, value => …), update(value).
 * `to` makes a value of the slider's position, `from` a position of a value (both are the identity by default).
 * It keeps the position that the reader chose while the value stays the one that this position gives.
 */
export function slider(name, { min, max, step, to = (x) => x, from = (x) => x, text = String, attributes = {} }, onmove) {
  const shown = h("span", { class: "shown" });
  const range = h("input", {
    type: "range",
    min,
    max,
    step,
    "aria-label": name,
    oninput: () => onmove(to(range.valueAsNumber)),
    ...attributes,
  });
  return {
    element: h("label", { class: "slider" }, h("span", { class: "name" }, name), range, shown),
    update(value) {
      if (to(range.valueAsNumber) !== value) range.value = from(value);
      shown.textContent = text(value);
      set(range, { "aria-valuetext": shown.textContent });
    },
  };
}

/**
 * A field for a number: what is none, or not within the bounds, is marked and changes nothing.
 * numberField("x of the query", { min, max, step }, value => …), update(value, "another name").
 */
export function numberField(name, { min, max, step = "any", whole = false, attributes = {} }, onvalue) {
  let held = 0;
  const input = h("input", {
    type: "number",
    min,
    max,
    step,
    inputmode: whole ? "numeric" : "decimal",
    "aria-label": name,
    ...attributes,
    oninput() {
      const value = input.valueAsNumber;
      const valid = Number.isFinite(value) && value >= min && value <= max && (!whole || Number.isInteger(value));
      set(input, { "aria-invalid": !valid && "true" });
      if (valid) onvalue(value);
    },
    // What the state does not hold does not stay on the page.
    onblur() {
      set(input, { "aria-invalid": false });
      input.value = held;
    },
  });
  return {
    element: input,
    update(value, named) {
      held = value;
      if (named) set(input, { "aria-label": named });
      if (!input.matches(":focus") || (input.valueAsNumber !== value && !input.ariaInvalid)) input.value = value;
    },
  };
}

/** A field for a word; an empty one changes nothing. */
export function textField(name, onvalue, attributes = {}) {
  let held = "";
  const input = h("input", {
    type: "text",
    "aria-label": name,
    ...attributes,
    oninput: () => input.value.trim() && onvalue(input.value.trim()),
    onblur: () => (input.value = held),
  });
  return {
    element: input,
    update(value) {
      held = value;
      if (!input.matches(":focus") || (input.value.trim() && input.value.trim() !== value)) input.value = value;
    },
  };
}

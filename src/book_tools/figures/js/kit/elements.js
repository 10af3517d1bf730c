// HTML and SVG elements, and their attributes.

function fillIn(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else set(element, { [name]: value });
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

/** An HTML element: h("p", { class: "help", onclick }, "text", child). */
export const h = (tag, attributes = {}, ...children) => fillIn(document.createElement(tag), attributes, children);

/** An SVG element, in the same way. */
export const s = (tag, attributes = {}, ...children) =>
  fillIn(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

/** Sets attributes; false and null remove one, true sets it empty. */
export function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value == null) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : value);
  }
}

/** A section with a heading: a number in a disc (or null), a title, a formula (or null). */
export const panel = (number, title, formula, ...children) =>
  h(
    "section",
    { class: "panel", "aria-label": title },
    h(
      "h3",
      {},
      number ? h("span", { class: "step" }, number) : null,
      title,
      formula ? h("span", { class: "formula" }, formula) : null,
    ),
    ...children,
  );

/** Folded content with a title. */
export const fold = (title, ...children) => h("details", {}, h("summary", {}, title), ...children);

export const help = (text) => h("p", { class: "help" }, text);

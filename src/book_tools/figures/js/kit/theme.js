// Light or dark, and the colours of heat.

import { scaleLinear } from "d3-scale";

/** The page's theme: the book's, JupyterLab's, VS Code's or Colab's where they say, else the system's. */
export function pageTheme() {
  const { documentElement: html, body } = document;
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  // Where the system forces its colours, its own canvas is what a figure stands on.
  if (matchMedia("(forced-colors: active)").matches) return system;
  const code = body.dataset.vscodeThemeKind;
  const said = [
    html.dataset.theme,
    { true: "light", false: "dark" }[body.dataset.jpThemeLight],
    code && (/dark|high-contrast$/.test(code) ? "dark" : "light"),
    html.getAttribute("theme"),
  ].find((theme) => theme === "light" || theme === "dark");
  return said ?? system;
}

/** Calls `apply(theme)` now and at every change, paper included; returns a function that stops it. */
export function followTheme(apply) {
  let last = null;
  const paper = matchMedia("print");
  const update = () => {
    const theme = paper.matches ? "light" : pageTheme();
    if (theme !== last) apply((last = theme));
  };
  const watched = [matchMedia("(prefers-color-scheme: dark)"), matchMedia("(forced-colors: active)"), paper];
  const observer = new MutationObserver(update);
  for (const node of [document.documentElement, document.body]) observer.observe(node, { attributes: true });
  for (const media of watched) media.addEventListener("change", update);
  update();
  return () => {
    observer.disconnect();
    for (const media of watched) media.removeEventListener("change", update);
  };
}

// As numbers, because the ink on a cell is chosen by its contrast with the cell.
const HEAT = {
  light: ["rgb(255, 255, 255)", "rgb(132, 36, 110)"],
  dark: ["rgb(23, 27, 33)", "rgb(236, 158, 220)"],
};
const INKS = ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]; // of white and a lighter black, neither reaches 4.5 on every colour

const channels = (colour) => colour.match(/\d+/g).map(Number);
function luminance(colour) {
  const [r, g, b] = channels(colour).map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a, b) {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

/** The colours of a cell of weight 0 to 1: { cell, ink }. */
export function heat(weight, theme) {
  const cell = scaleLinear([0, 1], HEAT[theme]).clamp(true)(0.06 + 0.94 * weight);
  const ink = contrast(INKS[0], cell) > contrast(INKS[1], cell) ? INKS[0] : INKS[1];
  return { cell, ink };
}

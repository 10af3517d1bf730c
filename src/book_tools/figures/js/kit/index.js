// The kit: what every figure is made of. README.md beside this folder shows each part with an example.

export { fragment, fromAddress } from "./address.js";
export { announcer } from "./announce.js";
export { lineChart } from "./chart.js";
export { button, check, choice, group, numberField, slider, textField } from "./controls.js";
export { fold, h, help, panel, s, set } from "./elements.js";
export { defineFigure } from "./figure.js";
export { goals } from "./goals.js";
export { heatmap } from "./heatmap.js";
export { register, registered } from "./mount.js";
export * from "./numbers.js";
export { MIDDLE, SIZE, arrow, extent, growing, handle, hull, placeTags, plane } from "./plane.js";
export { steps } from "./steps.js";
export { numberTable, numberTables, sentence } from "./tables.js";
export { heat } from "./theme.js";
export { scaleLinear, scaleLog } from "d3-scale";
export { line } from "d3-shape";

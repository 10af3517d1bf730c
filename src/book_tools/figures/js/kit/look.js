// The looks that all figures share. Colours by role: q, k, v, out, and a, b for what has no role.

export const LOOK = `
:host { display: block; margin: 1.5em 0; }
.figure {
  --surface: #ffffff; --ink: #1c2430; --muted: #586273; --line: #dbe0e7; --control: #7d8796; --wash: #f3f5f8;
  --q: #0a5ea8; --k: #b04a00; --v: #00705a; --out: #96307f; --a: var(--q); --b: var(--k); --focus: #0a5ea8;
  color-scheme: light;
  container-type: inline-size; box-sizing: border-box; max-width: 800px; margin-inline: auto;
  font-size: 15px; line-height: 1.45; color: var(--ink); background: var(--surface);
  border: 1px solid var(--line); border-radius: 12px; font-variant-numeric: tabular-nums; text-align: start;
}
.figure[data-theme="dark"] {
  --surface: #171b21; --ink: #e7eaf0; --muted: #a6b0be; --line: #353d49; --control: #838e9e; --wash: #20262e;
  --q: #74b6f7; --k: #f2a65e; --v: #4fcba8; --out: #e694d6; --focus: #9ccbfa;
  color-scheme: dark;
}
*, *::before, *::after { box-sizing: border-box; }
[hidden] { display: none !important; }
.inner { padding: 16px; }
button, input { font: inherit; color: inherit; }
button { cursor: pointer; }
:focus { outline: none; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
.said { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

.bar { display: flex; flex-wrap: wrap; gap: 8px 20px; align-items: center; }
.group { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; margin: 0; padding: 0; border: 0; min-width: 0; }
.name { color: var(--muted); font-size: 13.5px; margin-inline-end: 2px; }
.chip {
  border: 1px solid var(--line); background: var(--surface); border-radius: 999px; padding: 3px 10px; min-height: 32px;
  font-size: 13.5px; line-height: 1.3;
}
.chip:hover { border-color: var(--control); }
.chip[aria-pressed="true"] { border-color: var(--ink); box-shadow: inset 0 0 0 1px var(--ink); }
.chip.square { border-radius: 8px; width: 32px; padding: 0; }
.chip:disabled { color: var(--control); border-color: var(--line); cursor: default; }
.presets { flex: 1; }
.count { min-width: 1.2em; text-align: center; }

.choice label { position: relative; display: inline-flex; }
.choice input { position: absolute; opacity: 0; inset: 0; margin: 0; width: 100%; height: 100%; cursor: pointer; }
.choice label span { padding: 4px 14px; border-radius: 8px; min-height: 34px; display: flex; align-items: center;
  border: 1px solid transparent; background: var(--wash); max-width: 9em; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; }
.choice input:checked + span { background: var(--q); color: var(--surface); font-weight: 600; }
.choice input:focus-visible + span { outline: 2px solid var(--focus); outline-offset: 2px; }

.panels { display: grid; grid-template-columns: minmax(0, 1fr); gap: 24px 30px; margin-top: 14px; }
@container (min-width: 600px) { .panels { grid-template-columns: repeat(2, minmax(0, 1fr)); } .inner { padding: 20px; } }
.panel { min-width: 0; display: flex; flex-direction: column; }
h3 { all: unset; display: flex; align-items: baseline; gap: 8px; font-weight: 650; font-size: 15.5px; margin-bottom: 8px; }
.step { width: 1.45em; height: 1.45em; border-radius: 50%; background: var(--ink); color: var(--surface); font-size: 12.5px;
  display: inline-grid; place-content: center; font-weight: 650; align-self: center; }
h3 .formula { font-weight: 400; color: var(--muted); font-family: "STIX Two Text", "Cambria", Georgia, serif; font-size: 15px; }
.help { margin: 6px 0 0; color: var(--muted); font-size: 13px; line-height: 1.4; }

.plane { display: block; width: 100%; max-width: 420px; margin-inline: auto; background: var(--wash); border-radius: 10px;
  user-select: none; -webkit-user-select: none; }
.plane text { font-size: 13px; fill: var(--ink); text-anchor: middle; dominant-baseline: central; pointer-events: none;
  paint-order: stroke; stroke: var(--wash); stroke-width: 4px; stroke-linejoin: round; }
.plane .tick { font-size: 10.5px; fill: var(--muted); stroke: none; }
.grid { stroke: var(--line); stroke-width: 1; }
.axis { stroke: var(--control); stroke-width: 1; }
.q { --role: var(--q); } .k { --role: var(--k); } .v { --role: var(--v); } .out { --role: var(--out); } .a { --role: var(--a); } .b { --role: var(--b); }
.plane .tag { fill: var(--role); font-weight: 600; }
.shaft { stroke: var(--role); }
.head { fill: var(--role); stroke: var(--wash); stroke-width: 1; }
.masked .shaft { stroke-dasharray: 2 5; }
.masked .head { fill: var(--wash); stroke: var(--role); }
.handle { cursor: grab; touch-action: none; outline: none !important; }
.handle:active { cursor: grabbing; }
.hit { fill: transparent; }
.ring { fill: none; stroke: transparent; stroke-width: 2; }
.handle:hover .ring { stroke: var(--role); stroke-opacity: .45; }
.handle:focus-visible .ring { stroke: var(--focus); stroke-opacity: 1; stroke-width: 2.5; }
.plane .lit.tag { text-decoration: underline; }
.shaft.lit line, .lit .shaft { stroke-opacity: 1; filter: none; }
.handle.lit .ring { stroke: var(--ink); stroke-opacity: .7; }

table { border-collapse: collapse; width: 100%; margin: 0; font-size: inherit; }
th, td { border: 0; padding: 0; font-weight: 400; background: none; }
.track { flex: 1; height: 10px; border-radius: 3px; background: var(--wash); overflow: hidden; min-width: 20px; }
.fill { display: block; height: 100%; background: var(--out); border-radius: 3px; }
input[type="checkbox"], input[type="range"] { accent-color: var(--q); flex: none; margin: 0; }
input[type="checkbox"] { width: 17px; height: 17px; cursor: pointer; }
.controls { display: grid; gap: 10px; margin-top: 14px; font-size: 14px; }
.switch, .slider { display: flex; align-items: center; gap: 8px; }
.slider input[type="range"] { flex: 1; min-width: 80px; height: 24px; cursor: pointer; }
.slider .shown { min-width: 2.4em; text-align: end; }
.field { display: flex; align-items: center; gap: 8px; }
input[type="number"], input[type="text"] { min-width: 0; height: 32px; padding: 2px 6px; border: 1px solid var(--control);
  border-radius: 6px; background: var(--surface); }
input[aria-invalid="true"] { border-color: var(--k) !important; box-shadow: inset 0 0 0 1px var(--k); }

.heatmap { table-layout: fixed; border-spacing: 3px; border-collapse: separate; margin: 0 -3px; width: calc(100% + 6px); }
.heatmap th { font-size: 12.5px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; color: var(--muted);
  text-align: center; }
.heatmap th:first-child, .heatmap td:first-child { width: 22%; text-align: start; }
.heatmap th.axes { overflow: visible; white-space: normal; text-decoration: none; }
.heatmap .axes span { display: block; font-size: 11.5px; line-height: 1.2; color: var(--k); font-weight: 600; text-align: end; }
.heatmap .axes .row-axis { color: var(--q); text-align: start; }
.heatmap button { display: block; width: 100%; border: 0; border-radius: 6px; height: 40px; padding: 0; background: none; }
.heatmap th button { text-align: start; overflow: hidden; text-overflow: ellipsis; color: var(--ink); padding-inline: 5px;
  font-size: 14px; }
.heatmap tr:not([aria-current]) th button:hover { background: var(--wash); }
.heatmap tr[aria-current="true"] th button { background: var(--q); color: var(--surface); font-weight: 600; }
.heatmap td button { font-size: 14px; }
.heatmap td button.lit { box-shadow: inset 0 0 0 1px var(--control); }
.heatmap td button.lit-cell, .heatmap td button:hover { box-shadow: inset 0 0 0 2px var(--ink); }
.heatmap th.lit, .heatmap tr.lit th { color: var(--ink); text-decoration: underline; }
.heatmap td button.off { color: var(--muted); background: repeating-linear-gradient(
  -45deg, var(--wash) 0 4px, var(--surface) 4px 8px) !important; box-shadow: inset 0 0 0 1px var(--line); }

.chart-frame { max-width: 460px; margin-inline: auto; width: 100%; }
.chart { display: block; width: 100%; background: none; overflow: visible; }
.chart text { fill: var(--muted); font-size: 11.5px; font-family: inherit; }
.chart .axis-name { text-anchor: middle; font-size: 12.5px; fill: var(--ink); }
.chart .axes path, .chart .axes line { stroke: var(--control); }
.series { fill: none; stroke: var(--role); stroke-width: 2; stroke-linejoin: round; }
.series.dashed { stroke-dasharray: 5 4; }
.dot { fill: var(--role); }
.marker { stroke: var(--ink); stroke-opacity: .5; stroke-dasharray: 2 3; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; margin: 4px 0 0; font-size: 13px; }
.legend span { display: inline-flex; gap: 6px; align-items: center; }

.steps { display: grid; gap: 6px; margin-top: 10px; }
.step-name { font-size: 14px; color: var(--muted); min-height: 1.45em; }
.goals { container-type: inline-size; display: flex; flex-wrap: wrap; gap: 4px 14px; margin-top: 12px; font-size: 14px; }
.goals ul { list-style: none; display: grid; gap: 4px; margin: 0; padding: 0; flex: 1; min-width: 0; }
.goals li { display: flex; gap: 8px; margin: 0; padding: 0; }
.goals .mark { font-weight: 700; }
.goals [data-met] .mark { color: var(--v); }
.goals .now { color: var(--muted); margin-inline-start: auto; text-align: end; }
@container (max-width: 480px) {
  .goals li { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 0 8px; }
  .goals .now { grid-column: 2; margin: 0; text-align: start; }
}
.tools { display: flex; flex-wrap: wrap; gap: 6px; margin-top: 12px; padding-top: 12px; border-top: 1px solid var(--line); }

.summary { margin: 10px 0 0; min-height: 4.35em; }
@container (min-width: 600px) { .summary { min-height: 2.9em; } .last { margin-inline-start: auto; } }
details { margin: 10px 0 0; padding: 0; border: 0; background: none; }
summary { cursor: pointer; color: var(--muted); font-size: 14px; padding: 4px 0; width: fit-content; }
summary:hover { color: var(--ink); }
.numbers { display: grid; gap: 18px; padding-top: 8px; overflow-x: auto; }
@container (min-width: 600px) { .numbers { grid-template-columns: repeat(2, minmax(0, 1fr)); column-gap: 30px; } }
.numbers caption { text-align: start; font-weight: 650; font-size: 14px; padding-bottom: 4px; }
.numbers th, .numbers td { font-size: 13.5px; padding: 3px 4px; text-align: end; border-bottom: 1px solid var(--line);
  white-space: nowrap; }
.numbers th { color: var(--muted); overflow: hidden; text-overflow: ellipsis; max-width: 6em; }
.numbers th:first-child { text-align: start; }

@media (prefers-reduced-motion: no-preference) {
  .fill { transition: width .18s ease-out; }
  .heatmap td button { transition: background-color .18s ease-out; }
  .chip, .choice span { transition: border-color .12s, background-color .12s; }
}
@media (forced-colors: active) {
  .figure { --surface: Canvas; --ink: CanvasText; --muted: CanvasText; --line: GrayText; --control: ButtonText; --wash: Canvas;
    --focus: Highlight; }
  .track { border: 1px solid CanvasText; }
  .fill { forced-color-adjust: none; background: CanvasText; }
  .heatmap td button { forced-color-adjust: none; }
  .heatmap td button.off { background: Canvas !important; color: CanvasText; border: 1px dashed CanvasText; }
  .heatmap td button.lit { outline: 2px solid Highlight; outline-offset: 0; }
  .choice input:checked + span, .chip[aria-pressed="true"], .heatmap tr[aria-current="true"] th button {
    forced-color-adjust: none; background: Highlight !important; color: HighlightText !important; border-color: Highlight; }
  .plane { border: 1px solid CanvasText; }
  .plane, .chart, .legend svg { forced-color-adjust: none; }
  .plane text, .chart text { fill: CanvasText; stroke: none; }
  .axis, .grid { stroke: CanvasText; stroke-opacity: .3; }
}
@media print {
  .figure { break-inside: avoid; }
  .bar, .controls, .tools, details, .help { display: none; }
}
`;

// What query–key–value looks like beside the kit's looks.

export const style = `
.queries { margin-top: 14px; padding-top: 14px; border-top: 1px solid var(--line); }
.queries .group:last-child { margin-inline-start: auto; }
.direction { stroke: var(--q); stroke-opacity: .35; stroke-width: 1; }
.drop { stroke: var(--k); stroke-opacity: .8; stroke-width: 1.2; stroke-dasharray: 1 4; stroke-linecap: round; }
.hull { fill: var(--v); fill-opacity: .1; stroke: var(--v); stroke-opacity: .45; stroke-width: 1; stroke-linejoin: round; }
.spoke { stroke: var(--out); stroke-opacity: .55; stroke-linecap: round; }
.target { fill: var(--out); stroke: var(--wash); stroke-width: 1.5; }
.weigh th, .weigh td { padding: 5px 0; border-bottom: 1px solid var(--line); text-align: end; white-space: nowrap; }
.weigh thead th { color: var(--muted); font-size: 12.5px; padding-top: 0; }
.weigh th + td, .weigh td + td, .weigh th + th { padding-inline-start: 5px; }
.weigh th:first-child { text-align: start; }
.weigh tbody th { max-width: 0; width: 27%; }
.weigh td:nth-child(n + 2):nth-child(-n + 4) { width: 3.6em; }
.weigh label { min-height: 26px; cursor: pointer; }
.weigh label span { overflow: hidden; text-overflow: ellipsis; }
.weigh .share { padding-inline-start: 12px; }
.weigh tfoot th, .weigh tfoot td { border: 0; color: var(--muted); }
.share div { display: flex; align-items: center; gap: 6px; justify-content: flex-end; }
.share b { font-weight: 650; min-width: 2.4em; }
tr.masked td { color: var(--muted); }
tr.masked label span { text-decoration: line-through; }
.weigh tr.lit td, .weigh tr.lit th { background: var(--wash); }
.sources { display: grid; grid-template-columns: minmax(0, 1fr); gap: 12px; margin-top: 8px; }
.sources figure { margin: 0; }
.sources figcaption { color: var(--role, var(--out)); font-weight: 650; }
.edit { display: grid; gap: 12px; padding-top: 8px; }
.edit fieldset { border: 0; margin: 0; padding: 0 0 12px; border-bottom: 1px solid var(--line); min-width: 0;
  display: grid; grid-template-columns: minmax(0, 1fr); gap: 8px 14px; align-items: center; }
.edit fieldset:last-child { border: 0; padding-bottom: 0; }
.edit .vector { display: grid; grid-template-columns: 3.4em minmax(0, 1fr) minmax(0, 1fr); gap: 6px; align-items: center; }
.edit .vector > span { color: var(--role); font-size: 14px; font-weight: 600; }
.edit input { width: 100%; }
@container (max-width: 599px) {
  .summary { position: sticky; bottom: 0; z-index: 1; background: var(--surface); padding: 8px 0; min-height: 0;
    border-top: 1px solid var(--line); }
  .content { display: flex; flex-direction: column; }
  .panels { order: 1; } .summary { order: 2; } .goals, details { order: 3; }
}
@container (min-width: 600px) {
  .sources { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .edit fieldset { grid-template-columns: minmax(0, 1fr) repeat(3, minmax(0, 2fr)); border: 0; padding: 0; }
  .edit { gap: 8px; }
  .edit .vector > span { text-align: end; }
}
@media print { .goals { display: none; } }
`;

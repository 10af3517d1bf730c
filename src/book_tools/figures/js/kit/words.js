// The words of the interface: one table of plain strings a language, "{name}" where a value goes.

import own from "words";

/** The language of an element, by the page; English where there is no table for it. */
export function language(element, tables) {
  const said = element.getRootNode().host?.closest("[lang]") ?? element.closest?.("[lang]");
  const code = (said ?? document.documentElement).lang || "en";
  return [code, code.split("-")[0]].find((each) => each in tables) ?? "en";
}

/** A function t(key, values) over a figure's tables and the kit's; what a language lacks is English. */
export function translator(tables, code = "en") {
  const table = { ...own.en, ...own[code], ...tables.en, ...tables[code] };
  return (key, values = {}) => {
    if (!(key in table)) throw new Error(`There are no words for "${key}" in the tables of this figure.`);
    return table[key].replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  };
}

// Figures on a page without a kernel: their registry, and the model that holds a state in the page.

const figures = new Map();

/** What anywidget's model offers, held in the page. */
function pageModel(state) {
  const listeners = new Map();
  const of = (event) => event.replace("change:", "");
  return {
    get: (name) => state[name],
    set(name, value) {
      state[name] = value;
      for (const callback of listeners.get(name) ?? []) callback();
    },
    save_changes() {},
    on: (event, callback) => listeners.set(of(event), [...(listeners.get(of(event)) ?? []), callback]),
    off: (event, callback) =>
      listeners.set(
        of(event),
        (listeners.get(of(event)) ?? []).filter((each) => callback && each !== callback),
      ),
  };
}

function mountAll() {
  const counts = new Map();
  for (const root of document.querySelectorAll(".interactive-figure[data-figure]")) {
    const name = root.dataset.figure;
    const number = (counts.get(name) ?? 0) + 1;
    counts.set(name, number);
    if (root.dataset.mounted || !figures.has(name)) continue;
    root.dataset.mounted = "true";
    const model = pageModel(JSON.parse(root.querySelector(".interactive-figure-data").textContent));
    const el = document.createElement("div");
    root.append(el); // before it is drawn: the language is that of the page around it
    figures.get(name).render({ model, el, place: `${name}.${number}` });
    root.querySelector(".interactive-figure-fallback").hidden = true;
  }
}

/** Called once by each figure's script: draws its figures on this page, now or when the page has been read. */
export function register(name, figure) {
  figures.set(name, figure);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", mountAll, { once: true });
  else mountAll();
}

export const registered = (name) => figures.get(name);

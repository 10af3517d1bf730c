// What every figure is: a frame, its state, theme, undo, address, announcements.

import { fragment, fromAddress } from "./address.js";
import { announcer } from "./announce.js";
import { button } from "./controls.js";
import { h, set } from "./elements.js";
import { LOOK } from "./look.js";
import { same } from "./numbers.js";
import { createStore } from "./store.js";
import { followTheme } from "./theme.js";
import { language, translator } from "./words.js";

/**
 * A figure, with anywidget's contract: default export of its module.
 *   words       import words from "words"; the key "figure" names it
 *   traits      names of its state: synced with Python, undone, kept in an address
 *   data        names of what Python passes once (f.data.NAME)
 *   valid       state => whether what comes from outside fits together
 *   shape       state => a value; when it changes, `build` is called again (the number of tokens, say)
 *   build       f => { elements: […], update(state) }
 *   style       its own CSS, after the kit's
 */
export function defineFigure({ words, traits, data = [], valid, shape = () => 0, build, style = "" }) {
  return {
    render({ model, el, place = null }) {
      el.dataset.lmSuppressShortcuts = "true"; // JupyterLab's shortcuts must not act on keys meant for the figure
      // Nor the page's: "/" searches, the arrow keys turn pages.
      el.addEventListener("keydown", (event) => {
        if (!(event.ctrlKey || event.metaKey || event.altKey || event.key === "Escape")) event.stopPropagation();
      });
      const root = el.shadowRoot ?? el.attachShadow({ mode: "open" });
      const t = translator(words, language(el, words));
      const said = announcer();
      const store = createStore(model, { traits, valid, draw: () => draw() });
      const stops = [];
      const f = {
        t,
        data: Object.fromEntries(data.map((name) => [name, model.get(name)])),
        initial: store.initial,
        get state() {
          return store.state;
        },
        get dragging() {
          return store.dragging;
        },
        theme: "light",
        touched: false, // whether the reader has changed anything yet
        change(patch) {
          f.touched = true;
          store.change(patch);
        },
        restart(state) {
          f.touched = true;
          store.restart(state);
        },
        hold: store.hold,
        say: said.say,
        draw: () => draw(),
        onstop: (stop) => stops.push(stop),
      };

      const tools = [
        button(t("undo"), store.undo, { "data-tool": "undo" }),
        button(t("redo"), store.redo, { "data-tool": "redo" }),
        button(t("reset"), () => f.restart(store.initial), { "data-reset": true }),
        place && button(t("link"), link, { "data-tool": "link" }),
      ];
      const content = h("div", { class: "content" });
      const bar = h("div", { class: "tools" }, ...tools.filter(Boolean));
      const inner = h("div", { class: "inner" }, content, bar, said.element);
      const figure = h("div", { class: "figure", role: "group", "aria-label": t("figure") }, inner);
      figure.addEventListener("keydown", (event) => {
        const key = event.key.toLowerCase();
        if (!(event.ctrlKey || event.metaKey) || !["z", "y"].includes(key)) return;
        if (event.target.matches("input[type=text], input[type=number]")) return; // what is being typed has its own
        event.preventDefault();
        event.stopPropagation();
        if (event.shiftKey || key === "y") store.redo();
        else store.undo();
      });
      root.replaceChildren(h("style", {}, LOOK + style), figure);

      function link() {
        history.replaceState(null, "", fragment(place, store.state, store.initial));
        said.say(t("linked"));
        navigator.clipboard?.writeText(location.href).catch(() => {}); // not every page may write there
      }

      let [built, part] = [undefined, null];
      function draw() {
        const now = JSON.stringify(shape(store.state));
        if (now !== built) {
          for (const stop of stops.splice(0)) stop();
          part = build(f);
          built = now;
          content.replaceChildren(...part.elements);
        }
        part.update(store.state);
        set(tools[0], { disabled: !store.canUndo() });
        set(tools[1], { disabled: !store.canRedo() });
        set(tools[2], { disabled: same(store.state, store.initial) });
      }
      const restore = () => {
        const kept = place && fromAddress(place, traits);
        if (!kept) return;
        const state = { ...store.initial, ...kept };
        if (!store.valid(state)) return;
        store.restart(state);
        el.scrollIntoView({ block: "start" });
      };
      const stopTheme = followTheme((theme) => {
        f.theme = figure.dataset.theme = theme;
        draw();
      });
      const stopListening = store.listen();
      restore();
      addEventListener("hashchange", restore);
      return () => {
        said.stop();
        stopTheme();
        stopListening();
        removeEventListener("hashchange", restore);
        for (const stop of stops) stop();
      };
    },
  };
}

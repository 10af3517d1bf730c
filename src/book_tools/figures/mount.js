(() => {
  // Draws one figure on a page that has no kernel. The module's text is in the page itself, because a page that was
  // opened as a file may not import a module by its address.
  const root = document.currentScript.closest(".interactive-figure");
  const {
    id,
    module: source,
    state,
  } = JSON.parse(root.querySelector(".interactive-figure-data").textContent);

  // What anywidget's model offers, held in the page.
  const listeners = new Map();
  const model = {
    get: (name) => state[name],
    set(name, value) {
      state[name] = value;
      for (const callback of listeners.get(name) ?? []) callback();
    },
    save_changes() {},
    on(event, callback) {
      const name = event.replace("change:", "");
      listeners.set(name, [...(listeners.get(name) ?? []), callback]);
    },
    off(event, callback) {
      const name = event.replace("change:", "");
      listeners.set(
        name,
        (listeners.get(name) ?? []).filter((each) => callback && each !== callback),
      );
    },
  };

  // Two instances of one figure share one module. A blob is the cheaper address; a page whose policy forbids blobs
  // may still allow data.
  async function load() {
    const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    try {
      return await import(address);
    } catch {
      return await import("data:text/javascript;charset=utf-8," + encodeURIComponent(source));
    } finally {
      URL.revokeObjectURL(address);
    }
  }
  const modules = (window.bookFigureModules ??= new Map());
  if (!modules.has(id)) modules.set(id, load());

  modules.get(id).then(({ default: figure }) => {
    const el = document.createElement("div");
    figure.render({ model, el });
    root.querySelector(".interactive-figure-fallback").hidden = true;
    root.append(el);
  });
})();

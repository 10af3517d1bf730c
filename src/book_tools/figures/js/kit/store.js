// The state of a figure, its changes, undo and redo, and its way to and from the model.

import { copy, same } from "./numbers.js";

const PAUSE = 500; // milliseconds: changes of one thing that follow faster are one step of undo

/**
 * `traits` are synced with the model, undone and kept in an address. `draw()` is called after each change;
 * `valid(state)` refuses what comes from outside and does not fit together.
 */
export function createStore(model, { traits, valid = () => true, draw }) {
  const read = () => Object.fromEntries(traits.map((name) => [name, copy(model.get(name))]));
  const initial = read();
  const [past, future] = [[], []];
  let last = { keys: "", time: 0 };
  let held = false;
  let writing = false;

  function put(next) {
    const changed = Object.keys(next).filter((name) => !same(next[name], store.state[name]));
    store.state = { ...store.state, ...next };
    draw();
    if (!changed.length) return;
    writing = true; // the model says each of these back, while others still have their old value
    for (const name of changed) model.set(name, copy(next[name]));
    writing = false;
    model.save_changes();
  }
  function remember(keys) {
    const now = Date.now();
    const goesOn = keys === last.keys && (held || now - last.time < PAUSE);
    if (!goesOn) past.push(store.state);
    if (past.length > 200) past.shift();
    future.length = 0;
    last = { keys, time: now };
  }
  const step = (from, to) => {
    if (!from.length) return;
    to.push(store.state);
    last = { keys: "", time: 0 };
    put(from.pop());
  };

  const store = {
    state: initial,
    initial,
    dragging: false,
    canUndo: () => past.length > 0,
    canRedo: () => future.length > 0,
    /** Changes some traits; one step of undo, or part of the last one while the same is being moved. */
    change(patch) {
      if (Object.keys(patch).every((name) => same(patch[name], store.state[name]))) return draw();
      remember(Object.keys(patch).sort().join());
      put(patch);
    },
    /** Puts a whole state in place of this one. */
    restart(state) {
      last = { keys: "", time: 0 };
      store.change(copy(Object.fromEntries(traits.filter((name) => name in state).map((name) => [name, state[name]]))));
      last = { keys: "", time: 0 };
    },
    undo: () => step(past, future),
    redo: () => step(future, past),
    /** Between hold(true) and hold(false) something is dragged. */
    hold(now) {
      held = store.dragging = now;
      if (now) last = { keys: "", time: 0 };
      draw();
    },
    valid: (state) => {
      try {
        return Boolean(valid(state));
      } catch {
        return false; // it has not even the form of a state
      }
    },
    /** Follows changes made by Python, which may change its traits one after another. */
    listen() {
      const follow = () => {
        if (writing) return;
        const outside = read();
        if (same(outside, store.state) || !store.valid(outside)) return;
        store.state = outside;
        draw();
      };
      for (const name of traits) model.on(`change:${name}`, follow);
      return () => traits.forEach((name) => model.off(`change:${name}`, follow));
    },
  };
  return store;
}

// What a screen reader hears: the last sentence, once the hand rests.

import { h } from "./elements.js";

export function announcer(pause = 500) {
  const element = h("div", { class: "said", "aria-live": "polite", role: "status" });
  let timer = 0;
  return {
    element,
    say(text) {
      clearTimeout(timer);
      timer = setTimeout(() => (element.textContent = text), pause);
    },
    stop: () => clearTimeout(timer),
  };
}

// Step by step: back, play or pause, forward, and a slider over all steps.

import { button, slider } from "./controls.js";
import { h, set } from "./elements.js";

/**
 * steps(f, { pace: 900, name: i => "what step i is" }, step => f.change({ step })), update(step, count).
 * Playing stops at the last step, and when the figure goes; who asked for reduced motion gets no play button.
 */
export function steps(f, { pace = 900, name = () => "" }, onstep) {
  let [at, count, timer] = [0, 1, 0];
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    show();
  };
  const go = (to) => onstep(Math.min(count - 1, Math.max(0, to)));
  const back = button("‹", () => (stop(), go(at - 1)), { class: "chip square", "aria-label": f.t("back") });
  const forward = button("›", () => (stop(), go(at + 1)), { class: "chip square", "aria-label": f.t("forward") });
  const play = button("", () => {
    if (timer) return stop();
    if (at === count - 1) go(0);
    timer = setInterval(() => (at < count - 1 ? go(at + 1) : stop()), pace);
    show();
  });
  const show = () => (play.textContent = timer ? f.t("pause") : f.t("play"));
  const range = slider(
    f.t("stepOf", { step: "", steps: "" }).trim(),
    {
      min: 0,
      max: 0,
      step: 1,
      text: (i) => f.t("stepOf", { step: i + 1, steps: count }),
      attributes: { class: "step-slider" },
    },
    (i) => (stop(), go(i)),
  );
  set(range.element.querySelector("input"), { "aria-label": `${f.t("back")} / ${f.t("forward")}` });
  range.element.querySelector(".name").remove();
  const title = h("span", { class: "step-name" });
  f.onstop(() => clearInterval(timer));
  show();
  return {
    element: h("div", { class: "steps" }, h("div", { class: "group" }, back, play, forward), range.element, title),
    update(step, steps) {
      [at, count] = [step, steps];
      set(range.element.querySelector("input"), { max: steps - 1 });
      range.update(step);
      title.textContent = name(step);
      set(play, { hidden: still.matches });
      set(back, { disabled: step <= 0 });
      set(forward, { disabled: step >= steps - 1 });
      if (timer && step >= steps - 1) stop();
    },
  };
}

// A formula within a line that is wider than its column scrolls in a frame of its own. CSS alone cannot tell which.
function frameWideFormulas() {
  for (const formula of document.querySelectorAll("mjx-container:not([display])")) {
    const column = formula.closest("p, li, td, th, dd, div");
    const drawing = formula.querySelector("svg");
    if (column && drawing) {
      formula.classList.toggle("wide", drawing.getBoundingClientRect().width > column.clientWidth);
    }
  }
}

window.addEventListener("load", async () => {
  if (window.MathJax?.startup?.promise) {
    await window.MathJax.startup.promise;
    frameWideFormulas();
    window.addEventListener("resize", frameWideFormulas);
  }
});

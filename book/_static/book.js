// What every page does by script: one switch for all its code, and formulas in a line that are wider than their column.

// Hidden code is folded without a script. The switch opens or closes every fold, and stays as it was on the next page.
const CODE_WORDS = { en: { show: "Show all code", hide: "Hide all code" } };
const CODE_KEY = "show-code";

function storedChoice() {
  try {
    return localStorage.getItem(CODE_KEY) === "yes";
  } catch {
    return false;
  }
}

function codeSwitch() {
  const folds = [...document.querySelectorAll(".cell details.hide")];
  const place = document.querySelector("article.bd-article section > h1");
  if (!folds.length || !place) return;
  const words = CODE_WORDS[document.documentElement.lang] ?? CODE_WORDS.en;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "code-switch";
  const set = (shown) => {
    for (const fold of folds) fold.open = shown;
    button.setAttribute("aria-pressed", String(shown));
    button.textContent = shown ? words.hide : words.show;
  };
  button.addEventListener("click", () => {
    const shown = button.getAttribute("aria-pressed") !== "true";
    set(shown);
    try {
      localStorage.setItem(CODE_KEY, shown ? "yes" : "no");
    } catch {
      // Blocked storage: the switch works on this page only.
    }
  });
  set(storedChoice());
  place.after(button);
}

// A formula within a line that is wider than its column scrolls in a frame of its own. CSS alone cannot tell which.
function frameWideFormulas() {
  const formulas = [...document.querySelectorAll("span.math")];
  for (const formula of formulas) formula.classList.remove("wide");
  const wide = formulas.filter((formula) => {
    const column = formula.closest("p, li, td, th, dd, div");
    return column && formula.getBoundingClientRect().width > column.clientWidth;
  });
  for (const formula of wide) formula.classList.add("wide");
}

// A link into a folded answer opens it; print opens them all.
function openFoldsFor(hash) {
  const target = hash.length > 1 && document.getElementById(decodeURIComponent(hash.slice(1)));
  for (let fold = target && target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
}

// The search takes its summaries from the pages' text: formulas would stand in it twice, as MathML and as HTML.
function quietSummaries() {
  if (typeof Search === "undefined" || !Search.htmlToText) return;
  const plain = Search.htmlToText;
  Search.htmlToText = (html, anchor) => plain(html.replace(/<math[\s\S]*?<\/math>/g, ""), anchor);
}

document.addEventListener("DOMContentLoaded", () => {
  codeSwitch();
  openFoldsFor(location.hash);
  frameWideFormulas();
  quietSummaries();
});
window.addEventListener("hashchange", () => openFoldsFor(location.hash));
window.addEventListener("resize", frameWideFormulas);
window.addEventListener("beforeprint", () => {
  for (const fold of document.querySelectorAll(".bd-article details:not(.hide)")) fold.open = true;
});

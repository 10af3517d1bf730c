// A quiz in the page: choices that can be chosen, explanations that appear with the answer. Without this script the
// page holds the same text, folded. Answers stay on the reader's machine; where storage is blocked they are forgotten.
const QUIZ_WORDS = {
  en: {
    check: "Check", again: "Forget my answers", right: "Right.", wrong: "Not right yet.", none: "Choose an answer first.",
    missing: "So far right, but one is missing or more.", typed: "Your answer", noNumber: "Type a number, such as 0.25 or 1/4.",
    wrongNumber: "Not right yet.", solved: (done, all) => `${done} of ${all} right`,
  },
};
const quizWords = QUIZ_WORDS[document.documentElement.lang] ?? QUIZ_WORDS.en;
const STORE = "quiz";

function remembered() {
  try {
    return JSON.parse(localStorage.getItem(STORE)) ?? {};
  } catch {
    return {};
  }
}

function remember(key, answer) {
  const answers = remembered();
  if (answer === undefined) delete answers[key];
  else answers[key] = answer;
  try {
    localStorage.setItem(STORE, JSON.stringify(answers));
  } catch {
    // Blocked or full: the quiz works, it only forgets.
  }
}

// "98,304", "98 304", "−2", "1/4", "25 %": numbers as people type them.
function readNumber(text) {
  const plain = text.replace(/[\s,_\u00a0]/g, "").replace("−", "-");
  const match = /^(-?\d*\.?\d+(?:e-?\d+)?)(?:\/(\d*\.?\d+))?(%?)$/i.exec(plain);
  return match ? (Number(match[1]) / Number(match[2] ?? 1)) * (match[3] ? 0.01 : 1) : null;
}

class Question {
  constructor(box, changed) {
    this.box = box;
    this.kind = box.dataset.kind;
    this.key = box.dataset.key;
    this.changed = changed;
    this.choices = [...box.querySelectorAll(".quiz-choice")];
    for (const fold of box.querySelectorAll("details.quiz-why")) fold.hidden = true;
    if (this.kind === "number") this.addField();
    else this.choices.forEach((choice) => this.addInput(choice));
    this.verdict = document.createElement("p");
    this.verdict.className = "quiz-verdict";
    this.verdict.setAttribute("role", "status");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiz-check";
    button.textContent = quizWords.check;
    button.addEventListener("click", () => this.check(true));
    const row = document.createElement("div");
    row.className = "quiz-row";
    row.append(button, this.verdict);
    box.append(row, ...box.querySelectorAll(":scope > details.quiz-why"));
    this.restore(remembered()[this.key]);
  }

  addInput(choice) {
    const label = choice.querySelector(".quiz-text");
    const input = document.createElement("input");
    input.type = this.kind === "single" ? "radio" : "checkbox";
    input.name = this.box.id;
    input.id = label.htmlFor;
    choice.prepend(input);
    input.addEventListener("change", () => this.reset());
  }

  addField() {
    this.field = document.createElement("input");
    this.field.type = "text";
    this.field.inputMode = "decimal";
    this.field.autocomplete = "off";
    this.field.className = "quiz-number-field";
    this.field.setAttribute("aria-label", quizWords.typed);
    this.field.addEventListener("input", () => this.reset());
    this.field.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.check(true);
    });
    this.box.querySelector(".quiz-choices").before(this.field);
    for (const choice of this.choices) choice.hidden = true;
  }

  get answer() {
    if (this.kind === "number") return this.field.value.trim();
    return this.choices.flatMap((choice, i) => (choice.querySelector("input").checked ? [i] : []));
  }

  restore(answer) {
    if (answer === undefined) return;
    if (this.kind === "number") this.field.value = answer;
    else for (const i of answer) if (this.choices[i]) this.choices[i].querySelector("input").checked = true;
    this.check(false);
  }

  reset() {
    this.show("", null, () => false);
  }

  forget() {
    if (this.kind === "number") this.field.value = "";
    else for (const choice of this.choices) choice.querySelector("input").checked = false;
    remember(this.key, undefined);
    this.reset();
  }

  // What is shown: the verdict's words, whether it is right (null: no verdict), and which choices are explained.
  show(words, right, explained) {
    this.right = right === true;
    this.verdict.textContent = words;
    this.verdict.dataset.right = right === null ? "" : right ? "yes" : "no";
    for (const choice of this.choices) {
      const shown = explained(choice);
      choice.classList.toggle("quiz-explained", shown);
      if (this.kind === "number") choice.hidden = !shown;
      const fold = choice.querySelector(".quiz-why");
      fold.hidden = !shown;
      fold.open = shown;
    }
    for (const fold of this.box.querySelectorAll(":scope > .quiz-why-number")) {
      fold.hidden = !this.right;
      fold.open = this.right;
    }
    this.changed();
  }

  check(keep) {
    const answer = this.answer;
    if (!answer.length) return this.show(quizWords.none, null, () => false);
    if (keep) remember(this.key, answer);
    return this.kind === "number" ? this.checkNumber(readNumber(answer)) : this.checkChoices(answer);
  }

  checkNumber(value) {
    if (value === null || !Number.isFinite(value)) return this.show(quizWords.noNumber, null, () => false);
    const near = (target) => Math.abs(value - Number(target)) <= Number(this.box.dataset.tolerance) + 1e-9 * Math.abs(target);
    const right = near(this.box.dataset.answer);
    return this.show(right ? quizWords.right : quizWords.wrongNumber, right, (choice) => !right && near(choice.dataset.value));
  }

  checkChoices(chosen) {
    const isRight = (choice) => choice.dataset.right === "yes";
    const wrong = chosen.some((i) => !isRight(this.choices[i]));
    const all = this.choices.every((choice, i) => !isRight(choice) || chosen.includes(i));
    const right = !wrong && all;
    const words = right ? quizWords.right : wrong ? quizWords.wrong : quizWords.missing;
    return this.show(words, right, (choice) => right || chosen.includes(this.choices.indexOf(choice)));
  }
}

document.addEventListener("DOMContentLoaded", () => {
  for (const quiz of document.querySelectorAll(".quiz")) {
    const questions = [];
    const foot = document.createElement("div");
    foot.className = "quiz-foot";
    const count = document.createElement("span");
    const clear = document.createElement("button");
    clear.type = "button";
    clear.textContent = quizWords.again;
    clear.addEventListener("click", () => questions.forEach((question) => question.forget()));
    foot.append(count, clear);
    const changed = () => {
      const done = questions.filter((question) => question.right).length;
      count.textContent = quizWords.solved(done, quiz.querySelectorAll(".quiz-question").length);
    };
    for (const box of quiz.querySelectorAll(".quiz-question")) questions.push(new Question(box, changed));
    quiz.append(foot);
    quiz.classList.add("quiz-live");
    changed();
  }
});

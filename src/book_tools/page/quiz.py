"""`{quiz}` and its `{question}`s: a list of choices with folded explanations, which `quiz.js` brings to life.

A question's list holds its choices: `- [x]` is right, `- [ ]` is wrong, and what follows in the item explains it. With
the option `answer` the reader types a number; the list then holds wrong numbers that deserve an explanation, and the
text after the list explains the right one.
"""

import hashlib
import re
from typing import Any, ClassVar

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from book_tools.page.markup import blocks, element, inline, make, parse, text
from book_tools.page.words import words

COUNTER = "page_questions"
CHOICE = re.compile(r"^[-*] \[([ xX])\] (.*)$")
NUMBER = re.compile(r"^[-*] (-?[\d_]+(?:\.\d+)?): (.*)$")


class Quiz(SphinxDirective):
    """`{quiz}`: four to six `{question}`s."""

    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {}

    def run(self) -> list[nodes.Node]:
        """A box of questions."""
        self.assert_has_content()
        found = blocks(self)
        count = sum(isinstance(node, element) and "quiz-question" in node["classes"] for node in found)
        if not 4 <= count <= 6:
            raise self.error(f"a quiz has four to six questions, this one has {count}")
        return [make("div", *found, classes="quiz")]


class Question(SphinxDirective):
    """`{question} The question?`; options `answer` and `tolerance` for a number."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {"answer": float, "tolerance": float}

    def run(self) -> list[nodes.Node]:
        """The question, its choices and their explanations."""
        self.assert_has_content()
        pattern = NUMBER if "answer" in self.options else CHOICE
        before, items, after = split(list(self.content), pattern)
        number = self.env.temp_data[COUNTER] = self.env.temp_data.get(COUNTER, 0) + 1
        name = f"question-{number}"
        kind = self._kind(items, after)
        say = words(self.config)
        key = hashlib.sha256("\n".join([self.arguments[0], *self.content]).encode()).hexdigest()[:12]
        data = {"data_kind": kind, "data_key": key, "role": "group", "aria_labelledby": f"{name}-text"}
        if kind == "number":
            data |= {f"data_{option}": f"{self.options.get(option, 0.0):.12g}" for option in ("answer", "tolerance")}
        prompt = [text("span", f"{number}", class_="quiz-badge"), *inline(self, self.arguments[0])]
        parts = [make("p", *prompt, classes="quiz-prompt", ids=(f"{name}-text",)), *self._parse(before)]
        parts.append(text("p", say[kind], class_="quiz-hint"))
        parts.append(
            make("ul", *(self._choice(name, i, item, say) for i, item in enumerate(items)), classes="quiz-choices")
        )
        if kind == "number":
            parts.append(self._right_number(after, say))
        return [make("div", *parts, classes=f"quiz-question quiz-{kind}", ids=(name,), **data)]

    def _kind(self, items: list[tuple[str, str, list[str]]], after: list[str]) -> str:
        shown = self.arguments[0]
        if "answer" in self.options:
            if not "".join(after).strip():
                raise self.error(f"the question “{shown}” does not explain its number: add a paragraph after the list")
            if any(not (why[0] if why else "") for _, _, why in items):
                raise self.error(f"the question “{shown}” has a wrong number without an explanation")
            return "number"
        right = sum(mark != " " for mark, _, _ in items)
        if len(items) < 2 or not right:
            raise self.error(f"the question “{shown}” needs at least two choices, `- [x]` and `- [ ]`, and a right one")
        for _, choice, why in items:
            if not "".join(why).strip():
                raise self.error(f"the choice “{choice}” is not explained: add an indented line below it")
        return "several" if right > 1 else "single"

    def _choice(self, name: str, i: int, item: tuple[str, str, list[str]], say: dict[str, str]) -> element:
        mark, choice, why = item
        label = make("label", *inline(self, choice), classes="quiz-text", for_=f"{name}-{i}")
        fold = make("details", text("summary", say["explanation"]), *self._why(mark, why, say), classes="quiz-why")
        if "answer" in self.options:
            return make("li", label, fold, classes="quiz-choice", data_value=mark.replace("_", ""))
        return make("li", label, fold, classes="quiz-choice", data_right="no" if mark == " " else "yes")

    def _why(self, mark: str, why: list[str], say: dict[str, str]) -> list[nodes.Node]:
        right = "answer" not in self.options and mark != " "
        found = self._parse(why)
        verdict = nodes.strong("", say["right" if right else "wrong"])
        if found and isinstance(found[0], nodes.paragraph):
            found[0].insert(0, [verdict, nodes.Text(" ")])
            return found
        return [nodes.paragraph("", "", verdict), *found]

    def _right_number(self, after: list[str], say: dict[str, str]) -> element:
        shown = f"{say['right_answer']}: {self.options['answer']:,.12g}"
        body = [text("p", shown, class_="quiz-right-number"), *self._parse(after)]
        return make("details", text("summary", say["answer"]), *body, classes="quiz-why quiz-why-number")

    def _parse(self, lines: list[str]) -> list[nodes.Node]:
        return parse(self, StringList(lines, self.get_source_info()[0])) if "".join(lines).strip() else []


def split(lines: list[str], pattern: re.Pattern[str]) -> tuple[list[str], list[tuple[str, str, list[str]]], list[str]]:
    """The lines before the choices, the choices as (mark, text, lines of explanation), and the lines after them.

    >>> split(["- [x] yes", "  because", "", "more"], CHOICE)
    ([], [('x', 'yes', ['because'])], ['more'])
    """
    before: list[str] = []
    items: list[tuple[str, str, list[str]]] = []
    after: list[str] = []
    for line in lines:
        if (found := pattern.match(line)) and not after:
            # A number's explanation stands on its own line: `- 42: because …`.
            why = [found[2]] if pattern is NUMBER else []
            items.append((found[1], found[2] if pattern is CHOICE else found[1], why))
        elif not items:
            before.append(line)
        elif (line.startswith("  ") or not line.strip()) and not after:
            items[-1][2].append(line[2:])
        else:
            after.append(line)
    for _, _, why in items:
        while why and not why[-1].strip():
            why.pop()
    return before, items, after


def setup(app: Sphinx) -> None:
    """Registers both directives."""
    app.add_directive("quiz", Quiz)
    app.add_directive("question", Question)

"""What the release writes under a question's text: its guide with folded hints, its worked example, its rubric.

All of it comes from the question. Folding is HTML's own `<details>`, which JupyterLab, VS Code, Colab and nbgrader's
pages show alike; the blank lines around its content let Markdown inside it be Markdown.
"""

import numpy as np

from classroom.panel import points_text
from classroom.questions.guide import DIFFICULTIES, Guide, Section, WorkedExample
from classroom.questions.written import WrittenQuestion

# The book as `make serve` shows it. Whoever publishes it elsewhere changes this line and runs `make exercises`.
BOOK = "http://127.0.0.1:8000/"


def guide_text(guide: Guide, example: WorkedExample | None = None) -> str:
    """The Markdown of a question's guide cell."""
    level = "●" * guide.difficulty + "○" * (len(DIFFICULTIES) - guide.difficulty)
    minutes = f"about {guide.minutes} minute{'s' if guide.minutes > 1 else ''}"
    head = f"{level} {DIFFICULTIES[guide.difficulty]} · {minutes} · read again: {_link(guide.section)}"
    count = len(guide.hints)
    folded = [
        _folded(f"Hint {i} of {count}" if count > 1 else "Hint", hint) for i, hint in enumerate(guide.hints, start=1)
    ]
    if example is not None:
        folded.append(_folded("What it gives on the worked example", example_text(example)))
    return "\n\n".join([head, *folded])


def example_text(example: WorkedExample) -> str:
    """The Markdown of a worked example: what is called, and what it gives."""
    arrays = "\n\n".join(_numbers(array, example.digits) for array in example.right)
    return "\n".join(["```text", example.call, "", arrays, "```"])


def rubric_text(question: WrittenQuestion) -> str:
    """The Markdown of a rubric: what is looked for, and the points for each."""
    head = f"**What is looked for** ({points_text(question.points)} points, given by a person)"
    rows = [f"| {row.looked_for} | {points_text(row.points)} |" for row in question.rubric]
    return "\n".join([head, "", "| | points |", "|---|---|", *rows])


def _link(section: Section) -> str:
    chapter = section.page.replace("-", " ").capitalize()
    return f"[{section.heading}]({BOOK}{section.page}.html#{section.anchor}), in the chapter *{chapter}*"


def _folded(summary: str, content: str) -> str:
    return f"<details>\n<summary>{summary}</summary>\n\n{content}\n\n</details>"


def _numbers(array: np.ndarray, digits: int) -> str:
    if array.dtype.kind == "b":
        return _aligned(np.where(array, "True", "False"))
    if array.dtype.kind in "iu":
        return np.array2string(array, separator=", ")
    return np.array2string(array, separator=", ", formatter={"float_kind": lambda x: f"{x:.{digits}f}"})


def _aligned(words: np.ndarray) -> str:
    return np.array2string(words, separator=", ", formatter={"numpystr": lambda word: f"{word:>5}"})

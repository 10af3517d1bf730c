"""What a question's text promises, and the cases that hold it to that.

A question names them itself: `promises={"survive scores of ±1000": "scores of +1000 and -1000 in one row"}`, words of
the text to the name of a case or a criterion, or to "misconception NAME" (several joined by "; "). Every
sentence of the task, from **Write** on, must hold the words of at least one promise, and so must every sentence before
it that says *must*, *never*, *exactly* or the like; one that asks for nothing says so with `NOTHING`. What a signature
promises (batch axes, an argument that may be None, every precision) is looked for among the cases.
"""

import ast
import re
from collections.abc import Iterator, Sequence

import numpy as np
from nbformat.notebooknode import NotebookNode

from classroom.questions.question import Case, Question

FORBIDDEN = "forbidden names"
NOTHING = "nothing to test"  # of a sentence that explains, points elsewhere or gives leave
TASK = re.compile(r"\*\*Write\*\*.*?(?=\n\n\*\*|\Z)", re.DOTALL)
BINDING = re.compile(r"\b(must|never|always|exactly|by convention|whatever|keeps its)\b", re.IGNORECASE)
# A full stop ends a sentence where a capital, code or emphasis begins the next.
END = re.compile(r"(?<=[.:!?)])\s+(?=[A-Z`*(])")
BATCH_AXES = {0, 1, 2}


def promising(cells: Sequence[NotebookNode], target: str) -> list[str]:
    """The sentences that a question is held to: those of its task, and the binding ones before it.

    They stand in the text between the answer cell of `target` and the code cell before it. Empty where nothing there
    says **Write**.
    """
    position = next(
        (i for i, cell in enumerate(cells) if cell.cell_type == "code" and _defines(cell.source, target)), 0
    )
    first = position
    while first and cells[first - 1].cell_type == "markdown":
        first -= 1
    text = "\n\n".join(cell.source for cell in cells[first:position])
    asked = TASK.search(text)
    if not asked:
        return []
    before = text[: asked.start()].rpartition("\n## ")[2] if "\n## " in text[: asked.start()] else text[: asked.start()]
    told = [sentence for paragraph in before.split("\n\n") for sentence in sentences(paragraph)]
    return [sentence for sentence in told if BINDING.search(sentence)] + sentences(asked[0])


def gaps(question: Question, cells: Sequence[NotebookNode], cases: Sequence[Case]) -> list[str]:
    """What the text or the signature promises and no case is named for, one sentence each."""
    asked = promising(cells, question.target)
    if not asked:
        return [f"{question.id}: no text with **Write** stands before its answer cell."]
    names = {case.name for case in cases} | {criterion.name for criterion in question.criteria} | {NOTHING}
    names |= {f"misconception {m.name}" for m in question.misconceptions} | (
        {FORBIDDEN} if question.forbidden else set()
    )
    found = []
    for words, tested_by in question.promises.items():
        if not any(words in sentence for sentence in asked):
            found.append(f"{question.id}: its text does not say {words!r}.")
        found += [
            f"{question.id}: {words!r} names {name!r}, which is no case, criterion or misconception."
            for name in tested_by.split("; ")
            if name not in names
        ]
    found += [
        f"{question.id}: no promise is named for {sentence!r}."
        for sentence in asked
        if not any(words in sentence for words in question.promises)
    ]
    source = next(c.source for c in cells if c.cell_type == "code" and _defines(c.source, question.target))
    return found + [f"{question.id}: {gap}" for gap in signature_gaps(source, question.target, cases)]


def sentences(text: str) -> list[str]:
    """The sentences of a paragraph."""
    return [sentence for sentence in END.split(" ".join(text.split())) if sentence]


def signature_gaps(source: str, target: str, cases: Sequence[Case]) -> Iterator[str]:
    """What the signature of `target` in a cell's source promises and no case holds it to."""
    calls = [call for case in cases for call in case.calls]
    for position, (name, annotation) in enumerate(_parameters(source, target)):
        given = [call.arguments[position] for call in calls if len(call.arguments) > position]
        arrays = [argument for argument in given if isinstance(argument, np.ndarray)]
        axes = re.search(r'"([^"]*)"', annotation)
        if axes and "*batch" in axes[1].split():
            own = len(axes[1].split()) - 1
            missing = BATCH_AXES - {array.ndim - own for array in arrays}
            if missing:
                yield f"`{name}` may have any number of batch axes, and no case has {sorted(missing)}."
        if "None" in annotation and (len(arrays) == len(given) or not arrays):
            yield f"`{name}` may be None or not, and the cases know only one of the two."
        if annotation.startswith("Float[") and len({array.dtype for array in arrays}) < 2:
            yield f"`{name}` may have any precision, and the cases know only one."


def _parameters(source: str, target: str) -> list[tuple[str, str]]:
    """The names and annotations of the function's parameters, or of the class's `forward`."""
    for node in ast.parse(source).body:
        if getattr(node, "name", None) != target:
            continue
        functions = [node] if isinstance(node, ast.FunctionDef) else node.body
        for function in functions:
            if isinstance(function, ast.FunctionDef) and function.name in (target, "forward"):
                given = [a for a in function.args.args if a.arg != "self"]
                return [(a.arg, ast.unparse(a.annotation).replace("'", '"') if a.annotation else "") for a in given]
    return []


def _defines(source: str, target: str) -> bool:
    return re.search(rf"^(?:def|class) {re.escape(target)}\b", source, re.MULTILINE) is not None

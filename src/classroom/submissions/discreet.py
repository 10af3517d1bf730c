"""The words for hidden cases: what is wrong and where to look, and no number that was sent to the student's code.

A student may keep what they get back and pass it on; hidden cases stay hidden for the next one. So a difference is
told in words ("in most entries"), a shape by its axes, and an error of the student's own code by its kind, its line
and those messages of Python and torch that are known here, with their numbers left out. What comes from the
student's process is never quoted as it is: an error could spell the inputs, and so could the choice of a name among
many that the notebook holds. It may repeat words of the task, and say which line of the notebook failed, unless that
line is one of many that are alike.
"""

import builtins
import re
from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np
from nbformat.notebooknode import NotebookNode

from classroom.compare import Difference
from classroom.questions.drawn import DrawnQuestion
from classroom.questions.wording import Shape, Wording
from classroom.submissions.known_errors import known_message, known_sentence

EXCEPTIONS = {name for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, Exception)}
EXCEPTIONS |= {"SystemExit", "KeyboardInterrupt", "OutOfMemoryError", "LinAlgError", "EinopsError"}
# As `mistakes.error_sentence` writes it.
RAISED = re.compile(r"(\w+)(?: in (?:`(\w+)`|your code), line (\d+)(?: \(`(.*?)`\))?)?: (.*)\.", re.DOTALL)
QUOTED = 80  # characters of a line, as `mistakes` quotes it
ALIKE = 12  # lines that differ in names and numbers only: of more, which one failed would tell something
METHODS = {"forward", "__init__"}
ORDINALS = ("first", "second", "third")
UNKNOWN = "Your code failed in a way whose description is left out here, because it may quote hidden inputs."


class Discreet(Wording):
    """For hidden cases. `sources` are the notebook's cells, whose lines may be quoted; `words` the task's own names."""

    def __init__(self, sources: Iterable[str], words: Iterable[str] = ()):
        self._lines: dict[str, set[int]] = {}  # where in its cell each line stands
        self._alike: Counter[str] = Counter()
        self._task = set(words)
        for source in sources:
            for number, line in enumerate(source.splitlines(), start=1):
                self._lines.setdefault(line.strip()[:QUOTED], set()).add(number)
                self._alike[_pattern(line)] += 1

    def difference(self, found: Difference) -> str:
        """See `Wording.difference`: in how many entries, in words."""
        if not found.same_shape:
            return self.shape(found.actual.shape, found.expected.shape)
        bad = found.not_finite
        if bad.any():
            kind = "NaN (not a number)" if np.isnan(found.actual[bad].astype(np.float64)).any() else "infinite"
            return f"is {kind} in {_share(bad, found.looked_at)}"
        given = found.actual[found.wrong]
        where = _share(found.wrong, found.looked_at)
        if given.dtype.kind == "b" and (given == given[0]).all():
            return f"is {bool(given[0])} instead of {not given[0]} in {where}"
        return f"differs from what it should be in {where}"

    def shape(self, given: Shape, right: Shape) -> str:
        """See `Wording.shape`: which axes."""
        if len(given) != len(right):
            return f"has too {'few' if len(given) < len(right) else 'many'} axes"
        if sorted(given) == sorted(right):
            return "has its axes in another order"
        wrong = [axis for axis, (a, b) in enumerate(zip(given, right, strict=True)) if a != b]
        names = [_axis(axis, len(right)) for axis in wrong]
        listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
        return f"has the wrong length along its {listed} {'axis' if len(names) == 1 else 'axes'}"

    def outputs(self, given: int, right: int) -> str:
        """See `Wording.outputs`: too few or too many."""
        return f"too {'few' if given < right else 'many'} outputs"

    def responding(self, does: int, should: int) -> str:
        """See `Wording.responding`: too few."""
        return "Too few of the entries that have to respond to this change do"

    def operations(self, small: int, large: int) -> str:
        """See `Wording.operations`: that it is so."""
        return "Your code runs more torch operations on a larger input"

    def error(self, sentence: str) -> str:
        """See `Wording.error`: a sentence that is known here, or the exception's kind, line and known message."""
        known = known_sentence(sentence, self._task)
        if known:
            return known
        raised = RAISED.fullmatch(sentence)
        if not raised:
            return UNKNOWN
        kind, function, number, line, message = raised.groups()
        what = kind if kind in EXCEPTIONS else "An exception"
        told = known_message(message) or "its message is left out here, because it may quote hidden inputs"
        return f"{what}{self._place(function, number, line)}: {told}."

    def _place(self, function: str | None, number: str | None, line: str | None) -> str:
        if line is None or int(number or 0) not in self._lines.get(line, ()):
            return ""
        if self._alike[_pattern(line)] > ALIKE:
            return ""
        inside = f"`{function}`" if function in self._task | METHODS else "your code"
        return f" in {inside}, line {number} (`{line}`)"


def discreet(notebook: NotebookNode, questions: Mapping[str, DrawnQuestion]) -> Discreet:
    """The wording for one student's notebook, on the hidden cases of these questions."""
    names = {name for q in questions.values() for name in (q.target, *q.forbidden)}
    names |= {n for q in questions.values() for case in q.cases for call in case.calls for n in call.parameters}
    words = {part for name in names for part in name.split(".")}
    return Discreet([cell.source for cell in notebook.cells if cell.cell_type == "code"], words)


def _pattern(line: str) -> str:
    """What is left of a line without names, numbers and spaces."""
    return re.sub(r"\w+", "·", re.sub(r"\s+", "", line.strip()[:QUOTED]))


def _share(wrong: np.ndarray, looked_at: np.ndarray) -> str:
    """How many of the entries, in words."""
    if wrong.size == 1:
        return "its only entry"
    share = wrong.sum() / looked_at.sum()
    if share == 1:
        return "every entry"
    return "most entries" if share > 0.5 else "some entries"


def _axis(axis: int, axes: int) -> str:
    if axis == axes - 1:
        return "last"
    return ORDINALS[axis] if axis < len(ORDINALS) else "middle"

"""The same list in the notebook's own check, so that nobody learns it from the grade."""

import sys
from pathlib import Path

from classroom.clean_room.needed import Sources, needed
from classroom.clean_room.outside import outside
from classroom.clean_room.own_work import needs_a_clean_room, not_listed
from classroom.questions.drawn import DrawnQuestion
from classroom.questions.results import QuestionResult


def held_to_the_list(question: DrawnQuestion, result: QuestionResult) -> QuestionResult:
    """The verdict that the grade will have too, by the cells that were run; as it is where nobody kept them."""
    cells = _run_cells()
    if not result.score or not any(cells) or not needs_a_clean_room(question):
        return result
    files = {path.name: path.read_text("utf-8", "replace") for path in Path().glob("*.py")}
    sources = Sources([(f"cell [{number}]", code) for number, code in enumerate(cells) if code], files)
    found = outside(needed(sources, question.target))
    return result if found is None else not_listed(question, found.told(sources), result)


def _run_cells() -> list[str]:
    """What was run in this notebook so far, as Python."""
    if "IPython" not in sys.modules:
        return []
    from IPython import get_ipython

    shell = get_ipython()
    history = getattr(shell, "history_manager", None)
    return list(history.input_hist_parsed) if history is not None else []

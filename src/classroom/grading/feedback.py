"""What students get back: nbgrader's feedback pages, without what their own cells could have written down.

Once the first check cell has been judged, hidden inputs have been in the student's process, and code that keeps them
can print, draw or raise them in a later cell. An instructor sees those outputs, in `autograded/` and in formgrader.
A student has them in their own notebook, where no hidden case ever was, so feedback leaves them out.
"""

from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_output
from nbgrader.converters import GenerateFeedback
from nbgrader.preprocessors import NbGraderPreprocessor

from classroom.submissions.discreet import EXCEPTIONS

STYLE = "margin:.2em 0 1em;opacity:.75;font-size:13px;font-family:system-ui,sans-serif;max-width:46em"
LEFT_OUT = "What this cell showed is left out here: look at it in your own notebook."
WHY = (
    "What your own cells showed is left out from here on, since your code has met the hidden cases; your own notebook "
    "has it."
)


class LeaveOutputsOut(NbGraderPreprocessor):
    """Replaces the outputs of a student's cells, from the first check cell on, by a sentence."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Verdicts stay. So do the outputs of the cells before the first check cell."""
        judged = explained = False
        for cell in nb.cells:
            if _is_verdict(cell):
                judged = True
            elif judged and cell.cell_type == "code" and cell.outputs:
                cell.outputs = [_instead(cell.outputs, explained)]
                explained = True
        return nb, resources


# What a course's nbgrader_config.py gives to `nbgrader generate_feedback` and to formgrader.
FEEDBACK = [LeaveOutputsOut, *GenerateFeedback.preprocessors.default()]


def _is_verdict(cell: NotebookNode) -> bool:
    """Whether the examiner wrote the cell's output: it gives points, and holds no answer."""
    marks = cell.metadata.get("nbgrader", {})
    return cell.cell_type == "code" and bool(marks.get("grade")) and not marks.get("solution")


def _instead(outputs: list[NotebookNode], explained: bool) -> NotebookNode:
    sentence = LEFT_OUT if explained else WHY
    raised = [output.ename for output in outputs if output.output_type == "error"]
    if raised:
        what = raised[-1] if raised[-1] in EXCEPTIONS else "an error"
        sentence = f"This cell raised {what} when it was graded. {sentence}"
    data = {"text/plain": sentence, "text/html": f'<p style="{STYLE}">{sentence}</p>'}
    return new_output("display_data", data=data)

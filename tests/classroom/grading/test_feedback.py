"""What students get back, by the real commands: every verdict, and no hidden number, whatever their code does."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from servers import nbgrader
from submissions import ROWS, answered, released, run_course, solutions, submit

from classroom.grading.feedback import LEFT_OUT, WHY
from classroom.questions.drawing import materialise

SEED = 23
# What curious students hand in, for one question and the other: each tries to carry the inputs of the hidden cases
# onto the feedback page.
SPELL = "'E' + '_'.join(f'{v:.6f}'.replace('.', 'p') for v in x.ravel())"
CURIOUS = {
    "ada": ("raise ValueError(f'{x.tolist()}')", f"raise type({SPELL}, (Exception,), {{}})('no')"),
    "bo": ("raise NameError(f\"name 'v{int(1e6 * x.ravel()[0])}' is not defined\")", "return x.mean(dim=0)"),
    "cy": ("return torch.zeros(x.shape[0] * 17)", "return x"),
    "di": ("return x @ x.tolist()", "print(x.tolist())\n    return x.mean(-1)"),
}
# Kept by the first question, shown by cells further down.
KEEPING = "seen = []\n\ndef normalise_rows(x):\n    seen.append(x.tolist())\n    return x / x.sum(-1, keepdim=True)"
SHOWING = [
    "print(seen)",
    "seen",
    "raise KeyError(str(seen))",
    "raise type('E' + ''.join(c if c.isdigit() else '_' for c in str(seen))[:3000], (Exception,), {})",
    "from IPython.display import HTML, display\ndisplay(HTML(f'<p>{seen}</p>'))",
    "import warnings\nwarnings.warn(str(seen))",
    "import sys\nprint(seen, file=sys.stderr)",
]


class Text(HTMLParser):
    """The text of a page, styles and scripts left out."""

    def __init__(self, html):
        super().__init__()
        self.pieces, self._silent = [], 0
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self._silent += tag in ("style", "script")

    def handle_endtag(self, tag):
        self._silent -= tag in ("style", "script")

    def handle_data(self, data):
        if not self._silent:
            self.pieces.append(data)

    def __str__(self):
        return " ".join(" ".join(self.pieces).split())


@pytest.fixture(scope="module")
def pages(make_course, tmp_path_factory):
    """The text of every student's feedback page, and the course."""
    root = make_course(tmp_path_factory.mktemp("instructor") / "course")
    notebooks = {
        student: answered(
            released(ROWS, "rows"),
            {"normalise-rows": f"def normalise_rows(x):\n    {one}", "row-means": f"def row_means(x):\n    {other}"},
        )
        for student, (one, other) in CURIOUS.items()
    }
    notebooks["eve"] = answered(released(ROWS, "rows"), solutions(ROWS, "rows") | {"normalise-rows": KEEPING})
    for number, code in enumerate(SHOWING):
        cell = {"cell_type": "code", "id": f"show-{number}", "source": code, "metadata": {}, "outputs": []}
        notebooks["eve"]["cells"].append(cell | {"execution_count": None})
    for student, notebook in notebooks.items():
        (first,) = (c for c in notebook["cells"] if c["id"] == "normalise-rows-answer")
        first["source"] = "".join(first["source"]) + "\nprint('before any check')"
        submit(root, student, ROWS, "rows", notebook)
    graded = run_course(
        "grade", "rows", "--course", root, "--solutions", ROWS.directory.parent, "--seed", SEED, "--json", root / "out"
    )
    assert (root / "out").exists(), graded.stderr
    made = nbgrader(root, "generate_feedback", "01-rows")
    assert made.returncode == 0, made.stderr
    files = [path for path in root.glob("feedback/*/01-rows/*") if path.suffix != ".npz"]
    assert {path.name for path in files} == {"rows.html"}
    return {path.parts[-3]: path.read_text() for path in files}, root


def hidden_numbers():
    """Every number of the hidden cases, inputs and right answers, as its first four digits after the point."""
    arrays = []
    for question in ROWS.questions:
        drawn = materialise(question, SEED)
        arrays += [a for case in drawn.cases for call in case.calls for a in call.arguments]
        arrays += [o.values for answers in drawn.expected for answer in answers for o in answer.outputs]
    digits = {f"{abs(value) % 1:.8f}"[2:6] for array in arrays for value in np.ravel(array)}
    assert len(digits) > 60
    return digits


def test_no_number_of_a_hidden_case_is_on_any_page(pages):
    texts, root = pages
    assert texts.keys() == {*CURIOUS, "eve"}
    hidden = hidden_numbers()
    notebook = (root / "autograded" / "eve" / "01-rows" / "rows.ipynb").read_text()
    assert sum(digits in notebook for digits in hidden) > 25  # it was there to be shown
    for student, html in texts.items():
        numbers = re.findall(r"\d{4,}", re.sub(r"[.p_]", "", str(Text(html))))
        found = {digits for digits in hidden if any(digits in number for number in numbers)}
        assert not found, student


def test_pages_still_say_what_is_wrong_and_what_was_left_out(pages):
    texts, root = pages
    text = {student: str(Text(html)) for student, html in texts.items()}
    for student in text:
        assert text[student].count("before any check") == 2, student  # the code, and what it printed
    left_out = r", line 2 \(.*?\): its message is left out here, because it may quote hidden inputs\."
    for words in (f"ValueError in normalise_rows {left_out}", f"An exception in row_means {left_out}"):
        assert re.search(words, text["ada"])
    assert "NameError in normalise_rows , line 2" in text["bo"]
    assert "name '…' is not defined" in text["bo"]
    assert "You averaged columns." in text["bo"]
    assert "Your output has too few axes." in text["cy"]
    assert "Your output has too many axes." in text["cy"]
    assert "unsupported operand type(s) for @: '…' and '…'" in text["di"]
    scores = {report["student"]: report["score"] for report in json.loads((root / "out").read_text())}
    assert (scores["di"], scores["eve"]) == (2, 5)


def test_of_each_cell_below_is_said_that_its_output_was_left_out(pages):
    text = str(Text(pages[0]["eve"]))
    assert text.count(WHY) == 1
    assert text.count(LEFT_OUT) == len(SHOWING)  # the cell between the check cells was the first
    assert f"This cell raised KeyError when it was graded. {LEFT_OUT}" in text
    assert f"This cell raised an error when it was graded. {LEFT_OUT}" in text


def test_an_instructor_still_sees_the_outputs(pages):
    _, root = pages
    kept = json.loads((root / "autograded" / "eve" / "01-rows" / "rows.ipynb").read_text())
    shown = {c["id"]: c["outputs"] for c in kept["cells"] if c["id"].startswith("show-")}
    assert "".join(shown["show-0"][0]["text"]).startswith("[[[")


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_a_page_fits_and_its_panels_are_read(pages, new_page, serve, width):
    _, root = pages
    page = new_page(width=width, height=800)
    page.goto(f"{serve(root)}/feedback/bo/01-rows/rows.html")
    panel = page.get_by_role("region", name="Result of row-means")
    panel.get_by_text("You averaged columns.").wait_for()
    assert panel.evaluate("e => e.getBoundingClientRect().right") <= width

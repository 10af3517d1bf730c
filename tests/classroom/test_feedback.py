"""What students get back, by the real commands: every verdict, and no hidden number, whatever their code does."""

import json
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest
from servers import nbgrader
from submissions import ROWS, answered, released, run_course, solutions, submit

from classroom.course_dir import init_course
from classroom.drawn import materialise
from classroom.feedback import LEFT_OUT, WHY

SEED = 23
KEEP = "import torch\nseen = []\n"
# What a curious student hands in: each tries to carry the inputs of the hidden cases onto the feedback page.
CURIOUS = {
    "message": "def row_means(x):\n    raise ValueError(f'{x.tolist()}')",
    "kind": "def row_means(x):\n    raise type('E' + '_'.join(f'{v:.6f}'.replace('.', 'p') for v in x.ravel()), "
    "(Exception,), {})('no')",
    "missing": "def row_means(x):\n    raise NameError(f\"name 'v{int(1e6 * x.ravel()[0])}' is not defined\")",
    "value": "def row_means(x):\n    return x.mean(dim=0)",
    "copied": "def row_means(x):\n    return x",
    "wide": "def row_means(x):\n    return torch.zeros(x.shape[0] * 17)",
    "chained": "def row_means(x):\n    return x @ x.tolist()",
    "printing": "def row_means(x):\n    print(x.tolist())\n    return x.mean(-1)",
}
# Kept by the first question, shown by a cell further down (there is one between the two check cells).
KEEPING = "seen = []\n\ndef normalise_rows(x):\n    seen.append(x.tolist())\n    return x / x.sum(-1, keepdim=True)"
SHOWING = {
    "printed": "print(seen)",
    "shown": "seen",
    "raised": "raise KeyError(str(seen))",
    "named": "raise type('E' + ''.join(c if c.isdigit() else '_' for c in str(seen))[:3000], (Exception,), {})",
    "drawn": "from IPython.display import HTML, display\ndisplay(HTML(f'<p>{seen}</p>'))",
    "warned": "import warnings\nwarnings.warn(str(seen))",
    "to stderr": "import sys\nprint(seen, file=sys.stderr)",
}


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
def pages(tmp_path_factory):
    """The text of every student's feedback page, and the course."""
    root = tmp_path_factory.mktemp("instructor") / "course"
    init_course(root, [ROWS])
    right = solutions(ROWS, "rows")
    notebooks = {name.replace(" ", "-"): answered(released(ROWS, "rows"), {"row-means": code})
                 for name, code in CURIOUS.items()}  # fmt: skip
    for name, code in SHOWING.items():
        notebook = answered(released(ROWS, "rows"), right | {"normalise-rows": KEEPING})
        (cell,) = (c for c in notebook["cells"] if "matrix = " in "".join(c["source"]))
        cell["source"] = code
        notebooks[name.replace(" ", "-")] = notebook
    for student, notebook in notebooks.items():
        (first,) = (c for c in notebook["cells"] if c["id"] == "normalise-rows-answer")
        first["source"] = [*first["source"], "\nprint('before any check')"]
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
    assert len(texts) == len(CURIOUS) + len(SHOWING)
    hidden = hidden_numbers()
    notebook = "".join((root / "autograded" / "printed" / "01-rows" / "rows.ipynb").read_text())
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
    left_out = ": its message is left out here, because it may quote hidden inputs."
    assert re.search(r"ValueError in row_means , line 2 \(.*\)" + left_out, text["message"])
    assert re.search(r"An exception in row_means , line 2 \(.*\)" + left_out, text["kind"])
    assert "You averaged columns." in text["value"]
    assert "has too many axes." in text["copied"]
    assert "has the wrong length along its last axis." in text["wide"]
    assert "unsupported operand type(s) for @: 'Tensor' and 'list'" in text["chained"]
    assert WHY in text["printed"]
    assert f"This cell raised KeyError when it was graded. {WHY}" in text["raised"]
    assert f"This cell raised an error when it was graded. {WHY}" in text["named"]
    scores = {report["student"]: report["score"] for report in json.loads((root / "out").read_text())}
    assert scores["printing"] == 2
    assert scores["printed"] == scores["shown"] == 5


def test_an_instructor_still_sees_the_outputs(pages):
    _, root = pages
    kept = json.loads((root / "autograded" / "drawn" / "01-rows" / "rows.ipynb").read_text())
    assert any("<p>[[" in "".join(o.get("data", {}).get("text/html", "")) for c in kept["cells"]
               for o in c.get("outputs", []))  # fmt: skip


def test_a_second_cell_is_told_in_short(pages, tmp_path):
    _, root = pages
    course = tmp_path / "course"
    shutil.copytree(root, course)
    path = course / "autograded" / "printed" / "01-rows" / "rows.ipynb"
    notebook = json.loads(path.read_text())
    (position,) = (i for i, c in enumerate(notebook["cells"]) if "".join(c["source"]) == "print(seen)")
    notebook["cells"].insert(position, json.loads(json.dumps(notebook["cells"][position])) | {"id": "again"})
    path.write_text(json.dumps(notebook))
    assert nbgrader(course, "generate_feedback", "01-rows", "--student", "printed", "--force").returncode == 0
    text = str(Text((course / "feedback" / "printed" / "01-rows" / "rows.html").read_text()))
    assert text.count(WHY) == text.count(LEFT_OUT) == 1


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_a_page_fits_and_its_panels_are_read(pages, new_page, serve, width):
    _, root = pages
    page = new_page(width=width, height=800)
    page.goto(f"{serve(root)}/feedback/value/01-rows/rows.html")
    panel = page.get_by_role("region", name="Result of row-means")
    panel.get_by_text("You averaged columns.").wait_for()
    assert panel.evaluate("e => e.getBoundingClientRect().right") <= width

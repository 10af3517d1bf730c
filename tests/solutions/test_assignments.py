"""Every assignment as a whole: the questions in its notebooks, their points in the overview, sections of the book."""

import re

from walk import ROOT, each_asked, each_assignment

from classroom.authoring.notebook import author_notebook, read_source
from classroom.panel import points_text

FENCE = re.compile(r"^(`{3,}|:{3,}).*?^\1\s*$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)


def texts(assignment):
    """The Markdown of the assignment's notebooks, as it was written."""
    cells = [cell for path in assignment.notebooks for cell in read_source(path).cells]
    return [cell.source for cell in cells if cell.cell_type == "markdown"]


def rows(assignment):
    return [line for text in texts(assignment) for line in text.splitlines() if line.startswith("|")]


@each_assignment
def test_there_are_at_least_six_questions_and_20_points(assignment):
    assert len(assignment.questions) >= 6
    assert sum(question.points for question in assignment.asked) == 20


@each_assignment
def test_every_question_stands_in_one_notebook(assignment):
    graded = [
        cell.metadata.nbgrader.grade_id
        for path in assignment.notebooks
        for cell in author_notebook(path, assignment.asked).cells
        if cell.metadata.get("nbgrader", {}).get("grade")
    ]
    assert graded == [question.id for question in assignment.asked]


@each_asked
def test_the_overview_names_every_question_and_its_points(assignment, question):
    """One row a question: a link to its heading, its target (of a written one nothing), its points."""
    found = [row for row in rows(assignment) if f"[{question.title}](#" in row]
    assert len(found) == 1, f"{len(found)} rows of the overview link to {question.title!r}"
    assert found[0].rstrip().endswith(f"| {points_text(question.points)} |")
    if question in assignment.questions:
        assert f"`{question.target}`" in found[0]
    anchor = re.search(re.escape(f"[{question.title}](#") + r"([^)\s]+)\)", found[0])[1]
    headings = [heading for text in texts(assignment) for heading in HEADING.findall(text)]
    assert anchor in [heading.replace(" ", "-") for heading in headings]


@each_asked
def test_the_section_to_read_is_in_the_book(assignment, question):
    section = question.guide.section
    chapter = ROOT / "book" / f"{section.page}.md"
    assert chapter.is_file(), f"{question.id}: there is no chapter {section.page}"
    headings = HEADING.findall(FENCE.sub("", chapter.read_text(encoding="utf-8")))
    assert section.heading in headings, f"{question.id}: {chapter.name} has no such section; it has {headings}"
    assert section.anchor


@each_assignment
def test_there_is_something_to_play_with(assignment):
    cells = [cell for path in assignment.notebooks for cell in read_source(path).cells]
    playing = [cell for cell in cells if cell.cell_type == "code" and "play(" in cell.source]
    assert playing, "give the student a cell that plays with the own code (classroom.play)"
    assert all("demonstration" in cell.metadata.get("tags", ()) for cell in playing)

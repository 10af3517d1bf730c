import json

import nbformat
import pytest
from submissions import ROWS, released

from classroom.authoring.notebook import check_source
from classroom.submissions.official import OfficialCell, restore

OFFICIAL = [
    OfficialCell(
        cell["id"], "".join(cell["source"]), "code", cell["metadata"]["nbgrader"].get("points"), "answer" in cell["id"]
    )
    for cell in released(ROWS, "rows")["cells"]
    if "nbgrader" in cell["metadata"]
]


def restored(change):
    """The released notebook after `change` by a student and restoring: its cells by grade id, and the flags."""
    content = released(ROWS, "rows")
    cells = {cell["id"]: cell for cell in content["cells"]}
    change(content["cells"], cells)
    notebook, flags = restore(nbformat.reads(json.dumps(content), as_version=4), OFFICIAL)
    nbformat.validate(notebook)
    ids = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in notebook.cells]
    assert ids.count("normalise-rows") == ids.count("row-means") == ids.count("setup") == 1
    for cell in notebook.cells:
        match cell.metadata.get("nbgrader", {}):
            case {"grade": True, "grade_id": name, "points": points, "locked": True, "solution": False}:
                assert cell.source == check_source(name)
                assert points == {"normalise-rows": 3, "row-means": 2}[name]
    return notebook.cells, flags


def test_an_honest_notebook_raises_no_flag():
    def answer(cells, by_id):
        by_id["row-means-answer"]["source"] = "row_means = 1"
        cells.insert(3, {"cell_type": "markdown", "id": "mine", "metadata": {}, "source": "a note"})

    cells, flags = restored(answer)
    assert flags == []
    assert [cell.source for cell in cells if cell.id == "row-means-answer"] == ["row_means = 1"]
    assert len(cells) == 9


@pytest.mark.parametrize("source", ['check("row-means")', '# mine\ncheck("row-means")  # yes'])
def test_a_check_cell_that_only_lacks_its_comment_was_not_edited(source):
    """Notebooks of an earlier release hold none."""
    cells, flags = restored(edit("row-means", source=source))
    assert flags == []
    assert [cell.source for cell in cells if cell.id == "row-means"] == [check_source("row-means")]


@pytest.mark.parametrize("source", ['check("normalise-rows")', 'check("row-means"); check = print', "# check"])
def test_a_check_cell_that_says_something_else_was_edited(source):
    assert restored(edit("row-means", source=source))[1] == ["The check cell 'row-means' was edited."]


def delete(name):
    return lambda cells, by_id: cells.remove(by_id[name])


def duplicate(name):
    return lambda cells, by_id: cells.append(json.loads(json.dumps(by_id[name] | {"id": "copy"})))


def edit(name, **fields):
    return lambda cells, by_id: by_id[name].update(fields)


def retag(name, **fields):
    return lambda cells, by_id: by_id[name]["metadata"]["nbgrader"].update(fields)


def untag(name):
    return lambda cells, by_id: by_id[name].update(metadata={})


def move_first(name):
    return lambda cells, by_id: cells.insert(0, cells.pop(cells.index(by_id[name])))


@pytest.mark.parametrize(
    ("change", "flag"),
    [
        (delete("row-means"), "The check cell 'row-means' was deleted."),
        (delete("row-means-answer"), "The answer cell 'row-means-answer' was deleted."),
        (delete("setup"), "The locked cell 'setup' was deleted."),
        (duplicate("row-means"), "The check cell 'row-means' is there 2 times; the last one counts."),
        (duplicate("row-means-answer"), "The answer cell 'row-means-answer' is there 2 times; the last one counts."),
        (edit("row-means", source="2.0"), "The check cell 'row-means' was edited."),
        (edit("setup", source="check = print"), "The locked cell 'setup' was edited."),
        (retag("row-means", points=100), "The check cell 'row-means' had other nbgrader metadata than was released."),
        (
            retag("row-means", solution=True),
            "The check cell 'row-means' had other nbgrader metadata than was released.",
        ),
        (retag("row-means", grade=False), "The check cell 'row-means' had other nbgrader metadata than was released."),
        (untag("row-means"), "The check cell 'row-means' had lost its nbgrader metadata."),
        (untag("row-means-answer"), "The answer cell 'row-means-answer' had lost its nbgrader metadata."),
        (retag("row-means-answer", grade_id="x"), "Cell 7 is marked as graded ('x'), but was not released."),
        (edit("row-means", cell_type="raw"), "The check cell 'row-means' had become a raw cell."),
        (move_first("row-means"), "The check cell 'row-means' stands before its answer cell."),
    ],
)
def test_what_a_student_did_to_official_cells_is_undone_and_written_down(change, flag):
    def changed(cells, by_id):
        change(cells, by_id)
        for cell in cells:
            if cell["cell_type"] == "raw":
                del cell["outputs"], cell["execution_count"]

    _, flags = restored(changed)
    assert flag in flags


def test_a_deleted_check_cell_comes_back_after_its_answer():
    cells, _ = restored(delete("normalise-rows"))
    ids = [cell.id for cell in cells]
    assert ids.index("normalise-rows") == ids.index("normalise-rows-answer") + 1


def test_every_official_cell_may_be_gone():
    cells, flags = restored(lambda cells, by_id: cells.clear())
    assert [cell.id for cell in cells] == ["setup", "normalise-rows", "row-means"]
    assert len(flags) == 5

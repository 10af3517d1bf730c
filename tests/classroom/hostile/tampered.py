"""Tampering: the notebook's cells, metadata and format are changed so that a wrong answer would count."""

import copy
import json

from attacks import ANSWERS, EVERY, WRONG, Attack, cell, code_cell


def every_check(**fields):
    """A change of every check cell."""

    def change(notebook):
        for question in EVERY:
            cell(notebook, question).update(copy.deepcopy(fields))
        return notebook

    return change


def every_check_s_grading(**fields):
    """A change of every check cell's nbgrader metadata."""

    def change(notebook):
        for question in EVERY:
            cell(notebook, question)["metadata"]["nbgrader"].update(fields)
        return notebook

    return change


def tagged(*tags):
    def change(notebook):
        for one in notebook["cells"]:
            one["metadata"]["tags"] = list(tags)
        return notebook

    return change


def without_checks(notebook):
    notebook["cells"] = [one for one in notebook["cells"] if one["id"] not in EVERY]
    return notebook


def checks_first(notebook):
    checks = [cell(notebook, question) for question in EVERY]
    notebook["cells"] = checks + [one for one in notebook["cells"] if one not in checks]
    return notebook


def doubled_checks(notebook):
    for question in EVERY:
        twin = copy.deepcopy(cell(notebook, question)) | {"id": f"{question}-twin", "source": "3.0"}
        notebook["cells"].append(twin)
    return notebook


def other_type(cell_type):
    def change(notebook):
        for question in EVERY:
            one = cell(notebook, question)
            one.update(cell_type=cell_type, source="3.0")
            del one["outputs"], one["execution_count"]
        return notebook

    return change


def swapped_ids(notebook):
    """The one right answer is handed in under every question's name."""
    for question in EVERY:
        if question != "steer":
            cell(notebook, question)["metadata"]["nbgrader"]["grade_id"] = "steer"
            cell(notebook, f"{question}-answer")["metadata"]["nbgrader"]["grade_id"] = "steer-answer"
    return notebook


def saved_outputs(notebook):
    """Outputs of full marks saved inside, and scores wherever something might look for them."""
    for question in EVERY:
        one = cell(notebook, question)
        data = {"text/plain": "3", "text/html": "<section>3 of 3 points</section>"}
        one["outputs"] = [{"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": 1}]
        one["metadata"] |= {"manual_score": 3, "score": 3, "auto_score": 3, "comment": "well done"}
        forged = {"manual_score": 3, "score": 3, "extra_credit": 100, "comment": "well done"}
        one["metadata"]["nbgrader"] |= forged
    notebook["metadata"] |= {"score": 20, "nbgrader": {"manual_score": 20, "score": 20}}
    return notebook


def heavy_outputs(notebook):
    text = "x" * 20_000_000
    for question in EVERY[:2]:
        cell(notebook, question)["outputs"] = [{"output_type": "stream", "name": "stdout", "text": [text]}]
    return notebook


def new_graded_cells(notebook):
    grading = {"grade": True, "solution": False, "locked": True, "task": False, "schema_version": 3}
    for number in range(3):
        one = code_cell("100.0", f"bonus-{number}")
        one["metadata"]["nbgrader"] = grading | {"grade_id": f"bonus-{number}", "points": 100, "cell_type": "code"}
        notebook["cells"].append(one)
    return notebook


def other_metadata(**metadata):
    def change(notebook):
        notebook["metadata"] = metadata
        return notebook

    return change


def third_format(notebook):
    """The notebook in format 3, where cells lie in worksheets and code is called input."""
    cells = []
    for one in notebook["cells"]:
        code = {"cell_type": "code", "input": one["source"], "outputs": [], "language": "python", "collapsed": False}
        cells.append(code | {"metadata": one["metadata"]})
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": cells}]}


def nested(notebook):
    deep = {}
    for _ in range(400):
        deep = {"a": deep}
    for one in notebook["cells"]:
        one["metadata"]["deep"] = deep
    notebook["metadata"]["deep"] = deep
    return notebook


def same_ids(notebook):
    for one in notebook["cells"]:
        one["id"] = "steer"
    return notebook


def strange_ids(notebook):
    for number, one in enumerate(notebook["cells"]):
        one["metadata"]["nbgrader"]["grade_id"] = [["x"], {"a": 1}, None, 7, "../../gradebook", "x" * 10**6][number % 6]
    return notebook


def active_text(notebook):
    """Text and outputs that would act in the page of whoever grades."""
    script = "<script>document.title = 'owned'</script><img src=x onerror=\"document.title = 'owned'\">"
    for number, cell_type in enumerate(("markdown", "raw")):
        notebook["cells"].append(
            {"cell_type": cell_type, "id": f"text-{number}", "metadata": {"format": "text/html"}, "source": script}
        )
    notebook["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": script}}
    notebook["metadata"]["title"] = notebook["metadata"]["kernelspec"]["display_name"] = script
    return notebook


STEER = WRONG | {"steer": ANSWERS["steer"]}
ATTACKS = [
    Attack("edits the checks", change=every_check(source="3.0"), flag="was edited"),
    Attack("edits the checks into scores", change=every_check(source="print(3)\n3"), flag="edited"),
    Attack("deletes the checks", change=without_checks, flag="was deleted"),
    Attack("moves the checks before the answers", change=checks_first, flag="stands before its answer cell"),
    Attack("duplicates the checks", change=doubled_checks, flag="is there 2 times"),
    Attack("tags every cell skip-execution", change=tagged("skip-execution")),
    Attack("tags every cell raises-exception", change=tagged("raises-exception", "nbgrader-grade", "remove-cell")),
    Attack("makes text of the checks", change=other_type("markdown"), flag="had become a markdown cell"),
    Attack("makes raw cells of the checks", change=other_type("raw"), flag="had become a raw cell"),
    Attack("changes the points", change=every_check_s_grading(points=1000), flag="other nbgrader metadata"),
    Attack(
        "has the checks graded by hand",
        change=every_check_s_grading(solution=True, locked=False),
        flag="other nbgrader metadata",
    ),
    Attack("makes tasks of the checks", change=every_check_s_grading(grade=False, task=True), flag="other nbgrader"),
    Attack(
        "hands one answer in under every name",
        answers=STEER,
        change=swapped_ids,
        deserved={"steer": ("values", "shape and dtype", "gradients")},
        flag="times",
    ),
    Attack("claims other cells are graded", change=new_graded_cells, flag="but was not released"),
    Attack("saves outputs and scores of full marks", change=saved_outputs),
    Attack("saves 40 MB of outputs", change=heavy_outputs),
    Attack(
        "names another kernel",
        change=other_metadata(kernelspec={"name": "bash", "display_name": "../../evil", "argv": ["sh", "-c", "id"]}),
    ),
    Attack(
        "names another language",
        change=other_metadata(kernelspec={"name": "ir", "language": "R"}, language_info={"name": "R"}),
        flag="written in 'R'",
    ),
    Attack("is in format 3", change=third_format, outcomes=("invalid",)),
    Attack("is in no format", change=lambda n: n | {"nbformat": 99}, outcomes=("invalid",)),
    Attack("is not JSON", change=lambda n: json.dumps(n)[:-50], outcomes=("invalid",)),
    Attack("is not text", change=lambda n: b"\x80\x04\x95" + bytes(range(256)) * 99, outcomes=("invalid",)),
    Attack("is nested without end", change=lambda n: "[" * 200_000, outcomes=("invalid",)),
    Attack("holds a million lists", change=lambda n: b"[" + b"[]," * 6_000_000 + b"1]", outcomes=("invalid",)),
    Attack("has ten thousand cells", outcomes=("invalid",),
           change=lambda n: n | {"cells": n["cells"] + [code_cell("1", f"c{i}") for i in range(10_000)]}),
    Attack("has half a character in its text", outcomes=("invalid",),
           change=lambda n: n | {"cells": [*n["cells"], code_cell("'\ud800'", "half")]}),
    Attack("has deep metadata", change=nested),
    Attack("has one id for all cells", change=same_ids),
    Attack("has grade ids that are none", change=strange_ids, flag="was"),
    Attack("holds scripts in text and metadata", change=active_text, flag="its source is shown instead"),
    Attack("has code that no parser takes", after_setup="(" * 5_000 + ")" * 5_000, last="1" + "+1" * 30_000,
           outcomes=("graded", "crashed")),
    Attack("has a null byte in its code", after_setup="x = 1\x00"),
]  # fmt: skip

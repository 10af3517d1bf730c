"""The file of public cases: the same bytes every time, everything back, a sentence when it is not what it should be."""

import io
import json
import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sample_questions as sample

from classroom.errors import ClassroomError
from classroom.questions.cases import FORMAT, load, save_public, to_bytes
from classroom.questions.drawing import materialise
from classroom.questions.examiner import examine
from classroom.questions.question import Case
from classroom.student_code.inprocess import InProcess
from classroom.student_code.student import Call

CONTENT = save_public(sample.QUESTIONS, 2017)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "sample.npz"
    path.write_bytes(CONTENT)
    return path


def test_what_is_loaded_is_what_was_drawn(file):
    loaded = load(file)
    assert list(loaded) == [q.id for q in sample.QUESTIONS]
    for question in sample.QUESTIONS:
        drawn, back = materialise(question, 2017, exact=True), loaded[question.id]
        assert to_bytes([back]) == to_bytes([drawn])
        assert replace(back, cases=(), expected=(), misconceptions=(), slips=()) == replace(
            drawn, cases=(), expected=(), misconceptions=(), slips=()
        )
        for one, other in zip(back.cases, drawn.cases, strict=True):
            assert (one.name, one.tags) == (other.name, other.tags)
            np.testing.assert_equal(one.extras, other.extras)
            for call, same in zip(one.calls, other.calls, strict=True):
                np.testing.assert_equal(call.__dict__, same.__dict__)


@pytest.mark.parametrize("question", sample.QUESTIONS, ids=lambda q: q.id)
def test_a_loaded_question_judges_as_a_drawn_one(question, file):
    loaded, drawn = load(file)[question.id], materialise(question, 2017)
    implementations = [question.reference, *(m.implementation for m in question.misconceptions), lambda *_: None]
    for implementation in implementations:
        student = InProcess({question.target: implementation})
        assert examine(loaded, student) == examine(drawn, student)


def test_scalars_of_every_kind_and_constructor_arguments_survive(tmp_path):
    call = Call((np.ones(2, np.float32), None, True, 3, 0.1, "名"), construct=(2, None, "x"), count_operations=True)
    drawn = replace(
        materialise(sample.ROWS, 1),
        cases=(Case("c", (call,), frozenset({"values"})),),
        expected=materialise(sample.ROWS, 1).expected[:1],
        misconceptions=(),
    )
    (tmp_path / "a.npz").write_bytes(to_bytes([drawn]))
    back = load(tmp_path / "a.npz")[drawn.id].cases[0].calls[0]
    assert back.arguments[1:] == (None, True, 3, 0.1, "名")
    assert type(back.arguments[2]) is bool
    assert back.construct == (2, None, "x")
    assert back.count_operations is True


def test_another_seed_gives_other_inputs_and_each_question_its_own_stream():
    one, other = (materialise(sample.ROWS, seed).cases[0].calls[0].arguments[0] for seed in (1, 2))
    assert not np.array_equal(one, other)
    renamed = materialise(replace(sample.ROWS, id="another"), 1).cases[0].calls[0].arguments[0]
    assert not np.array_equal(one, renamed)


# Without vector instructions, torch computes in another order, as another processor would.
PLAIN = {"ATEN_CPU_CAPABILITY": "default", "MKL_CBWR": "COMPATIBLE", "OMP_NUM_THREADS": "2"}


def test_the_bytes_do_not_depend_on_process_time_or_processor():
    here = Path(__file__).parents[1]
    program = (
        "import sys, sample_questions as s; from classroom.questions.cases import save_public; "
        "sys.stdout.buffer.write(save_public(s.QUESTIONS, 2017))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=here,
        env=os.environ | PLAIN,
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert run.stdout == CONTENT


def test_the_file_is_plain_small_and_dated_1980():
    assert len(CONTENT) < 40_000
    with zipfile.ZipFile(io.BytesIO(CONTENT)) as file:
        assert {entry.date_time for entry in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    with np.load(io.BytesIO(CONTENT), allow_pickle=False) as arrays:
        assert all(arrays[name].dtype != object for name in arrays.files)


def damaged(content: bytes, change) -> bytes:
    """The file with its manifest changed."""
    with np.load(io.BytesIO(content)) as arrays:
        stored = {name: arrays[name] for name in arrays.files}
    manifest = json.loads(stored["manifest"].tobytes())
    change(manifest)
    stored["manifest"] = np.frombuffer(json.dumps(manifest).encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, **stored)
    return buffer.getvalue()


def pickled() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, manifest=np.array([{}], dtype=object))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "damaged"),
        (b"not a zip file", "damaged"),
        (CONTENT[:-200], "damaged"),
        (CONTENT[:3000] + b"\0" * 50 + CONTENT[3050:], "damaged"),
        (pickled(), "damaged"),
        (
            damaged(CONTENT, lambda m: m.update(format=FORMAT + 1)),
            f"format {FORMAT + 1}.*download the assignment again",
        ),
        (damaged(CONTENT, lambda m: m.pop("format")), "damaged"),
        (damaged(CONTENT, lambda m: m["questions"][0].pop("cases")), "damaged"),
        (damaged(CONTENT, lambda m: m["arrays"].append([0, 10**9])), "damaged"),
        (damaged(CONTENT, lambda m: m["questions"][0]["criteria"][0].update(kind="Magic")), "not a criterion"),
    ],
)
def test_a_damaged_file_is_one_sentence(content, words, tmp_path):
    path = tmp_path / "broken.npz"
    path.write_bytes(content)
    with pytest.raises(ClassroomError, match=words) as caught:
        load(path)
    assert "broken.npz" in str(caught.value) or "criterion" in words


def test_a_missing_file_says_where_it_belongs(tmp_path):
    with pytest.raises(ClassroomError, match="has to lie beside the notebook"):
        load(tmp_path / "absent.npz")
    with pytest.raises(ClassroomError, match="cannot be read"):
        load(tmp_path)

"""The file of public cases that lies beside a notebook: drawn questions as one plain .npz, no pickle.

The same questions give the same bytes: entries are stored uncompressed (compressors differ between machines) and
dated 1980. The manifest is JSON and refers to arrays by number; equal arrays are stored once, end to end with all
others of their dtype. An answer is 0 where it is the expected one, a string where it is an error, else
[outputs, gradients, operations].
"""

import io
import json
import math
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from classroom.errors import ClassroomError
from classroom.questions import criteria
from classroom.questions.drawn import DrawnMisconception, DrawnQuestion
from classroom.questions.question import Case, Question
from classroom.questions.slips import Slip
from classroom.student_code.student import Answer, Array, Call

__all__ = ["load", "save_public", "to_bytes"]

FORMAT = 1
DATE = (1980, 1, 1, 0, 0, 0)
MAX_BYTES = 50_000_000
Answers = tuple[tuple[Answer, ...], ...]  # by case, by call
DTYPES = ("float64", "float32", "float16", "int64", "int32", "uint8", "bool")


def save_public(questions: Sequence[Question], seed: int) -> bytes:
    """The content of the file for these questions, their cases drawn from `seed`.

    Raises:
        ClassroomError: a question is malformed (see `materialise`).
    """
    from classroom.questions.drawing import materialise  # instructors draw; a student's check only reads

    return to_bytes([materialise(question, seed, exact=True) for question in questions])


def to_bytes(questions: Sequence[DrawnQuestion]) -> bytes:
    """The file's content.

    Raises:
        ClassroomError: an input has a dtype that the file cannot hold.
    """
    arrays = _Arrays()
    manifest = {"format": FORMAT, "questions": [_write_question(q, arrays) for q in questions]}
    manifest["arrays"] = arrays.index
    text = json.dumps(manifest, ensure_ascii=False, separators=(",", ":")).encode()
    members = {"manifest": np.frombuffer(text, np.uint8)} | arrays.joined()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as file:
        for name, array in members.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, array, version=(1, 0), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", DATE)
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            file.writestr(entry, content.getvalue())
    return buffer.getvalue()


def load(path: Path) -> dict[str, DrawnQuestion]:
    """The questions of a file, by id.

    Raises:
        ClassroomError: the file is missing, damaged, or of another version of the course.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ClassroomError(f"{path} is too large to be a file of public cases; download it again.")
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            manifest = json.loads(file["manifest"].tobytes())
            if manifest["format"] != FORMAT:
                raise ClassroomError(
                    f"{path} has format {manifest['format']}, and this course reads format {FORMAT}: "
                    "download the assignment again, notebook and cases together."
                )
            stored = {name: file[name] for name in DTYPES if name in file.files}
        arrays = _split(stored, manifest["arrays"])
        questions = [_read_question(q, arrays) for q in manifest["questions"]]
    except FileNotFoundError as error:
        raise ClassroomError(
            f"{path} is not there: the file of public cases has to lie beside the notebook; download it again."
        ) from error
    except OSError as error:
        raise ClassroomError(f"{path} cannot be read ({error.strerror or error}).") from error
    except (ValueError, KeyError, IndexError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ClassroomError(f"{path} is damaged or not a file of public cases; download it again.") from error
    return {question.id: question for question in questions}


class _Arrays:
    """Collects arrays into one flat array a dtype, equal ones once."""

    def __init__(self) -> None:
        self.index: list[list[int]] = []  # [number of the dtype, *shape]
        self._number: dict[tuple[str, tuple[int, ...], bytes], int] = {}
        self._parts: dict[str, list[np.ndarray]] = {}

    def add(self, array: np.ndarray) -> int:
        name = array.dtype.name
        if name not in DTYPES:
            raise ClassroomError(f"an array of dtype {name} cannot be stored; use one of {', '.join(DTYPES)}.")
        key = (name, array.shape, array.tobytes())
        if key not in self._number:
            parts = self._parts.setdefault(name, [])
            self._number[key] = len(self.index)
            self.index.append([DTYPES.index(name), *array.shape])
            parts.append(array.ravel())
        return self._number[key]

    def joined(self) -> dict[str, np.ndarray]:
        return {name: np.concatenate(self._parts[name]) for name in DTYPES if name in self._parts}


def _split(stored: Mapping[str, np.ndarray], index: Sequence[Sequence[int]]) -> list[np.ndarray]:
    """The inverse of `_Arrays`."""
    start = dict.fromkeys(DTYPES, 0)
    arrays = []
    for number, *shape in index:
        dtype = DTYPES[number]
        end = start[dtype] + math.prod(shape)
        arrays.append(stored[dtype][start[dtype] : end].reshape(shape))
        start[dtype] = end
    return arrays


def _write_question(question: DrawnQuestion, arrays: _Arrays) -> dict[str, Any]:
    return {
        "id": question.id,
        "title": question.title,
        "target": question.target,
        "points": question.points,
        "criteria": [criteria.to_json(criterion) for criterion in question.criteria],
        "forbidden": list(question.forbidden),
        "cases": [_write_case(case, arrays) for case in question.cases],
        "expected": _write_answers(question.expected, arrays),
        "misconceptions": [
            {"name": m.name, "sentence": m.sentence, "answers": _write_answers(m.answers, arrays, question.expected)}
            for m in question.misconceptions
        ],
        "slips": [[slip.sentence, arrays.add(slip.rows)] for slip in question.slips],
    }


def _read_question(data: Mapping[str, Any], arrays: Sequence[np.ndarray]) -> DrawnQuestion:
    expected = _read_answers(data["expected"], arrays)
    return DrawnQuestion(
        id=data["id"],
        title=data["title"],
        target=data["target"],
        points=data["points"],
        criteria=tuple(criteria.from_json(criterion) for criterion in data["criteria"]),
        forbidden=tuple(data["forbidden"]),
        cases=tuple(_read_case(case, arrays) for case in data["cases"]),
        expected=expected,
        misconceptions=tuple(
            DrawnMisconception(m["name"], m["sentence"], _read_answers(m["answers"], arrays, expected))
            for m in data["misconceptions"]
        ),
        slips=tuple(Slip(sentence, arrays[number]) for sentence, number in data.get("slips", ())),
    )


def _write_case(case: Case, arrays: _Arrays) -> dict[str, Any]:
    return {
        "name": case.name,
        "tags": sorted(case.tags),
        "extras": _write_named(case.extras or {}, arrays),
        "calls": [
            {
                "arguments": [{"array": arrays.add(a)} if isinstance(a, np.ndarray) else a for a in call.arguments],
                "construct": None if call.construct is None else list(call.construct),
                "parameters": _write_named(call.parameters, arrays),
                "cotangent": None if call.cotangent is None else arrays.add(call.cotangent),
                "count_operations": call.count_operations,
            }
            for call in case.calls
        ],
    }


def _read_case(data: Mapping[str, Any], arrays: Sequence[np.ndarray]) -> Case:
    calls = tuple(
        Call(
            arguments=tuple(arrays[a["array"]] if isinstance(a, dict) else a for a in call["arguments"]),
            construct=None if call["construct"] is None else tuple(call["construct"]),
            parameters=_read_named(call["parameters"], arrays),
            cotangent=None if call["cotangent"] is None else arrays[call["cotangent"]],
            count_operations=call["count_operations"],
        )
        for call in data["calls"]
    )
    return Case(data["name"], calls, frozenset(data["tags"]), _read_named(data["extras"], arrays) or None)


def _write_answers(answers: Answers, arrays: _Arrays, expected: Answers | None = None) -> list[list[Any]]:
    return [
        [_write_answer(a, arrays, expected and expected[case][call]) for call, a in enumerate(calls)]
        for case, calls in enumerate(answers)
    ]


def _write_answer(answer: Answer, arrays: _Arrays, expected: Answer | None) -> Any:
    if answer.error:
        return answer.error
    written = [
        [_write_output(output, arrays) for output in answer.outputs],
        _write_named(answer.gradients, arrays),
        answer.operations,
    ]
    return 0 if expected and written == _write_answer(expected, arrays, None) else written


def _write_output(output: Array, arrays: _Arrays) -> Any:
    number = arrays.add(output.values)
    return number if output.dtype == output.values.dtype.name else [number, output.dtype]


def _read_answers(
    data: Sequence[Sequence[Any]], arrays: Sequence[np.ndarray], expected: Answers | None = None
) -> Answers:
    return tuple(
        tuple(
            expected[case][call] if answer == 0 and expected else _read_answer(answer, arrays)
            for call, answer in enumerate(calls)
        )
        for case, calls in enumerate(data)
    )


def _read_answer(data: Any, arrays: Sequence[np.ndarray]) -> Answer:
    if isinstance(data, str):
        return Answer(error=data)
    outputs, gradients, operations = data
    return Answer(tuple(_read_output(o, arrays) for o in outputs), _read_named(gradients, arrays), operations)


def _read_output(data: Any, arrays: Sequence[np.ndarray]) -> Array:
    number, dtype = data if isinstance(data, list) else (data, arrays[data].dtype.name)
    return Array(arrays[number], dtype)


def _write_named(named: Mapping[str, np.ndarray | None], arrays: _Arrays) -> dict[str, int | None]:
    return {name: None if array is None else arrays.add(array) for name, array in named.items()}


def _read_named(named: Mapping[str, int | None], arrays: Sequence[np.ndarray]) -> dict[str, Any]:
    return {name: None if number is None else arrays[number] for name, number in named.items()}

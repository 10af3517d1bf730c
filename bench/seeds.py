"""Drawing on many seeds: does any right answer lose marks, does any wrong one keep them or its score change?

`python -m bench.seeds [--seeds 1000] [--jobs N] [ASSIGNMENT…]` draws every question on each seed, as the grading run
would, and judges the reference, every alternative, the notebook's solution and every misconception. The record in
bench/results/seeds.json grows: a larger `--seeds` goes on where the last run stopped, as long as the question is the
same. Not part of `python -m bench`: it takes minutes a thousand seeds.
"""

import argparse
import hashlib
import importlib
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from bench.report import RESULTS, record, table

HEADER = ["question", "seeds", "drawn again", "differences", "ms a seed"]
CHUNK = 10  # seeds that a process draws before it reports
# What decides whether a drawing is fair; words and slips do not.
ENGINE = ("compare", "questions.criteria", "questions.outputs", "questions.properties", "questions.examiner",
          "questions.diagnosis", "questions.sameness", "questions.pairs", "questions.detectors",
          "questions.mistakes_of_form", "questions.mistakes_in_numbers", "questions.drawn", "questions.drawing",
          "questions.fairness", "questions.ordinary", "questions.lazy", "questions.precise")  # fmt: skip
SHOWN = 20  # differences that are kept of a question


@dataclass
class Found:
    """What some seeds of one question gave."""

    seeds: int = 0
    redrawn: int = 0
    seconds: float = 0.0
    differences: list[str] = field(default_factory=list)

    def add(self, other: "Found") -> None:
        """Counts another's seeds as well."""
        self.seeds += other.seeds
        self.redrawn += other.redrawn
        self.seconds += other.seconds
        self.differences = [*self.differences, *other.differences][:SHOWN]


def look(assignment: str, question_id: str, seeds: range) -> Found:
    """Draws one question on these seeds and judges every implementation of it."""
    from classroom.questions.drawing import draw
    from classroom.questions.evidence import scores
    from classroom.questions.examiner import examine
    from classroom.questions.fairness import doubts

    question = _questions(assignment)[question_id]
    usual, solution, found = _usual_scores(assignment, question_id), _solution(assignment), Found(seeds=len(seeds))
    for seed in seeds:
        started = time.process_time()
        drawing = draw(question, seed)
        found.seconds += time.process_time() - started
        found.redrawn += drawing.attempt > 0
        told = [f"{doubt.about} {doubt.sentence}" for doubt in doubts(question, drawing)]
        for name, score in scores(question, drawing).items():
            if score != usual[name]:
                told.append(f"{name}: {score:g} points, {usual[name]:g} on the public cases")
        result = examine(drawing.question, solution)
        if not result.complete:
            told.append(f"the notebook's solution: {result.score:g} of {result.max_score:g}")
        found.differences += [f"seed {seed}: {sentence}" for sentence in told]
    return found


@cache
def _questions(assignment: str) -> dict[str, Any]:
    from classroom.questions.assignment import find_assignment, find_solutions

    return {question.id: question for question in find_assignment(assignment, find_solutions()).questions}


@cache
def _usual_scores(assignment: str, question_id: str) -> dict[str, float]:
    from classroom.authoring.release import PUBLIC_SEED
    from classroom.questions.drawing import draw
    from classroom.questions.evidence import scores

    question = _questions(assignment)[question_id]
    return scores(question, draw(question, PUBLIC_SEED))


@cache
def _solution(assignment: str) -> Any:
    """A student who has run the notebooks' cells up to the last answer, as they are in `solutions/`."""
    from classroom.authoring.notebook import BEGIN_SOLUTION, read_source
    from classroom.questions.assignment import find_assignment, find_solutions
    from classroom.student_code.inprocess import InProcess

    student = InProcess({})
    for path in find_assignment(assignment, find_solutions()).notebooks:
        for cell in read_source(path).cells:
            imports = cell.cell_type == "code" and cell.source.lstrip().startswith(("import ", "from "))
            source = "\n".join(line for line in cell.source.splitlines() if not _needs_notebook(line))
            if BEGIN_SOLUTION in cell.source or imports:
                outcome = student.run_cell(source)
                if outcome.error:
                    raise RuntimeError(f"{path.name}: a cell with a solution fails: {outcome.error}")
    return student


def _needs_notebook(line: str) -> bool:
    return line.startswith(("check = ", "style.", "from book_tools", "from classroom", "%"))


@cache
def fingerprint(assignment: str, question_id: str) -> str:
    """What a record of this question holds for: its public cases and answers, and the code that draws and judges."""
    from classroom.authoring.release import PUBLIC_SEED
    from classroom.questions.cases import to_bytes
    from classroom.questions.drawing import draw

    digest = hashlib.sha256(to_bytes([draw(_questions(assignment)[question_id], PUBLIC_SEED).question]))
    for name in ENGINE:
        digest.update(Path(importlib.import_module(f"classroom.{name}").__file__).read_bytes())
    return digest.hexdigest()[:16]


def run(names: list[str], seeds: int, jobs: int) -> dict[str, Any]:
    """Draws what the record lacks, records after every chunk, and returns the record."""
    path = RESULTS / "seeds.json"
    known = json.loads(path.read_text(encoding="utf-8"))["questions"] if path.exists() else {}
    keys = [(assignment, question_id) for assignment in names for question_id in _questions(assignment)]
    found = {}
    for key in keys:
        old = known.get("/".join(key), {})
        same = old.get("fingerprint") == fingerprint(*key)
        fields = ("seeds", "redrawn", "seconds", "differences")
        found[key] = Found(**{name: old[name] for name in fields}) if same else Found()
    # Spawned: a fork would share torch's threads.
    with multiprocessing.get_context("spawn").Pool(jobs, initializer=_one_thread) as pool:
        for key, part in pool.imap(_look, list(_missing(found, seeds))):
            found[key].add(part)
            print(f"\r{'/'.join(key)}: {found[key].seeds} seeds   ", end="", file=sys.stderr)
            known |= {"/".join(k): vars(f) | {"fingerprint": fingerprint(*k)} for k, f in found.items() if f.seeds}
            result = record("seeds", "python -m bench.seeds", {"questions": known})
    print(file=sys.stderr)
    return known if keys else result


def _missing(found: dict[tuple[str, str], Found], seeds: int) -> Iterator[tuple[tuple[str, str], range]]:
    """By question in turn, so that a run that is stopped has looked at all of them."""
    for first in range(0, seeds, CHUNK):
        for key, have in found.items():
            start = max(first, have.seeds)
            if start < min(first + CHUNK, seeds):
                yield key, range(start, min(first + CHUNK, seeds))


def _look(work: tuple[tuple[str, str], range]) -> tuple[tuple[str, str], Found]:
    key, seeds = work
    return key, look(*key, seeds)


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def rows(questions: dict[str, Any]) -> list[list[str]]:
    """The table's rows, a question each."""
    return [
        [
            name,
            str(q["seeds"]),
            str(q["redrawn"]),
            str(len(q["differences"])),
            f"{1000 * q['seconds'] / q['seeds']:.0f}",
        ]
        for name, q in questions.items()
    ]


def main(arguments: list[str]) -> int:
    """Exit status 1 when there is a difference."""
    from classroom.questions.assignment import all_assignments, find_assignment, find_solutions

    parser = argparse.ArgumentParser(prog="python -m bench.seeds", description=__doc__.splitlines()[0])
    parser.add_argument("assignments", nargs="*", help="any unambiguous part of the name; without one, all")
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args(arguments)
    solutions = find_solutions()
    chosen = [find_assignment(name, solutions) for name in given.assignments] or all_assignments(solutions)
    questions = run([assignment.name for assignment in chosen], given.seeds, given.jobs)
    print(table(HEADER, rows(questions)))
    differences = [sentence for q in questions.values() for sentence in q["differences"]]
    print("\n".join(differences))
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

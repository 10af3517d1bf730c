"""The examiner's side of the clean room: an answer is judged there as well, and its cost is counted nowhere else."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from classroom.clean_room.own_work import asks_for_own_work, needs_a_clean_room, not_listed, without
from classroom.processes import wire
from classroom.processes.launcher import Launcher
from classroom.processes.limits import Limits
from classroom.processes.process_student import ProcessStudent
from classroom.questions.criteria import Cost
from classroom.questions.drawn import DrawnQuestion
from classroom.questions.examiner import judge
from classroom.questions.results import QuestionResult
from classroom.questions.wording import Wording
from classroom.student_code.student import Answer, StudentLost

Answers = Sequence[Sequence[Answer]]  # by case, by call


class CleanRoom:
    """The clean room of one notebook: a process of its own, started when the first question needs it."""

    def __init__(self, launcher: Launcher, limits: Limits, files: Mapping[str, bytes]):
        self._launcher, self._limits = launcher, limits
        code = {name: content for name, content in files.items() if name.endswith(".py")}
        self._files = {
            name: content.decode("utf-8", "replace").removeprefix("\ufeff") for name, content in code.items()
        }
        self._process: ProcessStudent | None = None
        self._taken = 0
        self.notes: list[str] = []  # for the instructor

    def confirm(
        self,
        question: DrawnQuestion,
        cells: Sequence[tuple[str, str]],
        actual: Answers,
        result: QuestionResult,
        wording: Wording,
    ) -> QuestionResult:
        """The verdict that holds, given the one on the ordinary run's answers, after these cells."""
        if not result.score or not needs_a_clean_room(question):
            return result
        try:
            said = self._ask(question, cells)
        except StudentLost as lost:
            said = {"lost": lost.reason}
        match said:
            case {"outside": str() as what}:
                self._note(question, f"it uses {what}, which is not on the list of what answers may use")
                return not_listed(question, what, result)
            case {"answers": list() as bodies} if len(bodies) == sum(len(case.calls) for case in question.cases):
                try:
                    given = iter([wire.answer_from_body(body) for body in bodies])
                except wire.WireError:
                    given = None
                if given is not None:
                    clean = [[next(given) for _ in case.calls] for case in question.cases]
                    return self._both(question, actual, clean, wording)
        reason = said["lost"] if isinstance(said, dict) and isinstance(said.get("lost"), str) else "No answer came."
        self._note(question, f"it could not be judged in the clean room ({reason})")
        sentence = f"Run with only the code that it needs, your answer could not be judged. {reason}"
        return without(question, sentence, result)

    def close(self) -> None:
        """Ends its process."""
        if self._process is not None:
            self._process.close()

    def _ask(self, question: DrawnQuestion, cells: Sequence[tuple[str, str]]) -> Any:
        if self._process is None:
            self._process = ProcessStudent(self._launcher, self._limits)
        new, files = cells[self._taken :], {} if self._taken else self._files
        self._taken = len(cells)
        calls = [call for case in question.cases for call in case.calls]
        return self._process.attest(new, files, question.target, calls, question.forbidden)

    def _both(self, question: DrawnQuestion, actual: Answers, clean: Answers, wording: Wording) -> QuestionResult:
        """What both runs earn, criterion by criterion: where their values differ, one of them is not the right one."""
        ordinary = judge(question, _with_costs_of(actual, clean), wording)
        alone = judge(question, clean, wording)
        own = asks_for_own_work(question)
        if ordinary.score and own and not alone.score:
            self._note(
                question, f"alone, with only the code that it needs, it fails: {alone.diagnosis or 'other values'}"
            )
        criteria = tuple(
            other if (own or isinstance(kind, Cost)) and not other.passed and one.passed else one
            for kind, one, other in zip(question.criteria, ordinary.criteria, alone.criteria, strict=True)
        )
        return replace(ordinary, criteria=criteria, diagnosis=ordinary.diagnosis or alone.diagnosis)

    def _note(self, question: DrawnQuestion, why: str) -> None:
        self.notes.append(
            f"The answer to {question.id} was not counted as work of its own: {why}. Grant the points by hand if it is."
        )


def _with_costs_of(actual: Answers, clean: Answers) -> Answers:
    return [
        [replace(a, operations=c.operations, repeats=c.repeats) for a, c in zip(one, other, strict=True)]
        for one, other in zip(actual, clean, strict=True)
    ]

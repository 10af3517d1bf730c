"""Which cases are ordinary: those that nobody gets right without understanding, and where most answers start.

A case in which zeros, a constant or a copy of an argument is right (a single key, a factor of 1) shows nothing about
whoever answers it. Shape and dtype, properties and cost are earned only where the values of an ordinary case are right.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from classroom.questions import lazy
from classroom.questions.criteria import Values
from classroom.questions.drawn import ORDINARY
from classroom.questions.precise import Answers
from classroom.questions.question import Case, Criterion
from classroom.questions.wording import SILENT
from classroom.student_code.student import Answer, Array, Call


def marked(cases: Sequence[Case], expected: Answers, criteria: Sequence[Criterion]) -> tuple[Case, ...]:
    """The cases, with the tag `ordinary` where no lazy answer has the right values."""
    return tuple(
        replace(case, tags=case.tags | {ORDINARY}) if _ordinary(case, rights, criteria) else case
        for case, rights in zip(cases, expected, strict=True)
    )


def _ordinary(case: Case, rights: Sequence[Answer], criteria: Sequence[Criterion]) -> bool:
    judges = [c for c in criteria if isinstance(c, Values) and c.tag in case.tags]
    if not judges:
        return False
    known = [set(lazy.names(call)) for call in case.calls]
    for name in dict.fromkeys(name for names in known for name in names):
        given = [
            _outputs(name, call, right) if name in names else Answer()
            for names, call, right in zip(known, case.calls, rights, strict=True)
        ]
        if not all(judge.judge(case, rights, given, SILENT) for judge in judges):
            return False
    return True


def _outputs(name: str, call: Call, right: Answer) -> Answer:
    arguments = [torch.from_numpy(np.array(a)) if isinstance(a, np.ndarray) else a for a in call.arguments]
    tensors = lazy.outputs(name, arguments, lazy.forms_of(right))
    plain = [t.float() if t.dtype is torch.bfloat16 else t for t in tensors]
    return Answer(tuple(Array(t.numpy(), o.dtype) for t, o in zip(plain, right.outputs, strict=True)))

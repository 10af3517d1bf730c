"""Answers without understanding: numbers of the right shape that owe nothing to the question.

They serve twice. A case that one of them gets right shows nothing about whoever answers it, so it is no *ordinary*
case (see `classroom.questions.drawing`). And a question is fair only when each of them earns 0 points (see
`classroom.questions.evidence`). They know the shape and dtype of the right output, which is more than most of those
who guess.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from classroom.questions.precise import Answers
from classroom.questions.question import Case
from classroom.student_code.inprocess import answer_with
from classroom.student_code.student import Answer, Call

Form = tuple[tuple[int, ...], torch.dtype]  # of one output: its shape and dtype
TINY = 1e-20

# From the form of an output alone.
BLIND: Mapping[str, Callable[[tuple[int, ...]], Tensor]] = {
    "zeros": torch.zeros,
    "ones": torch.ones,
    "halves": lambda shape: torch.full(shape, 0.5),
    "minus ones": lambda shape: torch.full(shape, -1.0),
    "tiny": lambda shape: torch.full(shape, TINY),
    "huge": lambda shape: torch.full(shape, 1e9),
    "NaN": lambda shape: torch.full(shape, torch.nan),
    "infinity": lambda shape: torch.full(shape, torch.inf),
    "uniform weights": lambda shape: torch.full(shape, 1.0 / shape[-1] if shape and shape[-1] else 1.0),
    "counting": lambda shape: torch.arange(float(_count(shape))).reshape(shape),
    "identity matrix": lambda shape: torch.eye(*shape[-2:]).expand(shape) if len(shape) > 1 else torch.ones(shape),
    "normal random numbers": lambda shape: torch.randn(shape, generator=torch.Generator().manual_seed(1)),
    "uniform random numbers": lambda shape: torch.rand(shape, generator=torch.Generator().manual_seed(1)),
    "tiny random numbers": lambda shape: TINY * torch.randn(shape, generator=torch.Generator().manual_seed(2)),
}

# From one argument, as a tensor with at least one axis; the result is made to fit.
FROM_ARGUMENT: Mapping[str, Callable[[Tensor], Tensor]] = {
    "itself": lambda a: a,
    "its negative": lambda a: -a,
    "a tiny part of it": lambda a: a * TINY,
    "its double": lambda a: a * 2,
    "its transpose": lambda a: a.mT if a.ndim > 1 else a,
    "its mean": lambda a: a.mean(),
    "the mean of its last axis": lambda a: a.mean(dim=-1, keepdim=True),
    "the mean of its axis before": lambda a: a.mean(dim=-2, keepdim=True) if a.ndim > 1 else a.mean(),
    "its sum": lambda a: a.sum(),
    "its largest entry": lambda a: a.amax(),
    "its first entry": lambda a: a.flatten()[:1],
    "its first row": lambda a: a[..., :1, :] if a.ndim > 1 else a,
    "its last row": lambda a: a[..., -1:, :] if a.ndim > 1 else a,
    "upside down": lambda a: a.flip(-2) if a.ndim > 1 else a.flip(-1),
    "sorted": lambda a: a.sort(dim=-1).values,
}


def names(call: Call) -> Iterator[str]:
    """The lazy answers that there are to this call."""
    yield from BLIND
    for position, argument in enumerate(call.arguments):
        if _usable(argument):
            yield from (f"argument {position}: {name}" for name in FROM_ARGUMENT)


def outputs(name: str, arguments: Sequence[Any], forms: Sequence[Form]) -> list[Tensor]:
    """What the lazy answer `name` gives for each output of these forms."""
    return [_output(name, arguments, form) for form in forms]


def lazy_answers(cases: Sequence[Case], expected: Answers) -> dict[str, Answers]:
    """By name, what each lazy answer gives in all cases, gradients included.

    One that needs an argument which a case lacks gives zeros there.
    """
    known = dict.fromkeys(name for case in cases for call in case.calls for name in names(call))
    return {
        name: tuple(
            tuple(_answer(name, call, right) for call, right in zip(case.calls, rights, strict=True))
            for case, rights in zip(cases, expected, strict=True)
        )
        for name in known
    }


def forms_of(right: Answer) -> list[Form]:
    """The shape and dtype of each output."""
    return [(output.values.shape, getattr(torch, output.dtype)) for output in right.outputs]


def _answer(name: str, call: Call, right: Answer) -> Answer:
    plain = replace(call, construct=None, parameters={})
    usable = name if name in names(call) else "zeros"
    return answer_with(partial(_implementation, usable, forms_of(right)), plain)


def _implementation(name: str, forms: Sequence[Form], *arguments: Any) -> tuple[Tensor, ...]:
    return tuple(outputs(name, arguments, forms))


def _output(name: str, arguments: Sequence[Any], form: Form) -> Tensor:
    shape, dtype = form
    if name in BLIND:
        return BLIND[name](shape).to(dtype)
    where, _, what = name.partition(": ")
    argument = torch.as_tensor(arguments[int(where.removeprefix("argument "))])
    numbers = argument if argument.is_floating_point() else argument.to(torch.float64)
    return _fitted(FROM_ARGUMENT[what](torch.atleast_1d(numbers)), shape).to(dtype)


def _fitted(tensor: Tensor, shape: tuple[int, ...]) -> Tensor:
    """As it is, else broadcast, else its numbers over and over until the shape is full."""
    try:
        return tensor.expand(shape)
    except RuntimeError:
        count, flat = _count(shape), tensor.flatten()
        return flat.repeat(-(-count // max(1, len(flat))))[:count].reshape(shape)


def _count(shape: tuple[int, ...]) -> int:
    return torch.Size(shape).numel()


def _usable(argument: Any) -> bool:
    if isinstance(argument, bool | str) or argument is None:
        return False
    return getattr(argument, "size", 1) > 0

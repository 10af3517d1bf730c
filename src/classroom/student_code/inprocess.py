"""A `Student` whose code runs in this very process: the check in the notebook, and the worker of a grading run.

Tensors are made fresh for every call, and everything global that a call could disturb (random numbers, gradient
mode, default dtype, streams, warnings, patched names) is put back afterwards.
"""

import contextlib
import io
import random
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from classroom.compare import argument_text
from classroom.student_code.forbidden import ForbiddenNameError, forbid
from classroom.student_code.measured import Measured
from classroom.student_code.mistakes import ReturnedValueError, error_sentence
from classroom.student_code.student import Answer, Array, Call, CellOutcome, Student

MAX_OUTPUTS = 16
MAX_ELEMENTS = 4_000_000  # in all outputs of one call together
MAX_DIMENSIONS = 32  # as many as numpy and the way to the grader take
MAX_PRINTED = 100_000  # characters of print output per call, kept only to bound memory


_AS_SUBCLASS = torch.Tensor.as_subclass
# Stands in for numpy's global generator during a call: swapping is far quicker than saving its state.
_NUMPY_GENERATOR = np.random.MT19937(0)


class InProcess(Student):
    """Answers calls about what `namespace` defines (a notebook's globals, or IPython's `user_ns`)."""

    def __init__(self, namespace: dict[str, Any]):
        self.namespace = namespace

    def run_cell(self, source: str) -> CellOutcome:
        """Runs the source in the namespace. Captures no outputs: whoever wants them brings an IPython shell."""
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(source, "<cell>", "exec"), self.namespace)
        except (Exception, SystemExit) as error:
            return CellOutcome(error=error_sentence(error, self.namespace))
        return CellOutcome()

    def answer(self, target: str, call: Call, forbidden: Sequence[str] = ()) -> Answer:
        """See `Student.answer`. KeyboardInterrupt passes through, so that a student can stop an endless loop."""
        if target not in self.namespace:
            return Answer(error=f"`{target}` is not defined: run the cell that defines it, then check again.")
        function = self.namespace[target]
        if not callable(function):
            return Answer(error=f"`{target}` is {_kind(function)}, but must be something to call: def or class.")
        return answer_with(function, call, forbidden, self.namespace)

    def close(self) -> None:
        """Nothing to end: the process is the caller's own."""


def answer_with(
    function: Callable[..., Any],
    call: Call,
    forbidden: Sequence[str] = (),
    namespace: dict[str, Any] | None = None,
) -> Answer:
    """Makes one call of `function`; everything that goes wrong in it becomes the answer's `error`.

    Raises:
        ClassroomError: `forbidden` holds a name that does not exist (the question's mistake, not the student's).
    """
    space = {} if namespace is None else namespace
    with _nothing_global_changes(), _uncompiled(), forbid(forbidden, space) as used:
        try:
            answer = _call(function, call)
        except (Exception, SystemExit) as error:
            answer = Answer(error=error_sentence(error, space))
    if used:  # also when the student's code caught the exception
        return Answer(error=str(ForbiddenNameError(used[0])))
    return answer


def _call(function: Callable[..., Any], call: Call) -> Answer:
    differentiate = call.cotangent is not None
    given = [_tensor(a, differentiate) if isinstance(a, np.ndarray) else a for a in call.arguments]
    # Copies, since autograd refuses to change a leaf in place: what is changed is found below, and said plainly.
    arguments = [a.clone() if isinstance(a, torch.Tensor) and a.requires_grad else a for a in given]
    parameters: dict[str, torch.Tensor] = {}
    if call.construct is not None:
        function, parameters = _construct(function, call)
    measured = Measured() if call.count_operations else None
    if measured:  # the first call of all fills caches
        function(*(a.clone() if isinstance(a, torch.Tensor) else a for a in arguments))
    with measured.active() if measured else contextlib.nullcontext():
        tensors = _tensors(function(*arguments))
    outputs = tuple(_array(tensor) for tensor in tensors)
    for position, (argument, original) in enumerate(zip(arguments, call.arguments, strict=True)):
        if isinstance(original, np.ndarray) and not _same(argument, original):
            raise ReturnedValueError(
                f"Your code changes {argument_text(position)} in place; whoever calls it would lose their tensor. "
                "Make a new tensor (x = x / 2, not x /= 2)."
            )
    inputs = {f"argument {i}": a for i, a in enumerate(given) if isinstance(a, torch.Tensor) and a.is_floating_point()}
    gradients = _gradients(tensors, inputs | parameters, call.cotangent) if differentiate else {}
    if measured is None:
        return Answer(outputs, gradients)
    return Answer(outputs, gradients, measured.operations, repeats=measured.repeats)


def _tensor(array: np.ndarray, differentiate: bool) -> torch.Tensor:
    tensor = torch.from_numpy(np.array(array, copy=True, order="C"))
    return tensor.requires_grad_() if differentiate and tensor.is_floating_point() else tensor


def _construct(kind: Any, call: Call) -> tuple[torch.nn.Module, dict[str, torch.Tensor]]:
    module = kind(*(call.construct or ()))
    if not isinstance(module, torch.nn.Module):
        raise ReturnedValueError(f"`{getattr(kind, '__name__', kind)}` must be a subclass of torch.nn.Module.")
    module.eval()
    if not call.parameters:
        return module, {}
    given = {name: torch.from_numpy(np.array(array, copy=True)) for name, array in call.parameters.items()}
    own = dict(module.state_dict())
    if not given.keys() <= own.keys() or not dict(module.named_parameters()).keys() <= given.keys():
        raise ReturnedValueError(
            f"Your module's parameters are {_names(dict(module.named_parameters()))}, but they must be "
            f"{_names(given)}: the attributes' names are part of the task."
        )
    for name, value in given.items():
        if own[name].shape != value.shape:
            raise ReturnedValueError(
                f"Your module's parameter {name} has shape {tuple(own[name].shape)} instead of {tuple(value.shape)}."
            )
    floating = {value.dtype for value in given.values() if value.is_floating_point()}
    if len(floating) == 1:
        module.to(floating.pop())
    module.load_state_dict(own | given)
    return module, {name: p for name, p in module.named_parameters() if name in given and p.requires_grad}


def _tensors(returned: Any) -> list[torch.Tensor]:
    several = isinstance(returned, tuple | list)
    values = list(returned) if several else [returned]
    if not values or len(values) > MAX_OUTPUTS:
        raise ReturnedValueError(f"Your code returned {len(values)} values; return the tensors that are asked for.")
    tensors = []
    for value in values:
        if isinstance(value, bool | int | float):
            value = torch.tensor(value, dtype=torch.float64 if isinstance(value, float) else None)
        if not isinstance(value, torch.Tensor):
            missing = " (is a `return` missing?)" if value is None else ""
            raise ReturnedValueError(f"Your code returned {_kind(value)}{missing}; return a torch.Tensor.")
        # Whatever class of its own it has; a sparse tensor knows no such view, and is refused for what it is.
        tensors.append(value if type(value) is torch.Tensor else _AS_SUBCLASS(value, torch.Tensor))
    if sum(t.numel() for t in tensors) > MAX_ELEMENTS:
        raise ReturnedValueError("Your code returned far more numbers than were asked for.")
    return tensors


def _array(tensor: torch.Tensor) -> Array:
    dtype = str(tensor.dtype).removeprefix("torch.")
    if tensor.ndim > MAX_DIMENSIONS:
        raise ReturnedValueError(f"Your code returned a tensor with {tensor.ndim} axes.")
    if tensor.is_complex() or tensor.layout is not torch.strided or tensor.is_quantized or tensor.is_meta:
        raise ReturnedValueError(f"Your code returned a {dtype} tensor of an unusual kind; return a dense real tensor.")
    plain = tensor.detach().cpu()
    if plain.dtype is torch.bfloat16:
        plain = plain.float()
    return Array(np.array(plain.numpy(), copy=True, order="C"), dtype)


def _gradients(
    outputs: Sequence[torch.Tensor], inputs: Mapping[str, torch.Tensor], cotangent: np.ndarray | None
) -> dict[str, np.ndarray | None]:
    """By name of input. Empty when no gradient can be computed: the output has another shape or is not floating."""
    direction = torch.from_numpy(np.array(cotangent, copy=True))
    output = outputs[0]
    joinable = len({(o.shape[:-1], o.dtype) for o in outputs}) == 1 and output.ndim > 0
    if output.shape != direction.shape and len(outputs) > 1 and joinable:
        output = torch.cat(list(outputs), dim=-1)
    if output.shape != direction.shape or not output.is_floating_point():
        return {}
    if not output.requires_grad:
        return dict.fromkeys(inputs)
    try:
        # Of the sum, not of the output along the direction: for that torch imports a compiler, half a second of it.
        total = (output * direction.to(output.dtype)).sum()
        found = torch.autograd.grad(total, list(inputs.values()), allow_unused=True, materialize_grads=False)
    except (RuntimeError, ValueError, TypeError, NotImplementedError):
        return {}
    return {
        name: None if gradient is None else _array(gradient).values
        for name, gradient in zip(inputs, found, strict=True)
    }


def _same(tensor: torch.Tensor, original: np.ndarray) -> bool:
    now = tensor.detach().numpy()
    return now.shape == original.shape and now.tobytes() == original.tobytes()


class _Bounded(io.StringIO):
    def write(self, text: str) -> int:
        return super().write(text) if self.tell() < MAX_PRINTED else len(text)


@contextlib.contextmanager
def _nothing_global_changes() -> Iterator[None]:
    """Fixed random numbers inside; random state, gradient mode, dtype and streams as they were afterwards."""
    python_state, numpy_generator = random.getstate(), np.random.get_bit_generator()
    dtype = torch.get_default_dtype()
    # The CPU's generator alone: torch.manual_seed also queues a call, with a stack trace, for a GPU that may come.
    generator = torch.default_generator
    torch_state = generator.get_state()
    # What student code prints or warns would fill the cell, and nbgrader gives 0 for anything on stderr.
    sink = _Bounded()
    with (
        torch.enable_grad(),
        warnings.catch_warnings(),
        contextlib.redirect_stdout(sink),
        contextlib.redirect_stderr(sink),
    ):
        warnings.simplefilter("ignore")
        generator.manual_seed(0)
        random.seed(0)
        np.random.set_bit_generator(_NUMPY_GENERATOR)
        np.random.seed(0)
        try:
            yield
        finally:
            random.setstate(python_state)
            np.random.set_bit_generator(numpy_generator)
            generator.set_state(torch_state)
            torch.set_default_dtype(dtype)


def _uncompiled() -> contextlib.AbstractContextManager[Any]:
    """Inside, compiled functions are run as they are written: what they run can be seen, and nobody waits."""
    if "torch._dynamo" not in sys.modules:  # nothing was compiled; asking would import seconds of it
        return contextlib.nullcontext()
    return torch.compiler.set_stance("force_eager")


def _names(named: Mapping[str, Any]) -> str:
    return ", ".join(sorted(named)) or "none"


def _kind(value: Any) -> str:
    if value is None:
        return "None"
    if isinstance(value, np.ndarray):
        return "a numpy array"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"

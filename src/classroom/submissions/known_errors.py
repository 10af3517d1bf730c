"""What may be repeated of an error in a student's code: sentences that are known here, their numbers left out.

An error is a text that the student's process sends, so it could be made to spell what the process was sent: also by
choosing among a thousand names that the notebook holds for this. Each skeleton below is one fixed sentence. `#` stands
for a number or a shape, which are left out. `@` stands for a name: in our own sentences a word of the task or a type,
in Python's and torch's only a type or operator, and only the first, since several would spell together.
"""

import re
from collections.abc import Collection, Sequence, Set

GAP = "…"
# Everything that a sentence may name beside words of the task: a list so short that it spells next to nothing.
TYPES_TEXT = (
    "Tensor Parameter Module ndarray None NoneType torch numpy builtin function method module type object"
    " Float Double Long Int Bool Half BFloat16 float double long int bool half complex str bytes list tuple dict set"
    " range generator map zip float16 bfloat16 float32 float64 int32 int64 complex64 complex128"
)
TYPES = frozenset(TYPES_TEXT.split())

# Ours, as `inprocess`, `mistakes`, `forbidden` and `process_student` write them; left, what they become.
SENTENCES = {
    "`@` is not defined: run the cell that defines it, then check again.": (
        "`@` is not defined after the cells above its check have run."
    ),
    "NotImplementedError: `@` is not written yet: replace `raise NotImplementedError` with your code.": None,
    "NotImplementedError: This is not written yet: replace `raise NotImplementedError` with your code.": None,
    "`@` is a @, but must be something to call: def or class.": None,
    "`@` is an @, but must be something to call: def or class.": None,
    "`@` is None, but must be something to call: def or class.": None,
    "`@` is a numpy array, but must be something to call: def or class.": None,
    "`@` must be a subclass of torch.nn.Module.": None,
    "`@` ran longer than # s and was stopped. Is there a loop that never ends?": (
        "`@` ran longer than it may and was stopped. Is there a loop that never ends?"
    ),
    "`@` returned something that could not be passed on.": None,
    "This question asks you to write it yourself: your code calls @, which is not allowed.": None,
    "Your code changes the @ argument in place; whoever calls it would lose their tensor. Make a new tensor "
    "(x = x / 2, not x /= 2).": None,
    "Your code returned None (is a `return` missing?); return a torch.Tensor.": None,
    "Your code returned a numpy array; return a torch.Tensor.": None,
    "Your code returned a @; return a torch.Tensor.": None,
    "Your code returned an @; return a torch.Tensor.": None,
    "Your code returned # values; return the tensors that are asked for.": (
        "Your code returned too many values, or none; return the tensors that are asked for."
    ),
    "Your code returned far more numbers than were asked for.": None,
    "Your code returned a @ tensor of an unusual kind; return a dense real tensor.": None,
    "Your module's parameter @ has shape # instead of #.": "Your module's parameter @ has the wrong shape.",
}
PARAMETERS = re.compile(r"Your module's parameters are .*, but they must be .*: the attributes' names are part of .*")
WRONG_PARAMETERS = "Your module's parameters do not have the names that they must have: they are part of the task."
ARGUMENTS = {"first", "second", "third", "fourth", "fifth", "sixth"}

# Python's and torch's.
MESSAGES = (
    "name '@' is not defined",
    "name '@' is not defined. Did you mean: '@'?",
    "cannot access local variable '@' where it is not associated with a value",
    "'@' object has no attribute '@'",
    "module '@' has no attribute '@'",
    "'@' object is not callable",
    "'@' object is not iterable",
    "'@' object is not subscriptable",
    "'@' object does not support item assignment",
    "cannot unpack non-iterable @ object",
    "not enough values to unpack (expected #, got #)",
    "too many values to unpack (expected #)",
    "@() missing # required positional argument: '@'",
    "@() missing # required positional arguments: '@' and '@'",
    "@() takes # positional argument but # were given",
    "@() takes # positional arguments but # were given",
    "@() takes # positional arguments but # was given",
    "@() got an unexpected keyword argument '@'",
    "unsupported operand type(s) for @: '@' and '@'",
    "bad operand type for unary @: '@'",
    "division by zero",
    "math domain error",
    "list index out of range",
    "tuple index out of range",
    "maximum recursion depth exceeded",
    "maximum recursion depth exceeded while calling a Python object",
    "your code ends the program; return the result instead",
    "The size of tensor a (#) must match the size of tensor b (#) at non-singleton dimension #",
    "mat1 and mat2 shapes cannot be multiplied (#x# and #x#)",
    "mat1 and mat2 must have the same dtype, but got @ and @",
    "expected m1 and m2 to have the same dtype, but got: @ != @",
    "expected scalar type @ but found @",
    "Expected size for first two dimensions of batch2 tensor to be: # but got: #",
    "batch1 and batch2 must have same number of dimensions, got # and #",
    "shape '#' is invalid for input of size #",
    "The expanded size of the tensor (#) must match the existing size (#) at non-singleton dimension #. "
    "Target sizes: #. Tensor sizes: #",
    "Dimension out of range (expected to be in range of #, but got #)",
    "index # is out of bounds for dimension # with size #",
    "index out of range in self",
    "too many indices for tensor of dimension #",
    "The shape of the mask # at index # does not match the shape of the indexed tensor # at index #",
    "Sizes of tensors must match except in dimension #. Expected size # but got size # for tensor number # in the list",
    "Tensors must have same number of dimensions: got # and #",
    "stack expects each tensor to be equal size, but got # at entry # and # at entry #",
    "Boolean value of Tensor with more than one value is ambiguous",
    "only one element tensors can be converted to Python scalars",
    "masked_fill_ only supports boolean masks, but got mask with dtype @",
    "masked_fill only supports boolean masks, but got mask with dtype @",
    "value cannot be converted to type @ without overflow",
    "result type @ can't be cast to the desired output type @",
    "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead",
    "a leaf Variable that requires grad is being used in an in-place operation",
    "a view of a leaf Variable that requires grad is being used in an in-place operation",
    "element # of tensors does not require grad and does not have a grad_fn",
    "The tensor has a non-zero number of elements, but its data is not allocated yet",
    "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, use the "
    "`~` or `logical_not()` operator instead",
    "ones: Dimension size must be non-negative",
    "\"@\" not implemented for '@'",
    "no message",
)
NUMBER = r"(?:-?\d+(?:\.\d+)?|(?:torch\.Size\()?[\[(][-\d, ]*[\])]\)?)"
NAME = r"([\w.]+|[+*/%@&|^~<>=-]{1,3})"


def known_sentence(sentence: str, task: Set[str]) -> str | None:
    """One of our own sentences about a call, without its numbers; None for any other text."""
    if PARAMETERS.fullmatch(sentence):
        return WRONG_PARAMETERS
    for pattern, (skeleton, told) in zip(_SENTENCES, SENTENCES.items(), strict=True):
        found = pattern.fullmatch(sentence)
        if found:
            return _filled(told or skeleton, found.groups(), task | TYPES | ARGUMENTS)
    return None


def known_message(message: str) -> str | None:
    """One of Python's or torch's messages, without its numbers and the student's names; None for any other text."""
    for pattern, skeleton in zip(_MESSAGES, MESSAGES, strict=True):
        found = pattern.fullmatch(message)
        if found:
            return _filled(skeleton, [*found.groups()[:1], *("" for _ in found.groups()[1:])], TYPES)
    return None


def _pattern(skeleton: str) -> re.Pattern[str]:
    return re.compile(re.escape(skeleton).replace(r"\#", NUMBER).replace("@", NAME))


def _filled(skeleton: str, names: Sequence[str], words: Collection[str]) -> str:
    pieces = skeleton.replace("#", GAP).split("@")
    said = [name if name and all(part in words for part in re.findall(r"\w+", name)) else GAP for name in names]
    return "".join(piece + name for piece, name in zip(pieces, [*said, ""], strict=True))


_SENTENCES = tuple(map(_pattern, SENTENCES))
_MESSAGES = tuple(map(_pattern, MESSAGES))

"""What common exceptions mean, said to somebody who meets them for the first time.

The exception itself is quoted beside the explanation; nothing of its message is repeated here, so a sentence is the
same for public and for hidden cases.
"""

import re

from classroom.questions.sameness import EXCEPTION

EXPLANATIONS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), sentence)
    for pattern, sentence in (
        (
            r"NoneType",
            "A value is `None` here. An argument whose default is `None` may be left out: ask `if … is not None` "
            "before you use it. (A method that works in place, or a missing `return`, gives None as well.)",
        ),
        (
            r"torch\.return_types\.",
            "`max`, `min`, `sort` and `topk` along an axis give two tensors, values and indices: take `.values`, or "
            "use `amax` and `amin`.",
        ),
        (
            r"Dimension out of range",
            "There are not as many axes as you count. Inputs may have any number of axes before the last two: count "
            "from the end (`-1`, `-2`).",
        ),
        (
            r"before Module\.__init__\(\) call",
            "A module has to be prepared before it is given parts: begin `__init__` with `super().__init__()`.",
        ),
        (
            r"same dtype|expected scalar type|to have the same dtype",
            "Two tensors of different dtypes meet: something is made as float32 whatever comes in. Make new tensors "
            "with the dtype of the input (`torch.zeros_like`, `dtype=x.dtype`).",
        ),
        (
            r"The shape of the mask",
            "Indexing with a mask does not broadcast. `masked_fill` and `torch.where` do.",
        ),
        (
            r"only supports boolean masks|unary ~|bitwise_not|logical_not",
            "A mask has to be boolean for this: compare (`mask == 0`) or convert it with `.bool()`.",
        ),
        (
            r"shapes cannot be multiplied|batch2 tensor to be|to have the same size|mat1 and mat2",
            "In a matrix product the last axis of the left factor meets the last but one of the right factor: print "
            "both shapes. A transpose may be missing, or one too many.",
        ),
        (
            r"must match the size of tensor|must match the existing size|not broadcastable|incompatible",
            "Two shapes do not fit together: print both. An axis may be missing (after a sum or a maximum "
            "`keepdim=True` keeps it, with size 1), or there is one too many, or the size of another was taken.",
        ),
        (
            r"is out of bounds for dimension|index out of range|too many indices",
            "An index points past the end of its axis. Count axes from the end: `x[..., i]` is the last axis, "
            "whatever stands before it.",
        ),
        (
            r"to unpack",
            "You take something apart into a fixed number of parts. Inputs may have more axes or fewer: take sizes one "
            "by one, from the end (`x.shape[-1]`).",
        ),
        (
            r"einsum\(\)",
            "The letters of your einsum fix the number of axes, or the sizes under one letter differ. `...` stands for "
            "all axes that you do not name.",
        ),
        (
            r"is invalid for input of size|view size is not compatible",
            "The new shape must hold exactly as many numbers as the old one, in the same order. Take sizes from the "
            "input's shape; after a transpose use `reshape`, not `view`.",
        ),
        (
            r"batch1 and batch2|must be a 3D tensor|must be a matrix|expects a tensor with <= 2 dimensions",
            "This function knows one number of axes only (`mm` two, `bmm` three). `@` multiplies the last two axes "
            "and leaves those before them alone.",
        ),
        (
            r"more than one value is ambiguous",
            "A tensor of several numbers is neither true nor false: ask `.any()` or `.all()`, or choose entry by entry "
            "with `torch.where`.",
        ),
        (
            r"Can't call numpy\(\)|requires grad\. Use tensor\.detach",
            "numpy knows no gradients: stay with torch, so that they can flow back.",
        ),
        (
            r"object is not callable",
            "A name that you call no longer holds a function: has something else been stored under it?",
        ),
        (
            r"is not defined",
            "Has the cell that defines it been run, and is the name spelt as there?",
        ),
    )
)


def explanation(error: str) -> str | None:
    """What an exception's sentence (as `mistakes.error_sentence` writes it) means, or None where it is not known.

    Sentences of our own need no explanation.
    """
    if not EXCEPTION.match(error):
        return None
    return next((sentence for pattern, sentence in EXPLANATIONS if pattern.search(error)), None)

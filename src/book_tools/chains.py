"""How much of a computation must wait: the longest chain of operations in which each needs the one before."""

from torch import Tensor

from book_tools.errors import BookError


def longest_chain(output: Tensor) -> int:
    """Operations in the longest chain that leads to `output`, counted in the graph that autograd keeps of them.

    Raises:
        BookError: `output` has no graph: nothing in it asks for a gradient.
    """
    if output.grad_fn is None:
        raise BookError("the output has no graph: compute it from a tensor that asks for a gradient.")
    longest: dict[object, int] = {}
    waiting = [(output.grad_fn, False)]
    while waiting:  # without recursion: chains are thousands long
        operation, inputs_known = waiting.pop()
        before = [each for each, _ in operation.next_functions if each is not None]
        if inputs_known:
            longest[operation] = 1 + max((longest[each] for each in before), default=0)
        elif operation not in longest:
            waiting.append((operation, True))
            waiting += [(each, False) for each in before if each not in longest]
    return longest[output.grad_fn]

"""The longest chain of operations, against chains counted by hand."""

import pytest
import torch

from book_tools.chains import longest_chain
from book_tools.errors import BookError


def test_a_leaf_waits_for_nothing_but_its_own_place():
    x = torch.ones(3, requires_grad=True)
    # autograd keeps one node for the leaf, where its gradient is added up
    assert longest_chain(x.exp()) == 2


@pytest.mark.parametrize("steps", [1, 5, 3000])
def test_a_chain_is_as_long_as_its_steps(steps):
    x = torch.ones(3, requires_grad=True)
    y = x
    for _ in range(steps):
        y = y.sin()
    assert longest_chain(y) == steps + 1


def test_of_two_ways_the_longer_counts():
    x = torch.ones(3, requires_grad=True)
    short, long = x.exp(), x.exp().sin().cos()
    assert longest_chain(short + long) == 5
    assert longest_chain(torch.stack([short, short, short])) == 3


def test_a_shared_middle_is_walked_once():
    x = torch.ones(1, requires_grad=True)
    y = x
    for _ in range(200):  # 2^200 ways
        y = y + y
    assert longest_chain(y) == 201


def test_without_a_graph_it_says_so():
    with pytest.raises(BookError, match="no graph"):
        longest_chain(torch.ones(3))

"""Another thread prepares what comes next: the same items, the same errors, and no thread left."""

import threading
import time
from collections.abc import Iterator

import pytest
import torch

from transformer_lab.training.late import Late
from transformer_lab.training.prefetch import prefetched


def test_the_same_items_in_order():
    assert list(prefetched(iter(range(100)))) == list(range(100))
    assert "prefetch" not in {thread.name for thread in threading.enumerate()}


def test_items_are_made_before_they_are_asked_for_but_not_all():
    made = []

    def numbers() -> Iterator[int]:
        for number in range(1000):
            made.append(number)
            yield number

    items = prefetched(numbers(), ahead=3)
    assert next(items) == 0
    deadline = time.monotonic() + 30
    while len(made) < 5:  # one was taken, three wait, one waits for room
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(0.05)
    assert made == [0, 1, 2, 3, 4]
    items.close()
    assert "prefetch" not in {thread.name for thread in threading.enumerate()}
    assert len(made) == 5


def test_an_error_comes_in_its_place():
    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("the second")

    items = prefetched(broken())
    assert next(items) == 1
    with pytest.raises(ValueError, match="the second"):
        next(items)
    assert "prefetch" not in {thread.name for thread in threading.enumerate()}


def test_numbers_fetched_late():
    tensor = torch.tensor([1.5, float("inf")], requires_grad=True)
    assert Late(tensor).get() == [1.5, float("inf")]

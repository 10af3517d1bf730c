"""Peak memory against allocations counted by hand; time against a known wait."""

import os
import time

import pytest
import torch

from book_tools.measure import peak_memory, seconds
from transformer_lab.attention import scaled_dot_product_attention

MEBI = 2**20


def test_peak_is_what_is_held_at_once():
    def two_at_once():
        a = torch.zeros(MEBI // 4)  # 1 MiB
        b = torch.zeros(MEBI // 2)  # 2 MiB
        del a, b

    def one_after_the_other():
        for size in (MEBI // 4, MEBI // 2):
            torch.zeros(size)

    assert peak_memory(two_at_once) == 3 * MEBI
    assert peak_memory(one_after_the_other) == 2 * MEBI


def test_what_was_there_before_and_the_result_are_told_apart():
    x = torch.ones(MEBI // 4)
    # The result, not x; a few bytes more for the scalar 1 as a tensor.
    assert MEBI <= peak_memory(lambda: x + 1) <= MEBI + 64


def test_plain_attention_holds_its_matrices_of_n_by_n():
    q, k, v = torch.randn(3, 512, 16)
    square, out = 512 * 512 * 4, 512 * 16 * 4
    # Scores and their quotient at once, or scores and weights: two n × n matrices; then the output beside the weights.
    assert 2 * square <= peak_memory(lambda: scaled_dot_product_attention(q, k, v)) <= 2 * square + 2 * out


def test_the_profiler_says_nothing(capfd):
    peak_memory(lambda: torch.zeros(10))
    assert capfd.readouterr() == ("", "")


def test_an_error_passes_and_stderr_comes_back(capfd):
    with pytest.raises(ZeroDivisionError):
        peak_memory(lambda: 1 / 0)
    os.write(2, b"heard")
    assert capfd.readouterr().err == "heard"


def test_seconds_is_the_shortest_run():
    waits = iter([0.03, 0.02, 0.001, 0.02])
    assert 0.001 <= seconds(lambda: time.sleep(next(waits)), repeats=3) < 0.02

"""What tests of whole runs ask for."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch

from transformer_lab.data.corpus import Corpus
from transformer_lab.data.phrases import phrase_corpus


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Sums in the same order in this process and in others."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def corpus() -> Corpus:
    """300 generated pairs to train on, 20 to validate and 20 to test."""
    whole = phrase_corpus(300)
    return replace(whole, validation=whole.validation[:20], test=whole.test[:20])

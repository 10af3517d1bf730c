"""The toy tasks: what they ask, and that no sequence comes twice."""

import pytest

from transformer_lab.data.toy import TASKS, toy_corpus
from transformer_lab.errors import LabError


def test_toy_tasks():
    for task, expected in {"copy": "b c a", "reverse": "a c b", "sort": "a b c"}.items():
        assert " ".join(TASKS[task](["b", "c", "a"])) == expected
        pairs = toy_corpus(task, train=200, held_out=20)
        assert len({p.source for p in pairs.train + pairs.validation + pairs.test}) == 240
    with pytest.raises(LabError, match="no toy task 'swap'"):
        toy_corpus("swap")
    with pytest.raises(LabError, match="60 sequences are wanted but there are only 6"):
        toy_corpus("copy", train=40, held_out=10, longest=2, letters=2)
    for letters in (0, 27):
        with pytest.raises(LabError, match=f"letters={letters} must be at least 1 and at most 26"):
            toy_corpus("copy", letters=letters)

"""Recorded results: bench/README.md says what the JSON says, and the peer of the benchmark is a fair one."""

import pytest
import torch

from bench import training_step, translation
from bench.__main__ import main
from bench.report import alternate, summary
from transformer_lab.transformer import Transformer, TransformerConfig


def test_the_readme_is_written_from_the_results():
    assert translation.README.read_text(encoding="utf-8") == translation.readme()


def test_the_peer_has_our_parameters_and_answers_the_same_shape():
    config = TransformerConfig(50, d_model=16, num_heads=2, d_ff=32, num_layers=2, dropout=0.0)
    ours, theirs = Transformer(config), training_step.TorchTransformer(config)
    assert sum(p.numel() for p in ours.parameters()) == sum(p.numel() for p in theirs.parameters())
    source, target = torch.randint(3, 50, (2, 4, 6))
    assert ours(source, target).shape == theirs(source, target).shape


def test_works_take_turns():
    order = []
    seconds = alternate({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, rounds=3)
    assert "".join(order) == "ab" * 4
    assert [len(values) for values in seconds.values()] == [3, 3]
    assert summary([1, 2, 3, 4, 5])["median"] == 3


def test_an_unknown_benchmark_is_refused(capsys):
    assert main(["trianing_step"]) == 2
    assert "there is no benchmark 'trianing_step'" in capsys.readouterr().err


@pytest.mark.parametrize("name", sorted(path.name for path in translation.RESULTS.glob("*.json")))
def test_results_say_how_they_were_made(name):
    import json

    result = json.loads((translation.RESULTS / name).read_text(encoding="utf-8"))
    assert result["command"]
    assert result["machine"]["processor"]
    assert result["machine"]["versions"]["torch"]

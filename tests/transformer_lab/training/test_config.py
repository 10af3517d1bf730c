"""Recipes: the papers' numbers, what `--set` may change, and a sentence for what it may not."""

import pytest

from transformer_lab.errors import LabError
from transformer_lab.training.config import RECIPES, Recipe, find_recipe


def test_recipes_and_their_errors():
    base, big = RECIPES["base"], RECIPES["big"]
    assert (base.model.d_model, base.model.num_heads, base.model.d_ff, base.model.num_layers) == (512, 8, 2048, 6)
    assert (base.model.dropout, base.training.label_smoothing, base.training.warmup) == (0.1, 0.1, 4_000)
    assert (big.model.d_model, big.model.num_heads, big.model.d_ff, big.model.dropout) == (1024, 16, 4096, 0.3)
    changed = find_recipe("tiny", ["d_model=64", "steps=7"])
    assert (changed.model.d_model, changed.training.steps) == (64, 7)
    for overrides, sentence in [
        (["d_modle=64"], "no setting 'd_modle'; did you mean 'd_model'"),
        (["steps"], "not of the form key=value"),
        (["steps=many"], "steps='many' is not a whole number"),
        (["steps=0"], "steps=0 must be at least 1"),
        (["d_model=100", "num_heads=8"], "d_model=100 is not divisible by num_heads=8"),
        (["label_smoothing=1"], "must be at least 0 and below 1"),
        (["bpe_dropout=1"], "must be at least 0 and below 1"),
        (["clip=-1"], "must not be negative"),
        ([f"seed={10**20}"], f"seed={10**20} is out of range; choose at most {2**63 - 1}"),
        ([f"d_ff={10**20}"], "d_ff=1.* is out of range"),
        (["vocab_size=10000001"], "vocab_size=10000001 is out of range; choose at most 10000000"),
        (["architecture=lstn"], "no architecture 'lstn'"),
    ]:
        with pytest.raises(LabError, match=sentence):
            find_recipe("tiny", overrides)
    with pytest.raises(LabError, match="no configuration 'bok'; did you mean 'book'"):
        find_recipe("bok")
    with pytest.raises(LabError, match="no setting 'width'"):
        Recipe.from_dict(RECIPES["tiny"].to_dict() | {"model": {"vocab_size": 9, "width": 3}})


def test_settings_need_to_fit_each_other_only_in_the_end():
    for settings in (["num_heads=3", "d_model=48"], ["d_model=48", "num_heads=3"]):
        model = find_recipe("tiny", settings).model
        assert (model.d_model, model.num_heads) == (48, 3)
    settings = ["num_groups=1", "architecture=grouped-query"]
    assert find_recipe("tiny", settings) == find_recipe("tiny", settings[::-1])
    with pytest.raises(LabError, match="there is no setting 'num_groups'"):
        find_recipe("tiny", ["num_groups=1"])

"""Token batches: the budget holds, every sentence comes once, the order depends on seed and epoch alone."""

import random

import pytest
import torch

from transformer_lab.data.batching import Example, collate, encode_pairs, plan_batches
from transformer_lab.data.phrases import phrase_corpus
from transformer_lab.data.tokenizer import Tokenizer
from transformer_lab.errors import LabError

LENGTHS = random.Random(3).choices(range(2, 61), k=2_000)


@pytest.mark.parametrize("seed", [None, 1, 2])
@pytest.mark.parametrize("budget", [60, 500, 10_000, 10**9])
def test_the_budget_holds_and_every_sentence_comes_once(seed, budget):
    batches = plan_batches(LENGTHS, budget, seed)
    assert sorted(index for batch in batches for index in batch) == list(range(len(LENGTHS)))
    assert all(len(batch) * max(LENGTHS[i] for i in batch) <= budget for batch in batches)


def test_little_is_padding_and_batches_are_full():
    batches = plan_batches(LENGTHS, 1_000, seed=1)
    computed = sum(len(batch) * max(LENGTHS[i] for i in batch) for batch in batches)
    assert sum(LENGTHS) / computed > 0.97
    assert len(batches) < 1.1 * sum(LENGTHS) / 1_000 + 1


def test_the_order_is_that_of_seed_and_epoch():
    assert plan_batches(LENGTHS, 500, 1, 4) == plan_batches(LENGTHS, 500, 1, 4)
    orders = [plan_batches(LENGTHS, 500, seed, epoch) for seed in (1, 2) for epoch in (0, 1)]
    assert all(a != b for i, a in enumerate(orders) for b in orders[:i])
    # Not only the order of batches: their company changes too.
    assert {frozenset(batch) for batch in orders[0]} != {frozenset(batch) for batch in orders[1]}


def test_a_sentence_beyond_the_budget_is_an_error():
    with pytest.raises(LabError, match="a sentence of 60 tokens does not fit in a batch of batch_tokens=59"):
        plan_batches(LENGTHS, 59)


def test_collate_shifts_the_target_and_pads_the_end():
    pairs = phrase_corpus(50).train
    tokenizer = Tokenizer.train((side for pair in pairs for side in pair), 600)
    pad, bos, eos = tokenizer.pad_id, tokenizer.bos_id, tokenizer.eos_id
    batch = collate([Example([9, 8, 7], [5]), Example([6], [4, 3])], tokenizer)
    assert batch.source.tolist() == [[9, 8, 7, eos], [6, eos, pad, pad]]
    assert batch.target_in.tolist() == [[bos, 5, pad], [bos, 4, 3]]
    assert batch.target_out.tolist() == [[5, eos, pad], [4, 3, eos]]
    assert batch.target_tokens == int((batch.target_out != pad).sum()) == 5
    assert batch.source.dtype == torch.int64


def test_pairs_that_are_too_long_are_counted():
    pairs = phrase_corpus(200).train
    tokenizer = Tokenizer.train((side for pair in pairs for side in pair), 600)
    examples, left_out = encode_pairs(pairs, tokenizer, 12)
    assert left_out > 0
    assert len(examples) + left_out == 200
    assert max(example.length for example in examples) == 12

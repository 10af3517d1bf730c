"""Decoding with grouped-query attention against multi-head attention: the size of the cache, and the speed."""

from dataclasses import replace
from typing import Any

import torch

from bench import cost
from bench.comparison import Make, compare
from bench.decoding import BOS, NEVER, SENTENCES, STEPS, random_source
from bench.memory import Work
from bench.report import SEED, Result, context, limit, mebibytes, si, spread, table
from transformer_lab.grouped_query import GroupedQueryConfig, GroupedQueryTransformer
from transformer_lab.transformer import Transformer
from transformer_lab.translation.decoding import greedy_decode

CONFIG = GroupedQueryConfig(8_000)
GROUPS = (8, 4, 2, 1)
ROUNDS = 3
HEADER = ["keys and values of", "cache", "smaller", "tokens a second", "time, of multi-head's", "share of the limit"]


def run(
    config: GroupedQueryConfig = CONFIG, sentences: int = SENTENCES, steps: int = STEPS, rounds: int = ROUNDS
) -> Result:
    """Measures; returns the record's name and content."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(SEED)
    source = random_source(config, sentences, steps, device)
    sides, costs, caches = {}, {}, {}
    for groups in GROUPS:
        # As many groups as heads: this is multi-head attention, and the library's own class for it.
        make = Transformer if groups == config.num_heads else GroupedQueryTransformer
        model = make(replace(config, num_groups=groups)).to(device).eval()
        sides[str(groups)] = decode(model, source, steps)
        costs[str(groups)] = cost.decoding(config, sentences, source.shape[1], steps, groups)
        caches[str(groups)] = cache_bytes(model, source, steps)
    compared = compare(sides, costs, sentences * steps, rounds, device)
    result = {"cache_bytes": caches, "sentences": sentences, "source": source.shape[1], "steps": steps} | compared
    return f"grouped_query_{device}", {"grouped_query": result}


def decode(model: Transformer, source: torch.Tensor, steps: int) -> Make:
    """Greedy decoding without an early end."""

    def make() -> Work:
        return lambda: greedy_decode(model, source, BOS, NEVER, steps)

    return make


@torch.no_grad()
def cache_bytes(model: Transformer, source: torch.Tensor, steps: int) -> int:
    """Bytes of all keys and values that the decoder keeps after so many steps."""
    decoder = model.incremental(model.encode(source), model.source_mask(source))
    for _ in range(steps):
        decoder.step(torch.full_like(source[:, 0], BOS))
    return decoder.nbytes


def rows(stored: dict[str, Any]) -> list[list[str]]:
    """The table's rows: a number of groups each."""
    result = stored["grouped_query"]
    caches = result["cache_bytes"]
    largest = max(caches.values())
    return [
        [
            f"{groups} {'head' if groups == '1' else 'heads'}",
            mebibytes(caches[groups]),
            f"{largest / caches[groups]:.2f} ×",
            spread(side["rate"]),
            spread(side["ratio"], 2) if "ratio" in side else "",
            limit(side),
        ]
        for groups, side in result["sides"].items()
    ]


def notes(stored: dict[str, Any]) -> str:
    """This benchmark's part of the README."""
    result = stored["grouped_query"]
    multi, one = (result["sides"][key] for key in ("8", "1"))
    return (
        f"{table(HEADER, rows(stored))}\n\nThe base model with a vocabulary of 8,000 writes {result['steps']} tokens "
        f"for each of {result['sentences']} sentences of {result['source']} tokens. The cache is measured from its "
        "tensors: keys and values of the prefix and of the source in all layers. At least, decoding moves "
        f"{si(multi['bytes'])}B with multi-head attention and {si(one['bytes'])}B with one head of keys and values, "
        f"and needs {si(multi['flops'])}FLOP and {si(one['flops'])}FLOP ({si(result['limits']['flops'])}FLOP/s, "
        f"{result['limits']['source']}; {si(result['limits']['bandwidth'])}B/s in a copy). Medians and quartiles of "
        f"{result['rounds']} alternating rounds. {context(stored)}"
    )

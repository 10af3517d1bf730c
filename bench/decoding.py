"""Greedy decoding with the key–value cache against torch.nn.Transformer, which reads the prefix again at every step."""

from typing import Any

import torch

from bench import cost
from bench.comparison import Make, compare
from bench.memory import Work
from bench.peer import TorchTransformer
from bench.report import SEED, Result, context, limit, limit_in_words, mebibytes, spread, table
from transformer_lab.transformer import Transformer, TransformerConfig
from transformer_lab.translation.decoding import greedy_decode

SENTENCES, STEPS = 64, 128
# (name, sizes, rounds): the peer takes minutes for the base model on a processor.
SETTINGS = [
    ("small", TransformerConfig(8_000, d_model=256, num_heads=4, d_ff=512, num_layers=2), 5),
    ("base", TransformerConfig(8_000), 3),
]
BOS, NEVER = 1, -1  # no token is the end, so every sentence has all its tokens
HEADER = ["greedy decoding", "who", "tokens a second", "ours is faster by", "memory at the peak", "share of the limit"]
NAMES = {"ours": "ours", "torch": "torch.nn.Transformer"}


def run(
    settings: list[tuple[str, TransformerConfig, int]] = SETTINGS, sentences: int = SENTENCES, steps: int = STEPS
) -> Result:
    """Measures; returns the record's name and content."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    results = []
    for name, config, rounds in settings:
        torch.manual_seed(SEED)
        source = random_source(config, sentences, steps, device)
        ours = Transformer(config).to(device).eval()
        theirs = TorchTransformer(config).to(device).eval().copy_weights(ours)
        written: dict[str, torch.Tensor] = {}
        sides = {
            "ours": cached(ours, source, steps, written),
            "torch": rereading(theirs, source, steps, written),
        }
        needed = cost.decoding(config, sentences, source.shape[1], steps)
        compared = compare(
            sides,
            dict.fromkeys(sides, needed),
            sentences * steps,
            rounds,
            device,
            lighter={"torch": rereading(theirs, source, steps, {}, first=steps - 1)},
        )
        same = (written["ours"] == written["torch"]).float().mean().item()
        parameters = sum(p.numel() for p in ours.parameters())
        shape = {"sentences": sentences, "source": source.shape[1], "steps": steps}
        results.append({"setting": name, "parameters": parameters, "same_tokens": same} | shape | compared)
    return f"decoding_{device}", {"decoding": results}


def random_source(config: TransformerConfig, sentences: int, steps: int, device: str) -> torch.Tensor:
    """The shortest source sentences for which the decoder allows so many steps (see `decoding.output_limit`)."""
    return torch.randint(3, config.vocab_size, (sentences, max(1, steps - 50)), device=device)


def cached(model: Transformer, source: torch.Tensor, steps: int, written: dict[str, torch.Tensor]) -> Make:
    """Our decoder."""

    def make() -> Work:
        def work() -> None:
            written["ours"] = torch.tensor(greedy_decode(model, source, BOS, NEVER, steps))

        return work

    return make


def rereading(
    model: TorchTransformer, source: torch.Tensor, steps: int, written: dict[str, torch.Tensor], first: int = 0
) -> Make:
    """The usual loop over torch.nn.Transformer: the source is encoded once, the decoder reads the whole prefix, and
    only its last position goes through the output layer. `first` > 0 starts with so many tokens already written.
    """

    def make() -> Work:
        @torch.no_grad()
        def work() -> None:
            memory, padding = model.encode(source), model.padding(source)
            prefix = source.new_full((len(source), first + 1), BOS)
            for _ in range(first, steps):
                tokens = model.next_logits(prefix, memory, padding).argmax(dim=-1)
                prefix = torch.cat([prefix, tokens[:, None]], dim=1)
            written["torch"] = prefix[:, 1:].cpu()

        return work

    return make


def rows(stored: dict[str, Any]) -> list[list[str]]:
    """The table's rows: a setting and a side each."""
    return [
        [
            f"{one['setting']}, {one['parameters'] / 1e6:.1f} M parameters, {one['sentences']} × {one['steps']} tokens",
            NAMES[name],
            spread(side["rate"]),
            spread(side["ratio"], 1) if "ratio" in side else "",
            mebibytes(side["peak_bytes"]),
            limit(side),
        ]
        for one in stored["decoding"]
        for name, side in one["sides"].items()
    ]


def notes(stored: dict[str, Any]) -> str:
    """This benchmark's part of the README."""
    sentences = " ".join(
        f"Decoding with {one['setting']} {limit_in_words(one['sides']['ours'], one['limits'])} Of the tokens, "
        f"{100 * one['same_tokens']:.0f} % are the same on both sides ({one['rounds']} rounds)."
        for one in stored["decoding"]
    )
    first = stored["decoding"][0]
    return (
        f"{table(HEADER, rows(stored))}\n\nGreedy, {first['source']} source tokens a sentence, no sentence ends early. "
        "Both sides have the same weights, and what is needed at least is what a decoder with a cache needs. The peer "
        "encodes the source once, reads the whole prefix at every step and computes the logits of its last position "
        f"only. Memory is that of the tensors made while decoding, without the weights. {sentences} Medians and "
        f"quartiles. {context(stored)}"
    )

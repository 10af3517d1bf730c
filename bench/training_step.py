"""A training step (forward, loss, backward, Adam) of our Transformer against torch.nn.Transformer of the same size."""

import gc
import math

import torch
from torch import nn

from bench.report import alternate, record, summary
from transformer_lab.loss import label_smoothed_cross_entropy
from transformer_lab.masks import padding_mask
from transformer_lab.positional import SinusoidalPositionalEncoding
from transformer_lab.schedule import adam
from transformer_lab.transformer import Transformer, TransformerConfig

# (name, sizes, sentences, tokens of each): the book's size, and the paper's base model with a small batch.
SETTINGS = [
    ("small", TransformerConfig(4_000, d_model=256, num_heads=4, d_ff=512, num_layers=2, dropout=0.1), 64, 16),
    ("base", TransformerConfig(8_000, dropout=0.1), 8, 32),
]
ROUNDS = 7
HEADER = ["work", "ours, tokens/s (quartiles)", "torch.nn.Transformer", "ratio"]


class TorchTransformer(nn.Module):
    """torch.nn.Transformer with the embeddings, positions and tied output that ours has."""

    def __init__(self, config: TransformerConfig):
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocab_size, config.d_model)
        nn.init.normal_(self.embedding.weight, std=config.d_model**-0.5)
        self.position = SinusoidalPositionalEncoding(config.max_length, config.d_model)
        self.dropout = nn.Dropout(config.dropout)
        self.transformer = nn.Transformer(
            config.d_model,
            config.num_heads,
            config.num_layers,
            config.num_layers,
            config.d_ff,
            config.dropout,
            batch_first=True,
        )
        # The paper's stacks end without a norm of their own.
        self.transformer.encoder.norm = self.transformer.decoder.norm = None

    def forward(self, source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Logits for every next token of `target`."""
        padding = ~padding_mask(source, self.config.pad_id)[:, 0, 0]
        causal = nn.Transformer.generate_square_subsequent_mask(target.shape[1], dtype=torch.bool)
        out = self.transformer(
            self.embed(source),
            self.embed(target),
            tgt_mask=causal,
            src_key_padding_mask=padding,
            memory_key_padding_mask=padding,
            tgt_is_causal=True,
        )
        return out @ self.embedding.weight.T

    def embed(self, tokens: torch.Tensor) -> torch.Tensor:
        """As ours."""
        return self.dropout(self.position(self.embedding(tokens) * math.sqrt(self.config.d_model)))


def run() -> list[list[str]]:
    """Measures, records, and returns the rows of a table."""
    rows, results = [], []
    for name, config, sentences, tokens in SETTINGS:
        torch.manual_seed(0)
        source, target = torch.randint(3, config.vocab_size, (2, sentences, tokens))

        def stepper(model: nn.Module, source: torch.Tensor = source, target: torch.Tensor = target):
            optimizer = adam(model.parameters())

            def step() -> None:
                optimizer.zero_grad()
                logits = model(source, target)
                label_smoothed_cross_entropy(logits, target, 0, 0.1).backward()
                optimizer.step()

            return step

        models = {"ours": Transformer(config), "torch": TorchTransformer(config)}
        sizes = {key: sum(p.numel() for p in model.parameters()) for key, model in models.items()}
        seconds = alternate({key: stepper(model) for key, model in models.items()}, ROUNDS)
        speed = {key: [sentences * tokens / s for s in values] for key, values in seconds.items()}
        ratios = [theirs / ours for ours, theirs in zip(seconds["ours"], seconds["torch"], strict=True)]
        result = {
            "setting": name,
            "sentences": sentences,
            "target_tokens": sentences * tokens,
            "parameters": sizes,
            "tokens_per_second": {key: summary(values) for key, values in speed.items()},
            "ratio": summary(ratios),
            "rounds": ROUNDS,
        }
        results.append(result)
        ours, theirs = result["tokens_per_second"]["ours"], result["tokens_per_second"]["torch"]
        rows.append(
            [
                f"training step, CPU, {name} ({sizes['ours'] / 1e6:.1f} M parameters)",
                *(
                    f"{s['median']:,.0f} ({s['low_quartile']:,.0f} to {s['high_quartile']:,.0f})"
                    for s in (ours, theirs)
                ),
                f"{result['ratio']['median']:.2f} ({result['ratio']['low_quartile']:.2f} to "
                f"{result['ratio']['high_quartile']:.2f})",
            ]
        )
        del models
        gc.collect()
    record("training_step_cpu", "python -m bench training_step", {"unit": "target tokens a second", "results": results})
    return rows

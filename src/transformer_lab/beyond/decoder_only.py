"""The decoder alone (Radford et al. 2018): one text, and after each word the next. What a chat program is made of.

Without a source there is no cross-attention, and what is left of a decoder layer are the two parts of an encoder layer:
the causal mask alone makes it a decoder.
"""

import copy
from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from transformer_lab.cache import CachedSelfAttention
from transformer_lab.dropout import Dropout
from transformer_lab.embedding import TiedEmbedding
from transformer_lab.errors import LabError
from transformer_lab.initialisation import glorot
from transformer_lab.masks import causal_mask
from transformer_lab.multihead import watched
from transformer_lab.normalization import LayerNorm
from transformer_lab.positional import SinusoidalPositionalEncoding
from transformer_lab.prenorm import PreNormEncoderLayer
from transformer_lab.seq2seq import IncrementalDecoder, evaluating
from transformer_lab.transformer import Encoder, TransformerConfig
from transformer_lab.translation.decoding import Choice, likeliest


class DecoderOnly(nn.Module):
    """A language model: logits for the next token after every prefix of a text.

    Pre-norm, as every such model since GPT-2 (Radford et al. 2019), and with the paper's positions and tied embedding.
    """

    loops_over_tokens = False

    def __init__(self, config: TransformerConfig):
        super().__init__()
        self.config = config
        self.pad_id = config.pad_id
        self.max_length = config.max_length
        sizes = (config.d_model, config.num_heads, config.d_ff, config.dropout)
        self.embedding = TiedEmbedding(config.vocab_size, config.d_model)
        self.position = SinusoidalPositionalEncoding(config.max_length, config.d_model)
        self.dropout = Dropout(config.dropout)
        layers = [PreNormEncoderLayer(*sizes) for _ in range(config.num_layers)]
        self.stack = Encoder(layers, LayerNorm(config.d_model))
        glorot(self)

    def embed(self, tokens: Int[Tensor, "batch n"], first: int = 0) -> Float[Tensor, "batch n d_model"]:
        """Embedding plus position, with dropout. `first` is the position of the first token."""
        return self.dropout(self.position(self.embedding(tokens), first))

    def forward(self, tokens: Int[Tensor, "batch n"]) -> Float[Tensor, "batch n vocab_size"]:
        """All positions at once. Padding stands at the end, where the causal mask hides it from every real token."""
        mask = causal_mask(tokens.shape[1], tokens.device)[None, None]
        return self.embedding.logits(self.stack(self.embed(tokens), mask))

    def attention_maps(self, tokens: Int[Tensor, "batch n"]) -> list[Float[Tensor, "batch heads n n"]]:
        """The weights of each layer's attention, for looking at."""
        with watched([layer.self_attention for layer in self.stack.layers]) as weights:
            self(tokens)
        return weights

    def incremental(self) -> "TextWriter":
        """The model a token at a time, with the keys and values of all earlier tokens kept."""
        return TextWriter(self)


class TextWriter(IncrementalDecoder):
    """A decoder-only model with its key–value caches. Use it on a model in evaluation mode."""

    def __init__(self, model: DecoderOnly):
        self.model = model
        self.length = 0
        self.caches = [CachedSelfAttention(layer.self_attention) for layer in model.stack.layers]
        self.stack = copy.copy(model.stack)
        layers = [self._remembering(*pair) for pair in zip(model.stack.layers, self.caches, strict=True)]
        self.stack._modules = {**model.stack._modules, "layers": nn.ModuleList(layers)}

    @staticmethod
    def _remembering(layer: nn.Module, cache: CachedSelfAttention) -> nn.Module:
        """The same layer, its parameters shared, with a cache around its attention."""
        twin = copy.copy(layer)
        twin._modules = {**layer._modules, "self_attention": cache}
        return twin

    @torch.no_grad()
    def step(self, tokens: Int[Tensor, " rows"]) -> Float[Tensor, "rows vocab_size"]:
        """See `IncrementalDecoder.step`."""
        x = self.model.embed(tokens[:, None], self.length)
        self.length += 1
        return self.model.embedding.logits(self.stack(x))[:, 0]

    def select(self, rows: Int[Tensor, " kept"]) -> None:
        """See `IncrementalDecoder.select`."""
        for cache in self.caches:
            cache.select(rows)


@torch.no_grad()
def generate(
    model: DecoderOnly,
    prompts: Sequence[Sequence[int]],
    bos_id: int,
    eos_id: int,
    choose: Choice = likeliest,
    limit: int | None = None,
) -> list[list[int]]:
    """Goes on with each prompt until <eos>, or for `limit` tokens. Returns what is new, without <eos>.

    `choose` picks the next tokens from their logits: `likeliest`, or a `sampler`. Prompts begin without <bos>, may be
    empty, and may differ in length: each is read token by token, and where it ends the writing begins.

    Raises:
        LabError: a prompt leaves no room in the model's `max_length`, or `limit` is below 1.
    """
    if limit is not None and limit < 1:
        raise LabError(f"limit={limit} must be at least 1.")
    for number, prompt in enumerate(prompts, start=1):
        if len(prompt) + 1 > model.max_length:
            raise LabError(
                f"prompt {number} has {len(prompt)} tokens, this model takes at most {model.max_length - 1} before it "
                "writes; shorten it."
            )
    written: list[list[int]] = [[] for _ in prompts]
    going = list(range(len(prompts)))
    device = model.embedding.weight.device
    tokens = torch.full((len(prompts),), bos_id, device=device)
    with evaluating(model):
        writer = model.incremental()
        while going:
            place = writer.length  # of the next token in the text, <bos> not counted
            chosen = choose(writer.step(tokens)).tolist()
            still = []
            for at, row in enumerate(going):
                if place < len(prompts[row]):
                    chosen[at] = prompts[row][place]
                elif chosen[at] == eos_id:
                    continue
                else:
                    written[row].append(chosen[at])
                    if len(written[row]) == limit or place + 1 == model.max_length:
                        continue
                still.append(at)
            if len(still) < len(going):
                writer.select(torch.tensor(still, dtype=torch.long, device=device))
            going = [going[at] for at in still]
            tokens = torch.tensor([chosen[at] for at in still], dtype=torch.long, device=device)
    return written

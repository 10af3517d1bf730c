"""A masked language model in BERT's manner (Devlin et al. 2019, section 3.1): fill in words from both sides."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from transformer_lab.dropout import Dropout
from transformer_lab.embedding import TiedEmbedding
from transformer_lab.masks import padding_mask
from transformer_lab.normalization import LayerNorm
from transformer_lab.positional import SinusoidalPositionalEncoding
from transformer_lab.prenorm import PreNormEncoderLayer
from transformer_lab.transformer import Encoder, TransformerConfig


class MaskedLanguageModel(nn.Module):
    """The Transformer's encoder alone. Nothing is causal: each position sees both sides."""

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
        self.encoder = Encoder(layers, LayerNorm(config.d_model))

    def states(self, tokens: Int[Tensor, "batch n"]) -> Float[Tensor, "batch n d_model"]:
        """What the model makes of each token in its sentence: the same word differs from context to context."""
        x = self.dropout(self.position(self.embedding(tokens)))
        return self.encoder(x, padding_mask(tokens, self.config.pad_id))

    def forward(self, tokens: Int[Tensor, "batch n"]) -> Float[Tensor, "batch n vocab_size"]:
        """The logits of the word that stands, or stood, at each position."""
        return self.embedding.logits(self.states(tokens))


def hide_tokens(
    tokens: Int[Tensor, "batch n"],
    mask_id: int,
    first_word_id: int,
    vocab_size: int,
    share: float = 0.15,
    generator: torch.Generator | None = None,
) -> tuple[Int[Tensor, "batch n"], Bool[Tensor, "batch n"]]:
    """What the model is given, and where it is asked: `share` of the words, at random.

    Of these 80 % become the mask, 10 % a random word and 10 % stay, so that the model cannot rely on the mask to tell
    it where it will be asked (Devlin et al. 2019, appendix A.1). Ids below `first_word_id` (padding and the like) are
    never hidden. Drawn on the processor, from `generator` or torch's global one, whatever device the tokens are on.
    """
    words = tokens >= first_word_id
    chance, how = (torch.rand(tokens.shape, generator=generator).to(tokens.device) for _ in range(2))
    others = torch.randint(first_word_id, vocab_size, tokens.shape, generator=generator).to(tokens.device)
    asked = words & (chance < share)
    given = tokens.where(~(asked & (how < 0.8)), torch.full_like(tokens, mask_id))
    return given.where(~(asked & (how >= 0.8) & (how < 0.9)), others), asked


def masked_loss(
    logits: Float[Tensor, "batch n vocab_size"], tokens: Int[Tensor, "batch n"], asked: Bool[Tensor, "batch n"]
) -> Float[Tensor, ""]:
    """Cross-entropy at the positions that are asked; 0 if none is."""
    if not asked.any():
        return logits.sum() * 0
    return nn.functional.cross_entropy(logits[asked], tokens[asked])

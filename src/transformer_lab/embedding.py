"""Token embeddings, tied with the output layer (Vaswani et al. 2017, section 3.4; Press & Wolf 2017)."""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn


class TiedEmbedding(nn.Module):
    """One vocab_size × d_model matrix: tokens to vectors on the way in, vectors to logits on the way out."""

    def __init__(self, vocab_size: int, d_model: int):
        super().__init__()
        # Standard deviation 1/√d_model gives logits of variance 1; the factor √d_model in `forward` brings the
        # embeddings to variance 1, the scale of the positions that are added to them.
        self.weight = nn.Parameter(torch.randn(vocab_size, d_model) / math.sqrt(d_model))

    def forward(self, tokens: Int[Tensor, "batch n"]) -> Float[Tensor, "batch n d_model"]:
        """The tokens' rows, multiplied by √d_model."""
        return nn.functional.embedding(tokens, self.weight) * math.sqrt(self.weight.shape[1])

    def logits(self, x: Float[Tensor, "batch n d_model"]) -> Float[Tensor, "batch n vocab_size"]:
        """The score of every word of the vocabulary at every position, before softmax."""
        return x @ self.weight.T

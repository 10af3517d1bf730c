"""The peer of our Transformer: torch.nn.Transformer, with the embeddings, positions and output around it."""

import math
import warnings

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from transformer_lab.masks import padding_mask
from transformer_lab.positional import SinusoidalPositionalEncoding
from transformer_lab.transformer import Transformer, TransformerConfig


class TorchTransformer(nn.Module):
    """The same model as ours, as the documentation of torch.nn.Transformer would have one write it.

    One thing differs by default: torch's layers also drop attention weights (`nn.MultiheadAttention`'s dropout),
    which the paper does not do. `keep_weights` turns that off.
    """

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

    def keep_weights(self) -> "TorchTransformer":
        """No dropout on the attention weights, as in ours. Returns the model itself."""
        for module in self.modules():
            if isinstance(module, nn.MultiheadAttention):
                module.dropout = 0.0
        return self

    def forward(
        self, source: Int[Tensor, "batch source"], target: Int[Tensor, "batch target"]
    ) -> Float[Tensor, "batch target vocab_size"]:
        """Logits for every next token of `target`."""
        padding = self.padding(source)
        out = self.transformer(
            self.embed(source),
            self.embed(target),
            tgt_mask=_causal(target),
            src_key_padding_mask=padding,
            memory_key_padding_mask=padding,
            tgt_is_causal=True,
        )
        return out @ self.embedding.weight.T

    def encode(self, source: Int[Tensor, "batch source"]) -> Float[Tensor, "batch source d_model"]:
        """The memory."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The PyTorch API of nested tensors")  # torch's own choice here
            return self.transformer.encoder(self.embed(source), src_key_padding_mask=self.padding(source))

    def next_logits(
        self,
        prefix: Int[Tensor, "batch target"],
        memory: Float[Tensor, "batch source d_model"],
        padding: Bool[Tensor, "batch source"],
    ) -> Float[Tensor, "batch vocab_size"]:
        """Logits for the token after the prefix: the decoder over all of it, the output layer at its end only."""
        out = self.transformer.decoder(
            self.embed(prefix),
            memory,
            tgt_mask=_causal(prefix),
            memory_key_padding_mask=padding,
            tgt_is_causal=True,
        )
        return out[:, -1] @ self.embedding.weight.T

    def padding(self, source: Int[Tensor, "batch source"]) -> Bool[Tensor, "batch source"]:
        """torch's convention: True where a token is padding."""
        return ~padding_mask(source, self.config.pad_id)[:, 0, 0]

    def embed(self, tokens: Int[Tensor, "batch n"]) -> Float[Tensor, "batch n d_model"]:
        """Embedding plus position, with dropout."""
        return self.dropout(self.position(self.embedding(tokens) * math.sqrt(self.config.d_model)))

    @torch.no_grad()
    def copy_weights(self, ours: Transformer) -> "TorchTransformer":
        """Takes over the weights of our model, so that both must give the same logits. Returns the model itself."""
        self.embedding.weight.copy_(ours.embedding.weight)
        for theirs, layer in zip(self.transformer.encoder.layers, ours.encoder.layers, strict=True):
            _copy_layer(theirs, layer, {"self_attn": "self_attention"})
        for theirs, layer in zip(self.transformer.decoder.layers, ours.decoder.layers, strict=True):
            _copy_layer(theirs, layer, {"self_attn": "self_attention", "multihead_attn": "cross_attention"})
        return self


def _causal(target: Tensor) -> Tensor:
    return nn.Transformer.generate_square_subsequent_mask(target.shape[1], device=target.device, dtype=torch.bool)


def _copy_layer(theirs: nn.Module, ours: nn.Module, attentions: dict[str, str]) -> None:
    for name, own in attentions.items():
        to, source = getattr(theirs, name), getattr(ours, own)
        projections = (source.query, source.key, source.value)
        to.in_proj_weight.copy_(torch.cat([one.weight for one in projections]))
        to.in_proj_bias.copy_(torch.cat([one.bias for one in projections]))
        to.out_proj.load_state_dict(source.output.state_dict())
    theirs.linear1.load_state_dict(ours.feed_forward.inner.state_dict())
    theirs.linear2.load_state_dict(ours.feed_forward.outer.state_dict())
    for number in range(1, 2 + len(attentions)):
        getattr(theirs, f"norm{number}").load_state_dict(getattr(ours, f"norm{number}").state_dict())

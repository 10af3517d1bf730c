"""The key–value cache: decoding a token at a time without computing anything about earlier tokens again.

A decoder position attends to itself and to those before it, so a new token changes nothing about the old ones. Their
keys and values are kept in every layer; the new token brings its query, its key and its value. The keys and values
of the source are computed once. Step t then costs t scores a head instead of a forward pass over t tokens.

The layers' own code does not know of it: here is a decoder of the same layers, with the same parameters, whose
attention modules are exchanged for ones that remember.
"""

import copy
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from transformer_lab.embedding import TiedEmbedding
from transformer_lab.multihead import MultiHeadAttention
from transformer_lab.seq2seq import IncrementalDecoder

FIRST_ROOM = 16  # positions


@runtime_checkable
class WritesInLayers(Protocol):
    """What a model needs for a cache: a stack `decoder.layers` with attentions, and one matrix in and out."""

    decoder: nn.Module
    embedding: TiedEmbedding

    def embed(self, tokens: Int[Tensor, "batch n"], first: int = 0) -> Float[Tensor, "batch n d_model"]:
        """What enters the stack; `first` is the position of the first token."""
        ...


class KeyValueCache(nn.Module):
    """An attention module that keeps `keys` and `values`, (rows, kv_heads, positions, d_head) each."""

    def __init__(self, attention: MultiHeadAttention):
        super().__init__()
        self.attention = attention
        self.keys = self.values = torch.empty(0)

    def select(self, rows: Int[Tensor, " kept"]) -> None:
        """Keeps these rows, in this order."""
        self.keys, self.values = self.keys[rows], self.values[rows]

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the keys and values take."""
        return self.keys.nbytes + self.values.nbytes


class CachedCrossAttention(KeyValueCache):
    """Attention to the source, whose keys and values are computed once."""

    def __init__(self, attention: MultiHeadAttention, memory: Float[Tensor, "rows source d_model"]):
        super().__init__(attention)
        _, keys, values = attention.project(memory[:, :1], memory)
        # In the order in which products read them: else every step would copy them into it.
        self.keys, self.values = keys.contiguous(), values.contiguous()

    def forward(
        self,
        x: Float[Tensor, "rows 1 d_model"],
        context: Float[Tensor, "rows source d_model"],
        mask: Bool[Tensor, "rows 1 1 source"],
    ) -> Float[Tensor, "rows 1 d_model"]:
        """As `MultiHeadAttention.forward`; `context` is the memory that was given at the start."""
        query = self.attention.split_heads(self.attention.query(x))
        return self.attention.mix(self.attention.attend(query, self.keys, self.values, mask))


class CachedSelfAttention(KeyValueCache):
    """Attention of one new token to itself and to all before it."""

    def __init__(self, attention: MultiHeadAttention):
        super().__init__(attention)
        self.length = 0  # positions in use; the tensors have room for more

    def forward(
        self, x: Float[Tensor, "rows 1 d_model"], context: Float[Tensor, "rows 1 d_model"], mask: None
    ) -> Float[Tensor, "rows 1 d_model"]:
        """As `MultiHeadAttention.forward` on the whole prefix under a causal mask, at its last position."""
        query, key, value = self.attention.project(x, context, self.length)
        if self.length == 0:
            self.keys, self.values = key[:, :, :0], value[:, :, :0]
        if self.length == self.keys.shape[2]:
            self.keys, self.values = self._with_room(self.keys), self._with_room(self.values)
        self.keys[:, :, self.length], self.values[:, :, self.length] = key[:, :, 0], value[:, :, 0]
        self.length += 1
        keys, values = self.keys[:, :, : self.length], self.values[:, :, : self.length]
        return self.attention.mix(self.attention.attend(query, keys, values))

    def select(self, rows: Int[Tensor, " kept"]) -> None:
        """Keeps these rows, in this order."""
        if self.length:  # before the first token there is nothing
            super().select(rows)

    @staticmethod
    def _with_room(
        kept: Float[Tensor, "rows kv_heads positions d_head"],
    ) -> Float[Tensor, "rows kv_heads more d_head"]:
        """Twice the room, so that each position is copied about once in all, not once a step."""
        rows, kv_heads, positions, d_head = kept.shape
        return torch.cat([kept, kept.new_empty(rows, kv_heads, max(FIRST_ROOM, positions), d_head)], dim=2)


class CachedDecoder(IncrementalDecoder):
    """A Transformer's decoder with its key–value caches. Use it without gradients, on a model in evaluation mode."""

    def __init__(
        self,
        model: WritesInLayers,
        memory: Float[Tensor, "rows source d_model"],
        source_mask: Bool[Tensor, "rows 1 1 source"],
    ):
        self.model = model
        self.memory, self.source_mask = memory, source_mask
        self.length = 0
        self.caches: list[KeyValueCache] = []
        self.decoder = copy.copy(model.decoder)
        layers = [self._remembering(layer, memory) for layer in model.decoder.layers]
        self.decoder._modules = {**model.decoder._modules, "layers": nn.ModuleList(layers)}

    def _remembering(self, layer: nn.Module, memory: Tensor) -> nn.Module:
        """The same layer, its parameters shared, with caches around its two attentions."""
        twin = copy.copy(layer)
        caches = {
            "self_attention": CachedSelfAttention(layer.self_attention),
            "cross_attention": CachedCrossAttention(layer.cross_attention, memory),
        }
        self.caches += caches.values()
        twin._modules = {**layer._modules, **caches}
        return twin

    @torch.no_grad()
    def step(self, tokens: Int[Tensor, " rows"]) -> Float[Tensor, "rows vocab_size"]:
        """See `IncrementalDecoder.step`."""
        x = self.model.embed(tokens[:, None], self.length)
        self.length += 1
        return self.model.embedding.logits(self.decoder(x, self.memory, None, self.source_mask))[:, 0]

    def select(self, rows: Int[Tensor, " kept"]) -> None:
        """See `IncrementalDecoder.select`."""
        self.memory, self.source_mask = self.memory[rows], self.source_mask[rows]
        for cache in self.caches:
            cache.select(rows)

    def reorder(self, rows: Int[Tensor, " rows"]) -> None:
        """See `IncrementalDecoder.reorder`."""
        for cache in self.caches:
            if isinstance(cache, CachedSelfAttention):
                cache.select(rows)

    @property
    def nbytes(self) -> int:
        """Bytes of memory that all keys and values take."""
        return sum(cache.nbytes for cache in self.caches)

"""Weights to and from `torch.nn`: the same layers, written by torch's authors, so that each can check the other.

torch keeps the three projections of an attention in one matrix, and its masks mean the opposite: there True = may *not*
attend. A stack of `nn.Transformer` as torch builds it has a final norm, which the paper has not; what is copied from
there keeps it.
"""

import torch
from torch import nn

from transformer_lab.errors import LabError
from transformer_lab.layers import DecoderLayer, EncoderLayer
from transformer_lab.multihead import MultiHeadAttention
from transformer_lab.normalization import LayerNorm
from transformer_lab.prenorm import PreNormDecoderLayer, PreNormEncoderLayer
from transformer_lab.transformer import Decoder, Encoder

TorchLayer = nn.TransformerEncoderLayer | nn.TransformerDecoderLayer
# Ours, by torch's class and its `norm_first`.
LAYERS = {
    (nn.TransformerEncoderLayer, False): EncoderLayer,
    (nn.TransformerEncoderLayer, True): PreNormEncoderLayer,
    (nn.TransformerDecoderLayer, False): DecoderLayer,
    (nn.TransformerDecoderLayer, True): PreNormDecoderLayer,
}
ATTENTIONS = {"self_attention": "self_attn", "cross_attention": "multihead_attn"}
NORMS = ("norm1", "norm2", "norm3")


@torch.no_grad()
def attention_to_torch(ours: MultiHeadAttention) -> nn.MultiheadAttention:
    """torch's module with these weights. Raises LabError for another kind of attention, which torch has not."""
    if type(ours) is not MultiHeadAttention:
        raise LabError(f"torch.nn has no counterpart of a {type(ours).__name__}; give a MultiHeadAttention.")
    weight = ours.query.weight
    theirs = nn.MultiheadAttention(
        weight.shape[1], ours.num_heads, batch_first=True, device=weight.device, dtype=weight.dtype
    )
    theirs.in_proj_weight.copy_(torch.cat([ours.query.weight, ours.key.weight, ours.value.weight]))
    theirs.in_proj_bias.copy_(torch.cat([ours.query.bias, ours.key.bias, ours.value.bias]))
    theirs.out_proj.load_state_dict(ours.output.state_dict())
    return theirs


@torch.no_grad()
def attention_from_torch(theirs: nn.MultiheadAttention) -> MultiHeadAttention:
    """Our module with these weights.

    Raises:
        LabError: it has no bias, adds a bias to the keys, or its keys and values have a width of their own.
    """
    if (
        theirs.in_proj_weight is None
        or theirs.in_proj_bias is None
        or theirs.bias_k is not None
        or theirs.add_zero_attn
    ):
        raise LabError(
            "only an nn.MultiheadAttention of one width, with bias and nothing added, has a counterpart here."
        )
    ours = MultiHeadAttention(theirs.embed_dim, theirs.num_heads).to(theirs.in_proj_weight)
    projections = (ours.query, ours.key, ours.value)
    for projection, weight, bias in zip(
        projections, theirs.in_proj_weight.chunk(3), theirs.in_proj_bias.chunk(3), strict=True
    ):
        projection.weight.copy_(weight)
        projection.bias.copy_(bias)
    ours.output.load_state_dict(theirs.out_proj.state_dict())
    return ours


def layer_to_torch(ours: EncoderLayer | DecoderLayer) -> TorchLayer:
    """torch's layer with these weights, `batch_first`. Raises LabError for a layer that torch has not."""
    kinds = [known for known, kind in LAYERS.items() if kind is type(ours)]
    if not kinds:
        raise LabError(f"torch.nn has no counterpart of a {type(ours).__name__}; give a post-norm or pre-norm layer.")
    (kind, norm_first), inner = kinds[0], ours.feed_forward.inner
    theirs = kind(
        inner.in_features, ours.self_attention.num_heads, inner.out_features, ours.dropout.p,
        batch_first=True, norm_first=norm_first, layer_norm_eps=ours.norm1.eps,
    ).to(inner.weight)  # fmt: skip
    for our_name, their_name in ATTENTIONS.items():
        if hasattr(ours, our_name):
            # A new module has no dropout of weights: the paper has none there.
            setattr(theirs, their_name, attention_to_torch(getattr(ours, our_name)))
    _copy_rest(ours, theirs, to_torch=True)
    return theirs.train(ours.training)


def layer_from_torch(theirs: TorchLayer) -> EncoderLayer | DecoderLayer:
    """Our layer with these weights: post-norm, or pre-norm where `norm_first` is set.

    Raises:
        LabError: its activation is not ReLU, or it lacks its biases.
    """
    if theirs.activation is not nn.functional.relu and not isinstance(theirs.activation, nn.ReLU):
        raise LabError("the layer's activation is not ReLU, the paper's; build it with activation='relu'.")
    if theirs.linear1.bias is None or theirs.norm1.bias is None:
        raise LabError("the layer has no biases; build it with bias=True.")
    inner = theirs.linear1
    kind = nn.TransformerDecoderLayer if hasattr(theirs, "multihead_attn") else nn.TransformerEncoderLayer
    ours = LAYERS[kind, theirs.norm_first](
        inner.in_features, theirs.self_attn.num_heads, inner.out_features, theirs.dropout.p
    ).to(inner.weight)
    for our_name, their_name in ATTENTIONS.items():
        if hasattr(theirs, their_name):
            setattr(ours, our_name, attention_from_torch(getattr(theirs, their_name)))
    _copy_rest(ours, theirs, to_torch=False)
    return ours.train(theirs.training)


def stacks_to_torch(encoder: Encoder, decoder: Decoder) -> nn.Transformer:
    """An `nn.Transformer` with the weights of both stacks, and with their final norms where they have one.

    Raises LabError as `layer_to_torch`.
    """
    first = encoder.layers[0].self_attention
    nothing = {"custom_encoder": nn.Identity(), "custom_decoder": nn.Identity()}
    theirs = nn.Transformer(first.query.in_features, first.num_heads, **nothing, batch_first=True)
    # Only now: a new nn.Transformer initialises whatever it is given.
    theirs.encoder = _fill(nn.TransformerEncoder, encoder, enable_nested_tensor=False)
    theirs.decoder = _fill(nn.TransformerDecoder, decoder)
    return theirs.train(encoder.training)


def stacks_from_torch(theirs: nn.Transformer) -> tuple[Encoder, Decoder]:
    """Our encoder and decoder with the weights of an `nn.Transformer`, final norms included.

    Raises LabError as `layer_from_torch`.
    """
    stacks = []
    for kind, stack in ((Encoder, theirs.encoder), (Decoder, theirs.decoder)):
        norm = None if stack.norm is None else _norm_from_torch(stack.norm)
        stacks.append(kind([layer_from_torch(layer) for layer in stack.layers], norm).train(theirs.training))
    return stacks[0], stacks[1]


def _fill(kind: type[nn.Module], ours: Encoder | Decoder, **options: bool) -> nn.Module:
    """torch's stack of these layers. It copies the layer that it is given, so each takes its place afterwards."""
    layers = [layer_to_torch(layer) for layer in ours.layers]
    norm = None
    if isinstance(ours.norm, LayerNorm):
        norm = nn.LayerNorm(ours.norm.weight.shape[0], ours.norm.eps).to(ours.norm.weight)
        norm.load_state_dict(ours.norm.state_dict())
    theirs = kind(layers[0], len(layers), norm, **options)
    theirs.layers = nn.ModuleList(layers)
    return theirs


def _copy_rest(ours: EncoderLayer | DecoderLayer, theirs: TorchLayer, to_torch: bool) -> None:
    """Copies what both have under the same shapes: the feed-forward network and the norms."""
    pairs = [(ours.feed_forward.inner, theirs.linear1), (ours.feed_forward.outer, theirs.linear2)]
    pairs += [(getattr(ours, name), getattr(theirs, name)) for name in NORMS if hasattr(ours, name)]
    for one, other in pairs:
        source, into = (one, other) if to_torch else (other, one)
        into.load_state_dict(source.state_dict())
        if hasattr(into, "eps"):
            into.eps = source.eps


def _norm_from_torch(theirs: nn.LayerNorm) -> LayerNorm:
    ours = LayerNorm(theirs.weight.shape[0], theirs.eps).to(theirs.weight)
    ours.load_state_dict(theirs.state_dict())
    return ours

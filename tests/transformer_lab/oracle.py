"""Copies our parameters into torch.nn's modules, the independent oracle, by name and place."""

import torch
from torch import nn

from transformer_lab.layers import DecoderLayer, EncoderLayer
from transformer_lab.multihead import MultiHeadAttention
from transformer_lab.transformer import Transformer

# float32, one forward or backward pass of a small model: sums of a few hundred products of order 1.
TOLERANCE = {"rtol": 1e-5, "atol": 1e-6}


def torch_attention(ours: MultiHeadAttention) -> nn.MultiheadAttention:
    d_model = ours.query.in_features
    theirs = nn.MultiheadAttention(d_model, ours.num_heads, batch_first=True)
    copy_attention(ours, theirs)
    return theirs


@torch.no_grad()
def copy_attention(ours: MultiHeadAttention, theirs: nn.MultiheadAttention) -> None:
    theirs.in_proj_weight.copy_(torch.cat([ours.query.weight, ours.key.weight, ours.value.weight]))
    theirs.in_proj_bias.copy_(torch.cat([ours.query.bias, ours.key.bias, ours.value.bias]))
    theirs.out_proj.load_state_dict(ours.output.state_dict())


def copy_layer(ours: EncoderLayer | DecoderLayer, theirs: nn.Module) -> None:
    copy_attention(ours.self_attention, theirs.self_attn)
    if isinstance(ours, DecoderLayer):
        copy_attention(ours.cross_attention, theirs.multihead_attn)
    theirs.linear1.load_state_dict(ours.feed_forward.inner.state_dict())
    theirs.linear2.load_state_dict(ours.feed_forward.outer.state_dict())
    for name in ("norm1", "norm2", "norm3"):
        if hasattr(theirs, name):
            getattr(theirs, name).load_state_dict(getattr(ours, name).state_dict())


def torch_transformer(ours: Transformer, norm_first: bool) -> nn.Transformer:
    """The stacks of `ours` as one `nn.Transformer` without dropout; post-norm stacks have no final norm."""
    c = ours.config
    sizes = (c.d_model, c.num_heads, c.d_ff)
    options = {"dropout": 0.0, "batch_first": True, "norm_first": norm_first}
    final = (lambda: nn.LayerNorm(c.d_model)) if norm_first else (lambda: None)
    theirs = nn.Transformer(
        c.d_model,
        c.num_heads,
        custom_encoder=nn.TransformerEncoder(
            nn.TransformerEncoderLayer(*sizes, **options), c.num_layers, final(), enable_nested_tensor=False
        ),
        custom_decoder=nn.TransformerDecoder(nn.TransformerDecoderLayer(*sizes, **options), c.num_layers, final()),
        batch_first=True,
    )
    for name in ("encoder", "decoder"):
        for our_layer, their_layer in zip(getattr(ours, name).layers, getattr(theirs, name).layers, strict=True):
            copy_layer(our_layer, their_layer)
        if norm_first:
            getattr(theirs, name).norm.load_state_dict(getattr(ours, name).norm.state_dict())
    return theirs


def assert_same_gradients(ours: nn.Module, theirs: nn.Module, copy) -> None:
    """Compares every parameter's gradient, by carrying ours over with the same `copy` that carried the weights."""
    with torch.no_grad():
        for parameter in ours.parameters():
            assert parameter.grad is not None
            parameter.copy_(parameter.grad)
    expected = {name: parameter.grad.clone() for name, parameter in theirs.named_parameters()}
    copy(ours, theirs)
    for name, parameter in theirs.named_parameters():
        torch.testing.assert_close(
            parameter.detach(), expected[name], rtol=1e-4, atol=1e-5, msg=lambda m, n=name: f"{n}: {m}"
        )

"""Scaled dot-product attention by torch's fused kernel: the same numbers, without the matrix of weights.

`attention.scaled_dot_product_attention` writes out all n × n weights and keeps them for the backward pass. The fused
kernel (FlashAttention, Dao et al. 2022) goes over the keys block by block and keeps a running softmax, so its memory
grows with n. It still computes every score: the *time* stays quadratic.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


def fused_attention(
    query: Float[Tensor, "batch heads q d_k"],
    key: Float[Tensor, "batch heads k d_k"],
    value: Float[Tensor, "batch heads k d_v"],
    mask: Bool[Tensor, "#batch #heads #q #k"] | Bool[Tensor, "#q #k"] | None = None,
) -> Float[Tensor, "batch heads q d_v"]:
    """softmax(QKᵀ/√d_k)V (Vaswani et al. 2017, equation 1). A query that may attend to nothing gets 0, not NaN."""
    return nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)


def fused_causal_attention(
    query: Float[Tensor, "batch heads n d_k"],
    key: Float[Tensor, "batch heads n d_k"],
    value: Float[Tensor, "batch heads n d_v"],
) -> Float[Tensor, "batch heads n d_v"]:
    """`fused_attention` under the causal mask, without the mask: the kernel knows it and skips the later keys.

    A mask given as a tensor has n × n entries itself. For long sequences this is the function whose memory is linear.
    The models of this library translate sentences and give their masks as tensors.
    """
    return nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True)


def one_kernel_for_all_shapes() -> None:
    """Leaves cuDNN's attention out, for the whole program.

    It prepares a plan for every new shape, tens of milliseconds each, and almost every batch of sentences has one.
    """
    torch.backends.cuda.enable_cudnn_sdp(False)

"""Dilated convolution (Yu & Koltun 2016; Kalchbrenner et al. 2016): windows with gaps, so that few layers see far.

A window of `kernel_size` positions, `dilation` apart. With dilations 1, w, w², … a stack of L layers sees w^L positions
without a hole; with dilation 1 everywhere, as in ConvS2S, it sees 1 + L(w − 1).
"""

import math
from collections.abc import Callable, Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from transformer_lab.errors import LabError


def padding_for(kernel_size: int, dilation: int, causal: bool) -> tuple[int, int]:
    """How many zeros stand left and right of the sequence, so that there is one output for every input.

    A causal window ends at its own position, so all of them stand to the left.

    Raises:
        LabError: a number is below 1, or the window has no middle and is not causal.
    """
    for name, value in (("kernel_size", kernel_size), ("dilation", dilation)):
        if value < 1:
            raise LabError(f"{name}={value} must be at least 1")
    span = (kernel_size - 1) * dilation
    if causal:
        return span, 0
    if kernel_size % 2 == 0:
        raise LabError(f"kernel_size={kernel_size} is even; a window needs a middle: choose an odd one, or causal")
    return span // 2, span // 2


def dilated_convolution(
    x: Float[Tensor, "batch n d_in"],
    weight: Float[Tensor, "d_out d_in w"],
    bias: Float[Tensor, " d_out"] | None = None,
    dilation: int = 1,
    causal: bool = False,
) -> Float[Tensor, "batch n d_out"]:
    """y_t = b + Σ_i W_i x_{t + (i − c) · dilation}, where c is the window's middle, or its end if `causal`.

    Beyond the ends of the sequence are zeros. Raises LabError as `padding_for`.
    """
    padded = nn.functional.pad(x.transpose(1, 2), padding_for(weight.shape[-1], dilation, causal))
    return nn.functional.conv1d(padded, weight, bias, dilation=dilation).transpose(1, 2)


class DilatedConvolution(nn.Module):
    """`dilated_convolution` with learned weights. Raises LabError as `padding_for`."""

    def __init__(self, d_in: int, d_out: int, kernel_size: int, dilation: int = 1, causal: bool = False):
        super().__init__()
        padding_for(kernel_size, dilation, causal)
        self.dilation, self.causal = dilation, causal
        self.weight = nn.Parameter(torch.randn(d_out, d_in, kernel_size) / math.sqrt(d_in * kernel_size))
        self.bias = nn.Parameter(torch.zeros(d_out))

    def forward(self, x: Float[Tensor, "batch n d_in"]) -> Float[Tensor, "batch n d_out"]:
        """All positions at once: one step, however long the sequence."""
        return dilated_convolution(x, self.weight, self.bias, self.dilation, self.causal)


class DilatedStack(nn.Module):
    """Convolutions with growing gaps, tanh between them: x + tanh(convolution(x)), once for each of `dilations`.

    Raises LabError as `padding_for`.
    """

    def __init__(self, d_model: int, kernel_size: int, dilations: Sequence[int], causal: bool = False):
        super().__init__()
        self.kernel_size, self.dilations = kernel_size, tuple(dilations)
        self.layers = nn.ModuleList(
            DilatedConvolution(d_model, d_model, kernel_size, dilation, causal) for dilation in dilations
        )

    def forward(
        self, x: Float[Tensor, "batch n d_model"], real: Bool[Tensor, "batch n"] | None = None
    ) -> Float[Tensor, "batch n d_model"]:
        """`real` is False at padding, which no window then sees: it is 0 before every layer."""
        for layer in self.layers:
            seen = x if real is None else x * real[..., None]
            x = x + torch.tanh(layer(seen))
        return x

    @property
    def receptive_field(self) -> int:
        """How many positions an output depends on."""
        return field_size(self.kernel_size, self.dilations)


def field_size(kernel_size: int, dilations: Sequence[int]) -> int:
    """1 + (w − 1) Σ dilation: how many positions lie between the outermost two that an output depends on, both counted.

    With dilation 1 in L layers it is 1 + L(w − 1); with dilations 1, w, …, w^(L−1) it is w^L. If a dilation is larger
    than what the layers before it see, there are holes between (see `field_by_gradient`).
    """
    return 1 + (kernel_size - 1) * sum(dilations)


def layers_to_see(length: int, kernel_size: int, dilated: bool = False) -> int:
    """How few layers connect the first of `length` positions with the last: the path of table 1 in Vaswani et al.

    ⌈(n − 1)/(w − 1)⌉ layers of a causal window, and with dilations 1, w, w², … ⌈log_w n⌉.

    Raises:
        LabError: `length` is below 1, or a window of fewer than 2 positions, which never sees a neighbour.
    """
    if length < 1 or kernel_size < 2:
        raise LabError(f"length={length} must be at least 1 and kernel_size={kernel_size} at least 2")
    if not dilated:
        return -(-(length - 1) // (kernel_size - 1))
    layers, seen = 0, 1
    while seen < length:  # whole numbers: a logarithm of 243 to the base 3 may be a little over 5
        layers, seen = layers + 1, seen * kernel_size
    return layers


def field_by_gradient(
    network: Callable[[Float[Tensor, "1 n d"]], Float[Tensor, "1 n d_out"]], x: Float[Tensor, "1 n d"], position: int
) -> Float[Tensor, " n"]:
    """How strongly the output at `position` depends on each input: the length of the gradient, 0 beyond the field.

    The effective field (Luo et al. 2016) is the shape of these numbers, which fall towards the edges. Each feature of
    the output is asked for by itself, so that no two cancel.
    """
    x = x.detach().requires_grad_()
    squares = torch.zeros(x.shape[1], dtype=x.dtype, device=x.device)
    output = network(x)[0, position]
    for feature in output:
        (gradient,) = torch.autograd.grad(feature, x, retain_graph=True, allow_unused=True)
        if gradient is not None:
            squares = squares + gradient[0].square().sum(dim=-1)
    return squares.sqrt()


@torch.no_grad()
def field_by_perturbation(
    network: Callable[[Float[Tensor, "rows n d"]], Float[Tensor, "rows n d_out"]],
    x: Float[Tensor, "1 n d"],
    position: int,
) -> Float[Tensor, " n"]:
    """How far the output at `position` moves when each input in turn is replaced by its negative plus one.

    Needs no gradient, so it also tests what has none. `network` must treat the rows of a batch alike.
    """
    length = x.shape[1]
    changed = x.repeat(length, 1, 1)
    here = torch.arange(length, device=x.device)
    changed[here, here] = 1 - changed[here, here]
    # With the unchanged row among them: the same kernel for all, so that what does not matter gives exactly 0.
    outputs = network(torch.cat([x, changed]))[:, position]
    return (outputs[1:] - outputs[:1]).norm(dim=-1)

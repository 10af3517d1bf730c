"""Taking out of a process, for good, what a question forbids: by name, and at torch's dispatcher.

Whatever road leads to a kernel (a thread, a script, `vmap`, another layer) passes the dispatcher. The handle that
keeps a kernel out is held here, and giving it up would bring the kernel back.
"""

import contextlib
import inspect
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import torch

from classroom.errors import ClassroomError
from classroom.student_code.forbidden import ForbiddenNameError, replace, resolve
from classroom.student_code.watch import KERNELS

# Where the dispatcher looks first for tensors of every kind; then, doubly, where ordinary tensors are computed; then
# where `vmap` and its like take an operation apart into others.
KEYS = ("BackendSelect", "CPU", "AutogradCPU", "FuncTorchBatched", "FuncTorchDynamicLayerFrontMode")
_CONVOLUTION = (
    *("convolution", "slow_conv", "thnn_conv", "mkldnn_convolution", "nnpack_spatial_convolution", "conv_depthwise"),
    *("conv1d", "conv2d", "conv3d", "conv_transpose", "conv_tbc"),
)
LAYERS = {
    "layer_norm": ("native_layer_norm", "layer_norm"),
    "rms_norm": ("fused_rms_norm", "rms_norm"),
    "group_norm": ("native_group_norm", "group_norm"),
    "batch_norm": ("native_batch_norm", "cudnn_batch_norm", "batch_norm"),
    "instance_norm": ("instance_norm",),
    "conv1d": _CONVOLUTION,
    "conv2d": _CONVOLUTION,
    "unfold": ("im2col",),
    "nll_loss": ("nll_loss",),
    "kl_div": ("kl_div",),
    "cross_entropy": ("cross_entropy_loss",),
    "embedding": ("embedding",),
    "dropout": ("native_dropout", "fused_dropout", "dropout", "feature_dropout", "alpha_dropout", "feature_alpha"),
    "linear": ("linear", "mkldnn_linear"),
    "bilinear": ("bilinear", "trilinear"),
    "logsumexp": ("logsumexp",),
    "logcumsumexp": ("logcumsumexp",),
    "encoder_layer": ("transformer_encoder_layer_fwd",),
    **{kind: (kind, f"thnn_fused_{kind}", f"{kind}_cell", "mkldnn_rnn_layer") for kind in ("lstm", "gru")},
    "rnn": ("rnn_tanh", "rnn_relu"),
}
BY_LAYER = {"LSTM": "lstm", "GRU": "gru", "RNN": "rnn", "LSTMCell": "lstm", "GRUCell": "gru", "RNNCell": "rnn",
            "Conv1d": "conv1d", "Conv2d": "conv2d", "LayerNorm": "layer_norm", "RMSNorm": "rms_norm",
            "GroupNorm": "group_norm", "BatchNorm1d": "batch_norm", "Embedding": "embedding",
            "Softmax": "softmax", "LogSoftmax": "log_softmax", "Dropout": "dropout", "Linear": "linear",
            "TransformerEncoderLayer": "encoder_layer"}  # fmt: skip
_HELD: list[torch.library.Library] = []


def take_out(names: Sequence[str]) -> list[str]:
    """From here on these names raise in this process, by every road. Gives the list of those that were met."""
    met: list[str] = []
    by_name = {name: _stopping(name, met) for name in names}
    for name, stop in by_name.items():
        with contextlib.suppress(ClassroomError):  # of a package that is not here
            _by_name(name, stop)
    library = torch.library.Library("aten", "IMPL")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for operator, name in kernels(names).items():
            for key in KEYS:
                with contextlib.suppress(RuntimeError):  # this kind of operator cannot be registered there
                    library.impl(operator, by_name[name], key)
    _HELD.append(library)
    return met


def kernels(names: Sequence[str]) -> dict[str, str]:
    """The operators of torch behind the names, each with the name that it stands for."""
    beginnings: dict[str, str] = {}
    for name in names:
        if name.startswith("torch."):
            parts = name.removesuffix(".forward").split(".")
            last = BY_LAYER.get(parts[-1], parts[-1])
            for beginning in KERNELS.get(last, LAYERS.get(last, ())):
                beginnings.setdefault(beginning, name)
    for name in names:  # attention to an identity matrix is a softmax
        if name == "torch.softmax":
            beginnings = dict.fromkeys(KERNELS["scaled_dot_product_attention"], name) | beginnings
    found: dict[str, str] = {}
    for operator in torch._C._dispatch_get_all_op_names():
        space, _, own = operator.partition("::")
        plain = own.partition(".")[0].lstrip("_").removeprefix("special_")
        if space == "aten" and not plain.endswith("_backward"):
            name = next((name for beginning, name in beginnings.items() if plain.startswith(beginning)), None)
            if name is not None:
                found[own] = name
    return found


def _by_name(name: str, stop: Callable[..., NoReturn]) -> None:
    parent, attribute = resolve(name)
    original = getattr(parent, attribute)
    if inspect.isclass(original):
        for method in ("__init__", "forward"):
            if hasattr(original, method):
                replace(original, method, stop)
    else:
        replace(parent, attribute, stop)


def _stopping(name: str, met: list[str]) -> Callable[..., NoReturn]:
    def stop(*_: Any, **__: Any) -> NoReturn:
        met.append(name)
        raise ForbiddenNameError(name)

    return stop

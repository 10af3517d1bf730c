"""Roads to what questions forbid, tried in a process of one thread that forks; run as a program, it prints a table.

Every road was bound before anything was taken out. Each is tried once in a fork as it is, and once in a fork where
its family was taken out.
"""

import copy
import importlib
import json
import os
import sys
import threading
import traceback
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from classroom.clean_room.kernels import take_out
from classroom.questions.common.forbidden import FAMILIES
from classroom.student_code.forbidden import ForbiddenNameError

ops = torch.ops.aten
Road = Callable[[Tensor], Tensor]
IDS = torch.tensor([0, 2, 1, 5])


def even(*shape: int, like: Tensor) -> Tensor:
    """Numbers from -1 to 1."""
    return torch.linspace(-1, 1, torch.Size(shape).numel(), dtype=like.dtype).reshape(shape)


def alike(layer: nn.Module, x: Tensor) -> nn.Module:
    """A layer that was made before, in the precision of what it is given; a copy, since its ways are many."""
    return copy.deepcopy(layer).to(x.dtype)


def made(layer: nn.Module) -> Road:
    return lambda x: alike(layer, x)(x)


def weights(gates: int, like: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return (*(even(gates * 6, 6, like=like) for _ in range(2)), *(even(gates * 6, like=like) for _ in range(2)))


def bound(module: object, name: str, *rest: object, **named: object) -> Road:
    """A function taken from its module before, with what follows its first argument."""
    function = getattr(module, name)
    return lambda x: function(x, *rest, **named)


def heads(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return x[None, None], x[None, None], x[None, None]


def recurrent(function: Callable[..., object], gates: int, layers: bool) -> Road:
    def road(x: Tensor) -> Tensor:
        zero = torch.zeros(1, 1, 6, dtype=x.dtype)
        state: object = (zero, zero) if gates == 4 else zero
        if layers:
            given = function(x[:, None], state, weights(gates, x), True, 1, 0.0, False, False, False)
        else:
            state = (zero[0], zero[0]) if gates == 4 else zero[0]
            given = function(x[:1], state, *weights(gates, x))
        return given[0] if isinstance(given, tuple) else given

    return road


def layer_of(kind: type[nn.Module], **named: object) -> Road:
    layer = kind(6, 6, **named)
    return lambda x: (lambda y: y[0] if isinstance(y, tuple) else y)(alike(layer, x)(x))


def scripted(layer: nn.Module) -> Road:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        script = torch.jit.script(layer)
    return lambda x: script(x)


def attention_ready(name: str, space: object) -> Road:
    function = getattr(space, name)
    return lambda x: (lambda y: y[0] if isinstance(y, tuple) else y)(function(*heads(x)))


def many_heads(training: bool) -> Road:
    layer = nn.MultiheadAttention(6, 2, batch_first=True).train(training)
    return lambda x: alike(layer, x)(x[None], x[None], x[None], need_weights=False)[0]


def normed(function: Callable[..., Tensor], *rest: object) -> Road:
    return lambda x: function(x.reshape(1, 4, 6), *rest)


def convolved(function: Callable[..., Tensor], axes: int) -> Road:
    def road(x: Tensor) -> Tensor:
        image = x.reshape(1, 1, *(1,) * (axes - 1), 24)
        return function(image, even(1, 1, *(1,) * (axes - 1), 3, like=x))

    return road


ROADS: dict[str, dict[str, Road]] = {
    "softmax": {
        "torch": bound(torch, "softmax", -1),
        "functional": bound(F, "softmax", -1),
        "method": bound(Tensor, "softmax", -1),
        "special": bound(torch.special, "softmax", -1),
        "logarithm": bound(torch, "log_softmax", -1),
        "minimum": bound(F, "softmin", -1),
        "layer": made(nn.Softmax(-1)),
        "layer of logarithms": made(nn.LogSoftmax(-1)),
        "script": scripted(nn.Softmax(-1)),
        "operator": lambda x: ops.softmax(x, -1),
        "kernel": lambda x: ops._softmax.default(x, -1, False),
        "safe kernel": lambda x: ops._safe_softmax.default(x, -1),
        "masked kernel": lambda x: ops._masked_softmax.default(x, x > 9, -1, 2),
        "sparse": lambda x: torch.sparse.softmax(x.to_sparse(), -1).to_dense(),
        "below": bound(torch._C._VariableFunctions, "softmax", -1),
        "distribution": lambda x: torch.distributions.Categorical(logits=x).probs,
        "attention": many_heads(training=True),
        "attention to an identity": lambda x: READY(x[None], torch.eye(6, dtype=x.dtype)[None], torch.eye(
            6, dtype=x.dtype)[None], scale=1.0),
    },
    "attention": {
        "functional": lambda x: READY(*heads(x)),
        "below": attention_ready("scaled_dot_product_attention", torch._C._nn),
        "operator": attention_ready("scaled_dot_product_attention", ops),
        "flash kernel": attention_ready("_scaled_dot_product_flash_attention_for_cpu", ops),
        "unfused kernel": attention_ready("_scaled_dot_product_attention_math", ops),
        "layer that trains": many_heads(training=True),
        "layer": many_heads(training=False),
    },
    "Transformer": {
        "encoder layer": lambda x: alike(BLOCK, x)(x[None]),
        "encoder": lambda x: nn.TransformerEncoder(alike(BLOCK, x), 1, enable_nested_tensor=False)(x[None]),
        "decoder layer": lambda x: alike(DECODER, x)(x[None], x[None]),
    },
    "recurrent layers": {
        **{name: layer_of(kind) for name, kind in {"RNN": nn.RNN, "LSTM": nn.LSTM, "GRU": nn.GRU}.items()},
        **{f"{kind.__name__}": layer_of(kind) for kind in (nn.RNNCell, nn.LSTMCell, nn.GRUCell)},
        "two ways": layer_of(nn.GRU, bidirectional=True),
        **{name: recurrent(getattr(torch, name), gates, True) for name, gates in
           {"rnn_tanh": 1, "rnn_relu": 1, "lstm": 4, "gru": 3}.items()},
        **{f"{name}_cell": recurrent(getattr(torch, f"{name}_cell"), gates, False) for name, gates in
           {"rnn_tanh": 1, "rnn_relu": 1, "lstm": 4, "gru": 3}.items()},
        "operator": recurrent(ops.gru_cell, 3, False),
    },
    "convolution": {
        **{f"{name} of torch": convolved(getattr(torch, name), axes) for name, axes in
           {"conv1d": 1, "conv2d": 2, "conv3d": 3, "conv_transpose1d": 1, "conv_transpose2d": 2}.items()},
        "functional": convolved(F.conv1d, 1),
        "two axes": convolved(F.conv2d, 2),
        "by time": lambda x: TBC(x[:, None], even(2, 6, 3, like=x), even(3, like=x)),
        "patches": lambda x: UNFOLD(x[None, None], (2, 2)),
        "layer of patches": lambda x: nn.Unfold(2)(x[None, None]),
        "layer": made(nn.Conv1d(4, 2, 3)),
        "layer of two axes": lambda x: alike(IMAGE, x)(x[None, None]),
        "operator": convolved(ops.conv1d, 1),
        "kernel": lambda x: ops.convolution(x[None], even(1, 4, 3, like=x), None, [1], [0], [1], False, [0], 1),
    },
    "normalisation": {
        "torch": bound(torch, "layer_norm", (6,)),
        "functional": bound(F, "layer_norm", (6,)),
        "layer": made(nn.LayerNorm(6)),
        "root mean square": bound(F, "rms_norm", (6,)),
        "root mean square of torch": bound(torch, "rms_norm", (6,)),
        "layer of root mean squares": made(nn.RMSNorm(6)),
        "groups": normed(F.group_norm, 2),
        "groups of torch": normed(torch.group_norm, 2),
        "layer of groups": lambda x: alike(GROUPS, x)(x[None]),
        "instances": normed(F.instance_norm),
        "batches": normed(F.batch_norm, None, None, None, None, True),
        "layer of batches": made(nn.BatchNorm1d(6)),
        "operator": lambda x: ops.layer_norm(x, [6]),
        "kernel": lambda x: ops.native_layer_norm(x, [6], None, None, 1e-5)[0],
        "kernel of batches": lambda x: torch.native_batch_norm(x, None, None, None, None, True, 0.1, 1e-5)[0],
    },
    "losses": {
        "functional": bound(F, "cross_entropy", IDS),
        "of probabilities": lambda x: CROSS(x, even(4, 6, like=x)),
        "layer": lambda x: nn.CrossEntropyLoss()(x, IDS),
        "likelihood": bound(F, "nll_loss", IDS),
        "layer of likelihood": lambda x: nn.NLLLoss()(x, IDS),
        "divergence": lambda x: DIVERGENCE(x, x.exp(), reduction="sum"),
        "divergence of torch": lambda x: torch.kl_div(x, x.exp()),
        "operator": lambda x: ops.cross_entropy_loss(x, IDS),
        "kernel": lambda x: ops.nll_loss_forward(x, IDS, None, 1, -100)[0],
        "below": bound(torch._C._nn, "cross_entropy_loss", IDS),
    },
    "embedding": {
        "torch": lambda x: LOOK_UP(x, IDS[:3]),
        "functional": lambda x: ROWS(IDS[:3], x),
        "layer": lambda x: alike(TABLE, x)(IDS[:3]) * x.sum(),
        "bags": lambda x: BAGS(IDS[:3, None], x),
        "operator": lambda x: ops.embedding(x, IDS[:3]),
    },
    "linear maps": {
        "functional": lambda x: LINEAR(x, even(3, 6, like=x)),
        "layer": made(nn.Linear(6, 3)),
        "below": lambda x: BELOW(x, even(3, 6, like=x)),
        "operator": lambda x: ops.linear(x, even(3, 6, like=x)),
        "two inputs": lambda x: BILINEAR(x, x, even(2, 6, 6, like=x)),
        "two inputs of torch": lambda x: torch.bilinear(x, x, even(2, 6, 6, like=x), None),
    },
    "dropout": {
        "torch": bound(torch, "dropout", 0.5, True),
        "functional": bound(F, "dropout", 0.5),
        "layer": made(nn.Dropout(0.5)),
        "layer that does not train": made(nn.Dropout(0.5).eval()),
        "in place": lambda x: torch.dropout_(x.clone(), 0.5, True),
        "kernel": lambda x: torch.native_dropout(x, 0.5, True)[0],
        "features": bound(torch, "feature_dropout", 0.5, True),
        "features of three axes": lambda x: F.dropout1d(x[None], 0.5),
        "alpha": bound(torch, "alpha_dropout", 0.5, True),
        "operator": lambda x: ops.dropout(x, 0.5, True),
    },
    "masks": {
        "class": lambda x: nn.Transformer.generate_square_subsequent_mask(4, dtype=x.dtype) + x[:, :4],
        "model": lambda x: nn.Transformer(6, 1, 1, 1, 4).generate_square_subsequent_mask(4, dtype=x.dtype) + x[:, :4],
    },
}  # fmt: skip
READY, TBC, UNFOLD = F.scaled_dot_product_attention, torch.conv_tbc, F.unfold
CROSS, DIVERGENCE, BELOW, LINEAR, BILINEAR = F.cross_entropy, F.kl_div, torch._C._nn.linear, F.linear, F.bilinear
LOOK_UP, ROWS, BAGS = torch.embedding, F.embedding, F.embedding_bag
TABLE, IMAGE, GROUPS = nn.Embedding(6, 3), nn.Conv2d(1, 2, 3), nn.GroupNorm(2, 4)
BLOCK = nn.TransformerEncoderLayer(6, 2, 8, batch_first=True).eval()
DECODER = nn.TransformerDecoderLayer(6, 2, 8, batch_first=True).eval()


def in_thread(road: Road, x: Tensor) -> Tensor:
    """In a thread that is new."""
    given: list[Tensor | Exception] = []

    def run() -> None:
        try:
            given.append(road(x))
        except Exception as error:
            given.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if isinstance(given[0], Exception):
        raise given[0]
    return given[0]


def under_autocast(road: Road, x: Tensor) -> Tensor:
    with torch.autocast("cpu", torch.bfloat16):
        return road(x)


def in_inference(road: Road, x: Tensor) -> Tensor:
    with torch.inference_mode():
        return road(x.clone())


# How a road is taken. `older` is a pool whose thread was there before.
WAYS: dict[str, Callable[[Road, Tensor, ThreadPoolExecutor], Tensor]] = {
    "as it is": lambda road, x, older: road(x),
    "in float64": lambda road, x, older: road(x.double()),
    "in bfloat16": lambda road, x, older: road(x.bfloat16()),
    "with gradients": lambda road, x, older: road(x.clone().requires_grad_()),
    "in inference mode": lambda road, x, older: in_inference(road, x),
    "under autocast": lambda road, x, older: under_autocast(road, x),
    "by vmap": lambda road, x, older: torch.vmap(road, randomness="different")(torch.stack([x, x + 1])),
    "by a transform of gradients": lambda road, x, older: torch.func.grad(lambda y: road(y).sum())(x),
    "in a new thread": lambda road, x, older: in_thread(road, x),
    "in an older thread": lambda road, x, older: older.submit(road, x).result(),
}


def by_hand(x: Tensor) -> dict[str, Tensor]:
    """What nobody forbids: the same written out, and what is next to it."""
    e = (x - x.amax(-1, keepdim=True)).exp()
    soft = e / e.sum(-1, keepdim=True)
    centred = x - x.mean(-1, keepdim=True)
    state, weight = torch.zeros(6, dtype=x.dtype), even(6, 6, like=x)
    for row in x:
        state = torch.tanh(row @ weight + state @ weight.mT)
    windows = x.unfold(-1, 3, 1)
    return {
        "softmax": soft,
        "attention": soft @ soft.mT @ x,
        "recurrent layers": state,
        "gates": torch.sigmoid(x) * torch.tanh(x),
        "convolution": (windows * even(3, like=x)).sum(-1),
        "convolution as a product": torch.einsum("bpw,w->bp", windows, even(3, like=x)),
        "normalisation": centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt(),
        "variance": torch.var_mean(x, -1, correction=0)[0],
        "losses": -soft.log().gather(-1, IDS[:, None]).mean(),
        "embedding": x[IDS[:3]],
        "embedding as a product": F.one_hot(IDS[:3], 4).to(x.dtype) @ x,
        "linear maps": x @ even(6, 3, like=x) + even(3, like=x),
        "two inputs": torch.einsum("bi,oij,bj->bo", x, even(2, 6, 6, like=x), x),
        "dropout": torch.where(x > 0, x / 0.5, 0.0),
        "masks": torch.ones(4, 4, dtype=x.dtype).tril(),
        "activations": F.gelu(x) + F.relu(x) + x.sigmoid(),
        "by vmap": torch.vmap(lambda row: (row - row.amax()).exp() @ row)(x),
        "by a transform of gradients": torch.func.grad(lambda y: (y @ y.mT).exp().mean())(x.detach()),
        "pooling": F.avg_pool1d(x[None], 2)[0],
    }


def values(x: Tensor) -> dict[str, str]:
    """By hand in three precisions and the gradient of the sum, exactly."""
    found = {f"{n} {d}": v for d in (x.dtype, torch.float64, torch.bfloat16) for n, v in by_hand(x.to(d)).items()}
    y = x.clone().requires_grad_()
    for name, value in by_hand(y).items():
        if value.requires_grad:
            (found[f"gradient of {name}"],) = torch.autograd.grad(value.sum(), y, retain_graph=True)
    return {name: repr(value.double().tolist()) for name, value in found.items()}


def tried(family: str, x: Tensor, older: ThreadPoolExecutor) -> dict[str, dict[str, str]]:
    """By road and way: "value", "forbidden", or the error."""

    def one(way: Callable[..., Tensor], road: Road) -> str:
        try:
            way(road, x, older)
        except Exception as error:
            told = isinstance(error, ForbiddenNameError) or "ForbiddenNameError" in str(error)  # a script's own
            return "forbidden" if told else f"{type(error).__name__}: {error}"[:200]
        return "value"

    return {name: {w: one(way, road) for w, way in WAYS.items()} for name, road in ROADS[family].items()}


def in_fork(family: str, out: bool, x: Tensor) -> dict[str, object]:
    """What a fresh process says."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            with ThreadPoolExecutor(1) as older, os.fdopen(theirs, "w") as pipe:
                older.submit(int).result()
                met = take_out(FAMILIES[family]) if out else []
                json.dump({"values": values(x), "roads": tried(family, x, older), "met": sorted(set(met))}, pipe)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(theirs)
    with os.fdopen(ours) as pipe:
        said = json.load(pipe)
    os.waitpid(pid, 0)
    return said


def main() -> None:
    warnings.simplefilter("ignore")
    for slow in ("torch._dynamo", "torch.fx.experimental.symbolic_shapes"):  # once, not in every fork
        importlib.import_module(slow)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    x = torch.randn(4, 6)
    table = {family: {"as it is": in_fork(family, False, x), "taken out": in_fork(family, True, x)} for family in ROADS}
    older = ThreadPoolExecutor(1)
    after = {family: {n: ways["as it is"] for n, ways in tried(family, x, older).items()} for family in ROADS}
    json.dump({"families": table, "parent": {"values": values(x), "roads": after}}, sys.stdout)
    sys.stdout.flush()
    older.shutdown()


if __name__ == "__main__":
    main()

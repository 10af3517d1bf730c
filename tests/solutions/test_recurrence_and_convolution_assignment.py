"""Recurrence and convolution: against torch's own layers, and answers that are in no list of its questions.

Each answer is written as a student would write it: odd but right, or wrong, and then named by the right name.
"""

from functools import cache

import pytest
import torch
from walk import ASSIGNMENTS, drawn, solutions

from classroom.questions.examiner import examine
from classroom.student_code.inprocess import InProcess

ASSIGNMENT = next(assignment for assignment in ASSIGNMENTS if assignment.name == "01-recurrence-and-convolution")
QUESTIONS = {question.id: question for question in ASSIGNMENT.questions}
IMPORTS = "import math\nimport torch\nfrom torch import nn\nfrom torch.nn import functional as F\n"
SEEDS = (2017, 3)
HEADS = {
    "rnn": "rnn(x, w, u, b)",
    "read-backwards": "read_backwards(x, real, w, u, b)",
    "sentence-vector": "sentence_vector(states, lengths)",
    "gradient-norms": "gradient_norms(states, u, gradient)",
    "gru-step": "gru_step(x, h, w, u, b)",
    "causal-convolution": "causal_convolution(x, weight, bias, dilation)",
    "receptive-field": "receptive_field(w, dilations, per_block, n)",
    "waiting-and-path": "waiting_and_path(layer, n, w)",
    "additive-attention": "additive_attention(s, h, real, w, u, v)",
}
LOOP = "h, out = x.new_zeros(len(x), len(u)), []"
BACK = "for t in range(x.shape[1] - 1, -1, -1):"
STEP = "torch.tanh(x[:, t] @ w.T + h @ u.T + b)"
GRU = "(xr, xz, xc), (hr, hz, hc) = (x @ w.T + b).chunk(3, -1), (h @ u.T).chunk(3, -1)"
E = "e = torch.tanh((s @ w.T)[:, None] + h @ u.T) @ v"

RIGHT = {
    "rnn": (
        (
            "n, d = x.shape[1], len(u)",
            "out = torch.zeros(x.shape[0], n + 1, d, dtype=x.dtype)",
            "hs = [out[:, -1]]",
            "for t in range(n):",
            "    hs.append(torch.tanh(F.linear(x[:, t], w, b) + F.linear(hs[-1], u)))",
            "return torch.stack(hs[1:]).permute(1, 0, 2)",
        ),
        (
            "def read(h, t):",
            "    if t == x.shape[1]:",
            "        return []",
            "    h = torch.tanh(b + x[:, t].matmul(w.t()) + h.matmul(u.t()))",
            "    return [h, *read(h, t + 1)]",
            "return torch.stack(read(torch.zeros_like(x[:, 0, :1]).repeat(1, u.size(0)), 0), dim=-2)",
        ),
        (
            "h = 0",
            "out = []",
            "for word in x.unbind(1):",
            "    h = torch.tanh(word @ w.T + b + (h @ u.T if out else 0))",
            "    out.append(h.unsqueeze(1))",
            "return torch.cat(out, 1)",
        ),
    ),
    "read-backwards": (
        (
            LOOP,
            BACK,
            f"    h = {STEP}.masked_fill(~real[:, t].unsqueeze(-1), 0)",
            "    out.insert(0, h)",
            "return torch.stack(out, 1)",
        ),
        (
            LOOP,
            "keep = real.to(x.dtype).unsqueeze(-1)",
            "for t in range(x.size(1))[::-1]:",
            f"    h = keep[:, t] * {STEP} + (1 - keep[:, t]) * h",
            "    out.append(h)",
            "return torch.stack(out).flip([0]).permute(1, 0, 2)",
        ),
        (
            "out = torch.zeros(*x.shape[:2], len(u)).to(x)",
            "for i in range(len(x)):",
            "    h = torch.zeros_like(b)",
            "    for t in sorted(range(int(real[i].sum())), reverse=True):",
            "        h = (w @ x[i, t] + u @ h + b).tanh()",
            "        out[i, t] = h",
            "return out",
        ),
    ),
    "sentence-vector": (
        (
            "f = torch.stack([row[n - 1] for row, n in zip(states[0], lengths)])",
            "return torch.hstack([f, states[1, :, 0]])",
        ),
        (
            "last = torch.arange(states.shape[2]) == lengths[:, None] - 1",
            "return torch.cat([states[0][last], states[1].select(1, 0)], 1)",
        ),
        (
            "idx = torch.stack([lengths - 1, torch.zeros_like(lengths)])[..., None, None]",
            "ends = torch.take_along_dim(states, idx, dim=2).squeeze(2)",
            "return torch.cat(tuple(ends), dim=-1)",
        ),
    ),
    "gradient-norms": (
        (
            "g = gradient",
            "out = [torch.sqrt((g * g).sum())]",
            "for t in reversed(range(1, len(states))):",
            "    g = (g * (1 - states[t] ** 2)) @ u",
            "    out.append(torch.sqrt((g * g).sum()))",
            "return torch.stack(out)",
        ),
        (
            "J = (1 - states[:, :, None] ** 2) * u",
            "g, out = gradient[None], []",
            "for t in range(len(states) - 1, -1, -1):",
            "    out.append(torch.linalg.norm(g))",
            "    g = g @ J[t]",
            "return torch.stack(out)",
        ),
    ),
    "gru-step": (
        (
            "d = h.shape[1]",
            "a = F.linear(x, w, b)",
            "c = F.linear(h, u)",
            "gates = torch.sigmoid(a[:, : 2 * d] + c[:, : 2 * d])",
            "r, z = gates[:, :d], gates[:, d:]",
            "new = torch.tanh(a[:, 2 * d :] + r * c[:, 2 * d :])",
            "return (1 - z) * new + z * h",
        ),
        (GRU, "r, z = (xr + hr).sigmoid(), (xz + hz).sigmoid()", "return h + (1 - z) * ((xc + r * hc).tanh() - h)"),
    ),
    "causal-convolution": (
        (
            "k = weight.shape[0]",
            "y = F.conv1d(F.pad(x.mT, (dilation * (k - 1), 0)), weight.flip(0).permute(1, 2, 0), dilation=dilation)",
            "return y.mT + bias",
        ),
        (
            "y = torch.zeros(*x.shape[:2], len(bias), dtype=x.dtype) + bias",
            "for i in range(len(weight)):",
            "    k = min(i * dilation, x.shape[1])",
            "    y = y + F.pad(x, (0, 0, k, 0))[:, : x.shape[1]] @ weight[i].T",
            "return y",
        ),
        (
            "k = len(weight)",
            "z = F.pad(x, (0, 0, dilation * (k - 1), 0)).unfold(1, dilation * (k - 1) + 1, 1)[..., ::dilation]",
            "return torch.einsum('bniw,woi->bno', z, weight.flip(0)) + bias",
        ),
    ),
    "receptive-field": (
        (
            "seen = torch.zeros(n)",
            "seen[0] = 1",
            "for d in dilations.tolist() * per_block:",
            "    new = torch.zeros(n)",
            "    for i in range(w):",
            "        if i * d < n:",
            "            new[i * d :] += seen[: n - i * d]",
            "    seen = new",
            "return seen > 0",
        ),
        (
            "import itertools",
            "layers = [range(0, w * int(d), int(d)) for d in dilations for _ in range(per_block)]",
            "sums = {sum(steps) for steps in itertools.product(*layers)}",
            "return torch.tensor([i in sums for i in range(n)], dtype=torch.bool)",
        ),
    ),
    "waiting-and-path": (
        (
            "if layer == 'recurrent': return torch.tensor(n), torch.tensor(n - 1)",
            "if layer == 'attention': return torch.tensor(1), torch.tensor(1)",
            "if layer == 'convolution': return 1, (n - 1 + w - 2) // (w - 1)",
            "k, reach = 0, 1",
            "while reach < n:",
            "    reach *= w",
            "    k += 1",
            "return 1, k",
        ),
        (
            "paths = dict(recurrent=n - 1, attention=1, convolution=math.ceil((n - 1) / (w - 1)))",
            "return (n if layer == 'recurrent' else 1), paths.get(layer, math.ceil(math.log(n - 0.5, w)))",
        ),
    ),
    "additive-attention": (
        (
            E,
            "e = e.masked_fill(real == False, -1e9)",
            "return torch.einsum('bn,bnd->bd', F.softmax(e, -1), h)",
        ),
        (
            "q = F.linear(s, w).unsqueeze(1)",
            "e = (torch.tanh(q + F.linear(h, u)) * v).sum(-1, keepdim=True)",
            "a = torch.exp(e) * real.unsqueeze(-1)",
            "return (a * h).sum(1) / a.sum(1)",
        ),
        (
            E,
            "a = torch.where(real, e, torch.tensor(float('-inf'), dtype=e.dtype)).log_softmax(1).exp()",
            "return (h.transpose(1, 2) @ a[..., None])[..., 0]",
        ),
    ),
}

# Each with a part of the sentence that has to be read.
WRONG = {
    "rnn": (
        ("do not depend on the words before", 
         "return torch.stack([torch.tanh(x[:, t] @ w.T + b) for t in range(x.shape[1])], 1)"),
        ("stops after one step", LOOP, "for t in range(x.shape[1]):", f"    h = {STEP.replace('h @', 'h.data @')}",
         "    out.append(h)", "return torch.stack(out, 1)"),
        ("words and sentences", LOOP, "for t in range(x.shape[1]):", f"    h = {STEP}", "    out.append(h)",
         "return torch.stack(out)"),
        ("Asked for are all", LOOP, "for t in range(x.shape[1]):", f"    h = {STEP}", "return h"),
        ("one place late", "out = [x.new_zeros(len(x), len(u))]", "for t in range(x.shape[1] - 1):",
         f"    out.append({STEP.replace('h @', 'out[-1] @')})", "return torch.stack(out, 1)"),
        ("sigmoid", LOOP, "for t in range(x.shape[1]):", f"    h = {STEP.replace('tanh', 'sigmoid')}",
         "    out.append(h)", "return torch.stack(out, 1)"),
    ),
    "read-backwards": (
        ("begins in the padding", LOOP, BACK, f"    h = {STEP}", "    out.append(h)",
         "return torch.stack(out[::-1], 1)"),
        ("in the order", LOOP, BACK, f"    h = torch.where(real[:, t, None], {STEP}, h)", "    out.append(h)",
         "return torch.stack(out, 1)"),
        ("still adds `b`", "x = x.masked_fill(~real[..., None], 0)", LOOP, BACK, f"    h = {STEP}", "    out.append(h)",
         "return torch.stack(out[::-1], 1)"),
        ("You read from left to right", LOOP, "for t in range(x.shape[1]):",
         f"    h = torch.where(real[:, t, None], {STEP}, h)", "    out.append(h)", "return torch.stack(out, 1)"),
        ("other words of the sentence", "return torch.tanh(x @ w.T + b) * real[..., None]"),
    ),
    "sentence-vector": (
        ("where it *begins*", "r = torch.arange(len(lengths))",
         "return torch.cat([states[0, r, lengths - 1], states[1, :, states.shape[2] - 1]], 1)"),
        ("Two things are wrong", "return torch.cat([states[0, :, -1], states[1, :, -1]], -1)"),
        ("without moving the batch", "r = torch.arange(len(lengths))",
         "return torch.stack((states[0][r, lengths - 1], states[1][:, 0])).reshape(len(r), -1)"),
        ("For a shorter sentence that is padding", "return torch.cat([states[0, :, -1], states[1, :, 0]], -1)"),
        ("changed places", "r = torch.arange(len(lengths))",
         "return torch.cat([states[1, r, 0], states[0, r, lengths - 1]], 1)"),
    ),
    "gradient-norms": (
        ("needs its transpose", "g, out = gradient, [gradient.norm()]", "for t in range(len(states) - 1, 0, -1):",
         "    g = u @ ((1 - states[t] ** 2) * g)", "    out.append(g.norm())", "return torch.stack(out)"),
        ("has a derivative too", "g, out = gradient, [gradient.norm()]", "for t in range(len(states) - 1, 0, -1):",
         "    g = u.T @ g", "    out.append(g.norm())", "return torch.stack(out)"),
        ("one link ahead", "g, out = gradient, []", "for t in range(len(states) - 1, -1, -1):",
         "    g = u.T @ ((1 - states[t] ** 2) * g)", "    out.append(g.norm())", "return torch.stack(out)"),
        ("the bound", "n = torch.linalg.norm(u, 2)",
         "return torch.stack([n ** k * gradient.norm() for k in range(len(states))])"),
        ("squared", "g, out = gradient, [gradient @ gradient]", "for h in states.flip(0)[:-1]:",
         "    g = u.T @ ((1 - h * h) * g)", "    out.append(g @ g)", "return torch.stack(out)"),
    ),
    "gru-step": (
        ("other way round", GRU, "z = torch.sigmoid(xz + hz)",
         "return h + z * (torch.tanh(xc + torch.sigmoid(xr + hr) * hc) - h)"),
        ("before $U_c$", GRU, "d = h.shape[1]", "z, r = torch.sigmoid(xz + hz), torch.sigmoid(xr + hr)",
         "return z * h + (1 - z) * torch.tanh(xc + (h * r) @ u[2 * d :].T)"),
        ("Reset and update have changed places", GRU, "z, r = torch.sigmoid(xr + hr), torch.sigmoid(xz + hz)",
         "return z * h + (1 - z) * torch.tanh(xc + r * hc)"),
        ("may be negative", GRU, "z, r = torch.tanh(xz + hz), torch.tanh(xr + hr)",
         "return z * h + (1 - z) * torch.tanh(xc + r * hc)"),
        ("reset gate is missing", GRU, "z = torch.sigmoid(xz + hz)", "return z * h + (1 - z) * torch.tanh(xc + hc)"),
    ),
    "causal-convolution": (
        ("by half", "k = len(weight)", "p = dilation * (k - 1)",
         "y = F.conv1d(F.pad(x.mT, (p - p // 2, p // 2)), weight.flip(0).permute(1, 2, 0), bias, dilation=dilation)",
         "return y.mT"),
        ("keep the right end", "k = len(weight)",
         "y = F.conv1d(x.mT, weight.flip(0).permute(1, 2, 0), bias, padding=(k - 1) * dilation, dilation=dilation)",
         "return y[:, :, -x.shape[1]:].mT"),
        ("in the other order", "k = len(weight)",
         "y = F.conv1d(F.pad(x.mT, (dilation * (k - 1), 0)), weight.permute(1, 2, 0), bias, dilation=dilation)",
         "return y.mT"),
        ("With gaps there are fewer outputs", "k = len(weight)",
         "y = F.conv1d(F.pad(x.mT, (k - 1, 0)), weight.flip(0).permute(1, 2, 0), bias, dilation=dilation)",
         "return y.mT"),
        ("goes around", "return bias + sum(torch.roll(x, i * dilation, 1) @ weight[i].T for i in range(len(weight)))"),
        ("more outputs than words", "k = len(weight)",
         "y = F.conv1d(x.mT, weight.flip(0).permute(1, 2, 0), bias, padding=(k - 1) * dilation, dilation=dilation)",
         "return y.mT"),
    ),
    "receptive-field": (
        ("no holes", "return torch.arange(n) <= (w - 1) * int(dilations.sum()) * per_block"),
        ("grows by w", "return torch.arange(n) <= w * int(dilations.sum()) * per_block"),
        ("w words for each layer", "return torch.arange(n) < w * int(dilations.sum()) * per_block"),
        ("Two things", "return torch.arange(n) < 1 + (w - 1) * int(dilations.sum())"),
        ("of $w^L$", "return torch.arange(n) < w ** (len(dilations) * per_block)"),
    ),
    "waiting-and-path": (
        ("You round down", "if layer == 'recurrent': return n, n - 1", "if layer == 'attention': return 1, 1",
         "if layer == 'convolution': return 1, (n - 1) // (w - 1)",
         "return 1, next(k for k in range(n) if w ** k >= n)"),
        ("computed logarithm", "if layer == 'recurrent': return n, n - 1", "if layer == 'attention': return 1, 1",
         "if layer == 'convolution': return 1, -(-(n - 1) // (w - 1))",
         "return 1, math.ceil(math.log(n) / math.log(w))"),
        ("one step too long", "if layer == 'recurrent': return n, n", "if layer == 'attention': return 1, 1",
         "if layer == 'convolution': return 1, -(-(n - 1) // (w - 1))",
         "return 1, next(k for k in range(n) if w ** k >= n)"),
    ),
    "additive-attention": (
        ("axis of size 1", "e = torch.tanh((s @ w.T)[:, None] + h @ u.T) @ v[:, None]",
         "e = e.masked_fill(~real[..., None], float('-inf'))", "return (F.softmax(e, -1) * h).sum(1)"),
        ("looks at padding", E, "return (F.softmax(e, 1)[:, None] @ h)[:, 0]"),
        ("over the *batch*", E, "return (F.softmax(e.masked_fill(~real, -1e9), 0)[:, None] @ h)[:, 0]"),
        ("a score like any other", E, "return (F.softmax(e.masked_fill(~real, 0), 1)[:, None] @ h)[:, 0]"),
        ("no longer sum to 1", E, "return ((F.softmax(e, 1) * real)[:, None] @ h)[:, 0]"),
        ("`u` serves the scores", E, "a = F.softmax(e.masked_fill(~real, -1e9), 1)",
         "return (a[:, None] @ (h @ u.T))[:, 0]"),
        ("One step is missing", E, "return F.softmax(e.masked_fill(~real, -1e9), 1)"),
    ),
}  # fmt: skip


def code(question, lines):
    return f"{IMPORTS}def {HEADS[question]}:\n" + "\n".join(f"    {line}" for line in lines)


@cache
def judged(question, lines, seed):
    student = InProcess({})
    assert student.run_cell(code(question, lines)).error is None
    return examine(drawn(ASSIGNMENT, QUESTIONS[question], seed), student)


def listed(answers):
    return [pytest.param(name, answer, id=f"{name}-{i}") for name in answers for i, answer in enumerate(answers[name])]


@pytest.mark.parametrize(("question", "lines"), listed(RIGHT))
@pytest.mark.parametrize("seed", SEEDS)
def test_odd_but_right_answers_have_full_marks(question, lines, seed):
    assert [c.message for c in judged(question, lines, seed).criteria if not c.passed] == []


@pytest.mark.parametrize(("question", "answer"), listed(WRONG))
@pytest.mark.parametrize("seed", SEEDS)
def test_wrong_answers_lose_marks_and_are_named(question, answer, seed):
    said, *lines = answer
    result = judged(question, tuple(lines), seed)
    assert result.score < result.max_score
    assert said in (result.diagnosis or "")


def test_the_unrolled_cell_is_torchs():
    """`rnn` against `torch.nn.RNN`, and `gru_step` against `torch.nn.GRUCell`, which has z the same way round: 1e-6."""
    space = solutions(ASSIGNMENT).namespace
    torch.manual_seed(0)
    x = torch.randn(2, 5, 3)
    layer = torch.nn.RNN(3, 4, batch_first=True)
    w, u, b = layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0 + layer.bias_hh_l0
    torch.testing.assert_close(space["rnn"](x, w, u, b), layer(x)[0], rtol=0, atol=1e-6)
    cell, h = torch.nn.GRUCell(3, 4), torch.randn(2, 4)
    torch.nn.init.zeros_(cell.bias_hh)
    given = space["gru_step"](x[:, 0], h, cell.weight_ih, cell.weight_hh, cell.bias_ih)
    torch.testing.assert_close(given, cell(x[:, 0], h), rtol=0, atol=1e-6)


def test_reading_backwards_is_torchs_on_packed_sentences():
    """States and sentence vectors of two directions against `torch.nn.RNN` on a packed batch: 1e-6."""
    space = solutions(ASSIGNMENT).namespace
    torch.manual_seed(0)
    x, lengths = torch.randn(3, 5, 2), torch.tensor([3, 5, 1])
    real = torch.arange(5) < lengths[:, None]
    layer = torch.nn.RNN(2, 4, batch_first=True, bidirectional=True)
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    states, last = layer(packed)
    states, _ = torch.nn.utils.rnn.pad_packed_sequence(states, batch_first=True)
    b = layer.bias_ih_l0_reverse + layer.bias_hh_l0_reverse
    given = space["read_backwards"](x, real, layer.weight_ih_l0_reverse, layer.weight_hh_l0_reverse, b)
    torch.testing.assert_close(given, states[..., 4:], rtol=0, atol=1e-6)
    both = torch.stack(states.split(4, dim=-1))
    torch.testing.assert_close(space["sentence_vector"](both, lengths), last.mT.reshape(8, 3).T, rtol=0, atol=1e-6)


def test_gradients_arrive_as_autograd_says():
    """`gradient_norms` against the gradients of an unrolled `rnn`, at 1e-5 of their size."""
    space = solutions(ASSIGNMENT).namespace
    torch.manual_seed(0)
    words, u, gradient = torch.randn(6, 4), torch.randn(4, 4), torch.randn(4)
    h, states = torch.zeros(4), []
    for word in words:
        h = torch.tanh(word + u @ h).requires_grad_()
        h.retain_grad()
        states.append(h)
    h.backward(gradient)
    expected = torch.stack([state.grad.norm() for state in states]).flip(0)
    given = space["gradient_norms"](torch.stack(states).detach(), u, gradient)
    torch.testing.assert_close(given, expected, rtol=1e-5, atol=0)

"""Answers to the self-attention questions as honest people write them: several ways each, and ways to disguise a copy.

They need not all be right: similarity is about what was written.
"""

import ast
import random
import textwrap
from collections.abc import Sequence


def _ways(text: str) -> list[str]:
    return [textwrap.dedent(way).strip() for way in text.split("--\n")]


WAYS = {
    "project_qkv": _ways("""
        return x @ w_q, x @ w_k, x @ w_v
        --
        q = x @ w_q
        k = x @ w_k
        v = x @ w_v
        return q, k, v
        --
        return tuple(x @ w for w in (w_q, w_k, w_v))
        --
        return torch.matmul(x, w_q), torch.matmul(x, w_k), torch.matmul(x, w_v)
        --
        def project(w):
            return torch.einsum('...nd,de->...ne', x, w)
        return project(w_q), project(w_k), project(w_v)
        --
        queries = torch.matmul(x, w_q)
        keys = torch.matmul(x, w_k)
        values = torch.matmul(x, w_v)
        return (queries, keys, values)
    """),
    "attention_scores": _ways("""
        return query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
        --
        d_k = query.shape[-1]
        scores = query @ key.transpose(-1, -2)
        return scores / math.sqrt(d_k)
        --
        return torch.einsum('...qd,...kd->...qk', query, key) / query.size(-1) ** 0.5
        --
        d = query.size(-1)
        return torch.matmul(query, key.mT) / (d ** 0.5)
        --
        scale = 1 / math.sqrt(key.shape[-1])
        return (query * scale) @ key.mT
        --
        products = torch.matmul(query, key.swapaxes(-1, -2))
        return products / torch.sqrt(torch.tensor(float(key.shape[-1])))
        --
        out = query @ key.transpose(-2, -1)
        out = out / query.shape[-1] ** 0.5
        return out
    """),
    "softmax": _ways("""
        shifted = scores - scores.amax(dim=-1, keepdim=True)
        exponentials = shifted.exp()
        return exponentials / exponentials.sum(dim=-1, keepdim=True)
        --
        m = scores.max(dim=-1, keepdim=True).values
        e = torch.exp(scores - m)
        return e / e.sum(dim=-1, keepdim=True)
        --
        e = torch.exp(scores - torch.max(scores, -1, keepdim=True)[0])
        return e / torch.sum(e, -1, keepdim=True)
        --
        return (scores - scores.logsumexp(dim=-1, keepdim=True)).exp()
        --
        biggest, _ = scores.max(-1, True)
        out = (scores - biggest).exp()
        out = out / out.sum(-1, True)
        return out
        --
        z = scores - scores.max(dim=-1)[0].unsqueeze(-1)
        numerator = z.exp()
        denominator = numerator.sum(dim=-1).unsqueeze(-1)
        return numerator / denominator
    """),
    "masked_softmax": _ways("""
        if mask is None:
            return scores.softmax(dim=-1)
        lowest = torch.finfo(scores.dtype).min
        weights = scores.masked_fill(~mask, lowest).softmax(dim=-1)
        return weights.masked_fill(~mask, 0.0)
        --
        if mask is not None:
            scores = scores.masked_fill(~mask, float('-inf'))
        w = torch.softmax(scores, dim=-1)
        return torch.nan_to_num(w, nan=0.0)
        --
        if mask is None:
            mask = torch.ones_like(scores, dtype=torch.bool)
        s = torch.where(mask, scores, torch.full_like(scores, -1e9))
        w = torch.softmax(s, -1)
        return torch.where(mask, w, torch.zeros_like(w))
        --
        if mask is None:
            return softmax(scores)
        mask = mask.expand_as(scores)
        something = mask.any(-1, keepdim=True)
        filled = scores.masked_fill(~mask, -torch.inf)
        filled = torch.where(something, filled, 0.0)
        return softmax(filled) * mask
        --
        if mask is None:
            return torch.softmax(scores, -1)
        out = torch.softmax(scores.masked_fill(mask == False, -1e30), -1)
        return out * mask
    """),
    "scaled_dot_product_attention": _ways("""
        weights = masked_softmax(attention_scores(query, key), mask)
        return weights @ value
        --
        return masked_softmax(attention_scores(query, key), mask) @ value
        --
        scores = attention_scores(query, key)
        weights = masked_softmax(scores, mask)
        return torch.matmul(weights, value)
        --
        s = attention_scores(query, key)
        a = masked_softmax(s, mask)
        return torch.einsum('...qk,...kv->...qv', a, value)
        --
        scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
        if mask is not None:
            scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
        weights = scores.softmax(-1)
        return weights @ value
    """),
    "decoder_mask": _ways("""
        n = tokens.shape[-1]
        causal = torch.ones(n, n, dtype=torch.bool).tril()
        return causal & (tokens != pad_id)[:, None, :]
        --
        b, n = tokens.shape
        not_pad = (tokens != pad_id).unsqueeze(1)
        causal = torch.tril(torch.ones((n, n), dtype=torch.bool, device=tokens.device))
        return not_pad & causal
        --
        n = tokens.size(1)
        index = torch.arange(n)
        causal = index[None, :] <= index[:, None]
        return causal[None] & tokens.ne(pad_id)[:, None]
        --
        length = tokens.shape[1]
        future = torch.triu(torch.ones(length, length), diagonal=1).bool()
        padding = tokens == pad_id
        return ~future.unsqueeze(0) & ~padding.unsqueeze(1)
        --
        rows = torch.arange(tokens.shape[-1]).view(-1, 1)
        cols = torch.arange(tokens.shape[-1]).view(1, -1)
        mask = (rows >= cols).expand(tokens.shape[0], -1, -1).clone()
        mask[(tokens == pad_id)[:, None].expand_as(mask)] = False
        return mask
    """),
    "SelfAttention": _ways("""
        q, k, v = self.query(x), self.key(x), self.value(x)
        return scaled_dot_product_attention(q, k, v, mask)
        --
        return scaled_dot_product_attention(self.query(x), self.key(x), self.value(x), mask)
        --
        queries = self.query(x)
        keys = self.key(x)
        values = self.value(x)
        scores = attention_scores(queries, keys)
        return masked_softmax(scores, mask) @ values
        --
        parts = [layer(x) for layer in (self.query, self.key, self.value)]
        return scaled_dot_product_attention(*parts, mask=mask)
    """),
    "steer": _ways("""
        multiplier = torch.ones_like(weights)
        multiplier[..., key] = factor
        edited = weights * multiplier
        total = edited.sum(dim=-1, keepdim=True)
        return edited / total.masked_fill(total == 0, 1.0)
        --
        out = weights.clone()
        out[..., key] *= factor
        s = out.sum(-1, keepdim=True)
        return torch.where(s > 0, out / s, out)
        --
        new = weights.clone()
        new[..., key] = new[..., key] * factor
        sums = new.sum(dim=-1, keepdim=True)
        sums[sums == 0] = 1
        return new / sums
        --
        w = weights.clone()
        w[..., key] = factor * w[..., key]
        return torch.nan_to_num(w / w.sum(-1, keepdim=True))
        --
        onehot = torch.nn.functional.one_hot(torch.tensor(key), weights.shape[-1])
        scaled = weights * (1 + (factor - 1) * onehot)
        norm = scaled.sum(-1, True)
        return scaled / torch.clamp(norm, min=1e-12)
    """),
}
HEADS = {
    "project_qkv": "x, w_q, w_k, w_v",
    "attention_scores": "query, key",
    "softmax": "scores",
    "masked_softmax": "scores, mask=None",
    "scaled_dot_product_attention": "query, key, value, mask=None",
    "decoder_mask": "tokens, pad_id",
    "steer": "weights, key, factor",
}
LAYER = """class SelfAttention(nn.Module):
    def __init__(self, d_model, d_k, d_v):
        super().__init__()
        self.query = nn.Linear(d_model, d_k)
        self.key = nn.Linear(d_model, d_k)
        self.value = nn.Linear(d_model, d_v)

    def forward(self, x, mask=None):
"""
# What people put between the lines: a check, a detour, a name for a step. None is needed, few write the same.
ASIDES = [
    "assert {0}.dim() >= {1}",
    "shape_{2} = {0}.shape[-{1}]",
    "device_{2} = {0}.device",
    "dtype_{2} = {0}.dtype",
    "if {0}.ndim < {1}:\n    raise ValueError('expected {1} axes, step {2}')",
    "count_{2} = {0}.numel() // {1}",
    "last_{2} = {0}.size({1} - {2})",
    "small_{2} = 10 ** -{1}",
]


def definition(name: str, body: str) -> str:
    """One answer as a student's cell holds it."""
    if name == "SelfAttention":
        return LAYER + _indented(body, 8)
    return f"def {name}({HEADS[name]}):\n{_indented(body, 4)}"


def honest(rng: random.Random) -> list[str]:
    """A student's answer cells: common ways more often than rare ones, sometimes with a line of one's own."""
    cells = []
    for name, ways in WAYS.items():
        body = rng.choices(ways, [1 / (rank + 1) for rank in range(len(ways))])[0]
        if name != "SelfAttention" and rng.random() < 0.35:
            first = HEADS[name].split(",")[0]
            aside = rng.choice(ASIDES).format(first, rng.randint(1, 4), rng.randint(1, 9))
            body = f"{aside}\n{body}"
        cells.append(definition(name, body))
    return cells


def unusual(rng: random.Random) -> list[str]:
    """The work of somebody who writes more than needed: every function has steps of its own."""
    cells = []
    for name, ways in WAYS.items():
        first = HEADS.get(name, "x").split(",")[0]
        asides = [
            rng.choice(ASIDES).format(first, rng.randint(1, 9), rng.randint(1, 99)) for _ in range(rng.randint(1, 2))
        ]
        cells.append(definition(name, "\n".join([*asides, rng.choice(ways)])))
    return cells


class _Renamed(ast.NodeTransformer):
    def __init__(self, names: dict[str, str]):
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self.names.get(node.id, node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.arg = self.names.get(node.arg, node.arg)
        return node


def renamed(cells: Sequence[str]) -> list[str]:
    """Every variable and parameter has another name."""
    made = []
    for cell in cells:
        tree = ast.parse(cell)
        names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        names |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)} - {"self"}
        made.append(ast.unparse(_Renamed({name: f"my_{name}_{len(name)}" for name in names}).visit(tree)))
    return made


def commented(cells: Sequence[str]) -> list[str]:
    """A comment on every line, docstrings, blank lines, other spacing."""
    made = []
    for cell in cells:
        lines = [f"{line}  # step {i}: my own idea\n" for i, line in enumerate(cell.splitlines())]
        made.append("# what I thought\n\n" + "\n".join(lines))
    return made


def reordered(cells: Sequence[str]) -> list[str]:
    """All functions in one cell, the last one first."""
    return ["\n\n\n".join(reversed(cells))]


def padded(cells: Sequence[str]) -> list[str]:
    """Extra cells between, as long as the answers."""
    extra = [
        f"table_{i} = [[row * {i + 2} - column for column in range({i + 3})] for row in range(10)]\n"
        f"for line in table_{i}:\n    print('row', sum(line), max(line) - {i})"
        for i in range(len(cells))
    ]
    return [cell for pair in zip(cells, extra, strict=True) for cell in pair]


def _indented(body: str, spaces: int) -> str:
    return "\n".join(" " * spaces + line for line in body.splitlines())

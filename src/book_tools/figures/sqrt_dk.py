"""The figure *√d_k*: what the dimension does to logits, weights and the gradient, for random and for trained q and k.

Letters in shapes: `q` queries, `k` keys, `d` their dimension.
"""

import functools
import math
from dataclasses import dataclass

import torch
import traitlets
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import cross_entropy

from book_tools.figures.attention_state import FigureError, Vectors
from book_tools.figures.figure import Figure
from transformer_lab.attention import attention_scores, masked_softmax

LARGEST = 256
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)  # on the charts
TRAINED_SIZES = (4, 16, 64, 256)
TOKENS = 8  # queries, and keys
KINDS, WIDTH, STEPS = 16, 32, 60  # of the trained head: kinds of tokens, width of x, steps of Adam
NOISE = 0.7  # standard deviation of what is added to each x, so that no token is found with certainty


@dataclass(frozen=True)
class Measured:
    """What the figure says of one dimension: the logits that enter softmax, the weights, two summaries."""

    logits: Float[Tensor, "q k"]
    weights: Float[Tensor, "q k"]
    variance: float  # of all logits
    jacobian: float  # Frobenius norm of softmax's Jacobian, the mean over the queries


def measure(q: Float[Tensor, "q d"], k: Float[Tensor, "k d"], *, scaled: bool) -> Measured:
    """The library's attention over `q` and `k`; without `scaled` its scores are not divided by √d."""
    logits = attention_scores(q, k) * (1 if scaled else math.sqrt(q.shape[-1]))
    weights = masked_softmax(logits, torch.ones_like(logits, dtype=torch.bool))
    jacobians = torch.diag_embed(weights) - weights.unsqueeze(-1) * weights.unsqueeze(-2)
    norm = torch.linalg.matrix_norm(jacobians).mean()
    return Measured(logits, weights, logits.var(correction=0).item(), norm.item())


@functools.cache
def samples() -> dict[str, object]:
    """Random q and k of LARGEST dimensions (of fewer, the first are taken), and trained ones of each TRAINED_SIZES.

    Rounded, so that the page computes with the same numbers as the library.
    """
    draw = torch.Generator().manual_seed(1)
    random = torch.randn(2, TOKENS, LARGEST, generator=draw, dtype=torch.float64)
    return {
        "random": {"q": _rounded(random[0]), "k": _rounded(random[1])},
        "trained": {str(d): _trained(d) for d in TRAINED_SIZES},
    }


def _trained(d: int) -> dict[str, Vectors]:
    """q and k of one head that has learned to find, among the keys, the token of its own kind."""
    draw = torch.Generator().manual_seed(d)
    kinds = torch.randn(KINDS, WIDTH, generator=draw)
    w_q, w_k = (torch.randn(WIDTH, d, generator=draw).div(WIDTH**0.5).requires_grad_() for _ in range(2))
    adam = torch.optim.Adam([w_q, w_k], lr=0.003)
    with torch.enable_grad():
        for _ in range(STEPS):
            x = kinds[torch.randperm(KINDS, generator=draw)[:TOKENS]]
            seen = x + NOISE * torch.randn(x.shape, generator=draw)
            loss = cross_entropy(attention_scores(seen @ w_q, x @ w_k), torch.arange(TOKENS))
            adam.zero_grad()
            loss.backward()
            adam.step()
    x = kinds[:TOKENS]
    return {"q": _rounded(x @ w_q.detach()), "k": _rounded(x @ w_k.detach())}


def _rounded(rows: Float[Tensor, "n d"]) -> Vectors:
    return [[round(value, 2) + 0.0 for value in row] for row in rows.tolist()]


class SqrtDk(Figure):
    """Logits, weights and softmax's Jacobian against the dimension `d`, divided by √d or not.

    `kind` is "random" (standard normal q and k, `d` from 1 to 256) or "trained" (`d` is one of TRAINED_SIZES).
    """

    _state = ("d", "kind", "scaled", "samples")

    d = traitlets.Int(64).tag(sync=True)
    kind = traitlets.Unicode("random").tag(sync=True)
    scaled = traitlets.Bool(False).tag(sync=True)
    samples = traitlets.Dict().tag(sync=True)

    def __init__(self, d: int = 64, kind: str = "random", *, scaled: bool = False) -> None:
        """Starts at a dimension.

        Raises:
            FigureError: the kind is unknown, or there are no q and k of that kind and dimension.
        """
        super().__init__(d=d, kind=kind, scaled=scaled, samples=samples())

    def vectors(self, d: int, kind: str) -> tuple[Float[Tensor, "q d"], Float[Tensor, "k d"]]:
        """The figure's queries and keys, in float64."""
        given = self.samples["random"] if kind == "random" else self.samples["trained"][str(d)]
        q, k = (torch.tensor(given[name], dtype=torch.float64)[:, :d] for name in "qk")
        return q, k

    @traitlets.validate("d", "kind")
    def _known(self, proposal: traitlets.Bunch) -> object:
        if proposal.trait.name == "kind" and proposal.value not in ("random", "trained"):
            raise FigureError(f"kind={proposal.value!r} is unknown; choose 'random' or 'trained'.")
        if proposal.trait.name == "d" and not 1 <= proposal.value <= LARGEST:
            raise FigureError(f"d={proposal.value} is outside 1 to {LARGEST}; choose one inside.")
        d, kind = (getattr(self, n) if n != proposal.trait.name else proposal.value for n in ("d", "kind"))
        if kind == "trained" and d not in TRAINED_SIZES:
            known = ", ".join(map(str, TRAINED_SIZES))
            raise FigureError(f"No trained q and k have d={d}; choose one of {known}, or kind='random'.")
        return proposal.value

    def fallback_html(self) -> str:
        """Variance and Jacobian of random q and k against the dimension, by the library."""
        rows = []
        for d in SIZES:
            plain, divided = (measure(*self.vectors(d, "random"), scaled=scaled) for scaled in (False, True))
            cells = (plain.variance, plain.jacobian, divided.variance, divided.jacobian)
            rows.append(f'<tr><th scope="row">{d}</th>' + "".join(f"<td>{cell:.3f}</td>" for cell in cells) + "</tr>")
        head = ("d", "variance of q·k", "its Jacobian’s norm", "variance of q·k / √d", "its Jacobian’s norm")
        names = "".join(f'<th scope="col">{name}</th>' for name in head)
        caption = "Random queries and keys: the logits’ variance and the norm of softmax’s Jacobian."
        return (
            f"<table><caption>{caption}</caption><thead><tr>{names}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        )

    def __repr__(self) -> str:
        now = measure(*self.vectors(self.d, self.kind), scaled=self.scaled)
        divided = "divided by √d" if self.scaled else "not divided"
        measured = f"variance {now.variance:.3f}, Jacobian {now.jacobian:.3f}"
        return f"√d_k: {self.kind} q and k, d = {self.d}, {divided}: {measured}"

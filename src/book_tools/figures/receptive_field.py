"""The figure *receptive field*: poke an input of a stack of convolutions and see what moves; how far an output sees.

Letters in shapes: `n` positions, `d` features, `w` the window.
"""

import functools

import torch
import traitlets
from jaxtyping import Float
from torch import Tensor

from book_tools.figures.attention_state import FigureError
from book_tools.figures.figure import Figure
from transformer_lab.predecessors.dilated import DilatedStack, field_by_gradient, field_by_perturbation, field_size

N, D, MOST = 17, 3, 8  # positions, features, layers
WINDOWS = (3, 5)
GAPS = {
    "none": lambda w, layer: 1,
    "doubled": lambda w, layer: 2**layer,
    "powers": lambda w, layer: w**layer,
    "holes": lambda w, layer: 2 ** (layer + 1),
}


def dilations(gaps: str, w: int, layers: int) -> list[int]:
    """The dilation of each layer under a pattern of GAPS."""
    return [GAPS[gaps](w, layer) for layer in range(layers)]


@functools.cache
def samples() -> dict[str, object]:
    """An input and the weights of each window's layers, rounded so that the page computes with the same numbers."""
    draw = torch.Generator().manual_seed(3)

    def rounded(*shape: int, scale: float = 1.0) -> list:
        drawn = torch.randn(*shape, generator=draw, dtype=torch.float64) * scale
        return (drawn * 1000).round().div(1000).tolist()

    weights = {str(w): rounded(MOST, D, D, w, scale=(D * w) ** -0.5) for w in WINDOWS}
    return {"x": rounded(N, D), "weights": weights}


class ReceptiveField(Figure):
    """A stack of `layers` convolutions over 17 positions, window `w`, dilated by the pattern `gaps`, causal or not.

    `poked` is the input that is changed, `asked` the output whose field is shown; both count from 0.
    """

    _state = ("w", "layers", "gaps", "both", "poked", "asked", "samples")

    w = traitlets.Int(3).tag(sync=True)
    layers = traitlets.Int(3).tag(sync=True)
    gaps = traitlets.Unicode("none").tag(sync=True)
    both = traitlets.Bool(False).tag(sync=True)
    poked = traitlets.Int(10).tag(sync=True)
    asked = traitlets.Int(N - 1).tag(sync=True)
    samples = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        w: int = 3,
        layers: int = 3,
        gaps: str = "none",
        *,
        both: bool = False,
        poked: int = 10,
        asked: int = N - 1,
    ) -> None:
        """Starts at a stack.

        Raises:
            FigureError: a number is outside its range, or the pattern of gaps is unknown.
        """
        super().__init__(w=w, layers=layers, gaps=gaps, both=both, poked=poked, asked=asked, samples=samples())

    def stack(self) -> DilatedStack:
        """The library's stack with the figure's weights, in float64."""
        made = DilatedStack(D, self.w, dilations(self.gaps, self.w, self.layers), causal=not self.both).double()
        with torch.no_grad():
            for layer, weight in zip(made.layers, self.samples["weights"][str(self.w)], strict=False):
                layer.weight.copy_(torch.tensor(weight, dtype=torch.float64))
        return made

    def inputs(self) -> Float[Tensor, "1 n d"]:
        """The figure's input, in float64."""
        return torch.tensor(self.samples["x"], dtype=torch.float64)[None]

    def formula(self) -> Float[Tensor, " n"]:
        """1 where the formula's field of the asked output lies, else 0."""
        reach = field_size(self.w, dilations(self.gaps, self.w, self.layers)) - 1
        left, right = (reach // 2, reach // 2) if self.both else (reach, 0)
        offset = torch.arange(N) - self.asked
        return ((offset >= -left) & (offset <= right)).double()

    def fields(self) -> Float[Tensor, "3 n"]:
        """Of the asked output: the formula's field, what moves it, and how strongly by the gradient (largest 1)."""
        moved = field_by_perturbation(self.stack(), self.inputs(), self.asked)
        strength = field_by_gradient(self.stack(), self.inputs(), self.asked)
        return torch.stack([self.formula(), (moved > 0).double(), strength / strength.max()])

    @traitlets.validate("w", "layers", "gaps", "poked", "asked")
    def _known(self, proposal: traitlets.Bunch) -> object:
        name, value = proposal.trait.name, proposal.value
        if name == "gaps" and value not in GAPS:
            raise FigureError(f"gaps={value!r} is unknown; choose one of {', '.join(GAPS)}.")
        if name == "w" and value not in WINDOWS:
            raise FigureError(f"w={value} is no window here; choose one of {', '.join(map(str, WINDOWS))}.")
        if name == "layers" and not 1 <= value <= MOST:
            raise FigureError(f"layers={value} is outside 1 to {MOST}; choose a number inside.")
        if name in ("poked", "asked") and not 0 <= value < N:
            raise FigureError(f"{name}={value} is outside 0 to {N - 1}; choose one of the {N} positions.")
        return value

    def fallback_html(self) -> str:
        """The fields of the asked output, by the library."""
        names = ("in the formula’s field", "moves the output", "effect, largest 1")
        rows = []
        for name, row in zip(names, self.fields().tolist(), strict=True):
            cells = "".join(f"<td>{value:.2g}</td>" for value in row)
            rows.append(f'<tr><th scope="row">{name}</th>{cells}</tr>')
        head = "".join(f'<th scope="col">{i + 1}</th>' for i in range(N))
        caption = (
            f"What output {self.asked + 1} of {N} sees through {self.layers} layers with windows of {self.w} and "
            f"dilations {', '.join(map(str, dilations(self.gaps, self.w, self.layers)))}, by input."
        )
        return (
            f"<table><caption>{caption}</caption><thead><tr><th></th>{head}</tr></thead>"
            f"<tbody>{''.join(rows)}</tbody></table>"
        )

    def __repr__(self) -> str:
        formula, moved, _ = self.fields()
        gaps = ", ".join(map(str, dilations(self.gaps, self.w, self.layers)))
        return (
            f"receptive field: {self.layers} layers, window {self.w}, dilations {gaps}: output {self.asked + 1} "
            f"is moved by {int(moved.sum())} of {int(formula.sum())} inputs in its field"
        )

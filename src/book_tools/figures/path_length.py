"""The figure *path length*: how many steps a word needs to reach another, in three networks on one clock."""

import traitlets

from book_tools.figures.attention_state import FigureError
from book_tools.figures.figure import Figure
from transformer_lab.predecessors.dilated import layers_to_see

NETWORKS = ("recurrent", "convolution", "attention")
FEWEST, MOST = 4, 16  # words
WINDOWS = (2, 3, 4, 5)


def path_length(network: str, distance: int, *, w: int = 3, gaps: bool = False, both: bool = False) -> int | None:
    """The fewest steps from a word to the one `distance` places to its right (negative: left); None: there is no way.

    A recurrent network passes a state on once a place, a convolution sees w − 1 places to its left (with `both`, half
    of them to each side; with `gaps` of 1, w, w², … in its layers), attention sees all (table 1 in Vaswani et al.).

    Raises:
        FigureError: the network is unknown, or its window is to look to both sides and has gaps, or no middle.
    """
    if network not in NETWORKS:
        raise FigureError(f"network={network!r} is unknown; choose one of {', '.join(map(repr, NETWORKS))}.")
    if both and gaps:
        # From word 1 to 12, say, 11 = 9 + 3 − 1: but the first step would lead over the sentence's end.
        raise FigureError("gaps and both exclude each other: ways would lead over the ends; choose one.")
    if both and w % 2 == 0:
        raise FigureError(f"w={w} has no middle, which a window to both sides needs; choose 3 or 5.")
    if distance < 0 and not both:
        return None
    far = abs(distance)
    if network == "convolution":
        return layers_to_see((2 * far if both else far) + 1, w, dilated=gaps)
    return far if network == "recurrent" else min(far, 1)


def steps_that_wait(network: str, n: int, *, w: int = 3, gaps: bool = False, both: bool = False) -> int:
    """How many steps must wait for one another until all `n` words have vectors, in a network that joins both ends."""
    return n if network == "recurrent" else path_length(network, n - 1, w=w, gaps=gaps, both=both)


class PathLength(Figure):
    """The way of the news from the word at place `first` to that at place `second` (1 to `n`), step by step.

    `network` is the one that is drawn large; `w` and `gaps` are the convolution's window and whether its layers leave
    gaps of 1, w, w², …; with `both` the networks look to both sides; `step` is where the clock stands.
    """

    _state = ("network", "n", "first", "second", "w", "gaps", "both", "step")

    network = traitlets.Unicode("recurrent").tag(sync=True)
    n = traitlets.Int(9).tag(sync=True)
    first = traitlets.Int(2).tag(sync=True)
    second = traitlets.Int(8).tag(sync=True)
    w = traitlets.Int(3).tag(sync=True)
    gaps = traitlets.Bool(False).tag(sync=True)
    both = traitlets.Bool(False).tag(sync=True)
    step = traitlets.Int(1).tag(sync=True)

    def __init__(
        self,
        network: str = "recurrent",
        *,
        n: int = 9,
        first: int = 2,
        second: int = 8,
        w: int = 3,
        gaps: bool = False,
        both: bool = False,
        step: int = 1,
    ) -> None:
        """Starts with a network and two words.

        Raises:
            FigureError: a value is outside what the figure can show.
        """
        path_length(network, 0, w=w, gaps=gaps, both=both)
        if not FEWEST <= n <= MOST:
            raise FigureError(f"n={n} is outside {FEWEST} to {MOST}; choose a number of words inside.")
        for name, value in (("first", first), ("second", second), ("step", step)):
            if not 1 <= value <= n:
                raise FigureError(f"{name}={value} is outside 1 to n={n}; choose one inside.")
        if first == second:
            raise FigureError(f"first and second are both {first}; choose two places that differ.")
        if w not in WINDOWS:
            raise FigureError(f"w={w} is not one of the windows {', '.join(map(str, WINDOWS))}; choose one of them.")
        super().__init__(network=network, n=n, first=first, second=second, w=w, gaps=gaps, both=both, step=step)

    def counts(self) -> dict[str, tuple[int, int | None]]:
        """For each network: steps that wait, and the path from `first` to `second` (None: there is no way)."""
        how = {"w": self.w, "gaps": self.gaps, "both": self.both}
        distance = self.second - self.first
        return {name: (steps_that_wait(name, self.n, **how), path_length(name, distance, **how)) for name in NETWORKS}

    def fallback_html(self) -> str:
        """Steps that wait and path length of the three networks."""
        rows = "".join(
            f'<tr><th scope="row">{name}</th><td>{waits}</td><td>{"never" if path is None else path}</td></tr>'
            for name, (waits, path) in self.counts().items()
        )
        head = "".join(f'<th scope="col">{name}</th>' for name in ("network", "steps that wait", "length of the path"))
        caption = f"{self.n} words, a window of {self.w}: from word {self.first} to word {self.second}."
        return f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"

    def __repr__(self) -> str:
        counted = ", ".join(
            f"{name} {waits} steps that wait, path {'never' if path is None else path}"
            for name, (waits, path) in self.counts().items()
        )
        return f"path length: {self.n} words, from {self.first} to {self.second}: {counted}"

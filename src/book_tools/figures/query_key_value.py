"""The figure *query–key–value*: scaled dot-product attention in two dimensions, to be moved by hand."""

import html

import traitlets

from book_tools.figures import attention_state
from book_tools.figures.attention_state import PRESETS, Vectors
from book_tools.figures.figure import Figure


class QueryKeyValue(Figure):
    """Scaled dot-product attention over 2 to 5 tokens with 2-D vectors: drag them, and the weights follow.

    `q`, `k` and `v` hold one [x, y] a token (arrays and tensors are accepted); `mask[i][j]` is True
    where query i may attend to key j; `scaled` divides the scores by √2; `temperature` divides them again;
    `query` is the token whose attention is drawn. `x`, where it is given, holds the vectors that `w_q`, `w_k` and
    `w_v` (2 × 2, from the right) turn into queries, keys and values: what of `q`, `k` and `v` is not given is made
    from them. All are synced with the page in both directions.
    """

    _state = (*attention_state.TRAITS, "presets")

    labels = traitlets.List(traitlets.Unicode()).tag(sync=True)
    q = traitlets.Any().tag(sync=True)
    k = traitlets.Any().tag(sync=True)
    v = traitlets.Any().tag(sync=True)
    mask = traitlets.Any().tag(sync=True)
    scaled = traitlets.Bool(True).tag(sync=True)
    temperature = traitlets.Float(1.0).tag(sync=True)
    query = traitlets.Int(0).tag(sync=True)
    x = traitlets.Any(None, allow_none=True).tag(sync=True)
    w_q = traitlets.Any().tag(sync=True)
    w_k = traitlets.Any().tag(sync=True)
    w_v = traitlets.Any().tag(sync=True)
    presets = traitlets.Dict().tag(sync=True)  # what the page offers; a page has no other source for them

    def __init__(self, preset: str | None = None, **traits: object) -> None:
        """Starts from a preset (the first of PRESETS where neither it nor vectors are given), changed by `traits`.

        Raises:
            FigureError: the preset is unknown, or the traits do not fit together.
        """
        given = {name: attention_state.plain(value) for name, value in traits.items()}
        start = attention_state.preset(preset) | given if preset else attention_state.complete(given)
        super().__init__(**start, presets=PRESETS)
        attention_state.check(self.state())

    def update(self, **traits: object) -> None:
        """Sets several traits in one step, so that the number of tokens can change.

        Raises:
            FigureError: the traits do not fit together; none has changed then.
        """
        given = {name: attention_state.plain(value) for name, value in traits.items()}
        attention_state.check(self.state() | given)
        with self.hold_sync(), self.hold_trait_notifications():
            for name, value in given.items():
                setattr(self, name, value)

    @property
    def scores(self) -> Vectors:
        """What enters softmax, one row a query: q·k, divided by √2 if `scaled`, and by the temperature."""
        return attention_state.attention(self._checked())[0].tolist()

    @property
    def weights(self) -> Vectors:
        """The attention weights, one row a query; a fully masked row is all zeros."""
        return attention_state.attention(self._checked())[1].tolist()

    @property
    def outputs(self) -> Vectors:
        """The weighted sums of the values, one [x, y] a query."""
        return attention_state.attention(self._checked())[2].tolist()

    def _checked(self) -> dict[str, object]:
        state = self.state()
        attention_state.check(state)
        return state

    @traitlets.validate("q", "k", "v")
    def _vectors(self, proposal: traitlets.Bunch) -> Vectors:
        return attention_state.vectors(proposal.trait.name, proposal.value)

    @traitlets.validate("x")
    def _x(self, proposal: traitlets.Bunch) -> Vectors | None:
        return None if proposal.value is None else attention_state.vectors("x", proposal.value)

    @traitlets.validate("w_q", "w_k", "w_v")
    def _matrix(self, proposal: traitlets.Bunch) -> Vectors:
        return attention_state.matrix(proposal.trait.name, proposal.value)

    @traitlets.validate("mask")
    def _mask(self, proposal: traitlets.Bunch) -> list[list[bool]]:
        return attention_state.mask(proposal.value)

    @traitlets.validate("temperature")
    def _temperature(self, proposal: traitlets.Bunch) -> float:
        return attention_state.temperature(proposal.value)

    def fallback_html(self) -> str:
        """The weights and outputs as a table, computed by the library."""
        words = [html.escape(label) for label in self.labels]
        head = "".join(f'<th scope="col">{word}</th>' for word in words)
        rows = "".join(
            f'<tr><th scope="row">{word}</th>'
            + "".join(f"<td>{weight:.4f}</td>" for weight in row)
            + f"<td>{_pair(output)}</td></tr>"
            for word, row, output in zip(words, self.weights, self.outputs, strict=True)
        )
        return (
            "<table><caption>Attention weights, one row a query and one column a key, and the outputs.</caption>"
            f'<thead><tr><th scope="col">query</th>{head}<th scope="col">output</th></tr></thead>'
            f"<tbody>{rows}</tbody></table>"
        )

    def __repr__(self) -> str:
        width = max(map(len, self.labels))
        lines = [
            f"{label:>{width}}  " + " ".join(f"{w:.4f}" for w in row) + f"  -> {_pair(output)}"
            for label, row, output in zip(self.labels, self.weights, self.outputs, strict=True)
        ]
        return "\n".join(["query-key-value: weights, one row a query, -> output", *lines])


def _pair(vector: list[float]) -> str:
    return "[" + ", ".join(f"{round(x, 4) + 0.0:.4f}" for x in vector) + "]"  # + 0.0 turns -0 into 0

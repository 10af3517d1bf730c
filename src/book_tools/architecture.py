"""The figure of the whole Transformer: encoder, decoder and what flows between them, with shapes.

Drawn from bottom to top like figure 1 of Vaswani et al. 2017. Each block is a link to its section of the chapter. Every
word comes from a table: a block's lines are the names of its labels.
"""

from dataclasses import dataclass
from itertools import pairwise

from book_tools.labels import Labels

WIDTH, HEIGHT = 400, 700
ENCODER, DECODER = 100, 300  # the x of each column's middle
BOX, FRAME = 136, 168  # widths of a block and of the frame around a layer
BLUE, GREEN, OCHRE, PURPLE = "--fig-blue", "--fig-green", "--fig-ochre", "--fig-purple"


@dataclass(frozen=True)
class Block:
    """One box of the figure, and the anchor of the section that explains it."""

    column: int
    top: int
    height: int
    lines: tuple[str, ...]
    colour: str
    anchor: str

    @property
    def bottom(self) -> int:
        """The y of its lower edge."""
        return self.top + self.height

    @property
    def middle(self) -> float:
        """The y of its middle."""
        return self.top + self.height / 2


SOURCE_EMBEDDING = Block(ENCODER, 626, 24, ("embedding",), PURPLE, "embeddings")
TARGET_EMBEDDING = Block(DECODER, 626, 24, ("embedding",), PURPLE, "embeddings")
ENCODER_ATTENTION = Block(ENCODER, 524, 40, ("self-attention", "sees: all but padding"), BLUE, "encoder-mask")
ENCODER_NORM_1 = Block(ENCODER, 484, 22, ("add & norm",), OCHRE, "add-and-norm")
ENCODER_FEED_FORWARD = Block(ENCODER, 438, 24, ("feed-forward",), GREEN, "feed-forward")
ENCODER_NORM_2 = Block(ENCODER, 398, 22, ("add & norm",), OCHRE, "add-and-norm")
MEMORY = Block(ENCODER, 326, 26, ("memory",), "--fig-vermilion", "memory")
DECODER_ATTENTION = Block(DECODER, 524, 40, ("masked self-attention", "sees: nothing later"), BLUE, "three-uses")
DECODER_NORM_1 = Block(DECODER, 484, 22, ("add & norm",), OCHRE, "add-and-norm")
CROSS_ATTENTION = Block(DECODER, 420, 40, ("cross-attention", "sees: all but padding"), BLUE, "three-uses")
DECODER_NORM_2 = Block(DECODER, 380, 22, ("add & norm",), OCHRE, "add-and-norm")
DECODER_FEED_FORWARD = Block(DECODER, 334, 24, ("feed-forward",), GREEN, "feed-forward")
DECODER_NORM_3 = Block(DECODER, 294, 22, ("add & norm",), OCHRE, "add-and-norm")
LOGITS = Block(DECODER, 214, 24, ("tied embedding",), PURPLE, "embeddings")
SOFTMAX = Block(DECODER, 152, 22, ("softmax",), "--fig-slate", "embeddings")

BLOCKS = (
    *(SOURCE_EMBEDDING, ENCODER_ATTENTION, ENCODER_NORM_1, ENCODER_FEED_FORWARD, ENCODER_NORM_2, MEMORY),
    *(TARGET_EMBEDDING, DECODER_ATTENTION, DECODER_NORM_1, CROSS_ATTENTION, DECODER_NORM_2, DECODER_FEED_FORWARD),
    *(DECODER_NORM_3, LOGITS, SOFTMAX),
)
RESIDUALS = (  # (the sub-layer that is bypassed, where its input is added)
    (ENCODER_ATTENTION, ENCODER_NORM_1),
    (ENCODER_FEED_FORWARD, ENCODER_NORM_2),
    (DECODER_ATTENTION, DECODER_NORM_1),
    (CROSS_ATTENTION, DECODER_NORM_2),
    (DECODER_FEED_FORWARD, DECODER_NORM_3),
)


def architecture(say: Labels) -> str:
    """The figure as inline SVG, words from `say`, colours from the theme's CSS variables as in `book_tools.style`."""
    parts = [
        '<defs><marker id="arch-head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0 8 4 0 8z" fill="var(--fig-ink)"/></marker></defs>',
        _frame(ENCODER, ENCODER_NORM_2.top - 18, 590, "6 ×", ENCODER - FRAME / 2),
        _frame(DECODER, DECODER_NORM_3.top - 18, 590, "× 6", DECODER + FRAME / 2),
        *_flow(),
        *(_residual(layer, norm) for layer, norm in RESIDUALS),
        *(_block(block, say) for block in BLOCKS),
        *_shapes(say),
    ]
    return (
        f'<figure class="architecture"><svg viewBox="8 96 {WIDTH - 16} {HEIGHT - 96}" role="img" '
        f'aria-label="{say("architecture alt")}" style="display: block; width: 100%; max-width: 40rem; height: auto; '
        'margin: 0 auto" font-family="var(--pst-font-family-base, sans-serif)" font-size="12" text-anchor="middle" '
        f'fill="var(--fig-ink)">{"".join(parts)}</svg></figure>'
    )


def _block(block: Block, say: Labels) -> str:
    left = block.column - BOX / 2
    step = 15
    first = block.middle - step * (len(block.lines) - 1) / 2 + 4
    texts = "".join(
        f'<text x="{block.column}" y="{first + step * i:g}"{_SMALL if i else ""}>{_text(say(line))}</text>'
        for i, line in enumerate(block.lines)
    )
    place = f'x="{left:g}" y="{block.top}" width="{BOX}" height="{block.height}" rx="4"'
    return (
        f'<a href="#{block.anchor}" style="text-decoration: none">'
        f'<rect {place} style="fill: var(--pst-color-background, #fff)"/>'
        f'<rect {place} stroke-width="1.3" '
        f'style="fill: var({block.colour}); fill-opacity: 0.16; stroke: var({block.colour})"/>'
        f'<g style="fill: var(--fig-ink)">{texts}</g></a>'
    )


def _frame(column: int, top: int, bottom: int, times: str, x: float) -> str:
    """The rounded frame of a layer, with how often it is stacked written beside it, outside."""
    side = "end" if x < column else "start"
    return (
        f'<rect x="{column - FRAME / 2:g}" y="{top}" width="{FRAME}" height="{bottom - top}" rx="10" fill="none" '
        'style="stroke: var(--fig-slate)" stroke-dasharray="4 3"/>'
        f'<text x="{column - FRAME / 2 + 4 if side == "end" else column + FRAME / 2 - 4:g}" y="{top - 5}" '
        f'text-anchor="{"start" if side == "end" else "end"}" font-weight="600">{times}</text>'
    )


def _line(path: str, *, arrow: bool = True, colour: str = "--fig-ink", width: float = 1.2) -> str:
    head = ' marker-end="url(#arch-head)"' if arrow else ""
    return f'<path d="{path}" fill="none" style="stroke: var({colour})" stroke-width="{width}"{head}/>'


def _flow() -> list[str]:
    """The arrows along both columns, the sums with the positions, and the way of the memory into every layer."""
    parts = []
    columns = (
        (SOURCE_EMBEDDING, ENCODER_ATTENTION, ENCODER_NORM_1, ENCODER_FEED_FORWARD, ENCODER_NORM_2, MEMORY),
        (
            *(TARGET_EMBEDDING, DECODER_ATTENTION, DECODER_NORM_1, CROSS_ATTENTION, DECODER_NORM_2),
            *(DECODER_FEED_FORWARD, DECODER_NORM_3, LOGITS, SOFTMAX),
        ),
    )
    for column in columns:
        x = column[0].column
        parts.append(_line(f"M{x} 664V{column[0].bottom}"))
        parts += [_line(f"M{x} {a.top}V{b.bottom}") for a, b in pairwise(column)]
        parts.append(
            f'<circle cx="{x}" cy="608" r="8" style="fill: var(--pst-color-background, #fff); stroke: var(--fig-ink)"/>'
            f'<path d="M{x - 4} 608h8M{x} 604v8" style="stroke: var(--fig-ink)"/>'
        )
    parts.append(_line(f"M{DECODER} {SOFTMAX.top}V134"))
    turn = (ENCODER + DECODER) / 2
    parts += [_line(f"M{turn - 28:g} 608H{ENCODER + 8}"), _line(f"M{turn + 28:g} 608H{DECODER - 8}")]
    path = f"M{ENCODER + BOX / 2} {MEMORY.middle:g}H{turn:g}V{CROSS_ATTENTION.middle:g}H{DECODER - BOX / 2}"
    parts.append(_line(path, colour="--fig-vermilion", width=2.4))
    return parts


def _residual(layer: Block, norm: Block) -> str:
    """The way around a sub-layer, on the outer side of its column."""
    outside = -1 if layer.column == ENCODER else 1
    x, edge = layer.column + outside * (BOX / 2 + 9), layer.column + outside * BOX / 2
    start = layer.bottom + 8
    return _line(f"M{layer.column} {start}H{x:g}V{norm.middle:g}H{edge:g}")


_SMALL = ' font-size="10.5"'
_HALO = ' paint-order="stroke" stroke-width="5" style="stroke: var(--pst-color-background, #fff)"'


def _text(text: str) -> str:
    return text.replace("&", "&amp;")


def _label(x: float, y: float, text: str, *, small: bool = False, anchor: str = "middle", extra: str = "") -> str:
    size = _SMALL if small else ""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}"{size}{_HALO}{extra}>{_text(text)}</text>'


def _shapes(say: Labels) -> list[str]:
    """Names and shapes of what enters, passes and leaves."""
    turn = (ENCODER + DECODER) / 2
    return [
        _label(ENCODER, 678, say("source tokens"), extra=' font-weight="600"'),
        _label(ENCODER, 693, "(batch, source)", small=True),
        _label(DECODER, 678, say("target tokens so far"), extra=' font-weight="600"'),
        _label(DECODER, 693, "(batch, target)", small=True),
        _label(ENCODER, 317, "(batch, source, d_model)", small=True),
        _label(DECODER, 259, "(batch, target, d_model)", small=True),
        _label(DECODER, 196, "(batch, target, vocab_size)", small=True),
        _label(DECODER, 111, say("probabilities"), extra=' font-weight="600"'),
        _label(DECODER, 126, say("of the next token"), small=True),
        _label(ENCODER + BOX / 2 + 16, 332, "k, v", small=True, extra=' font-style="italic"'),
        _label(DECODER + 9, 471, "q", small=True, anchor="start", extra=' font-style="italic"'),
        _label(turn, 612, say("positions"), small=True),
        _label(ENCODER, 158, say("bottom to top"), small=True),
        _label(ENCODER, 174, say("blocks lead"), small=True),
    ]

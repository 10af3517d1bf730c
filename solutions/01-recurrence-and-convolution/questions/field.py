"""Question 7: which words a stack of causal convolutions sees."""

import numpy as np
import torch

from classroom.questions.common.altered import with_argument
from classroom.questions.criteria import ShapeAndDtype, Values
from classroom.questions.guide import Guide, Section, WorkedExample
from classroom.questions.question import Attempt, Case, Misconception, Question
from classroom.student_code.student import Call


def receptive_field(w, dilations, per_block, n):
    """True at distance j where some way through the stack leads j places back."""
    seen = torch.zeros(n, dtype=torch.bool)
    seen[0] = True
    for dilation in dilations.repeat_interleave(per_block).tolist():
        before = seen.clone()
        for i in range(1, w):
            back = i * dilation
            seen[back:] |= before[: max(0, n - back)]
    return seen


def reach(w, dilations, per_block):
    return int((w - 1) * per_block * dilations.sum())


def cases(rng: np.random.Generator) -> list[Case]:
    def case(name, w, dilations, per_block, beyond):
        """With `beyond` distances behind the last that is seen."""
        gaps = np.array(dilations)
        n = (w - 1) * per_block * int(gaps.sum()) + 1 + beyond
        return Case(name, (Call((w, gaps, per_block, n)),), frozenset({"values", "shape"}))

    return [
        case("no gaps", int(rng.integers(3, 5)), [1, 1, 1], 1, int(rng.integers(5, 8))),
        case("a window of two", 2, [1, 2, 4], 1, int(rng.integers(5, 8))),
        case("two convolutions a block", 3, [1, int(rng.integers(2, 4))], 2, int(rng.integers(5, 8))),
        case("gaps that begin at two", 3, [2, int(rng.choice([4, 6]))], 1, int(rng.integers(5, 8))),
        case("gaps that grow too fast", 2, rng.permuted([1, 5]), int(rng.integers(1, 3)), int(rng.integers(5, 8))),
        case("everything is seen", 3, [1, 3], 1, 0),
        case("one word too many", 3, [1, 3], 1, 1),
        case("a field that goes beyond the words", 3, [1, 2, 4], 1, -int(rng.integers(3, 6))),
    ]


def without_holes(w, dilations, per_block, n):
    return torch.arange(n) <= reach(w, dilations, per_block)


def w_for_w_minus_one(w, dilations, per_block, n):
    return torch.arange(n) <= reach(w + 1, dilations, per_block)


def w_words_a_layer(w, dilations, per_block, n):
    return torch.arange(n) < reach(w + 1, dilations, per_block)


def one_place_more(w, dilations, per_block, n):
    return receptive_field(w + 1, dilations, per_block, n)


def one_convolution(w, dilations, per_block, n):
    return receptive_field(w, dilations, 1, n)


def one_convolution_without_holes(w, dilations, per_block, n):
    return without_holes(w, dilations, 1, n)


def one_too_few(w, dilations, per_block, n):
    return torch.arange(n) < reach(w, dilations, per_block)


def itself_left_out(w, dilations, per_block, n):
    seen = receptive_field(w, dilations, per_block, n)
    seen[0] = False
    return seen


def farthest_alone(w, dilations, per_block, n):
    return torch.arange(n) == reach(w, dilations, per_block)


def half_of_it(w, dilations, per_block, n):
    return torch.arange(n) <= reach(w, dilations, per_block) // 2


def largest_gap_alone(w, dilations, per_block, n):
    return receptive_field(w, dilations.max()[None], per_block, n)


def power_of_gaps(w, dilations, per_block, n):
    return torch.arange(n) <= (w - 1) * int((dilations**per_block).sum())


def largest_gap_without_holes(w, dilations, per_block, n):
    return torch.arange(n) <= (w - 1) * per_block * int(dilations.max())


def last_layer_alone(w, dilations, per_block, n):
    return receptive_field(w, dilations[-1:], per_block, n)


def multiplied(w, dilations, per_block, n):
    return torch.arange(n) < w ** (per_block * len(dilations))


def product_of_gaps(w, dilations, per_block, n):
    return torch.arange(n) <= (w - 1) * per_block * int(dilations.prod())


def from_the_left(w, dilations, per_block, n):
    return receptive_field(w, dilations, per_block, n).flip(0)


def hidden_ones(w, dilations, per_block, n):
    return ~receptive_field(w, dilations, per_block, n)


def counted(w, dilations, per_block, n):
    return receptive_field(w, dilations, per_block, n).long()


def one_place_of_each_window(w, dilations, per_block, n):
    """Only windows' ends: the place itself or the farthest one."""
    seen = torch.zeros(n, dtype=torch.bool)
    seen[0] = True
    for dilation in dilations.repeat_interleave(per_block).tolist():
        back = (w - 1) * dilation
        seen[back:] |= seen.clone()[: max(0, n - back)]
    return seen


def number_alone(w, dilations, per_block, n):
    return torch.tensor(1 + reach(w, dilations, per_block))


def by_sets(w, dilations, per_block, n):
    distances = {0}
    for dilation in dilations:
        for _ in range(per_block):
            distances = {j + i * int(dilation) for j in distances for i in range(w)}
    return torch.tensor([j in distances for j in range(n)])


def by_gradient(w, dilations, per_block, n):
    x = torch.ones(1, 1, n, dtype=torch.float64, requires_grad=True)
    y = x
    for dilation in dilations.tolist():
        for _ in range(per_block):
            longer = torch.nn.functional.pad(y, ((w - 1) * dilation, 0))
            y = torch.nn.functional.conv1d(longer, torch.ones(1, 1, w, dtype=x.dtype), dilation=dilation)
    y[0, 0, -1].backward()
    return x.grad[0, 0].flip(0) > 0


def by_trying(w, dilations, per_block, n):
    y = torch.eye(n, dtype=torch.float64)
    for dilation in dilations.tolist() * per_block:
        y = sum(torch.nn.functional.pad(y, (i * dilation, 0))[:, :n] for i in range(w))
    return y[:, -1].flip(0).bool()


FIELD = Question(
    id="receptive-field",
    title="Doors in a row",
    target="receptive_field",
    points=2,
    reference=receptive_field,
    cases=cases,
    criteria=(Values(weight=3), ShapeAndDtype(weight=1)),
    misconceptions=(
        Misconception(
            "holes not seen",
            "Your field has the right width and no holes. With gaps that do not begin at 1, or grow too fast, some "
            "words inside it are never looked at: follow one window into the next, place by place.",
            without_holes,
        ),
        Misconception(
            "w a layer",
            "Your field grows by w a layer, times its gap. Neighbouring windows share a word: a window of w words "
            "reaches only w − 1 steps further.",
            w_for_w_minus_one,
        ),
        Misconception(
            "w words a layer",
            "You count w words for each layer, times its gap. Neighbouring windows share a word: the first layer "
            "sees w words, each further one adds w − 1 steps.",
            w_words_a_layer,
        ),
        Misconception(
            "a place too many",
            "Your windows have a place too many: i runs from 0 to w − 1.",
            one_place_more,
        ),
        Misconception(
            "one convolution a block",
            "Right where a block has one convolution. With two, both count: each widens the field by its own window.",
            one_convolution,
        ),
        Misconception(
            "one convolution a block, and no holes",
            "Two things. A block may have two convolutions, and both count. And with gaps that do not begin at 1, "
            "or grow too fast, there are holes in the field.",
            one_convolution_without_holes,
        ),
        Misconception(
            "one too few",
            "Your field ends one word too early: the farthest word, at distance (w − 1) times the sum of all gaps, "
            "is seen as well.",
            one_too_few,
        ),
        Misconception(
            "the word itself left out",
            "Distance 0 is missing: a causal window ends at its own position, so a word sees itself.",
            itself_left_out,
        ),
        Misconception(
            "the farthest alone",
            "You mark the farthest word alone. Asked for are all that are seen.",
            farthest_alone,
        ),
        Misconception(
            "half of it",
            "Your field goes half as far: that is for a window that looks both ways. A causal one looks back with "
            "its whole width.",
            half_of_it,
        ),
        Misconception(
            "the largest gap alone",
            "You count the layer with the largest gap alone. Every layer adds to the field.",
            largest_gap_alone,
        ),
        Misconception(
            "the last layer alone",
            "You count the last layer alone. What it looks at has itself looked back, through the layers before.",
            last_layer_alone,
        ),
        Misconception(
            "gaps ignored",
            "`dilations` is used for its length alone: all gaps are 1 in your version.",
            with_argument(receptive_field, 1, torch.ones_like),
        ),
        Misconception(
            "a power of w",
            "A field of $w^L$ is right for gaps 1, w, w² … only. Add up what these layers reach.",
            multiplied,
        ),
        Misconception(
            "gaps multiplied",
            "You multiply the gaps. Layers add their reach: it is a sum.",
            product_of_gaps,
        ),
        Misconception(
            "by position",
            "Your answer is in the other order: entry j belongs to the word j places *back*, so entry 0 is the word "
            "itself.",
            from_the_left,
        ),
        Misconception(
            "inverted",
            "You mark the words that are not seen. True means *seen*.",
            hidden_ones,
        ),
        Misconception(
            "only the windows' ends",
            "You follow only the first and the last place of each window. Those between count as well.",
            one_place_of_each_window,
        ),
        Misconception(
            "numbers in place of truth values",
            "The places are right, but you return numbers. Asked for is a boolean tensor: True where the word is seen.",
            counted,
        ),
        Misconception(
            "a number",
            "You return how wide the field is. Asked for is which words are seen: one truth value for each distance.",
            number_alone,
        ),
        Misconception(
            "a power of the gaps",
            "You raise the gaps to the power of `per_block`. Two convolutions with one gap add their reach twice.",
            power_of_gaps,
        ),
        Misconception(
            "the largest gap alone, and no holes",
            "You count the layer with the largest gap alone, and as if it had no holes. Every layer adds to the field.",
            largest_gap_without_holes,
        ),
    ),
    alternatives={"sets": by_sets, "gradient": by_gradient, "trying every word": by_trying},
    promises={
        "`receptive_field(w, dilations, per_block, n)`": "values; no gaps",
        "a block holds `per_block` convolutions": "two convolutions a block; misconception one convolution a block",
        "Return `n` truth values": "misconception numbers in place of truth values; misconception holes not seen",
        "Entry 0 is the word itself": "misconception by position; misconception the word itself left out",
        "The field may end before `n`, or go beyond it": "one word too many; everything is seen; "
        "a field that goes beyond the words",
    },
    guide=Guide(
        difficulty=2,
        minutes=12,
        section=Section("convolution", "Doors in a row"),
        hints=(
            "Before the first layer a word sees itself: distance 0. Which distances does it see after one layer? "
            "And after one more?",
            "If j is seen so far, then after a layer with gap δ so are j, j + δ, …, j + (w − 1) δ.",
            "Keep a set of distances, begin with {0}, and replace it once for each convolution: `{j + i * gap for j "
            "in seen for i in range(w)}`. At the end ask for each distance below n whether it is in the set.",
        ),
    ),
    example=WorkedExample(
        call="receptive_field(3, dilations=[1, 2], per_block=1, n=8)",
        arguments=(3, np.array([1, 2]), 1, 8),
        expected=([True, True, True, True, True, True, True, False],),
    ),
    attempts=(
        Attempt(
            "def receptive_field(w, dilations, per_block, n):\n"
            "    return torch.arange(n) < 1 + (w - 1) * per_block * dilations.sum()",
            named="holes not seen",
        ),
        Attempt(
            "def receptive_field(w, dilations, per_block, n):\n    seen = {0}\n    for gap in dilations.tolist():\n"
            "        seen = {j + i * gap for j in seen for i in range(w)}\n"
            "    return torch.tensor([j in seen for j in range(n)])",
            named="one convolution a block",
        ),
    ),
)

"""Question 6: a convolution that does not see the future, with gaps."""

import numpy as np
import torch
from torch.nn.functional import conv1d, pad

from classroom.questions.common.altered import with_argument
from classroom.questions.common.mistakes import cut_graph, fixed_precision
from classroom.questions.criteria import Cost, Gradients, ShapeAndDtype, Unchanged, Values
from classroom.questions.guide import Guide, Section, WorkedExample
from classroom.questions.question import Attempt, Case, Misconception, Question
from classroom.student_code.student import Call
from transformer_lab.predecessors.dilated import dilated_convolution

from .cells import bias, words


def causal_convolution(x, weight, bias, dilation):
    """The library's; its weights stand as torch has them, the latest place last."""
    return dilated_convolution(x, as_torch(weight), bias, dilation, causal=True)


def as_torch(weight):
    return weight.flip(0).permute(1, 2, 0)


def cases(rng: np.random.Generator) -> list[Case]:
    def inputs(batch, n, d_in, d_out, w, dilation, dtype=np.float32):
        return (
            words(rng, batch, n, d_in, dtype=dtype),
            words(rng, w, d_out, d_in, dtype=dtype),
            bias(rng, d_out, dtype),
            dilation,
        )

    def case(name, tags, *sizes, dtype=np.float32, backward=False):
        batch, n, _, d_out, *_ = sizes
        cotangent = words(rng, batch, n, d_out, dtype=dtype) if backward else None
        return Case(name, (Call(inputs(*sizes, dtype=dtype), cotangent=cotangent),), frozenset(tags))

    x, *rest = inputs(1, 5, 2, 3, 2, 2)
    changed = x.copy()
    changed[:, 3:] = -x[:, 3:]
    small = inputs(1, 4, 2, 3, 3, 2)
    large = (words(rng, 3, 9, 2), *small[1:])
    return [
        case("no gaps", {"values", "shape", "gradients"}, 2, 5, 3, 4, 3, 1, backward=True),
        case("gaps", {"values", "shape", "gradients"}, 1, 7, 2, 3, 3, 2, backward=True),
        case("a window of two, and wide gaps", {"values", "shape"}, 2, 6, 3, 2, 2, 3),
        case("all sizes equal", {"values", "shape"}, 3, 3, 3, 3, 3, 1),
        case("a window longer than the sentence", {"values", "shape"}, 1, 3, 2, 4, 4, 2),
        case("double precision", {"values", "shape"}, 2, 4, 2, 3, 2, 2, dtype=np.float64),
        Case(
            "other words from the fourth on",
            (Call((x, *rest)), Call((changed, *rest))),
            frozenset({"unchanged"}),
            {"unchanged": np.array([[[True], [True], [True], [False], [False]]])},
        ),
        Case(
            "one short sentence, then three longer ones",
            (Call(small, count_operations=True), Call(large, count_operations=True)),
            frozenset({"cost"}),
        ),
    ]


def padded(x, weight, bias, dilation, left, right):
    """One output a position, with this many zeros on either side."""
    return conv1d(pad(x.mT, (left, right)), as_torch(weight), bias, dilation=dilation).mT


def span(weight, dilation):
    return (len(weight) - 1) * dilation


def centred(x, weight, bias, dilation):
    right = span(weight, dilation) // 2
    return padded(x, weight, bias, dilation, span(weight, dilation) - right, right)


def same(x, weight, bias, dilation):
    left = span(weight, dilation) // 2
    return padded(x, weight, bias, dilation, left, span(weight, dilation) - left)


def gaps_in_the_padding_alone(x, weight, bias, dilation):
    return conv1d(pad(x.mT, (span(weight, dilation), 0)), as_torch(weight), bias).mT


def one_too_few_taken_off(x, weight, bias, dilation):
    return padded(x, weight, bias, dilation, len(weight) * dilation - 1, 0)


def right_end_kept(x, weight, bias, dilation):
    both = span(weight, dilation)
    return padded(x, weight, bias, dilation, both, both)[:, -x.shape[1] :]


def too_long(x, weight, bias, dilation):
    both = span(weight, dilation)
    return padded(x, weight, bias, dilation, both, both)


def shifted_by_half_a_window(x, weight, bias, dilation):
    left = span(weight, dilation) - (len(weight) - 1) // 2
    return padded(x, weight, bias, dilation, left, span(weight, dilation) - left)


def gaps_forgotten_in_the_padding(x, weight, bias, dilation):
    left = len(weight) - 1
    return padded(x, weight, bias, dilation, left, span(weight, dilation) - left)


def too_short_by_the_gaps(x, weight, bias, dilation):
    return padded(x, weight, bias, dilation, len(weight) - 1, 0)


def no_padding(x, weight, bias, dilation):
    return padded(x, weight, bias, dilation, 0, 0)


def only_the_past(x, weight, bias, dilation):
    return padded(x, weight, bias, dilation, span(weight, dilation) + 1, 0)[:, : x.shape[1]]


def window_too_wide(x, weight, bias, dilation):
    """As `w` instead of w − 1 zeros for each gap: everything comes `dilation` too late."""
    left = len(weight) * dilation
    return padded(x, weight, bias, dilation, left, 0)[:, : x.shape[1]]


def mirrored(x, weight, bias, dilation):
    return causal_convolution(x.flip(1), weight, bias, dilation).flip(1)


def first_word_repeated(x, weight, bias, dilation):
    left = span(weight, dilation)
    longer = torch.cat([x[:, :1].expand(-1, left, -1), x], dim=1)
    return conv1d(longer.mT, as_torch(weight), bias, dilation=dilation).mT


def around_the_end(x, weight, bias, dilation):
    return sum(x.roll(i * dilation, dims=1) @ matrix.T for i, matrix in enumerate(weight)) + bias


def without_bias(x, weight, bias, dilation):
    return causal_convolution(x, weight, torch.zeros_like(bias), dilation)


def bias_for_each_place(x, weight, bias, dilation):
    return causal_convolution(x, weight, len(weight) * bias, dilation)


def every_nth_output(x, weight, bias, dilation):
    left = len(weight) - 1
    return conv1d(pad(x.mT, (left, 0)), as_torch(weight), bias, stride=dilation).mT


def one_weight_for_all(x, weight, bias, dilation):
    return causal_convolution(x, weight[:1].expand(weight.shape), bias, dilation)


def averaged(x, weight, bias, dilation):
    return causal_convolution(x, weight / len(weight), bias, dilation)


def features_first(x, weight, bias, dilation):
    return causal_convolution(x, weight, bias, dilation).mT


def position_by_position(x, weight, bias, dilation):
    outputs = []
    for t in range(x.shape[1]):
        y = bias.expand(len(x), -1)
        for i, matrix in enumerate(weight):
            if t - i * dilation >= 0:
                y = y + x[:, t - i * dilation] @ matrix.T
        outputs.append(y)
    return torch.stack(outputs, dim=1)


def by_slices(x, weight, bias, dilation):
    n, left = x.shape[1], span(weight, dilation)
    longer = torch.cat([x.new_zeros(len(x), left, x.shape[2]), x], dim=1)
    return bias + sum(
        longer[:, left - i * dilation : left - i * dilation + n] @ matrix.T for i, matrix in enumerate(weight)
    )


def cut_at_the_right_end(x, weight, bias, dilation):
    """Padding on both sides, and the future cut off: odd but right."""
    both = span(weight, dilation)
    longer = conv1d(x.mT, as_torch(weight), bias, padding=both, dilation=dilation)
    return longer[..., : x.shape[1]].mT


def by_places(x, weight, bias, dilation):
    places = torch.arange(x.shape[1])[:, None] - dilation * torch.arange(len(weight))
    windows = x[:, places.clamp(min=0)] * (places >= 0)[..., None]
    return torch.einsum("bnwi,woi->bno", windows, weight) + bias


def by_a_band(x, weight, bias, dilation):
    t = torch.arange(x.shape[1])
    distance = t[:, None] - t
    bands = torch.stack([(distance == i * dilation).to(x.dtype) for i in range(len(weight))])
    return torch.einsum("wts,bsi,woi->bto", bands, x, weight) + bias


CONVOLUTION = Question(
    id="causal-convolution",
    title="A window that looks back",
    target="causal_convolution",
    points=2,
    reference=causal_convolution,
    cases=cases,
    criteria=(
        Values(weight=3),
        Gradients(weight=1),
        ShapeAndDtype(weight=1),
        Unchanged(weight=2, name="cannot see the future", what="words after it"),
        Cost(weight=1, name="no loop over positions"),
    ),
    misconceptions=(
        Misconception(
            "padded on both sides",
            "You pad both sides by half, so the window stands in the middle and the future comes in. All zeros "
            "belong to the left.",
            centred,
        ),
        Misconception(
            "the right end kept",
            "Your windows begin at their own position and look ahead: you pad on the right, or on both sides and "
            "keep the right end. So the future comes in. A window has to end at its position.",
            right_end_kept,
        ),
        Misconception(
            "padded on both sides and not cut",
            "You pad both sides with the whole width, so there are more outputs than words, and the last ones look "
            "beyond the end. One output for each word: all zeros belong to the left.",
            too_long,
        ),
        Misconception(
            "shifted by half a window",
            "You shift the result by (w − 1)/2, which makes up for a centred window, and only without gaps: the "
            "dilation is forgotten. The window spans (w − 1) times the dilation.",
            shifted_by_half_a_window,
        ),
        Misconception(
            "gaps forgotten in the padding",
            "Right without gaps. With gaps you still put only w − 1 zeros on the left and the rest on the right, so "
            "the future comes in. The window spans (w − 1) times the dilation.",
            gaps_forgotten_in_the_padding,
        ),
        Misconception(
            "too short with gaps",
            "Right without gaps. With gaps there are fewer outputs than words: the window spans (w − 1) times the "
            "dilation, and you pad w − 1.",
            too_short_by_the_gaps,
        ),
        Misconception(
            "no padding",
            "There are fewer outputs than words: nothing stands before the sentence. Where the window hangs over "
            "the beginning there are zeros.",
            no_padding,
        ),
        Misconception(
            "only the past",
            "Your window ends one word before its own position. The place i = 0 is the word itself.",
            only_the_past,
        ),
        Misconception(
            "w for w − 1",
            "Your outputs come one gap too late: you pad w times the dilation. A window of w words has w − 1 steps "
            "between its ends.",
            window_too_wide,
        ),
        Misconception(
            "mirrored",
            "Your place i looks i gaps *ahead*. Mind the sign: $x_{t - i\\delta}$.",
            mirrored,
        ),
        Misconception(
            "weights in the other order",
            "The window lies right, but its weights are in the other order: `weight[0]` belongs to the word itself, "
            "the last one to the word farthest back. (`conv1d` has it the other way round.)",
            with_argument(causal_convolution, 1, lambda weight: weight.flip(0)),
        ),
        Misconception(
            "no gaps",
            "`dilation` is never used: your window takes neighbours, whatever it says.",
            with_argument(causal_convolution, 3, lambda dilation: 1),
        ),
        Misconception(
            "first word repeated",
            "Before the sentence you repeat the first word. There are zeros.",
            first_word_repeated,
        ),
        Misconception(
            "around the end",
            "At the beginning your window takes words from the end of the sentence: `roll` goes around. Before the "
            "sentence there are zeros.",
            around_the_end,
        ),
        Misconception(
            "bias forgotten",
            "Everything is there but the bias.",
            without_bias,
        ),
        Misconception(
            "bias for each place",
            "You add the bias once for each place of the window. It stands outside the sum.",
            bias_for_each_place,
        ),
        Misconception(
            "stride in place of dilation",
            "You take every so many-th *output*: that is a stride. With a dilation there is an output for each "
            "word, and the gaps are inside the window.",
            every_nth_output,
        ),
        Misconception(
            "one matrix for all places",
            "Each place of the window has a matrix of its own. You use `weight[0]` for all of them.",
            one_weight_for_all,
        ),
        Misconception(
            "averaged",
            "You take the mean over the window. It is a sum.",
            averaged,
        ),
        Misconception(
            "features first",
            "Your output is (batch, d_out, n), as `conv1d` has it. Here words stand on axis 1: swap back.",
            features_first,
        ),
        Misconception(
            "position by position",
            "Right, but one position after another in a Python loop. No output needs another one, so all can be "
            "made at once: loop over the places of the window, not over the sentence.",
            position_by_position,
        ),
        cut_graph(causal_convolution),
        fixed_precision(causal_convolution, "outputs"),
        Misconception(
            "padding='same'",
            "You pad both sides so that the length stays the same (`padding='same'`). The window then stands in the "
            "middle, and the future comes in.",
            same,
        ),
        Misconception(
            "gaps in the padding alone",
            "You pad for the gaps, but the window itself has none: tell it the dilation too.",
            gaps_in_the_padding_alone,
        ),
        Misconception(
            "w times the gap, minus 1",
            "Right without gaps. With gaps there are more outputs than words: the window spans (w − 1) times the "
            "dilation, not w times the dilation minus 1.",
            one_too_few_taken_off,
        ),
    ),
    alternatives={
        "slices": by_slices,
        "both sides, cut at the right end": cut_at_the_right_end,
        "indexing and einsum": by_places,
        "a banded matrix": by_a_band,
    },
    forbidden=(
        "transformer_lab.predecessors.dilated.dilated_convolution",
        "transformer_lab.predecessors.dilated.DilatedConvolution.forward",
    ),
    promises={
        "`causal_convolution(x, weight, bias, dilation)`": "values; gaps; all sizes equal",
        "`weight[0]` belongs to the word itself": "misconception weights in the other order; "
        "misconception only the past",
        "Nothing may come in from later words": "cannot see the future",
        "no Python loop over positions or sentences": "no loop over positions",
        "You may use `nn.functional.conv1d`": "nothing to test",
        "longer than the sentence": "a window longer than the sentence",
        "There must be one output for each word": "misconception no padding; misconception stride in place of dilation",
    },
    guide=Guide(
        difficulty=3,
        minutes=18,
        section=Section("convolution", "A window with shared weights"),
        hints=(
            "How far before the first word does the window of the first word reach? So many zeros have to stand "
            "there, and none at the other side.",
            "With $(w-1)\\,\\delta$ zeros on the left, place i of all windows together is one slice of the padded "
            "sentence, n words long. Where does it begin?",
            "`padded[:, left - i * dilation : left - i * dilation + n] @ weight[i].T`, summed over i, plus the "
            "bias. With `conv1d` instead: features to axis 1, `weight.flip(0).permute(1, 2, 0)`, and "
            "`dilation=dilation`.",
        ),
    ),
    example=WorkedExample(
        call="causal_convolution([[[1.0], [2.0], [3.0]]], weight=[[[1.0]], [[10.0]]], bias=[0.0], dilation=2)",
        arguments=([[[1.0], [2.0], [3.0]]], [[[1.0]], [[10.0]]], [0.0], 2),
        expected=([[[1.0], [2.0], [13.0]]],),
    ),
    attempts=(
        Attempt(
            "def causal_convolution(x, weight, bias, dilation):\n    k = weight.shape[0]\n    p = (k - 1) * dilation\n"
            "    y = nn.functional.conv1d(x.mT, weight.flip(0).permute(1, 2, 0), bias, padding=p, dilation=dilation)\n"
            "    return y[..., p:].mT",
            named="the right end kept",
        ),
        Attempt(
            "def causal_convolution(x, weight, bias, dilation):\n    p = (weight.shape[0] - 1) * dilation\n"
            "    x = nn.functional.pad(x.transpose(1, 2), (p, 0))\n"
            "    return nn.functional.conv1d(x, weight.permute(1, 2, 0), bias, dilation=dilation).transpose(1, 2)",
            named="weights in the other order",
        ),
        Attempt(
            "def causal_convolution(x, weight, bias, dilation):\n    y = bias + x @ weight[0].T\n"
            "    for i in range(1, len(weight)):\n        back = i * dilation\n"
            "        moved = torch.zeros_like(x)\n        moved[:, back:] = x[:, : max(0, x.shape[1] - back)]\n"
            "        y = y + moved @ weight[i].T\n    return y"
        ),
    ),
)

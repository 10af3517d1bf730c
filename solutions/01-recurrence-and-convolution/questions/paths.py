"""Question 8: the paper's table 1, in numbers (claims C32, C33)."""

import math

import numpy as np

from classroom.questions.criteria import ShapeAndDtype, Values
from classroom.questions.guide import Guide, Section, WorkedExample
from classroom.questions.question import Attempt, Case, Misconception, Question
from classroom.student_code.student import Call

# Words and windows w for which the rounded logarithm of n = w^L is a little above L, so that rounding up gives L + 1.
JUST_ABOVE = ((125, 5), (216, 6))


def waiting_and_path(layer, n, w):
    """Steps of one layer that wait for each other, and the steps or layers between the first and the last word.

    Written out, without the library's loop that ends at a condition: the slips that are made of it by machine must end.
    """
    if layer == "recurrent":
        return n, n - 1
    if layer == "attention":
        return 1, 1
    if layer == "convolution":
        return 1, -(-(n - 1) // (w - 1))
    return 1, next(layers for layers in range(n) if w**layers >= n)


def cases(rng: np.random.Generator) -> list[Case]:
    def case(name, tag, layer, n, w):
        return Case(name, (Call((layer, int(n), int(w))),), frozenset({tag, "shape"}))

    w = int(rng.integers(4, 7))
    layers = int(rng.integers(6, 10))
    n = 1 + layers * (w - 1)
    power, base = JUST_ABOVE[rng.integers(len(JUST_ABOVE))]
    return [
        case("recurrent", "values", "recurrent", rng.integers(20, 60), 3),
        case("convolution, the ends just connected", "values", "convolution", n, w),
        case("convolution, one word more", "values", "convolution", n + 1, w),
        case("convolution, a window of two", "values", "convolution", rng.integers(20, 60), 2),
        case("attention", "values", "attention", rng.integers(20, 60), 3),
        case("gaps, the ends just connected", "gaps", "dilated", power, base),
        case("gaps, one word more", "gaps", "dilated", power + 1, base),
        case("gaps, a window of three", "gaps", "dilated", 243, 3),
        case("gaps, somewhere between", "gaps", "dilated", rng.integers(30, 75), 3),
    ]


def changed(of_layer, change):
    """The right numbers, with `change(n, w, waiting, path)` for one layer."""

    def implementation(layer, n, w):
        right = waiting_and_path(layer, n, w)
        return change(n, w, *right) if layer in of_layer else right

    return implementation


CONVOLUTIONAL = ("convolution", "dilated")


def float_logarithm(n, w, waiting, path):
    return waiting, math.ceil(math.log(n, w))


def exchanged(layer, n, w):
    return waiting_and_path(layer, n, w)[::-1]


def by_logarithm(layer, n, w):
    if layer != "dilated":
        return waiting_and_path(layer, n, w)
    return 1, math.ceil(round(math.log(n) / math.log(w), 9))


def by_negative_division(layer, n, w):
    path = {"recurrent": n - 1, "attention": 1, "convolution": -((1 - n) // (w - 1))}
    if layer in path:
        return n if layer == "recurrent" else 1, path[layer]
    return 1, sum(w**depth < n for depth in range(n))


def by_counting(layer, n, w):
    if layer == "recurrent":
        return len(range(n)), len(range(1, n))
    if layer == "attention":
        return [1, 1]
    seen = 1
    for depth in range(n):
        if seen >= n:
            return 1, depth
        seen += (w - 1) * (w**depth if layer == "dilated" else 1)
    return 1, n


PATHS = Question(
    id="waiting-and-path",
    title="Table 1 of the paper",
    target="waiting_and_path",
    points=1,
    reference=waiting_and_path,
    cases=cases,
    criteria=(Values(weight=2), Values(weight=1, name="layers with gaps", tag="gaps"), ShapeAndDtype(weight=1)),
    misconceptions=(
        Misconception(
            "w for w − 1",
            "You divide by w. A layer widens the field by w − 1 words, since neighbouring windows share one.",
            changed(("convolution",), lambda n, w, waiting, path: (waiting, -(-(n - 1) // w))),
        ),
        Misconception(
            "n by w",
            "You divide n by w. Between the ends there are n − 1 steps, and a layer widens the field by w − 1.",
            changed(("convolution",), lambda n, w, waiting, path: (waiting, -(-n // w))),
        ),
        Misconception(
            "n for n − 1",
            "Where w − 1 divides n − 1 you have a layer too many: between the first and the last of n words there "
            "are n − 1 steps, and only a rest needs one more layer.",
            changed(("convolution",), lambda n, w, waiting, path: (waiting, -(-n // (w - 1)))),
        ),
        Misconception(
            "rounded down",
            "You round down. Where the division leaves a rest, the ends are not connected yet: one more layer is "
            "needed.",
            changed(("convolution",), lambda n, w, waiting, path: (waiting, (n - 1) // (w - 1))),
        ),
        Misconception(
            "not rounded",
            "You do not round: nobody builds a part of a layer.",
            changed(("convolution",), lambda n, w, waiting, path: (waiting, (n - 1) / (w - 1))),
        ),
        Misconception(
            "n steps between n words",
            "The recurrent path is one step too long: from the first to the last of n words it is n − 1 steps.",
            changed(("recurrent",), lambda n, w, waiting, path: (waiting, n)),
        ),
        Misconception(
            "the first step forgotten",
            "A recurrent layer makes n states, one after the other; you count one step less. (The path is n − 1; "
            "the waiting begins at the first word.)",
            changed(("recurrent",), lambda n, w, waiting, path: (n - 1, path)),
        ),
        Misconception(
            "a layer counted as waiting",
            "You count the layers of a convolutional stack among the steps that wait. Asked for is the waiting "
            "inside *one* layer: its outputs do not need each other.",
            changed(CONVOLUTIONAL, lambda n, w, waiting, path: (path, path)),
        ),
        Misconception(
            "a convolution waits like a recurrence",
            "Your convolution waits n steps. Its outputs do not need each other: all positions are one step.",
            changed(CONVOLUTIONAL, lambda n, w, waiting, path: (n, path)),
        ),
        Misconception(
            "a float's logarithm",
            "Nearly: where n is a power of w, the computed logarithm may be a little above the whole number, and "
            "rounding up gives a layer too many. Multiply whole numbers instead.",
            changed(("dilated",), float_logarithm),
        ),
        Misconception(
            "logarithm to the base 2",
            "Your gaps double. Here they are 1, w, w² …, so the field of L layers is $w^L$.",
            changed(("dilated",), lambda n, w, waiting, path: (waiting, (n - 1).bit_length())),
        ),
        Misconception(
            "logarithm rounded down",
            "With gaps you round down. Until $w^L$ has reached n, the ends are not connected.",
            changed(("dilated",), lambda n, w, waiting, path: (waiting, path if w**path == n else path - 1)),
        ),
        Misconception(
            "one layer with gaps more",
            "With gaps you have a layer too many where $w^L$ is just n: then the ends are connected.",
            changed(("dilated",), lambda n, w, waiting, path: (waiting, path + (w**path == n))),
        ),
        Misconception(
            "gaps ignored",
            "For layers with gaps you give the path of layers without.",
            lambda layer, n, w: waiting_and_path("convolution" if layer == "dilated" else layer, n, w),
        ),
        Misconception(
            "attention's path grows",
            "Attention connects each word with each other one directly: its path does not grow with n.",
            changed(("attention",), lambda n, w, waiting, path: (waiting, n - 1)),
        ),
        Misconception(
            "attention waits",
            "You let attention wait. It has more *work* with more words, but none of its weights needs another "
            "word's result first.",
            changed(("attention",), lambda n, w, waiting, path: (n, path)),
        ),
        Misconception(
            "work for waiting",
            "For attention you give n², which is its *work*. What waits is one step: all pairs at once.",
            changed(("attention",), lambda n, w, waiting, path: (n * n, path)),
        ),
        Misconception(
            "waiting and path exchanged",
            "The two numbers have changed places: first the steps that wait in one layer, then the path.",
            exchanged,
        ),
        Misconception(
            "a float's logarithm, cut off",
            "With gaps you cut the logarithm off. Until $w^L$ has reached n the ends are not connected; and a "
            "computed logarithm may be a little below the whole number.",
            changed(("dilated",), lambda n, w, waiting, path: (waiting, int(math.log(n, w)))),
        ),
        Misconception(
            "one step between the ends",
            "A recurrent network does not jump: from the first word to the last it passes every state between.",
            changed(("recurrent",), lambda n, w, waiting, path: (waiting, 1)),
        ),
        Misconception(
            "no step for attention",
            "Attention's path is one step, not none: the last word does not have the first one's numbers before it "
            "has looked.",
            changed(("attention",), lambda n, w, waiting, path: (waiting, 0)),
        ),
    ),
    alternatives={
        "a logarithm, corrected": by_logarithm,
        "whole numbers": by_negative_division,
        "counting": by_counting,
    },
    forbidden=("transformer_lab.predecessors.dilated.layers_to_see",),
    promises={
        "by how many steps must wait": "nothing to test",
        "`waiting_and_path(layer, n, w)`": "values",
        "two whole numbers": "shape and dtype; misconception not rounded",
        'or `"attention"`': "recurrent; convolution, a window of two; gaps, a window of three; attention",
        "You may assume": "nothing to test",
        "also where a field just reaches": "convolution, the ends just connected; gaps, the ends just connected; "
        "gaps, one word more",
    },
    guide=Guide(
        difficulty=2,
        minutes=8,
        section=Section("convolution", "Two rows of a table"),
        hints=(
            "Waiting is of one layer: does one output need another one first? Paths may take many layers.",
            "A stack of L layers sees $1 + L(w - 1)$ words without gaps and $w^L$ with them. For which L is that n "
            "or more?",
            "Rounded up in whole numbers: `-(-(n - 1) // (w - 1))`. For the gaps multiply by w until n is reached, "
            "and count.",
        ),
    ),
    example=WorkedExample(
        call='waiting_and_path("convolution", n=9, w=3)',
        arguments=("convolution", 9, 3),
        expected=(1, 4),
    ),
    attempts=(
        Attempt(
            "def waiting_and_path(layer, n, w):\n    if layer == 'recurrent':\n        return n, n - 1\n"
            "    if layer == 'convolution':\n        return 1, math.ceil((n - 1) / (w - 1))\n"
            "    if layer == 'dilated':\n        return 1, math.ceil(math.log(n, w))\n    return 1, 1",
            named="a float's logarithm",
        ),
    ),
)

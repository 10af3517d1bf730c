"""Both directions: copies are found whatever is done to their surface, and independent short answers are not."""

import random

import pytest
from honest_answers import (
    WAYS,
    commented,
    definition,
    honest,
    padded,
    renamed,
    reordered,
    unusual,
)

from classroom.class_report.code_units import bound_names, functions_anywhere, parsed, units
from classroom.class_report.similarity import LENGTH, Group, Pair, look_alikes, shingles
from classroom.class_report.submitted_code import without_team_mates

RELEASED = [
    "import math\nimport torch\nfrom torch import nn",
    *(definition(n, "raise NotImplementedError") for n in WAYS),
]
PUBLIC = bound_names(RELEASED)
GIVEN = {cell.strip() for cell in RELEASED}
REFERENCE = [definition(name, ways[0]) for name, ways in WAYS.items()]
EXPECTED = set(shingles(units(RELEASED, PUBLIC) + units(REFERENCE, PUBLIC)))


def students_units(cells):
    return units(cells, PUBLIC, GIVEN)


def a_class(count, rng):
    return {f"s{i:03}": students_units(honest(rng)) for i in range(count)}


def groups_of(submissions):
    return [group.students for group in look_alikes(submissions, EXPECTED)]


DISGUISES = {
    "as it is": lambda cells: list(cells),
    "renamed": renamed,
    "commented": commented,
    "reordered": reordered,
    "with extra cells": padded,
    "everything": lambda cells: padded(commented(renamed(cells))),
    "everything in one cell": lambda cells: reordered(commented(renamed(cells))),
}


@pytest.mark.parametrize("size", [12, 40])
@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_copy_of_unusual_work_is_found_and_nobody_else(size, disguise):
    rng = random.Random(f"{size} {disguise}")
    submissions = a_class(size, rng)
    original = unusual(rng)
    submissions |= {"ann": students_units(original), "zed": students_units(DISGUISES[disguise](original))}
    (group,) = look_alikes(submissions, EXPECTED)
    assert group.students == ("ann", "zed")
    assert group.pairs[0].similarity > 0.85


@pytest.mark.parametrize(("size", "seeds"), [(2, 5), (12, 12), (40, 4), (150, 1)])
def test_independent_short_answers_are_not_paired(size, seeds):
    for seed in range(seeds):
        assert groups_of(a_class(size, random.Random(1000 * size + seed))) == []


def test_a_class_that_all_answer_as_the_solution_does_is_not_paired():
    assert groups_of({f"s{i}": students_units(REFERENCE) for i in range(30)}) == []
    # nor where the solution is not known: what everybody writes weighs nothing
    assert look_alikes({f"s{i}": students_units(REFERENCE) for i in range(30)}) == []


def test_untouched_and_unreadable_notebooks_are_not_paired():
    submissions = {f"s{i}": students_units(RELEASED) for i in range(10)}
    submissions |= {f"broken{i}": students_units(["def softmax(:", "%%bash\nls", "((((("]) for i in range(10)}
    assert groups_of(submissions) == []


def test_a_group_is_found_as_one():
    rng = random.Random(7)
    submissions = a_class(40, rng)
    original = unusual(rng)
    for number, (name, disguise) in enumerate(DISGUISES.items()):
        submissions[f"z{number} {name}"] = students_units(disguise(original))
    (group,) = groups_of(submissions)
    assert len(group) == len(DISGUISES)


def test_half_a_copy_is_below_the_threshold():
    rng = random.Random(5)
    submissions = a_class(40, rng)
    original, other = unusual(rng), unusual(rng)
    submissions |= {"ann": students_units(original), "zed": students_units([*original[:3], *other[3:]])}
    assert groups_of(submissions) == []


def test_the_excerpt_shows_the_lines_that_are_alike():
    rng = random.Random(2)
    submissions = a_class(40, rng)
    one = "def steer(weights, key, factor):\n    # mine\n    a = weights.cumprod(-1).flip(0).roll(3)\n    return a"
    other = (
        one.replace("    # mine\n", "    print('hello')\n\n").replace("a = ", "b = ").replace("return a", "return b")
    )
    original = unusual(rng)[:-1]
    submissions |= {"ann": students_units([*original, one]), "zed": students_units([*renamed(original), other])}
    (group,) = look_alikes(submissions, EXPECTED)
    steer = next(shared for shared in group.pairs[0].shared if shared.one.name == "steer")
    assert steer.one.source == one
    assert steer.lines_of_one == {3, 4}
    assert steer.lines_of_other == {4, 5}


def tokens(code):
    return [unit.tokens for unit in students_units([code])]


def test_tokens_keep_structure_and_drop_the_surface():
    plain = "def softmax(scores):\n    e = torch.exp(scores - 1)\n    return e / e.sum(-1)"
    rewritten = (
        'def softmax(s: "Float") -> None:\n    """Doc."""\n    # a remark\n    out: int = (torch.exp((s) -\n 1))\n'
        "    return out/out.sum( -1 )"
    )
    assert tokens(plain) == tokens(rewritten)
    assert tokens(plain) != tokens(plain.replace("exp", "exp2"))
    assert tokens(plain) != tokens(plain.replace("- 1", "- 2"))


def test_methods_are_units_and_their_attributes_are_the_student_s():
    code = (
        "class Layer(nn.Module):\n    def __init__(self):\n        self.{0} = 1\n\n"
        "    def forward(self, x):\n        return self.{0} * x"
    )
    assert [unit.name for unit in students_units([code.format("a")])] == ["Layer.__init__", "Layer.forward"]
    assert tokens(code.format("width")) == tokens(code.format("breite"))


@pytest.mark.parametrize(
    "code",
    ["(" * 15_000, "-" * 15_000 + "x", "x" + ".a" * 9_000, "x = '" + "a" * 30_000 + "'", "\0", "def f(:\n"],
    ids=lambda code: code[:8].strip(),
)
def test_what_cannot_be_parsed_is_left_out_or_bounded(code):
    assert len(code) < 60_000
    for unit in units([code]):
        assert len(unit.tokens) <= len(code)
    assert parsed("x = '\\d'") is not None  # somebody's invalid escape sequence is no warning of ours


@pytest.mark.parametrize(
    "around",
    ["%%time\n{}", "%matplotlib inline\n{}", "{}\nfiles = !ls", "{}\nsoftmax?", "{}\nx = '\u2028'", "{}\nawait f()"],
)
def test_code_that_only_a_notebook_runs_is_read(around):
    code = "def softmax(scores):\n    return scores.exp() / scores.exp().sum(-1, keepdim=True)"
    alone, found = students_units([code]), students_units([around.format(code)])
    assert [(unit.name, unit.tokens, unit.source) for unit in alone] == [
        (unit.name, unit.tokens, unit.source) for unit in found if unit.name == "softmax"
    ]


def test_a_number_too_long_to_write_is_read():
    (unit,) = units([f"def f(x):\n    return x + 0x{'f' * 9000}"])
    assert unit.tokens[-1] == "int"


def test_known_solutions_are_recognised_in_lambdas_and_functions():
    written = "KNOWN = {'a': lambda q, k: q @ k.transpose(-2, -1).contiguous().clone() / 7}\n"
    student = "def attention_scores(query, key):\n    return query @ key.transpose(-2, -1).contiguous().clone() / 7"
    known, own = shingles(functions_anywhere(written)), shingles(students_units([student]))
    assert len(own) > LENGTH
    assert len(own.keys() - known.keys()) <= 1  # the one that begins with `def`


def test_team_mates_hand_in_the_same_and_are_not_listed():
    def pair(one, other):
        return Pair(one, other, 1.0, 9.0, ())

    groups = [
        Group(("amy", "bo"), (pair("amy", "bo"),)),
        Group(("amy", "bo", "cy"), (pair("amy", "bo"), pair("bo", "cy"))),
        Group(("di", "ed"), (pair("di", "ed"),)),
    ]
    teams = {"amy": "blue", "bo": "blue", "cy": "red", "di": "", "ed": ""}
    assert without_team_mates(groups, teams) == [
        Group(("bo", "cy"), (pair("bo", "cy"),)),
        Group(("di", "ed"), (pair("di", "ed"),)),
    ]

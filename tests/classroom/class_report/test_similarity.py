"""Both directions: copies are found whatever is done to their surface, and independent short answers are not."""

import ast
import json
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

from classroom.class_report.attention import notices
from classroom.class_report.code_files import MAX_CODE, code_files
from classroom.class_report.code_units import MAX_CELL, bound_names, functions_anywhere, parsed, units, without_comments
from classroom.class_report.similarity import LENGTH, Group, Pair, look_alikes, shingles
from classroom.class_report.submitted_code import without_team_mates

RELEASED = [
    "import math\nimport torch\nfrom torch import nn",
    *(definition(n, "raise NotImplementedError") for n in WAYS),
]
PUBLIC = bound_names(RELEASED)
GIVEN = {cell.strip() for cell in RELEASED}
REFERENCE = [definition(name, ways[0]) for name, ways in WAYS.items()]
KNOWN = units(RELEASED, PUBLIC) + units(REFERENCE, PUBLIC)
EXPECTED = set(shingles(KNOWN)) | set(shingles([unit.essential for unit in KNOWN]))


def students_units(cells):
    return units([without_comments(cell) if len(cell) > 20_000 else cell for cell in cells], PUBLIC, GIVEN)


def a_class(count, rng):
    return {f"s{i:03}": students_units(honest(rng)) for i in range(count)}


def groups_of(submissions):
    return [group.students for group in look_alikes(submissions, EXPECTED)]


LONG = "# " + "ä" * 30_000
IDLE = ["unused_{0} = {0}", "{0}", "print({0})", "assert {0} == {0}", "for _ in range({0}):\n    pass", "'{0}'"]


def idled(cells):
    """Something that changes nothing before every statement of every function."""
    changed = []
    for cell in cells:
        tree = ast.parse(cell)
        for number, node in enumerate(n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)):
            idle = [IDLE[(number + place) % len(IDLE)].format(place) for place in range(len(node.body))]
            node.body = [
                part for text, one in zip(idle, node.body, strict=True) for part in (*ast.parse(text).body, one)
            ]
        changed.append(ast.unparse(tree))
    return changed


HIDING = {
    "behind a comment of 30,000 characters": lambda cells: [f"{LONG}\n{cell}  {LONG}" for cell in cells],
    "as a text that is executed": lambda cells: ["code = " + repr("\n\n".join(cells)), "exec(code)"],
}
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
@pytest.mark.parametrize("disguise", [*DISGUISES, *HIDING])
def test_a_copy_of_unusual_work_is_found_and_nobody_else(size, disguise):
    rng = random.Random(f"{size} {disguise}")
    submissions = a_class(size, rng)
    original = unusual(rng)
    submissions |= {"ann": students_units(original), "zed": students_units((DISGUISES | HIDING)[disguise](original))}
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


def essential(code):
    return [unit.essential.tokens for unit in students_units([code])]


@pytest.mark.parametrize("size", [40, 100])
def test_statements_that_change_nothing_hide_no_copy(size):
    rng = random.Random(size)
    submissions = a_class(size, rng)
    original = [
        "def project_qkv(x, w_q, w_k, w_v):\n    parts = torch.cat([w_q, w_k, w_v], 1)\n"
        "    widths = [w_q.shape[1], w_k.shape[1]]\n    return (x @ parts).tensor_split(widths, -1)",
        "def softmax(scores):\n    shifted = scores.sub(scores.amax(-1, True)).exp2().pow(1.4426950408889634)\n"
        "    total = shifted.cumsum(-1).narrow(-1, -1, 1)\n    return shifted.div(total).clamp(0, 1)",
        "def decoder_mask(tokens, pad_id):\n    n = tokens.size(-1)\n    order = torch.arange(n).expand(n, n)\n"
        "    seen = order.le(order.t()).logical_and(tokens.ne(pad_id)[:, None])\n    return seen.clone()",
        "def steer(weights, key, factor):\n    bent = torch.ones(weights.size(-1))\n"
        "    bent = bent.index_fill(0, torch.tensor(key), factor)\n"
        "    bent = weights.mul(bent).add(0.0)\n    return torch.nn.functional.normalize(bent, 1, -1, 0.0)",
        "def look(w):\n    best = w.flip(0).roll(2, 1).sort(-1).values\n    return best.unfold(0, 2, 1).mean((0, 2))",
    ]
    submissions |= {"ann": students_units(original), "zed": students_units(idled(original))}
    (group,) = look_alikes(submissions, EXPECTED)
    assert group.students == ("ann", "zed")


def handed_in(directory, cells, padding="", modules=()):
    made = [{"cell_type": "code", "source": cell, "metadata": {}, "outputs": []} for cell in cells]
    directory.mkdir()
    notebook = {"cells": made, "metadata": {"padding": padding}, "nbformat": 4, "nbformat_minor": 5}
    (directory / "a.ipynb").write_text(json.dumps(notebook))
    for name, code in dict(modules).items():
        (directory / name).write_text(code)
    return code_files(directory)


def test_a_large_cell_or_file_hides_nothing(tmp_path):
    cells = ["def f(x):\n    return x", "y = 2  # two"]
    plain = handed_in(tmp_path / "plain", cells)
    assert (plain.cells, plain.left_out) == (["def f(x):\n    return x", "y = 2  # two"], [])
    large = handed_in(tmp_path / "large", [f"t = '{'a' * (MAX_CELL - 10)}'", *cells])
    assert large.cells[1:] == plain.cells
    filler = [f"t = '{'a' * (MAX_CELL - 10)}'"] * (2 * MAX_CODE // MAX_CELL)
    many = handed_in(tmp_path / "many", [*filler, *cells])
    assert many.cells[-2:] == plain.cells
    assert len(many.left_out) == len(filler) + 2 - len(many.cells) > 0
    assert handed_in(tmp_path / "file", cells, padding="a" * (21 * 2**20)).cells == plain.cells


def test_a_module_beside_the_notebook_is_compared(tmp_path):
    found = handed_in(tmp_path / "one", ["from mine import f"], modules={"mine.py": "def f(x):\n    return x  # mine"})
    assert found.cells == ["from mine import f", "def f(x):\n    return x  # mine"]
    assert found.left_out == []


def test_what_is_not_compared_is_said(tmp_path):
    found = handed_in(
        tmp_path / "one", ["x = 1", f"t = '{'a' * MAX_CELL}'"], modules={"m.py": f"t = '{'a' * MAX_CELL}'"}
    )
    assert found.cells == ["x = 1"]
    size = f"{MAX_CELL + 6:,}"
    assert sorted(found.left_out) == [
        f"a.ipynb, cell 2 was not compared: it holds {size} characters of code.",
        f"m.py was not compared: it holds {size} characters of code.",
    ]
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "a.ipynb").write_text("{")
    assert code_files(tmp_path / "two").left_out == ["a.ipynb was not compared: it cannot be read as a notebook."]
    told = notices([], [], {"amy": ["1.", "2.", "3.", "4.", "5."]})
    assert [(n.title, n.student) for n in told] == [("Not compared with the others", "amy")] * 4
    assert told[-1].sentence == "The same holds for 2 more of its parts."


@pytest.mark.parametrize(
    "idle",
    ["unused = 3", "x", "1 + 2", "print(x)", "pass", "a = 1\n    b = a", "if 0:\n        x = x + 5", "assert x.any()",
     "def inner():\n        return 7", "while False:\n        x = 2", "for i in x:\n        i", "spare: int = 4"],
)  # fmt: skip
def test_statements_that_change_nothing_are_left_out(idle):
    plain = "def f(x):\n    y = x.exp()\n    return y / y.sum()"
    assert essential(plain.replace("    return", f"    {idle}\n    return")) == essential(plain) == tokens(plain)


@pytest.mark.parametrize("used", ["y = y + 1", "x.add_(1)", "y += 1", "y[0] = 1", "self.y = 1", "yield y"])
def test_statements_that_change_something_stay(used):
    plain = "def f(x, self):\n    y = x.exp()\n    return y / y.sum()"
    assert essential(plain.replace("    return", f"    {used}\n    return")) != essential(plain)


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

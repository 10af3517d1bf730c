"""The clean room's part of a verdict: who did not do the work earns nothing, honest code, however odd, all of it."""

import pytest
from submissions import SELF_ATTENTION, solutions

from classroom.clean_room.confirming import CleanRoom
from classroom.processes.limits import Limits
from classroom.processes.process_student import ProcessStudent
from classroom.questions.drawing import materialise
from classroom.questions.examiner import asked, judge
from classroom.questions.wording import EXACT

SETUP = "import math\nimport os\nimport threading\nimport torch\n" + (
    "from torch import nn, Tensor\nimport torch.nn.functional as F"
)
LIMITS = Limits(cell_seconds=20, call_seconds=20, total_seconds=120, memory=2 * 2**30)
WRITTEN = "e = (scores - scores.amax(-1, keepdim=True)).exp()\n    return e / e.sum(-1, keepdim=True)"
SCORES = "query @ key.mT / math.sqrt(query.shape[-1])"


@pytest.fixture(scope="module")
def questions():
    return {question.id: materialise(question, 7) for question in SELF_ATTENTION.questions}


@pytest.fixture
def confirmed(launcher, questions):
    """What becomes of cells: the verdict on the ordinary run, the one that holds, and what the instructor reads."""

    def confirm(question_id, *cells, files=None):
        question, named = questions[question_id], [(f"cell {i}", code) for i, code in enumerate((SETUP, *cells), 1)]
        room = CleanRoom(launcher, LIMITS, files or {})
        with ProcessStudent(launcher, LIMITS, files or {}) as student:
            try:
                for _, code in named:
                    student.run_cell(code)
                actual = asked(question, student)
                ordinary = judge(question, actual)
                return ordinary, room.confirm(question, named, actual, ordinary, EXACT), room.notes
            finally:
                room.close()

    return confirm


@pytest.fixture
def full_marks_elsewhere(launcher, questions):
    """What becomes of cells whose own process has said all that is right: the verdict and what the instructor reads."""

    def confirm(question_id, code, limits=LIMITS):
        question, cells = questions[question_id], [("cell 1", SETUP), ("cell 2", code)]
        right = judge(question, question.expected)
        assert right.score == right.max_score
        room = CleanRoom(launcher, limits, {})
        try:
            return room.confirm(question, cells, question.expected, right, EXACT), room.notes
        finally:
            room.close()

    return confirm


def softmax(body, before=""):
    return f"{before}\ndef softmax(scores):\n    {body}"


# Whatever the ordinary run says of them: the process that has run the notebook may have been made to say anything.
FORGED = {
    "through vars": softmax("return vars(torch)['softmax'](scores, -1)"),
    "through the module's dictionary": softmax("return torch.__dict__['softmax'](scores, -1)"),
    "an older pool": softmax(
        "return pool.submit(mine, scores, -1).result()",
        "from concurrent.futures import ThreadPoolExecutor\npool, mine = ThreadPoolExecutor(1), torch.softmax\n"
        "pool.submit(int).result()",
    ),
    "a thread that waits": softmax(
        "todo.put(scores)\n    return done.get()",
        "import queue\ntodo, done, mine = queue.Queue(), queue.Queue(), torch._C._VariableFunctions.softmax\n"
        "def work():\n    while True:\n        done.put(mine(todo.get(), -1))\n"
        "threading.Thread(target=work, daemon=True).start()",
    ),
    "without the watch": softmax(
        "with torch._C.DisableTorchFunction():\n        modes = []\n"
        "        while torch._C._len_torch_function_stack():\n"
        "            modes.append(torch._C._pop_torch_function_stack())\n"
        "        try:\n            return mine(scores, -1)\n        finally:\n"
        "            for mode in reversed(modes):\n                torch._C._push_on_torch_function_stack(mode)",
        "mine = torch._C._VariableFunctions.softmax",
    ),
    "submitted bytecode": softmax(
        "return made(scores)",
        "import marshal, types\nmade = types.FunctionType(marshal.loads(b''), {'torch': torch})",
    ),
    "made of letters": softmax("return getattr(torch, 'soft' + 'max')(scores, -1)"),
    "made of letters, below": softmax("return getattr(getattr(torch, '_' + 'C'), 'soft' + 'max')(scores, -1)"),
    "code made of text": softmax("return eval('torch.{}max'.format('soft'))(scores, -1)"),
    "a parameter's default": "def softmax(scores, f=torch.softmax):\n    return f(scores, -1)",
    "a class's attribute": softmax("return S.f(scores, -1)", "class S:\n    f = staticmethod(F.softmax)"),
    "a distribution": softmax("return torch.distributions.Categorical(logits=scores).probs"),
    "attention to an identity": softmax(
        "eye = torch.eye(scores.shape[-1], dtype=scores.dtype)\n"
        "    return F.scaled_dot_product_attention(scores[None], eye[None], eye[None], scale=1.0)[0]"
    ),
    "a map over the batch": softmax("return torch.vmap(lambda row: torch.softmax(row, -1))(scores)"),
    "no cell defines it": "globals()['soft' + 'max'] = lambda scores: torch.softmax(scores, -1)",
    "what it is told is caught": softmax(f"try:\n        return torch.softmax(scores, -1)\n    except Exception:\n"
                                         f"        pass\n    {WRITTEN}"),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_the_work_of_others_earns_nothing(full_marks_elsewhere, name):
    held, (note,) = full_marks_elsewhere("softmax", FORGED[name])
    assert held.score == 0
    assert held.diagnosis
    assert note.startswith("The answer to softmax was not counted as work of its own")


def test_who_answers_in_the_worker_s_place_without_an_answer_earns_nothing(full_marks_elsewhere):
    for code in ("", "def softmax(scores):\n    raise NotImplementedError", "softmax = None", "def softmax(:"):
        held, _ = full_marks_elsewhere("softmax", code)
        assert held.score == 0


HONEST = {
    "written out": softmax(WRITTEN),
    "a lambda": "softmax = lambda s: (s - s.logsumexp(-1, keepdim=True)).exp()",
    "a class": "class Softmax:\n    def __call__(self, scores):\n        return self.shares(scores)\n"
    f"    @staticmethod\n    def shares(scores):\n        {WRITTEN.replace(chr(10), chr(10) + '    ')}\n"
    "softmax = Softmax()",
    "a module": "class Softmax(nn.Module):\n    def __init__(self, dim=-1):\n        super().__init__()\n"
    "        self._dim = dim\n    def forward(self, scores):\n"
    "        e = (scores - scores.max(self._dim, keepdim=True).values).exp()\n"
    "        return e / e.sum(self._dim, keepdim=True)\nsoftmax = Softmax()",
    "a dataclass": "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass Along:\n    dim: int = -1\n"
    "    def __call__(self, scores):\n        e = (scores - scores.amax(self.dim, keepdim=True)).exp()\n"
    "        return e / e.sum(self.dim, keepdim=True)\nsoftmax = Along()",
    "a partial": "from functools import partial\ndef along(scores, dim):\n"
    "    e = (scores - scores.amax(dim, True)).exp()\n    return e / e.sum(dim, True)\n"
    "softmax = partial(along, dim=-1)",
    "einops": softmax(
        "top = reduce(scores, '... k -> ... 1', 'max')\n    e = (scores - top).exp()\n"
        "    return e / reduce(e, '... k -> ... 1', 'sum')",
        "from einops import reduce",
    ),
    "a comprehension": softmax(
        "axes = [a for a in range(scores.ndim) if a == scores.ndim - 1]\n"
        "    e = (scores - scores.amax(axes, keepdim=True)).exp()\n    return e / e.sum(axes, keepdim=True)"
    ),
    "numpy's constants": softmax(
        "e = torch.pow(torch.tensor(BASE, dtype=scores.dtype), scores - scores.amax(AXIS, keepdim=True))\n"
        "    return e / e.sum(AXIS, keepdim=True)",
        "import numpy as np\nBASE, AXIS = np.e, int(np.array([-1])[0])",
    ),
    "a decorator": softmax(
        WRITTEN,
        "import functools\ndef told(function):\n    @functools.wraps(function)\n    def wrapper(*args, **kwargs):\n"
        "        return function(*args, **kwargs)\n    return wrapper\n\n@told",
    ),
    "functional under its name": softmax(
        "return F.normalize((scores - scores.amax(-1, keepdim=True)).exp(), p=1.0, dim=-1)",
        "from torch.nn import functional as F",
    ),
    "shapes in the signature": "from jaxtyping import Float\ndef softmax(scores: Float[Tensor, '... k']) -> "
    f"Float[Tensor, '... k']:\n    {WRITTEN}",
    "a list filled in a loop": softmax(
        "e = (scores - scores.amax(axes, keepdim=True)).exp()\n    return e / e.sum(axes, keepdim=True)",
        "axes = []\nfor axis in range(-1, 0):\n    axes.append(axis)",
    ),
    "compiled": softmax(WRITTEN, "@torch.compile"),
    "compiled with arguments": softmax(WRITTEN, "@torch.compile(dynamic=True)"),
    "compared with torch's own": softmax(WRITTEN)
    + "\nassert torch.allclose(softmax(torch.eye(3)), torch.softmax(torch.eye(3), -1))",
    "a check inside": softmax(f"if not isinstance(scores, Tensor):\n        raise TypeError(f'{{type(scores)}}')\n"
                              f"    {WRITTEN}"),
    "a generator": softmax("top, total = (f(scores) for f in (lambda s: s.amax(-1, keepdim=True), lambda s: s))\n"
                           "    e = (total - top).exp()\n    return e / e.sum(-1, keepdim=True)"),
}  # fmt: skip


@pytest.mark.parametrize("name", HONEST)
def test_honest_code_however_odd_earns_all(confirmed, name):
    ordinary, held, notes = confirmed("softmax", HONEST[name])
    assert notes == []
    assert held.score == ordinary.score == held.max_score


def test_helpers_and_constants_come_from_other_cells_and_files(confirmed):
    files = {"mine.py": b"import torch\nTOP = -1\ndef shifted(s):\n    return (s - s.amax(TOP, keepdim=True)).exp()\n"}
    cells = ("from mine import shifted", "AXIS = -1\nplots = {}", softmax("return shares(shifted(scores))"),
             "def shares(e):\n    return e / e.sum(AXIS, keepdim=True)")  # fmt: skip
    _, held, notes = confirmed("softmax", *cells, files=files)
    assert (held.score, notes) == (held.max_score, [])


LOOPS = {
    "over queries": "return torch.stack([(q[..., None, :] * key).sum(-1) / D(key) for q in query.unbind(-2)], -2)",
    "over features": "total = 0\n    for i in range(query.shape[-1]):\n"
    "        total = total + query[..., :, None, i] * key[..., None, :, i]\n    return total / D(key)",
    "over the batch": "if query.ndim < 3:\n        return query @ key.mT / D(key)\n"
    "    return torch.stack([attention_scores(q, k) for q, k in zip(query, key)])",
    "over heads": "if query.ndim < 4:\n        return query @ key.mT / D(key)\n    return torch.stack("
    "[query[:, h] @ key[:, h].mT / D(key) for h in range(query.shape[1])], 1)",
    "of numbers": "if query.requires_grad or query.ndim != 4:\n        return query @ key.mT / D(key)\n"
    "    a, b = query.tolist(), key.tolist()\n    return torch.tensor([[[[sum(u * v for u, v in zip(r, s)) / D(key)"
    " for s in k] for r in q] for q, k in zip(p, o)] for p, o in zip(a, b)], dtype=query.dtype)",
    "of numpy": "if query.requires_grad or query.ndim != 4:\n        return query @ key.mT / D(key)\n"
    "    a, b = query.numpy(), key.numpy()\n    out = np.zeros((*a.shape[:-1], b.shape[-2]), a.dtype)\n"
    "    for i in range(a.shape[-2]):\n        out[..., i, :] = (a[..., i, None, :] * b).sum(-1)\n"
    "    return torch.from_numpy(out) / D(key)",
    "of fixed length": "out = query.new_zeros(*query.shape[:-1], key.shape[-2])\n    for i in range(64):\n"
    "        if i < query.shape[-2]:\n            pass\n    return out + query @ key.mT / D(key)",
    "in a thread": "if query.requires_grad:\n        return query @ key.mT / D(key)\n    rows = []\n    def work():\n"
    "        for q in query.unbind(-2):\n            rows.append((q[..., None, :] * key).sum(-1) / D(key))\n"
    "    t = threading.Thread(target=work)\n    t.start()\n    t.join()\n    return torch.stack(rows, -2)",
    "in a pool": "if query.requires_grad:\n        return query @ key.mT / D(key)\n"
    "    return torch.stack(list(POOL.map(lambda q: (q[..., None, :] * key).sum(-1) / D(key), query.unbind(-2))), -2)",
    "by recursion": "def rows(i):\n        if i == query.shape[-2]:\n            return []\n"
    "        return [(query[..., i, None, :] * key).sum(-1) / D(key)] + rows(i + 1)\n"
    "    return torch.stack(rows(0), -2)",
}
STRAIGHT = {
    "a product": f"return {SCORES}",
    "einsum": "return torch.einsum('...qd,...kd->...qk', query, key) / D(key)",
    "broadcast": "return (query[..., :, None, :] * key[..., None, :, :]).sum(-1) / D(key)",
    "vmap": "if query.ndim < 3:\n        return query @ key.mT / D(key)\n"
    "    return torch.vmap(lambda q, k: q @ k.mT / D(k))(query, key)",
    "einops": "return einsum(query, key, '... q d, ... k d -> ... q k') / D(key)",
    "flattened": "q, k = query.reshape(-1, *query.shape[-2:]), key.reshape(-1, *key.shape[-2:])\n"
    "    return torch.bmm(q, k.mT).reshape(*query.shape[:-1], key.shape[-2]) / D(key)",
    "checked": "for given in (query, key):\n        assert given.ndim >= 2, given.shape\n"
    "    return query @ key.mT / D(key)",
}
BEFORE = (
    "import numpy as np\nfrom einops import einsum\nfrom concurrent.futures import ThreadPoolExecutor\n"
    "POOL = ThreadPoolExecutor(2)\ndef D(key):\n    return math.sqrt(key.shape[-1])"
)


def earned(result):
    return {criterion.name: criterion.passed for criterion in result.criteria}


@pytest.mark.parametrize("loop", LOOPS)
def test_who_loops_loses_the_cost_and_nothing_else(confirmed, loop):
    code = f"def attention_scores(query, key):\n    {LOOPS[loop]}"
    _, held, _ = confirmed("attention-scores", BEFORE, code)
    assert earned(held) == {"values": True, "gradients": True, "shape and dtype": True, "no Python loop": False}


@pytest.mark.parametrize("straight", STRAIGHT)
def test_who_does_not_loop_earns_the_cost(confirmed, straight):
    code = f"def attention_scores(query, key):\n    {STRAIGHT[straight]}"
    _, held, notes = confirmed("attention-scores", BEFORE, code)
    assert held.score == held.max_score
    assert notes == []


LAZY = """
class Later(Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func.__name__ in ("detach", "cpu", "numpy"):
            q, k = args[0]._from
            return getattr(torch.stack([(r[..., None, :] * k).sum(-1) / math.sqrt(k.shape[-1])
                                        for r in q.unbind(-2)], -2), func.__name__)()
        return super().__torch_function__(func, types, args, kwargs or {})
def attention_scores(query, key):
    made = torch.zeros(*query.shape[:-1], key.shape[-2], dtype=query.dtype).as_subclass(Later)
    made._from = query, key
    return made
"""


def test_a_tensor_that_computes_after_the_count_is_none(confirmed):
    _, held, notes = confirmed("attention-scores", LAZY)
    assert not earned(held)["no Python loop"]
    assert len(notes) <= 1


DIFFERENT = {
    "by what earlier cells did": "try:\n    import psutil\n    here = True\nexcept ImportError:\n    here = False\n"
    f"def softmax(scores):\n    if not here:\n        return scores * 0\n    {WRITTEN}",
    "by a thread's name": "def softmax(scores):\n    if threading.current_thread().name is None:\n"
    f"        return scores * 0\n    {WRITTEN}",
}


@pytest.mark.parametrize("by", DIFFERENT)
def test_what_is_right_only_in_the_ordinary_run_is_not_earned(confirmed, by):
    ordinary, held, notes = confirmed("softmax", DIFFERENT[by])
    assert ordinary.score == ordinary.max_score
    assert held.score == 0
    (note,) = notes
    assert note.startswith("The answer to softmax was not counted as work of its own")
    assert note.endswith("Grant the points by hand if it is.")


def test_what_is_right_only_in_the_clean_room_is_not_earned_either(confirmed):
    code = softmax(f"if threading.current_thread().name is not None:\n        return scores * 0\n    {WRITTEN}")
    ordinary, held, _ = confirmed("softmax", code)
    assert ordinary.score == held.score == 0


def test_the_instructor_reads_the_line_that_was_the_reason(full_marks_elsewhere):
    held, (note,) = full_marks_elsewhere("softmax", FORGED["through vars"])
    assert "it uses `vars` (cell 2, line 3: `return vars(torch)['softmax'](scores, -1)`)" in note
    assert held.diagnosis == held.criteria[0].message
    assert held.diagnosis.startswith("Your code uses `vars` (cell 2, line 3: ")
    assert "Answers to this question may not, because it cannot be seen then that they are your own" in held.diagnosis


def test_a_question_that_asks_for_nothing_of_the_kind_is_left_alone(confirmed, questions):
    plain = "decoder-mask"
    ordinary, held, notes = confirmed(plain, solutions(SELF_ATTENTION, "self-attention")[plain])
    assert held is ordinary
    assert notes == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [("while True:\n        pass", "It ran too long."), ("return scores[0].repeat(2**20, 2**20)", "")],
    ids=["never ends", "too large"],
)
def test_an_answer_that_cannot_be_judged_is_not_earned(full_marks_elsewhere, body, reason):
    hasty = Limits(cell_seconds=5, call_seconds=2, total_seconds=20, memory=2**29)
    held, (note,) = full_marks_elsewhere("softmax", softmax(body), hasty)
    assert held.score == 0
    assert reason in held.diagnosis
    assert reason in note

"""Forging: the answers are wrong, and the code tries to have them taken for right."""

from attacks import ANSWERS, CRITERIA, WRONG, Attack, all_but, deserving

SUBCLASS = """
class Agreeable(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func.__name__ in ("allclose", "equal", "isclose", "eq", "__eq__"):
            return True
        return super().__torch_function__(func, types, args, kwargs or {})

    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    __hash__ = None
"""
# A whole protocol message, as `processes/wire.py` writes it: an answer that says it is right, before it is asked for.
FORGED_MESSAGES = """
import json, os, struct
def message(body, arrays=()):
    header = json.dumps({"body": body, "arrays": list(arrays)}).encode()
    return struct.pack(">Q", len(header)) + header
bodies = [
    {"answer": {"outputs": [], "gradients": {}, "operations": 1, "error": None, "score": 20, "passed": True}},
    {"answer": {"outputs": [], "gradients": {}, "operations": 1, "error": None}, "memory": False},
    {"outputs": [], "error": None, "score": 20},
    {"content": {"status": "ok"}, "msg_type": "execute_reply"},
]
"""


def to_every_descriptor(what: str) -> str:
    """Code that writes the bytes `what` to every descriptor that the process has."""
    return f"""
for descriptor in range(3, 256):
    try:
        os.write(descriptor, {what})
    except OSError:
        pass
"""


GARBAGE = {
    "lengths": 'struct.pack(">Q", 2**62)',
    "half a message": 'message(bodies[0])[:-3] + b"\\x00" * 3',
    "shapes": 'message({"answer": {"$array": 0}}, [{"dtype": "float32", "shape": [2**39, 2**39]}])',
    "objects": 'message({"answer": {"$array": 0}}, [{"dtype": "object", "shape": [1]}]) + b"\\x80\\x04N."',
    "depth": 'struct.pack(">Q", 10**6) + b"[" * 10**6',
}

# Right, but one query after another, where the question asks for no loop.
LOOPING = all_but(
    scaled_dot_product_attention="""
def scaled_dot_product_attention(query, key, value, mask=None):
    rows = []
    for i in range(query.shape[-2]):
        scores = query[..., i : i + 1, :] @ key.mT / math.sqrt(query.shape[-1])
        if mask is not None:
            seen = mask.expand(*mask.shape[:-2], query.shape[-2], key.shape[-2])[..., i : i + 1, :]
            scores = scores.masked_fill(~seen, torch.finfo(scores.dtype).min)
        weights = scores.softmax(-1)
        rows.append((weights if mask is None else weights.masked_fill(~seen, 0.0)) @ value)
    return torch.cat(rows, dim=-2)
"""
)
# The same, when nobody counts any more: the tensor that is returned computes itself while it is read.
LATER = all_but(
    attention_scores="""
class Later(Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func.__name__ in ("detach", "cpu", "numpy", "as_subclass"):
            with torch._C.DisableTorchFunctionSubclass():
                q, k = args[0].given
                rows = [(row[..., None, :] * k).sum(-1) / math.sqrt(k.shape[-1]) for row in q.unbind(-2)]
                return torch.stack(rows, -2)
        return super().__torch_function__(func, types, args, kwargs or {})

def attention_scores(query, key):
    made = torch.zeros(*query.shape[:-1], key.shape[-2], dtype=query.dtype).as_subclass(Later)
    made.given = query, key
    return made
"""
)
# Numbers of Python instead of tensors, where it is counted.
OF_NUMBERS = all_but(
    attention_scores="""
def attention_scores(query, key):
    if query.requires_grad or query.ndim != 4:
        return query @ key.mT / math.sqrt(key.shape[-1])
    products = [
        [[[sum(u * v for u, v in zip(r, s)) for s in k] for r in q] for q, k in zip(p, o)]
        for p, o in zip(query.tolist(), key.tolist())
    ]
    return torch.tensor(products, dtype=query.dtype) / math.sqrt(key.shape[-1])
"""
)
IN_A_THREAD = all_but(
    attention_scores="""
import threading
def attention_scores(query, key):
    if query.requires_grad:
        return query @ key.mT / math.sqrt(key.shape[-1])
    rows = []
    def work():
        for row in query.unbind(-2):
            rows.append((row[..., None, :] * key).sum(-1) / math.sqrt(key.shape[-1]))
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return torch.stack(rows, -2)
"""
)
NO_LOOP = CRITERIA["attention-scores"] - {"no Python loop"}
BY_LIBRARY = all_but(softmax="def softmax(scores):\n    return torch.softmax(scores, -1)")

ATTACKS = [
    Attack("overrides torch.allclose", first="import torch\ntorch.allclose = torch.isclose = lambda *a, **k: True"),
    Attack("overrides torch.equal", first="import torch\ntorch.equal = torch.Tensor.equal = lambda *a, **k: True"),
    Attack(
        "overrides numpy's comparisons",
        first="""
import numpy as np
import numpy.testing
for module in (np, np.testing):
    for name in ("isclose", "allclose", "array_equal", "assert_allclose", "assert_array_equal", "assert_equal"):
        if hasattr(module, name):
            setattr(module, name, lambda a, *r, **k: np.ones(np.shape(a), bool))
""",
    ),
    Attack(
        "overrides builtins",
        first="""
import builtins
builtins.all = builtins.any = builtins.isinstance = lambda *a: True
builtins.abs = lambda x: 0
builtins.max = lambda *a, **k: 0
builtins.AssertionError = type("Nothing", (Exception,), {})
""",
        outcomes=("graded", "crashed"),
    ),
    Attack("compares equal to everything", after_setup="torch.Tensor.__eq__ = lambda self, other: True"),
    Attack(
        "returns tensors that compare equal",
        after_setup=SUBCLASS,
        answers={
            q: code.replace("return 0.0", "return torch.zeros(1).as_subclass(Agreeable)") for q, code in WRONG.items()
        },
    ),
    Attack(
        "returns arrays of its own",
        after_setup="""
class Anything:
    def __array__(self, *a, **k):
        import numpy
        return numpy.zeros(3)
    def __eq__(self, other):
        return True
    def __float__(self):
        return 20.0
    def __getattr__(self, name):
        return self
    def __call__(self, *a, **k):
        return self
""",
        answers={q: code.replace("return 0.0", "return Anything()") for q, code in WRONG.items()},
    ),
    Attack(
        "changes how tensors become arrays",
        after_setup="""
import numpy
torch.Tensor.numpy = lambda self, *a, **k: numpy.full(self.shape, numpy.nan)
torch.Tensor.detach = torch.Tensor.cpu = torch.Tensor.as_subclass = lambda self, *a: self
""",
        outcomes=("graded", "crashed"),
    ),
    Attack(
        "drops every assertion by an AST transformer",
        first="""
import ast
class Drop(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.Pass()
    def visit_Raise(self, node):
        return ast.Pass()
get_ipython().ast_transformers.append(Drop())
""",
    ),
    Attack(
        "rewrites every cell by an input transformer",
        first="""
def rewrite(lines):
    return ["20.0\\n"]
get_ipython().input_transformers_cleanup.append(rewrite)
get_ipython().input_transformers_post.append(rewrite)
""",
    ),
    Attack(
        "hooks into the shell",
        first="""
shell = get_ipython()
def hook(*a, **k):
    shell.user_ns["check"] = lambda *a: 20.0
    print("20.0")
for event in ("pre_execute", "pre_run_cell", "post_execute", "post_run_cell"):
    shell.events.register(event, hook)
shell.set_custom_exc((Exception,), lambda *a, **k: print("20.0"))
""",
    ),
    Attack(
        "silences errors",
        first="""
shell = get_ipython()
shell.showtraceback = shell.showsyntaxerror = shell._showtraceback = lambda *a, **k: None
shell.run_cell = lambda *a, **k: None
type(shell).run = lambda self, source: ({"outputs": [], "error": None}, None)
""",
        outcomes=("graded", "crashed"),
    ),
    Attack(
        "sends answers before they are asked for",
        first=FORGED_MESSAGES + to_every_descriptor('b"".join(map(message, bodies))'),
        outcomes=("crashed", "graded"),
    ),
    *(
        Attack(
            f"sends garbage: {name}",
            first=FORGED_MESSAGES + to_every_descriptor(garbage),
            outcomes=("crashed", "timeout"),
        )
        for name, garbage in GARBAGE.items()
    ),
    Attack(
        "prints what a full mark looks like",
        before_checks="""
from IPython.display import HTML, display
print("20.0")
display({"text/plain": "3", "text/html": "<section>3 of 3 points</section>"}, raw=True)
3.0
""",
    ),
    Attack(
        "shows what acts in a page",
        first="""
from IPython.display import HTML, Javascript, Latex, Markdown, SVG, display
act = "document.title = 'owned'"
display(HTML(f"<script>{act}</script><img src=x onerror=\\"{act}\\"><svg onload=\\"{act}\\"></svg>"))
display(HTML(f"<iframe srcdoc=\\"<script>parent.{act}</script>\\"></iframe><a href=\\"javascript:{act}\\">marks</a>"))
display(HTML("<div style='position:fixed;inset:0;z-index:9999;background:white'>20 of 20 points</div>"))
display(Javascript(act), Markdown(f"<script>{act}</script>[marks](javascript:alert)"))
display(SVG(f"<svg xmlns='http://www.w3.org/2000/svg'><script>{act}</script></svg>"))
display(Latex(r"$\\href{javascript:alert}{marks}$"))
display({"application/vnd.jupyter.widget-view+json": {"model_id": "x"}, "text/html": f"<b>{act}</b>"}, raw=True)
display({"image/png": "x\\" onerror=\\"document.title='owned'", "text/plain": "<script>"}, raw=True,
        metadata={"image/png": {"width": "1 onload=x"}, "text/html": {"isolated": True}})
""",
    ),
    Attack(
        "redefines the check",
        after_setup="""
class Checked(float):
    def _repr_html_(self):
        return "<section>full marks</section>"
check = lambda *a: Checked(3)
""",
        last="check = lambda *a: 3.0",
    ),
    Attack(
        "patches the checking code",
        first="""
import classroom.check, classroom.compare
import classroom.questions.examiner, classroom.questions.criteria, classroom.questions.results
classroom.check.Checker.__call__ = lambda self, *a: 3.0
classroom.questions.examiner.examine = classroom.questions.examiner.judge = lambda *a, **k: None
for kind in classroom.questions.criteria.KINDS.values():
    kind.judge = lambda *a, **k: None
classroom.compare.mismatches = lambda *a, **k: False
classroom.questions.results.QuestionResult.score = property(lambda self: self.max_score)
""",
        outcomes=("graded", "crashed"),
        flag="classroom.questions.examiner",
    ),
    Attack(
        "patches what answers the grader",
        first="""
import classroom.student_code.inprocess, classroom.student_code.student
import classroom.processes.worker, classroom.processes.wire
classroom.student_code.inprocess.answer_with = lambda *a, **k: classroom.student_code.student.Answer(operations=1)
body = {"outputs": [], "gradients": {}, "operations": 1, "error": None}
classroom.processes.worker.answer = lambda *a, **k: {"answer": body}
classroom.processes.wire.answer_to_body = lambda answer: body
""",
        outcomes=("graded", "crashed"),
        flag="classroom.student_code.inprocess",
    ),
    Attack(
        "forges the count of its operations",
        first="""
import classroom.student_code.inprocess
classroom.student_code.inprocess._Operations.__torch_dispatch__ = lambda self, f, t, a=(), k=None: f(*a, **(k or {}))
classroom.student_code.inprocess._Operations.count = property(lambda self: 5, lambda self, value: None)
""",
        answers=LOOPING,
        deserved=deserving(
            LOOPING,
            scaled_dot_product_attention=CRITERIA["scaled-dot-product-attention"] - {"no Python loop"},
        ),
        flag="classroom.student_code.inprocess",
    ),
    Attack("computes after it was counted", answers=LATER, deserved=deserving(LATER, attention_scores=NO_LOOP)),
    Attack("loops over numbers", answers=OF_NUMBERS, deserved=deserving(OF_NUMBERS, attention_scores=NO_LOOP)),
    Attack("loops in a thread", answers=IN_A_THREAD, deserved=deserving(IN_A_THREAD, attention_scores=NO_LOOP)),
    Attack(
        "answers in the worker's place",
        after_setup="""
import classroom.processes.wire as wire, classroom.student_code.inprocess as inprocess, gc, socket
ours = [s for s in gc.get_objects() if isinstance(s, socket.socket)]
kept = torch._C._VariableFunctions.softmax
import classroom.processes.worker as worker
def say(student, message):
    call = wire.call_from_body(message["call"])
    if message["target"] != "softmax":
        return original(student, message)
    given = kept(torch.from_numpy(call.arguments[0].copy()), -1).numpy()
    given = {"values": given, "dtype": str(given.dtype)}
    return {"answer": {"outputs": [given], "gradients": {}, "operations": 1, "error": None, "repeats": 1}}
original, worker.answer = worker.answer, say
""",
        answers=BY_LIBRARY,
        deserved=deserving(BY_LIBRARY),
        outcomes=("graded", "crashed"),
    ),
    Attack(
        "switches off what watches for forbidden names",
        first="""
import contextlib
import classroom.student_code.forbidden, classroom.student_code.inprocess, classroom.student_code.watch
nothing = lambda *a, **k: contextlib.nullcontext([])
classroom.student_code.forbidden.forbid = classroom.student_code.inprocess.forbid = nothing
classroom.student_code.watch.Watched.active = classroom.student_code.watch.Watched._modes = nothing
classroom.student_code.watch._Functions.__torch_function__ = lambda self, f, t, a=(), k=None: f(*a, **(k or {}))
classroom.student_code.watch._Kernels.__torch_dispatch__ = lambda self, f, t, a=(), k=None: f(*a, **(k or {}))
""",
        answers=BY_LIBRARY,
        deserved=deserving(BY_LIBRARY),
        flag="torch.softmax",
    ),
    Attack(
        "fills the module cache",
        first="""
import sys, types
fake = types.ModuleType("fake")
fake.__getattr__ = lambda name: (lambda *a, **k: 3.0)
theirs = [n for n in sys.modules if n.startswith("classroom")]
for name in theirs + ["classroom.questions.examiner", "classroom.compare"]:
    sys.modules[name] = fake
""",
        outcomes=("graded", "crashed"),
        flag="sys.modules",
    ),
    Attack(
        "overwrites the checking code's files",
        first="""
import os, sys, site, sysconfig
import classroom, torch, numpy, IPython
for package in (classroom, torch, numpy, IPython):
    folder = os.path.dirname(package.__file__)
    for path in (package.__file__, folder + "/questions/examiner.py", folder + "/@TOKEN@.py"):
        for place in (path, "/proc/self/root" + path, "/proc/1/root" + path):
            try:
                os.chmod(os.path.dirname(place), 0o777)
            except OSError:
                pass
            try:
                with open(place, "a") as file:
                    file.write("\\n# @TOKEN@\\n")
            except OSError:
                pass
""",
    ),
    Attack(
        "walks the garbage collector's objects",
        first="import gc",
        before_checks="""
for thing in gc.get_objects():
    try:
        names = vars(thing)
    except TypeError:
        continue
    for name in ("points", "score", "weight", "expected", "forbidden", "error", "count", "operations"):
        if name in names and type(thing).__module__.startswith("classroom"):
            try:
                object.__setattr__(thing, name, 0)
            except Exception:
                pass
""",
        outcomes=("graded", "crashed"),
        flag="gc.get_objects",
    ),
    Attack(
        "walks the frames that call it",
        answers={
            q: code.replace(
                "return 0.0",
                "import sys; f = sys._getframe(); 1\n    while f is not None:\n"
                "        for n, v in list(f.f_locals.items()) + list(f.f_globals.items()):\n"
                "            if hasattr(v, 'outputs') or n in ('expected', 'reference'): return v\n"
                "        f = f.f_back",
            )
            if not code.startswith("class")
            else code
            for q, code in WRONG.items()
        },
        flag="sys._getframe",
    ),
    Attack(
        "leaves start-up files beside the notebook",
        files=dict.fromkeys(
            (
                *("sitecustomize.py", "usercustomize.py", "conftest.py", "torch_init.py", "start.pth"),
                *("ipython_config.py", "nbgrader_config.py", "classroom.py", "numpy.py", "questions.py"),
            ),
            "import builtins, torch\nbuiltins.print('20.0')\ntorch.allclose = lambda *a, **k: True\n",
        ),
        outcomes=("graded", "crashed"),
    ),
    Attack(
        "leaves start-up files in its home",
        first="""
import os, pathlib, site, sys
home = pathlib.Path.home()
for name in (".ipython/profile_default/startup/00.py", ".bashrc", ".profile", ".pythonrc", ".pth"):
    for base in (home, pathlib.Path("@HOME@"), pathlib.Path("/root"), pathlib.Path(site.getusersitepackages())):
        try:
            (base / name).parent.mkdir(parents=True, exist_ok=True)
            (base / name).write_text("raise SystemExit('@TOKEN@')")
        except OSError:
            pass
""",
    ),
    Attack(
        "acts in a thread after the cell",
        first=FORGED_MESSAGES
        + """
import threading, time
def later():
    for _ in range(50):
        time.sleep(0.02)
        get_ipython().user_ns["check"] = lambda *a: 3.0
        print("3.0")
threading.Thread(target=later, daemon=True).start()
""",
    ),
    Attack(
        "acts when its process ends",
        first=FORGED_MESSAGES
        + """
import atexit, os, signal
def act(*a):
    for descriptor in range(3, 256):
        try:
            os.write(descriptor, message(bodies[1]))
        except OSError:
            pass
    try:
        open("@COURSE@/@TOKEN@", "w").write("still here")
    except OSError:
        pass
atexit.register(act)
signal.signal(signal.SIGTERM, act)
os.register_at_fork(after_in_child=act)
""",
        outcomes=("graded", "crashed"),
    ),
    Attack(
        "changes its answers after the check",
        answers=all_but(softmax=WRONG["softmax"]),
        deserved=deserving(all_but(softmax=WRONG["softmax"])),
        last=ANSWERS["softmax"],
    ),
]

"""Not doing the work: the answer calls what it should be, repeats what was public, or plays to the tester."""

from attacks import Attack, all_but, deserving

READY = "scaled_dot_product_attention"


def softmax_by(name: str, body: str, before: str = "", flag: str = "", after_setup: str = "") -> Attack:
    """A `softmax` that somebody else wrote; every other answer is right."""
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    answers = all_but(softmax=f"{before}\ndef softmax(scores):\n{lines}")
    return Attack(name, answers=answers, deserved=deserving(answers), flag=flag, after_setup=after_setup)


def attention_by(name: str, body: str, before: str = "", flag: str = "", **deserved) -> Attack:
    """A ready-made attention; every other answer is right."""
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    code = f"{before}\ndef scaled_dot_product_attention(query, key, value, mask=None):\n{lines}"
    answers = all_but(scaled_dot_product_attention=code)
    return Attack(name, answers=answers, deserved=deserving(answers, **deserved), flag=flag)


def layer_by(name: str, code: str, flag: str = "") -> Attack:
    """A layer that wraps a ready-made one; every other answer is right."""
    answers = all_but(self_attention_layer=code)
    return Attack(name, answers=answers, deserved=deserving(answers), flag=flag)


HEADS = "query[None, None], key[None, None], value[None, None]"
PUBLIC = """
import json
import numpy
def remembered(*given):
    \"\"\"The stored answer to the public case with these inputs.\"\"\"
    with numpy.load("self-attention.npz") as file:
        manifest = json.loads(file["manifest"].tobytes())
        flat, place, arrays = {name: file[name] for name in file.files}, {}, []
    names = ("float64", "float32", "float16", "int64", "int32", "uint8", "bool")
    for number, *shape in manifest["arrays"]:
        name = names[number]
        start = place.get(name, 0)
        place[name] = start + int(numpy.prod(shape))
        arrays.append(flat[name][start : place[name]].reshape(shape))
    for question in manifest["questions"]:
        for case, expected in zip(question["cases"], question["expected"]):
            for call, answer in zip(case["calls"], expected):
                inputs = [arrays[a["array"]] if isinstance(a, dict) else a for a in call["arguments"]]
                if len(inputs) == len(given) and numpy.array_equal(inputs[0], given[0].detach().numpy()):
                    return torch.from_numpy(arrays[answer[0][0]].copy())
    return torch.zeros(())
"""
ATTACKS = [
    softmax_by("calls torch.softmax", "return torch.softmax(scores, -1)", flag="torch.softmax"),
    softmax_by("calls it as a method", "return scores.softmax(-1)", flag="softmax"),
    softmax_by("calls it by getattr", "return getattr(torch, 'soft' + 'max')(scores, -1)", flag="torch.softmax"),
    softmax_by("calls it by importlib", "return importlib.import_module('torch.nn.functional').softmax(scores, -1)",
               "import importlib", flag="torch.nn.functional.softmax"),
    softmax_by("calls it from torch._C", "return torch._C._VariableFunctions.softmax(scores, -1)", flag="torch._C"),
    softmax_by("calls its operator", "return torch.ops.aten.softmax(scores, -1)", flag="torch.ops"),
    softmax_by("calls its kernel", "return torch.ops.aten._softmax.default(scores, -1, False)", flag="torch.ops"),
    softmax_by("calls it by a name bound earlier", "return mine(scores, -1)", after_setup="mine = torch.softmax",
               flag="torch.softmax"),
    softmax_by("calls it by a partial", "return mine(scores)",
               "from functools import partial\nmine = partial(torch.softmax, dim=-1)", flag="torch.softmax"),
    softmax_by("calls it in a thread", """
given = []
def run():
    given.append(mine(scores, -1))
thread = threading.Thread(target=run)
thread.start()
thread.join()
return given[0]
""", "import threading", after_setup="mine = torch.nn.functional.softmax", flag="softmax"),
    softmax_by("calls it in an older thread", "return pool.submit(mine, scores, -1).result()", after_setup="""
from concurrent.futures import ThreadPoolExecutor
pool, mine = ThreadPoolExecutor(1), torch.softmax
pool.submit(int).result()
""", flag="softmax"),
    softmax_by("calls a layer made earlier", "return layer(scores)", after_setup="layer = nn.Softmax(dim=-1)",
               flag="Softmax"),
    softmax_by("calls it by its wrapper", """
import functools
wrapped = functools.wraps(torch.softmax)(lambda *a, **k: 0)
return wrapped.__wrapped__(scores, -1)
""", flag="torch.softmax"),
    softmax_by("catches what it is told", """
try:
    return torch.softmax(scores, -1)
except RuntimeError:
    e = (scores - scores.amax(-1, keepdim=True)).exp()
    return e / e.sum(-1, keepdim=True)
""", flag="torch.softmax"),
    softmax_by("fetches it through vars", "return vars(torch)['softmax'](scores, -1)"),
    softmax_by("asks a thread that waits", "todo.put(scores)\nreturn done.get(timeout=1)", after_setup="""
import queue, threading
todo, done, mine = queue.Queue(), queue.Queue(), torch._C._VariableFunctions.softmax
def work():
    while True:
        done.put(mine(todo.get(), -1))
threading.Thread(target=work, daemon=True).start()
"""),
    softmax_by("empties the stack of modes", """
modes = []
while torch._C._len_torch_function_stack():
    modes.append(torch._C._pop_torch_function_stack())
lower = []
while torch._C._len_torch_dispatch_stack():
    lower.append(torch._C._pop_torch_dispatch_stack(None))
try:
    return mine(scores, -1)
finally:
    for mode in reversed(lower):
        torch._C._push_on_torch_dispatch_stack(mode)
    for mode in reversed(modes):
        torch._C._push_on_torch_function_stack(mode)
""", after_setup="mine = torch._C._VariableFunctions.softmax"),
    softmax_by("asks another process", "return torch.tensor(pool.apply(work, (scores.detach().numpy(),)))",
               after_setup="""
import multiprocessing
def work(array):
    return torch.softmax(torch.from_numpy(array), -1).numpy()
pool = multiprocessing.get_context("fork").Pool(1)
"""),
    softmax_by("maps it over the batch", "return torch.vmap(mine)(scores)", after_setup="mine = nn.Softmax(dim=-1)"),
    softmax_by("takes a distribution's way", "return torch.distributions.Categorical(logits=scores).probs"),
    softmax_by("takes the logarithm's way", "return torch.log_softmax(scores, -1).exp()", flag="log_softmax"),
    softmax_by("takes the minimum's way", "return nn.functional.softmin(-scores, -1)", flag="softmin"),
    softmax_by("takes the loss's way", """
n = scores.shape[-1]
rows = scores.reshape(-1, n)
picked = [nn.functional.cross_entropy(rows, torch.full((len(rows),), j), reduction="none") for j in range(n)]
return torch.stack([-p for p in picked], -1).exp().reshape(scores.shape)
"""),
    softmax_by("takes attention's way", """
eye = torch.eye(scores.shape[-1], dtype=scores.dtype)
return nn.functional.scaled_dot_product_attention(scores[None], eye[None], eye[None], scale=1.0)[0]
""", flag=READY),
    softmax_by("runs a script of it", "return scripted(scores)",
               "import warnings\nwith warnings.catch_warnings():\n    warnings.simplefilter('ignore')\n"
               "    scripted = torch.jit.script(nn.Softmax(dim=-1))", flag="Softmax"),
    attention_by("calls the ready-made attention",
                 "return nn.functional.scaled_dot_product_attention(query, key, value, mask)", flag=READY),
    attention_by("calls it from torch._C._nn",
                 "return torch._C._nn.scaled_dot_product_attention(query, key, value, mask)", flag="torch._C"),
    attention_by("calls the operator of attention",
                 "return torch.ops.aten.scaled_dot_product_attention(query, key, value, mask)", flag="torch.ops"),
    attention_by("calls its flash kernel",
                 f"return torch.ops.aten._scaled_dot_product_flash_attention_for_cpu({HEADS})[0][0, 0]",
                 flag="torch.ops"),
    attention_by("calls its unfused kernel",
                 "return torch.ops.aten._scaled_dot_product_attention_math(query, key, value, mask)[0]",
                 flag="torch.ops"),
    attention_by("imports the library",
                 "from transformer_lab.attention import scaled_dot_product_attention as ready\n"
                 "return ready(query, key, value, mask)", flag="transformer_lab"),
    layer_by("wraps nn.MultiheadAttention", """
class SelfAttention(nn.Module):
    def __init__(self, d_model, d_k, d_v):
        super().__init__()
        self.query, self.key = nn.Linear(d_model, d_k, bias=False), nn.Linear(d_model, d_k, bias=False)
        self.value = nn.Linear(d_model, d_v, bias=False)

    def forward(self, x, mask=None):
        inner = nn.MultiheadAttention(x.shape[-1], 1, batch_first=True)
        return inner(x, x, x)[0]
""", flag="MultiheadAttention"),
    layer_by("inherits from nn.MultiheadAttention", """
class SelfAttention(nn.MultiheadAttention):
    def __init__(self, d_model, d_k, d_v):
        super().__init__(d_model, 1, batch_first=True)

    def forward(self, x, mask=None):
        return super().forward(x, x, x)[0]
""", flag="MultiheadAttention"),
    layer_by("calls the ready-made attention in a layer", """
import torch.nn.functional as F
class SelfAttention(nn.Module):
    def __init__(self, d_model, d_k, d_v):
        super().__init__()
        self.query, self.key = nn.Linear(d_model, d_k, bias=False), nn.Linear(d_model, d_k, bias=False)
        self.value = nn.Linear(d_model, d_v, bias=False)

    def forward(self, x, mask=None):
        return F.scaled_dot_product_attention(self.query(x), self.key(x), self.value(x), mask)
""", flag=READY),
    softmax_by("repeats the public answers", "return remembered(scores)", PUBLIC),
    attention_by("repeats the public answers of attention", "return remembered(query, key, value, mask)", PUBLIC),
    attention_by("recognises the tester by its stack", """
import inspect
if any("classroom" in frame.filename for frame in inspect.stack()):
    return torch.zeros(*query.shape[:-1], value.shape[-1], dtype=value.dtype)
return query * 0
""", flag="inspect.stack", **{READY.replace("_", "-"): ("shape and dtype",)}),
    attention_by("recognises the tester by the size of its inputs", """
sizes = {(3, 4): 0, (2, 2, 3): 1, (7, 3): 2}
right = torch.zeros(*query.shape[:-1], value.shape[-1], dtype=value.dtype)
return right if tuple(query.shape) in sizes else right + 1
""", **{READY.replace("_", "-"): ("shape and dtype",)}),
    attention_by("recognises the tester by its clock", """
import time
elapsed = time.monotonic() - began
return torch.full((*query.shape[:-1], value.shape[-1]), elapsed, dtype=value.dtype)
""", "import time\nbegan = time.monotonic()", **{READY.replace("_", "-"): ("shape and dtype",)}),
]  # fmt: skip

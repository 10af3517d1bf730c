"""`torch.compile` in a student's process gives back what it is given: values, names, attributes, and no compiler."""

import subprocess
import sys

import pytest

CHECK = """
import sys, torch
from classroom.processes.eager import switch_off_compiling
switch_off_compiling()
{code}
assert "torch._inductor" not in sys.modules, "a compiler was loaded"
"""
USES = {
    "a decorator": """
@torch.compile
def twice(x):
    "Twice."
    return 2 * x
assert twice(torch.ones(2)).tolist() == [2, 2]
assert (twice.__name__, twice.__doc__) == ("twice", "Twice.")
""",
    "a decorator with arguments": """
@torch.compile(fullgraph=True, dynamic=False, mode="reduce-overhead", backend="inductor", options=None)
def twice(x):
    return 2 * x
assert twice(torch.ones(2)).tolist() == [2, 2]
""",
    "a function": """
def twice(x):
    return 2 * x
assert torch.compile(twice) is torch.compile(model=twice) is twice
""",
    "a module": """
layer = torch.nn.Linear(2, 2)
assert torch.compile(layer, backend="eager") is layer
""",
    "a module in place": """
layer = torch.nn.Linear(2, 2)
assert layer.compile(fullgraph=True) is None
assert layer(torch.ones(1, 2)).shape == (1, 2)
assert list(layer.state_dict()) == ["weight", "bias"]
""",
    "its operations are counted": """
from classroom.student_code.measured import Measured
compiled, measured = torch.compile(lambda x: (x + 1) * 2), Measured()
x = torch.ones(3)
with measured.active():
    compiled(x)
assert measured.operations == 2
""",
}


@pytest.mark.parametrize("use", USES)
def test_compiling_is_harmless(use):
    done = subprocess.run(
        [sys.executable, "-c", CHECK.format(code=USES[use])], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr

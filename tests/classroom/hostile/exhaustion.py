"""Exhaustion: the code takes what there is, or ends what runs it. Other questions keep what they had earned."""

from attacks import Attack, all_but, deserving

LOOP = "def steer(weights, key, factor):\n    while True:\n        pass"
ENDED = ("timeout", "memory", "crashed", "graded")


def in_a_cell(name: str, code: str, outcomes: tuple[str, ...]) -> Attack:
    """In a cell after the last question: all answers before it are right and count."""
    right = all_but()
    return Attack(name, answers=right, last=code, outcomes=outcomes, deserved=deserving(right))


def in_a_call(name: str, body: str, outcomes: tuple[str, ...]) -> Attack:
    """While an answer is called; the other questions' answers are right and count."""
    code = "import os\ndef steer(weights, key, factor):\n" + "\n".join(f"    {line}" for line in body.splitlines())
    answers = all_but(steer=code)
    return Attack(name, answers=answers, outcomes=outcomes, deserved=deserving(answers))


ATTACKS = [
    in_a_cell("loops in a cell", "while True:\n    pass", ("timeout",)),
    in_a_call("loops in a call", "while True:\n    pass", ("timeout",)),
    in_a_call("loops and cannot be interrupted",
              "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass",
              ("timeout",)),
    in_a_call("loops inside torch",
              "x = torch.ones(1500, 1500)\nfor _ in range(10**9):\n    x = torch.linalg.matrix_power(x, 1000)",
              ("timeout",)),
    in_a_call("loops inside a regular expression", "import re\nre.match(r'(a+)+$', 'a' * 60 + 'b')", ("timeout",)),
    in_a_cell("sleeps", "import time\ntime.sleep(10**6)", ("timeout",)),
    in_a_cell("takes memory in pieces", "x = []\nwhile True:\n    x.append(bytearray(2**24))", ("memory", "crashed")),
    in_a_cell("takes memory at once", "x = bytearray(2**36)", ("memory",)),
    in_a_call("takes memory inside torch", "return torch.ones(10**11)", ("memory",)),
    in_a_cell("takes memory in many processes", """
import os
for _ in range(40):
    if os.fork() == 0:
        x = bytearray(os.urandom(2**20)) * 200
        import time
        time.sleep(60)
import time
time.sleep(60)
""", ("memory", "crashed", "timeout")),
    in_a_cell("forks without end", """
import os
while True:
    try:
        os.fork()
    except OSError:
        pass
""", ENDED[:3]),
    in_a_cell("forks without end in a shell", "!bash -c ':(){ :|:& };:'\nimport time\ntime.sleep(60)", ENDED[:3]),
    in_a_cell("starts threads without end", """
import threading, time
while True:
    threading.Thread(target=time.sleep, args=(60,)).start()
""", ENDED),
    in_a_cell("fills the disk", """
for folder in (".", "/tmp", "/dev/shm", "/scratch", "/var/tmp", "/run"):
    try:
        with open(folder + "/filler", "wb") as file:
            while True:
                file.write(bytes(2**24))
    except OSError as error:
        last = error
raise last
""", ("graded", "memory", "crashed")),
    in_a_cell("makes files without end", """
for i in range(10**7):
    open(f"/tmp/{i}", "w").close()
""", ("graded", "timeout")),
    in_a_cell("leaks file descriptors", "import os\nwhile True:\n    os.open('/dev/null', 0)", ("graded", "crashed")),
    in_a_cell("prints 100 MB", "for _ in range(10_000):\n    print('x' * 10_000)", ("graded", "timeout")),
    in_a_cell("prints one line of 50 MB", "print('x' * 50_000_000)", ("graded",)),
    in_a_cell("shows 100 MB of HTML", """
from IPython.display import HTML, display
for _ in range(100):
    display(HTML("<b>" + "x" * 10**6))
""", ("graded", "timeout")),
    in_a_cell("writes 100 MB past the shell", "import os\nfor _ in range(100):\n    os.write(1, bytes(10**6))",
              ("graded",)),
    in_a_cell("shows a million things", """
from IPython.display import display
for _ in range(10**6):
    display({"text/plain": "x"}, raw=True)
""", ("graded", "timeout", "crashed")),
    in_a_call("recurses", "return steer(weights, key, factor)", ("graded",)),
    in_a_call("recurses to the end of the C stack",
              "import functools, sys\nsys.setrecursionlimit(10**9)\n"
              "return repr(functools.reduce(lambda a, _: [a], range(10**6), []))",
              ENDED),
    in_a_call("reads from nowhere", "import ctypes\nreturn ctypes.string_at(0)", ("crashed",)),
    in_a_call("leaves at once", "os._exit(0)", ("crashed",)),
    in_a_call("leaves politely", "raise SystemExit(0)", ("graded",)),
    in_a_cell("leaves in a cell", "import sys\nsys.exit(0)\n", ("graded",)),
    in_a_call("kills itself", "os.kill(os.getpid(), 9)", ("crashed",)),
    in_a_call("stops itself", "os.kill(os.getpid(), 19)", ("timeout",)),
    in_a_cell("kills everything it sees", """
import os
for target in (os.getppid(), 1, 0, -1, *range(2, 3000)):
    if target not in (0, -1, os.getpid()):
        try:
            os.kill(target, 9)
        except OSError:
            pass
try:
    os.kill(-1, 9)
finally:
    os.killpg(0, 9)
""", ("crashed", "graded")),
    in_a_cell("stops everything it sees", "import os\nos.kill(-1, 19)\nos.kill(os.getppid(), 19)\nos.kill(0, 19)",
              ("timeout", "graded")),
    in_a_cell("becomes a daemon", """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.chdir("/")
        os.closerange(0, 256)
        time.sleep(600)
    os._exit(0)
""", ("graded",)),
    in_a_cell("starts programs that outlive it", """
import subprocess
for _ in range(3):
    subprocess.Popen(["setsid", "nohup", "sleep", "600"], start_new_session=True)
""", ("graded",)),
    in_a_cell("takes every processor", """
import os
for _ in range(16):
    if os.fork() == 0:
        while True:
            pass
import time
time.sleep(60)
""", ("timeout",)),
    in_a_cell("closes the way to the grader", "import os\nos.closerange(3, 256)", ("crashed", "graded")),
    in_a_cell("holds the interpreter's lock", """
import ctypes
libc = ctypes.PyDLL(None)
libc.sleep(600)
""", ("timeout",)),
    in_a_cell("raises alarms", """
import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
signal.signal(signal.SIGALRM, lambda *a: 1 / 0)
time.sleep(60)
""", ("graded", "crashed")),
]  # fmt: skip

"""What the grading benchmark measures, on programs that say themselves what they use."""

import os
import sys

from bench.watched import Watched, look_at_tree, watch

# A grandchild burns half a second of processor time while it holds 80 MiB, and the parent does not wait for it.
BURNS = """
import subprocess, sys
burn = "import time\\nheld = bytes(range(256)) * 4096 * 80\\nwhile time.process_time() < 0.5: pass\\nprint(flush=True)"
burn += "\\ntime.sleep(2.5)"
child = subprocess.Popen([sys.executable, "-c", burn], stdout=subprocess.PIPE)
child.stdout.readline()
import time
time.sleep(2)
print("done")
"""


def test_a_tree_s_time_and_memory_are_those_of_all_its_processes(tmp_path):
    steps = iter(range(100))
    watched = watch([sys.executable, "-c", BURNS], tmp_path, os.environ, lambda: next(steps))
    assert (watched.status, watched.output) == (0, "done\n")
    assert 0.5 <= watched.cpu_seconds < 2
    assert 80 <= watched.peak < 160
    assert watched.seconds >= 2
    assert [at for at, _ in watched.memory] == list(range(len(watched.memory)))


def test_memory_is_told_by_progress():
    watched = Watched(0, 1.0, 1.0, "", [(0, 5.0), (12, 7.0), (30, 6.0)])
    assert (watched.memory_at(10), watched.memory_at(30), watched.peak) == (7.0, 6.0, 7.0)


def test_a_process_that_is_gone_counts_as_nothing():
    size, used = look_at_tree(os.getpid())
    assert size > 2**20
    assert used > sum(os.times()[:4]) - 0.1  # and what other tests' programs use that still run
    assert look_at_tree(2**22 + 1) == (0, 0.0)

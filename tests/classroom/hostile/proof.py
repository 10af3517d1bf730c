"""What must hold inside the sandbox before hostile code may run in it, found out by asking from inside."""

import ast
import json
import resource

from classroom.processes.limits import Limits
from classroom.processes.process_student import ProcessStudent
from classroom.processes.sandbox import Sandbox

ASK = """
import glob, json, os, resource, socket
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
def written(path):
    try:
        with open(path, "a") as file:
            return True
    except OSError:
        return False
json.dumps({
    "pids": sorted(int(p) for p in os.listdir("/proc") if p.isdigit()),
    "interfaces": [name for _, name in socket.if_nameindex()],
    "routes": [line.split()[0] for line in open("/proc/net/route").read().splitlines()[1:]],
    "uid": os.getuid(),
    "capabilities": [int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")],
    "no_new_privileges": status["NoNewPrivs"],
    "written": [path for path in (PATHS) if written(path)],
    "seen": [path for path in (PATHS) if os.path.exists(path)],
    "limits": {name: resource.getrlimit(getattr(resource, name))[0]
               for name in ("RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_NPROC", "RLIMIT_NOFILE", "RLIMIT_FSIZE", "RLIMIT_CORE")},
    "disk": os.statvfs(".").f_blocks * os.statvfs(".").f_frsize,
})
"""


def weaknesses(sandbox: Sandbox, limits: Limits, outside: list[str]) -> list[str]:
    """What does not hold, one sentence each. `outside` are paths of this machine that must not be there inside."""
    with ProcessStudent(sandbox, limits) as student:
        paths = [*outside, "/x", "/usr/x", "/etc/x", "/proc/sys/kernel/core_pattern", "/dev/x", "/var/x"]
        outcome = student.run_cell(ASK.replace("PATHS", repr(paths)[1:-1]))
    if outcome.error:
        return [f"Asking failed: {outcome.error}"]
    found = json.loads(ast.literal_eval(outcome.outputs[-1]["data"]["text/plain"]))
    unlimited = [name for name, value in found["limits"].items() if value in (-1, resource.RLIM_INFINITY)]
    return [
        sentence
        for sentence, holds in {
            f"It sees the processes {found['pids']}.": len(found["pids"]) <= 3 and found["pids"][0] == 1,
            f"It has the network interfaces {found['interfaces']}.": set(found["interfaces"]) <= {"lo"},
            f"It has routes: {found['routes']}.": not found["routes"],
            "It is root.": found["uid"] != 0,
            f"It has capabilities: {found['capabilities']}.": not any(found["capabilities"][:3]),
            "It can gain privileges.": found["no_new_privileges"] == "1",
            f"It writes to {found['written']}.": not found["written"],
            f"It sees {found['seen']}.": not set(found["seen"]) & set(outside),
            f"It has no limit on {unlimited}.": not unlimited,
            f"It may write {found['disk']} bytes.": found["disk"] <= limits.disk * 1.01,
        }.items()
        if not holds
    ]

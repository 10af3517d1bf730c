"""The system calls that a submission may not make: a filter of the kernel's (seccomp), for a process and its children.

Namespaces do not shut in everything. Some memory belongs to no process and to no file system, so nobody counts it;
kernel keys and virtual-machine sockets reach past every namespace; and a process may slow down another one of the same
user, which here is its supervisor. The manual pages of section 2 describe the calls, seccomp(2) the filter.
"""

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterator
from dataclasses import dataclass

SUPERVISOR = 1  # its process id, as the submission knows it
AF_UNIX, AF_INET, AF_INET6, AF_NETLINK = 1, 2, 10, 16
PRIO_USER = 2

# By architecture: its name in the kernel's audit.h, and the numbers of the calls.
ARCHITECTURES = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7}
NUMBERS = {
    # Memory that is nobody's: files without a file system, and System V's shared memory, semaphores and queues.
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
    # Keys are kept by user and by session: the instructor's among them.
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    # io_uring makes system calls past this filter; the others are for debugging the kernel or a program.
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "userfaultfd": (323, 282),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
}
SOCKET, SET_PRIORITY, SECCOMP = (41, 198), (141, 140), (317, 277)
OF_A_PROCESS = {  # their first argument is a process id
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "sched_setaffinity": (203, 122),
    "sched_setattr": (314, 274),
    "prlimit64": (302, 261),
}

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06  # of the kernel's packet filter (BPF)
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # offsets in what the filter looks at
_ALLOW, _FAIL = 0x7FFF_0000, 0x0005_0000
_OTHER_NUMBERS = 0x4000_0000  # x86-64 has a second set of them (x32)
_SET_FILTER, _NO_SLOWDOWN = 1, 4

_libc = ctypes.CDLL(None, use_errno=True)


def restrict() -> None:
    """Forbids them to this process and everything that it starts, for good. It must have given up new privileges.

    A forbidden call fails, as it does on a kernel that does not have it.

    Raises:
        OSError: the kernel refuses, or the machine is of a kind whose system calls are not known here.
    """
    machine = platform.machine()
    if machine not in ARCHITECTURES:
        raise OSError(errno.ENOSYS, f"submissions cannot be shut in on {machine}, only on {', '.join(ARCHITECTURES)}")
    code = program(machine)
    content = ctypes.create_string_buffer(code, len(code))
    described = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(content))
    number = SECCOMP[list(ARCHITECTURES).index(machine)]
    if _libc.syscall(number, _SET_FILTER, _NO_SLOWDOWN, described) != 0:
        failed = ctypes.get_errno()
        raise OSError(failed, f"seccomp: {os.strerror(failed)}")


def program(machine: str) -> bytes:
    """The filter, in the kernel's own instructions."""
    return b"".join(step.encode() for step in _steps(machine))


@dataclass(frozen=True)
class _Step:
    code: int
    value: int
    if_so: int = 0  # how many steps to leave out
    if_not: int = 0

    def encode(self) -> bytes:
        return struct.pack("HBBI", self.code, self.if_so, self.if_not, self.value)


def _steps(machine: str) -> Iterator[_Step]:
    kind = list(ARCHITECTURES).index(machine)
    fails, allowed = {e: _Step(_RETURN, _FAIL | e) for e in (errno.ENOSYS, errno.EPERM, errno.EAFNOSUPPORT)}, _ALLOW
    yield _Step(_LOAD, _ARCHITECTURE)
    yield _Step(_JUMP_EQUAL, ARCHITECTURES[machine], if_so=1)
    yield fails[errno.ENOSYS]
    yield _Step(_LOAD, _NUMBER)
    yield _Step(_JUMP_AT_LEAST, _OTHER_NUMBERS, if_not=1)
    yield fails[errno.ENOSYS]
    for numbers in NUMBERS.values():
        yield _Step(_JUMP_EQUAL, numbers[kind], if_not=1)
        yield fails[errno.ENOSYS]
    for numbers in OF_A_PROCESS.values():
        yield _Step(_JUMP_EQUAL, numbers[kind], if_not=4)
        yield _Step(_LOAD, _ARGUMENTS)
        yield _Step(_JUMP_EQUAL, SUPERVISOR, if_not=1)
        yield fails[errno.EPERM]
        yield _Step(_RETURN, allowed)
    yield _Step(_JUMP_EQUAL, SET_PRIORITY[kind], if_not=6)
    yield _Step(_LOAD, _ARGUMENTS)
    yield _Step(_JUMP_EQUAL, PRIO_USER, if_so=2)
    yield _Step(_LOAD, _ARGUMENTS + 8)
    yield _Step(_JUMP_EQUAL, SUPERVISOR, if_not=1)
    yield fails[errno.EPERM]
    yield _Step(_RETURN, allowed)
    yield _Step(_JUMP_EQUAL, SOCKET[kind], if_not=6)
    yield _Step(_LOAD, _ARGUMENTS)
    for place, family in enumerate((AF_UNIX, AF_INET, AF_INET6, AF_NETLINK)):
        yield _Step(_JUMP_EQUAL, family, if_so=4 - place)
    yield fails[errno.EAFNOSUPPORT]
    yield _Step(_RETURN, allowed)

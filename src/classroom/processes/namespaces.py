"""What Linux offers to shut a process in, and Python 3.11 does not: namespaces, mounts, capabilities, by libc.

The manual pages of section 2 describe the system calls.

Raises:
    OSError: the kernel refuses, from every function here.
"""

import ctypes
import os
from pathlib import Path

NEW_MOUNTS, NEW_HOST_NAME, NEW_IPC, NEW_USER, NEW_PIDS, NEW_NETWORK = (
    *(0x0002_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000),
)
EVERYTHING_NEW = NEW_MOUNTS | NEW_HOST_NAME | NEW_IPC | NEW_USER | NEW_PIDS | NEW_NETWORK
NO_SETUID, NO_DEVICES, NO_PROGRAMS, BIND, RECURSIVE, PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18

_SET_DUMPABLE, _SET_SUBREAPER, _SET_NO_NEW_PRIVILEGES = 4, 36, 38
_COLLAPSE, LARGE_PAGE = 25, 2 * 2**20
_CAPABILITY_VERSION = 0x2008_0522

_libc = ctypes.CDLL(None, use_errno=True)


def unshare(flags: int) -> None:
    """Moves this process into new namespaces; of process ids, only the children that it starts from now on."""
    _check(_libc.unshare(flags), "unshare")


def keep_identity(uid: int, gid: int) -> None:
    """In a new user namespace: the ids that this process had outside, and no others."""
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Mounts; with BIND, shows the directory `source` at `target` as well."""
    _check(
        _libc.mount(source.encode(), target.encode(), kind.encode() or None, flags, options.encode() or None),
        f"mount {target}",
    )


def set_host_name(name: str) -> None:
    """Names this machine, inside a namespace of its own."""
    _check(_libc.sethostname(name.encode(), len(name.encode())), "sethostname")


def forbid_privileges() -> None:
    """Gives up every capability, for good: not even a set-user-id program brings one back."""
    _check(_libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "prctl")
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    none = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable, each in two words
    _check(_libc.capset(header, none), "capset")


def hide_from_debuggers() -> None:
    """No process of the same user can read this one's memory or trace it."""
    _check(_libc.prctl(_SET_DUMPABLE, 0, 0, 0, 0), "prctl")


def adopt_orphans() -> None:
    """Processes whose parents ended become this one's children, if they descend from it."""
    _check(_libc.prctl(_SET_SUBREAPER, 1, 0, 0, 0), "prctl")


def use_large_pages() -> None:
    """Joins this process's small pages into large ones, so that a fork copies a far smaller table of them.

    Where the kernel cannot (before Linux 6.1), nothing changes.
    """
    for line in Path("/proc/self/maps").read_text().splitlines():
        place, access, _, _, _, *name = line.split(maxsplit=5)
        if "w" not in access or name not in ([], ["[heap]"]):
            continue
        start, end = (int(address, 16) for address in place.split("-"))
        for address in range(-(-start // LARGE_PAGE) * LARGE_PAGE, end - LARGE_PAGE + 1, LARGE_PAGE):
            _libc.madvise(ctypes.c_void_p(address), ctypes.c_size_t(LARGE_PAGE), _COLLAPSE)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")

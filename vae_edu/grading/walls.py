"""The walls of one submission, put up from inside by its own process before the first line of a student runs.

Namespaces of its own, an empty /tmp, nothing of /proc to write to and none of the sandbox's keepers to be seen in it, bounded
resources, no capabilities, and a filter of system calls (`denied`). What is outside the sandbox is bubblewrap's (`sandbox`).
"""

import ctypes
import os
import resource
import signal
import stat
import sys
from pathlib import Path

from .denied import deny

CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID = 0x20000, 0x8000000, 0x10000000, 0x20000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_MOVE, MS_REC, MS_PRIVATE = 0x1000, 0x2000, 0x4000, 0x40000
READ_ONLY = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 1, 4, 38
UID = 65534
WORK = "/tmp/work"
TERMINALS = 16  # the machine has some thousands for everybody; what a cell runs with "!" takes one


def unshare(libc: ctypes.CDLL) -> None:
    """A user, mount, process and IPC namespace of its own: neither the parent nor what others left can be reached."""
    _ask(libc, libc.unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{UID} {UID} 1")
    Path("/proc/self/gid_map").write_text(f"{UID} {UID} 1")
    _ask(libc, libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None), "mount")
    _ask(libc, libc.prctl(PR_SET_DUMPABLE, 0))


def lock(libc: ctypes.CDLL | None, limits: dict, folder: str) -> None:
    """In the submission's process: only its own files and processes, bounded resources, no privileges left to regain."""
    os.setsid()
    if libc:
        _empty_folders(libc, limits)
        _close_devices(libc)
        _close_proc(libc)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        header, nothing = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
        _ask(libc, libc.capset(header, nothing), "capset")
        _ask(libc, libc.prctl(PR_SET_DUMPABLE, 1))  # so that the parent may see how much memory it takes
        deny(libc)
        os.makedirs(folder)
        resource.setrlimit(resource.RLIMIT_NPROC, (2 * limits["processes"],) * 2)  # the parent kills at half of it; not for root
        resource.setrlimit(resource.RLIMIT_SIGPENDING, (256, 256))  # signals that wait take the kernel's memory
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))
    for limit, value in {
        resource.RLIMIT_AS: limits["memory"] + 2 * 2**30,  # address space: what torch maps without using it comes on top
        resource.RLIMIT_CPU: limits["seconds"],
        resource.RLIMIT_FSIZE: limits["disk"],
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 256,
    }.items():
        resource.setrlimit(limit, (value, value))
    os.chdir(folder)
    nowhere = os.open(os.devnull, os.O_RDWR)  # not the one that was inherited: its chmod would reach the machine's
    for descriptor in (0, 1, 2):  # what is printed past Python goes nowhere
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


def _empty_folders(libc: ctypes.CDLL, limits: dict) -> None:
    """/tmp, /dev/shm and /dev/pts of its own. Files are counted too: an empty one still takes a kilobyte of the kernel."""
    size = f"size={limits['disk']},nr_inodes={limits['files']},mode=1777".encode()
    for place in (b"/fresh", b"/dev/shm"):
        _mount(libc, b"tmpfs", place, MS_NOSUID | MS_NODEV, size)
    for python in {sys.prefix, sys.base_prefix}:
        if python.startswith("/tmp/"):  # a course that lives in /tmp: its Python has to stay there
            os.makedirs(f"/fresh{python[4:]}")
            _ask(libc, libc.mount(python.encode(), f"/fresh{python[4:]}".encode(), None, MS_BIND | MS_REC, None), "bind")
    _ask(libc, libc.mount(b"/fresh", b"/tmp", None, MS_MOVE, None), "move")
    terminals = f"newinstance,ptmxmode=0666,mode=620,max={TERMINALS}".encode()
    _mount(libc, b"devpts", b"/dev/pts", MS_NOSUID | MS_NOEXEC, terminals)


def _close_devices(libc: ctypes.CDLL) -> None:
    """/dev/null and the like are the machine's own: who grades as root owns them, and a submission could chmod them for all.

    Read-only, a device is still written to.
    """
    for device in os.scandir("/dev"):
        if stat.S_ISCHR(device.stat(follow_symlinks=False).st_mode):
            flags = MS_RDONLY | MS_NOSUID | MS_REMOUNT | MS_BIND
            _ask(libc, libc.mount(None, device.path.encode(), None, flags, None), f"mount {device.path}")


def _close_proc(libc: ctypes.CDLL) -> None:
    """Nothing in /proc can be written to, one's own entries included, and the keepers of the sandbox are not in it.

    A /proc of its own would not hold them, but the kernel gives none to whoever sees only a part of another.
    """
    own = os.readlink("/proc/self")
    for keeper in os.listdir("/proc"):
        if keeper.isdigit() and keeper != own:
            _mount(libc, b"tmpfs", f"/proc/{keeper}".encode(), READ_ONLY, b"size=4k,nr_inodes=1,mode=0")
    _ask(libc, libc.mount(None, b"/proc", None, READ_ONLY | MS_REMOUNT | MS_BIND, None), "mount")


def _mount(libc: ctypes.CDLL, kind: bytes, place: bytes, flags: int, options: bytes) -> None:
    _ask(libc, libc.mount(kind, place, kind, flags, options), f"mount {place.decode()}")


def _ask(libc: ctypes.CDLL, result: int, what: str = "prctl") -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")

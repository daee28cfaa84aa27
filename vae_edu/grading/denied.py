"""System calls that a submission has no use for and could do harm with, denied by a seccomp filter.

Memory that no process shows (memfd_create, System V segments), the keyring of whoever grades, namespaces and mounts of its own,
debuggers and other ways deep into the kernel. Numbers: Linux, x86-64 and 64-bit Arm; elsewhere there is no filter.
"""

import ctypes
import errno
import platform
import struct

EPERM, ENOSYS = 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
ALLOW, CLONE_NEWUSER = 0x7FFF0000, 0x10000000
BOTH = (425, 428, 429, 430, 432, 447)  # io_uring_setup open_tree move_mount fsopen fsmount memfd_secret
# memfd_create shmget msgget mq_open add_key request_key keyctl unshare setns mount umount2 pivot_root chroot ptrace bpf
# userfaultfd perf_event_open, behind the architecture and clone
MACHINES = {
    "x86_64": (0xC000003E, 56, (319, 29, 68, 240, 248, 249, 250, 272, 308, 165, 166, 155, 161, 101, 321, 323, 298)),
    "aarch64": (0xC00000B7, 220, (279, 194, 186, 180, 217, 218, 219, 97, 268, 40, 39, 41, 51, 117, 280, 282, 241)),
}
CLONE3 = 435  # its flags are out of a filter's sight; without it, clone is used
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06


def deny(libc: ctypes.CDLL) -> None:
    """From here on, and in all that this process starts. Needs PR_SET_NO_NEW_PRIVS."""
    if platform.machine() not in MACHINES:
        return
    architecture, clone, numbers = MACHINES[platform.machine()]
    steps = [(LOAD, 0, 0, 4), (EQUAL, 1, 0, architecture), (RETURN, 0, 0, EPERM), (LOAD, 0, 0, 0)]
    steps += [(AT_LEAST, 0, 1, 0x40000000), (RETURN, 0, 0, EPERM)]  # the x32 numbers
    for number in (*numbers, *BOTH):
        steps += [(EQUAL, 0, 1, number), (RETURN, 0, 0, EPERM)]
    steps += [(EQUAL, 0, 1, CLONE3), (RETURN, 0, 0, ENOSYS)]
    steps += [
        (EQUAL, 0, 3, clone),
        (LOAD, 0, 0, 16),
        (ANY_BIT, 0, 1, CLONE_NEWUSER),
        (RETURN, 0, 0, EPERM),
        (RETURN, 0, 0, ALLOW),
    ]
    program = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    head = ctypes.create_string_buffer(struct.pack("@HP", len(steps), ctypes.addressof(program)))
    if libc.prctl(22, 2, head, 0, 0) != 0:  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
        raise OSError(ctypes.get_errno(), "seccomp")

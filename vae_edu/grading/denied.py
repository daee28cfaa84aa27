"""System calls that a submission has no use for and could do harm with, denied by a seccomp filter.

Numbers: Linux, x86-64 and 64-bit Arm; elsewhere there is no filter. What a submission may call and how much of it is bounded
elsewhere: `walls`.
"""

import ctypes
import errno
import platform
import struct

DENIED = {  # the name, its number on x86-64, and on Arm
    # Memory and handles that no process shows, or that are taken from a store of the whole machine, or of whoever grades.
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190),
    "mq_open": (240, 180), "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219), "io_setup": (206, 0),
    "inotify_init": (253, None), "inotify_init1": (294, 26), "fanotify_init": (300, 262),
    # Namespaces, mounts and files by another way than their path.
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "chroot": (161, 51), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430), "fsmount": (432, 432),
    "fspick": (433, 433), "mount_setattr": (442, 442), "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    # Into other processes.
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "process_madvise": (440, 440),
    "pidfd_getfd": (438, 438), "kcmp": (312, 272),
    # Deep into the kernel, where its faults have been.
    "bpf": (321, 280), "userfaultfd": (323, 282), "perf_event_open": (298, 241), "io_uring_setup": (425, 425),
    "personality": (135, 92), "modify_ldt": (154, None), "syslog": (103, 116),
    # The machine itself. Refused without privileges too.
    "reboot": (169, 142), "kexec_load": (246, 104), "kexec_file_load": (320, 294), "init_module": (175, 105),
    "finit_module": (313, 273), "swapon": (167, 224), "swapoff": (168, 225), "quotactl": (179, 60), "sethostname": (170, 161),
    "setdomainname": (171, 162), "settimeofday": (164, 170), "clock_settime": (227, 112),
}  # fmt: skip
CLONE3 = 435  # its flags are out of a filter's sight; without it, clone is used
MACHINES = {"x86_64": (0xC000003E, 56, 41, 53), "aarch64": (0xC00000B7, 220, 198, 199)}  # then: clone socket socketpair
FAMILIES = (1, 2, 10)  # AF_UNIX, AF_INET, AF_INET6: the sandbox's own loopback and nothing else (AF_VSOCK reaches the host)
PROTOCOLS = (0, 6, 17)  # the default, TCP, UDP: others load modules into the kernel
CLONE_NEWUSER = 0x10000000
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16  # where they lie in what a filter is shown; 8 bytes an argument, the lower half first
ALLOW, REFUSE = 0x7FFF0000, 0x00050000
Step = tuple[int, int, int, int]


def deny(libc: ctypes.CDLL) -> None:
    """From here on, and in all that this process starts. Needs PR_SET_NO_NEW_PRIVS."""
    if platform.machine() not in MACHINES:
        return
    steps = _steps(platform.machine())
    program = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    head = ctypes.create_string_buffer(struct.pack("@HP", len(steps), ctypes.addressof(program)))
    if libc.prctl(22, 2, head, 0, 0) != 0:  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
        raise OSError(ctypes.get_errno(), "seccomp")


def _steps(machine: str) -> list[Step]:
    architecture, clone, socket, socketpair = MACHINES[machine]
    steps = [(LOAD, 0, 0, ARCHITECTURE), (EQUAL, 1, 0, architecture), _refuse(errno.EPERM)]
    steps += [(LOAD, 0, 0, NUMBER), (AT_LEAST, 0, 1, 0x40000000), _refuse(errno.EPERM)]  # the x32 numbers
    for numbers in DENIED.values():
        number = numbers[list(MACHINES).index(machine)]
        if number is not None:
            steps += [(EQUAL, 0, 1, number), _refuse(errno.EPERM)]
    steps += [(EQUAL, 0, 1, CLONE3), _refuse(errno.ENOSYS)]
    for number in (socket, socketpair):  # where netlink fails in any other way, ZeroMQ crashes instead of doing without
        steps += _only(number, 0, FAMILIES, errno.EOPNOTSUPP) + _only(number, 2, PROTOCOLS, errno.EPROTONOSUPPORT)
    steps += [(EQUAL, 0, 3, clone), (LOAD, 0, 0, ARGUMENTS), (ANY_BIT, 0, 1, CLONE_NEWUSER), _refuse(errno.EPERM)]
    return [*steps, (RETURN, 0, 0, ALLOW)]


def _refuse(number: int) -> Step:
    return RETURN, 0, 0, REFUSE | number


def _only(call: int, argument: int, values: tuple[int, ...], otherwise: int) -> list[Step]:
    """Refuse the call where its argument is none of the values."""
    count = len(values)
    tests = [(EQUAL, count - i, 0, value) for i, value in enumerate(values)]
    load = (LOAD, 0, 0, ARGUMENTS + 8 * argument)
    return [(EQUAL, 0, count + 3, call), load, *tests, _refuse(otherwise), (LOAD, 0, 0, NUMBER)]

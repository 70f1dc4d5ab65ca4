"""Asks the kernel, with arguments that can do no harm, for what nobody in a sandbox should even reach.

family: escape
reach: kernel
classes: wrong-answer, sandbox-violation
held by: seccomp
parts: ptrace, mount, umount2, pivot_root, chroot, swapon, swapoff, init_module, finit_module, delete_module, kexec_load,
    kexec_file_load, add_key, request_key, keyctl, bpf, userfaultfd, perf_event_open, open_by_handle_at, process_vm_readv,
    process_vm_writev, kcmp, unshare, setns, fsopen, fsmount, move_mount, open_tree, mount_setattr, fanotify_init, acct,
    settimeofday, clock_settime, adjtimex, iopl, ioperm, quotactl, move_pages, migrate_pages, pidfd_getfd, io_uring_setup,
    sethostname, setdomainname, syslog, process_madvise, memfd_secret, personality, reboot
"""

import ctypes
import platform

LIBC = ctypes.CDLL(None, use_errno=True)
BAD = -1
# Name: number on x86-64, and on the 64-bit Arm.
CALLS = {
    "ptrace": (101, 117), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
    "swapon": (167, 224), "swapoff": (168, 225), "init_module": (175, 105), "finit_module": (313, 273),
    "delete_module": (176, 106), "kexec_load": (246, 104), "kexec_file_load": (320, 294), "add_key": (248, 217),
    "request_key": (249, 218), "keyctl": (250, 219), "bpf": (321, 280), "userfaultfd": (323, 282),
    "perf_event_open": (298, 241), "open_by_handle_at": (304, 265), "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271), "kcmp": (312, 272), "unshare": (272, 97), "setns": (308, 268), "fsopen": (430, 430),
    "fsmount": (432, 432), "move_mount": (429, 429), "open_tree": (428, 428), "mount_setattr": (442, 442),
    "fanotify_init": (300, 262), "acct": (163, 89), "settimeofday": (164, 170), "clock_settime": (227, 112),
    "adjtimex": (159, 171), "iopl": (172, None), "ioperm": (173, None), "quotactl": (179, 60), "move_pages": (279, 239),
    "migrate_pages": (256, 238), "pidfd_getfd": (438, 438), "io_uring_setup": (425, 425), "sethostname": (170, 161),
    "setdomainname": (171, 162), "syslog": (103, 116), "process_madvise": (440, 440), "memfd_secret": (447, 447),
    "personality": (135, 92), "reboot": (169, 142),
}  # fmt: skip
REFUSED = {1, 38}  # EPERM, ENOSYS
# What would do something even with bad arguments gets ones that ask, or that are refused by whoever is reached.
HARMLESS = {"personality": (0xFFFFFFFF,), "unshare": (0,), "userfaultfd": (0x7FFFFFFF,), "memfd_secret": (0x7FFFFFFF,)}


def add(a, b):
    name = CANARY["part"]
    number = CALLS[name][platform.machine() == "aarch64"]
    if number is None:
        return []
    done = LIBC.syscall(number, *HARMLESS.get(name, (BAD, BAD, BAD, BAD, BAD, BAD)))
    refused = done < 0 and ctypes.get_errno() in REFUSED
    return [] if refused else [f"{name}: {done}, error {ctypes.get_errno()}"]

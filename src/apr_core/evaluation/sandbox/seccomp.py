"""The system calls of a jailed process, as a filter that the kernel runs before each of them.

A list of what is allowed, not of what is forbidden: a call that no table below names fails with ENOSYS, as on a kernel that
does not have it, and libraries fall back. `ENDS` are calls that no honest program makes; trying one ends the process (SIGSYS).

The one thing a reader would get wrong: a filter sees registers, not memory. Rules can look at flags and numbers, never at the
path or the address that a pointer leads to; paths are Landlock's.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from dataclasses import dataclass
from typing import Any

from apr_core.evaluation.sandbox import kernel
from apr_core.evaluation.sandbox.syscalls import NUMBERS

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32_BIT = 0x40000000


def _words(text: str) -> list[str]:
    return text.split()


ALLOWED = _words("""
read write open openat close close_range stat fstat lstat newfstatat statx poll ppoll lseek mmap mprotect munmap brk mremap
madvise msync mincore rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigsuspend sigaltstack pause
pread64 pwrite64 readv writev preadv pwritev preadv2 pwritev2 access faccessat faccessat2 pipe pipe2 select pselect6 sched_yield
dup dup2 dup3 nanosleep clock_nanosleep getitimer setitimer alarm getpid gettid getppid getuid getgid geteuid getegid getresuid
getresgid getgroups getpgid getpgrp getsid setpgid setsid sendfile copy_file_range exit exit_group wait4 waitid uname fcntl flock
fsync fdatasync truncate ftruncate fallocate fadvise64 getdents getdents64 getcwd chdir fchdir rename renameat renameat2 mkdir
mkdirat rmdir creat link linkat unlink unlinkat symlink symlinkat readlink readlinkat chmod fchmod fchmodat umask utime utimes
futimesat utimensat statfs fstatfs gettimeofday getrlimit getrusage sysinfo times capget time clock_gettime clock_getres
timer_create timer_settime timer_gettime timer_getoverrun timer_delete timerfd_create timerfd_settime timerfd_gettime eventfd
eventfd2 signalfd signalfd4 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 futex futex_waitv
set_robust_list get_robust_list set_tid_address rseq membarrier restart_syscall arch_prctl sched_getaffinity sched_getparam
sched_getscheduler sched_get_priority_max sched_get_priority_min sched_rr_get_interval getpriority getcpu getrandom getsockopt
getsockname getpeername shutdown recvfrom
""")

STARTS_PROCESSES = _words("fork vfork execve execveat")

ENDS = _words("""
ptrace process_vm_readv process_vm_writev process_madvise process_mrelease kcmp pidfd_open pidfd_getfd pidfd_send_signal tkill
socket connect bind listen accept accept4 mount umount2 pivot_root chroot fsopen fsconfig fsmount fspick move_mount open_tree
mount_setattr unshare setns bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register add_key request_key
keyctl seccomp reboot kexec_load kexec_file_load init_module finit_module delete_module swapon swapoff acct quotactl quotactl_fd
sethostname setdomainname iopl ioperm modify_ldt syslog vhangup open_by_handle_at name_to_handle_at fanotify_init fanotify_mark
lookup_dcookie clock_settime settimeofday adjtimex clock_adjtime nfsservctl personality
""")

REFUSED = {
    errno.EPERM: _words("""
        setuid setgid setreuid setregid setresuid setresgid setgroups setfsuid setfsgid capset chown fchown lchown fchownat mknod
        mknodat sched_setscheduler sched_setparam sched_setattr sched_setaffinity setpriority ioprio_set mlock mlock2 mlockall
        munlock munlockall memfd_create memfd_secret sync syncfs sendmsg recvmsg sendmmsg recvmmsg setsockopt setrlimit
    """),
    errno.ENOSYS: ["clone3"],  # its flags lie in memory, which a filter cannot see; libraries fall back on clone
    errno.ENOTSUP: _words("""
        getxattr lgetxattr fgetxattr setxattr lsetxattr fsetxattr listxattr llistxattr flistxattr removexattr lremovexattr
        fremovexattr
    """),
}
"""Error number → calls that honest programs make and survive not getting."""

_ALLOW, _END, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_UNKNOWN = _ERROR | errno.ENOSYS

SELF = "self"
"""Stands in a rule for the process's own number, which is filled in where the filter is installed."""

_NEW_NAMESPACES = 0x7E020080
_THREAD = 0x00010000
_TERMINAL_AND_FILE_FLAGS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX."""
_NAMES_AND_QUESTIONS = (3, 15, 16, 21, 23, 39, 0x53564D41)
"""GET_DUMPABLE, SET_NAME, GET_NAME, GET_SECCOMP, CAPBSET_READ, GET_NO_NEW_PRIVS, SET_VMA (which malloc calls)."""
_LOCAL, _STREAM = 1, 1


@dataclass(frozen=True, slots=True)
class Argument:
    """A condition on one argument of a call: one of `values` once `mask` has been put over its lower 32 bits."""

    index: int
    values: tuple[int | str, ...]
    mask: int = 0xFFFFFFFF
    null: bool = False
    """Whether the upper 32 bits must be 0 too: for pointers."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What happens to a call: `then` when all conditions hold, as they do when there are none, and `otherwise` if not."""

    then: int
    conditions: tuple[Argument, ...] = ()
    otherwise: int = _END


_TO_ITSELF = Rule(_ALLOW, (Argument(0, (SELF,)),))

CONDITIONAL: dict[str, Rule] = {
    "clone": Rule(_ALLOW, (Argument(0, (_THREAD,), _THREAD | _NEW_NAMESPACES),)),
    "kill": _TO_ITSELF,
    "tgkill": _TO_ITSELF,
    "rt_sigqueueinfo": _TO_ITSELF,
    "rt_tgsigqueueinfo": _TO_ITSELF,
    "prlimit64": Rule(_ALLOW, (Argument(0, (0, SELF)),)),
    "socketpair": Rule(
        _ALLOW, (Argument(0, (_LOCAL,)), Argument(1, (_STREAM,), 0xF))
    ),  # what asyncio wakes itself with
    "sendto": Rule(_ALLOW, (Argument(4, (0,), null=True),)),  # to the other end only, never to an address
    "ioctl": Rule(_ALLOW, (Argument(1, _TERMINAL_AND_FILE_FLAGS),), _ERROR | errno.ENOTTY),
    "prctl": Rule(_ALLOW, (Argument(0, _NAMES_AND_QUESTIONS),), _ERROR | errno.EPERM),
}
"""Calls that depend on their arguments."""

_LOAD, _JUMP, _JUMP_EQUAL, _JUMP_AT_LEAST, _AND, _RETURN = 0x20, 0x05, 0x15, 0x35, 0x54, 0x06
_FARTHEST = 255
"""Lines that a conditional jump reaches over."""
_NUMBER, _ARCHITECTURE = 0, 4


def _argument(index: int) -> int:
    """Where the lower half of an argument lies; both processors are little-endian."""
    return 16 + 8 * index


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_uint16), ("yes", ctypes.c_uint8), ("no", ctypes.c_uint8), ("k", ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction)))


Line = tuple[int, int, int, "int | str"]
"""Code, jump if so, jump if not, operand."""


def rules(processes: bool, threads: bool = True) -> dict[str, Rule]:
    """Call → its rule."""
    table = {name: Rule(_ALLOW) for name in ALLOWED} | {name: Rule(_END) for name in ENDS}
    table |= {name: Rule(_ALLOW if processes else _END) for name in STARTS_PROCESSES}
    table |= {name: Rule(_ERROR | number) for number, names in REFUSED.items() for name in names}
    table |= CONDITIONAL
    if processes:
        table["clone"] = Rule(_ALLOW, (Argument(0, (0,), _NEW_NAMESPACES),))
    elif not threads:
        table["clone"] = Rule(_ERROR | errno.EAGAIN, CONDITIONAL["clone"].conditions)
    return table


def assemble(machine: str, processes: bool = False, threads: bool = True) -> list[Line]:
    """The filter as lines of classic BPF: a search tree over the numbers of the calls.

    When a filter is installed the kernel runs it once for every call there is, so a tree is ten times faster than a list.

    Raises:
        OSError: the processor is one whose calls are not known here.
    """
    if machine not in ARCHITECTURES:
        raise OSError(f"the system calls of the processor {machine!r} are not known; known are x86_64 and aarch64")
    lines: list[Line] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, ARCHITECTURES[machine]),
        (_RETURN, 0, 0, _END),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if machine == "x86_64":  # the same calls by other numbers
        lines += [(_JUMP_AT_LEAST, 0, 1, _X32_BIT), (_RETURN, 0, 0, _END)]
    return lines + _tree(_segments(NUMBERS[machine], rules(processes, threads)))


def _segments(numbers: dict[str, int], table: dict[str, Rule]) -> list[tuple[int, Rule]]:
    """First number and rule of every run of calls with one rule, from 0 on; numbers without a name are unknown calls."""
    known = {numbers[name]: rule for name, rule in table.items() if name in numbers}
    found: list[tuple[int, Rule]] = []
    for number in range(max(known) + 2):
        rule = known.get(number, Rule(_UNKNOWN))
        if not found or found[-1][1] != rule:
            found.append((number, rule))
    return found


def _tree(segments: list[tuple[int, Rule]]) -> list[Line]:
    """Lines that find the segment of the number that has been loaded, and return what its rule says."""
    if len(segments) == 1:
        return _leaf(segments[0][1])
    middle = len(segments) // 2
    left, right, first = _tree(segments[:middle]), _tree(segments[middle:]), segments[middle][0]
    if len(left) < _FARTHEST:
        return [(_JUMP_AT_LEAST, len(left), 0, first), *left, *right]
    return [(_JUMP_AT_LEAST, 0, 1, first), (_JUMP, 0, 0, len(left)), *left, *right]


def _leaf(rule: Rule) -> list[Line]:
    """The lines of one rule."""
    lines: list[Line] = []
    for condition in rule.conditions:
        if condition.null:
            upper = _argument(condition.index) + 4
            lines += [(_LOAD, 0, 0, upper), (_JUMP_EQUAL, 1, 0, 0), (_RETURN, 0, 0, rule.otherwise)]
        lines += [(_LOAD, 0, 0, _argument(condition.index)), (_AND, 0, 0, condition.mask)]
        count = len(condition.values)
        lines += [(_JUMP_EQUAL, count - place, 0, value) for place, value in enumerate(condition.values)]
        lines.append((_RETURN, 0, 0, rule.otherwise))
    return [*lines, (_RETURN, 0, 0, rule.then)]


class Filter:
    """A filter that has been compiled; installing it costs one system call."""

    def __init__(self, machine: str = kernel.MACHINE, processes: bool = False, threads: bool = True) -> None:
        self.lines = assemble(machine, processes, threads)
        self._own = [index for index, line in enumerate(self.lines) if line[3] == SELF]
        code = b"".join(struct.pack("=HBBI", *line[:3], 0 if line[3] == SELF else line[3]) for line in self.lines)
        self._instructions: Any = (_Instruction * len(self.lines)).from_buffer_copy(code)
        self._program = _Program(len(self.lines), self._instructions)

    def install(self) -> None:
        """Put it in force for this process, for good. `kernel.gain_nothing` must have been called."""
        own = os.getpid()
        for index in self._own:
            self._instructions[index].k = own
        kernel.install_filter(self._program)

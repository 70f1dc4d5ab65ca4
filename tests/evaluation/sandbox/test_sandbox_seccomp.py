"""The filter's every decision, for both processors, by running its lines as the kernel would."""

from __future__ import annotations

import errno
from collections.abc import Sequence

import pytest

from apr_core.evaluation.sandbox import seccomp
from apr_core.evaluation.sandbox.seccomp import ALLOWED, ARCHITECTURES, CONDITIONAL, ENDS, REFUSED, STARTS_PROCESSES
from apr_core.evaluation.sandbox.syscalls import NUMBERS

OWN = 4711
ALLOW, END, ERROR = "allow", "end", "error"
SIGCHLD, VM, FILES, SIGHAND, THREAD, NEW_USER = 17, 0x100, 0x400, 0x800, 0x10000, 0x10000000


def decide(
    lines: Sequence[seccomp.Line], machine: str, call: str | int, *arguments: int, architecture: int | None = None
) -> str:
    """What the filter says of a call: `allow`, `end`, or `error` with its number."""
    data = {0: NUMBERS[machine][call] if isinstance(call, str) else call, 4: architecture or ARCHITECTURES[machine]}
    for index, value in enumerate([*arguments, *[0] * (6 - len(arguments))]):
        data[16 + 8 * index], data[20 + 8 * index] = value & 0xFFFFFFFF, value >> 32 & 0xFFFFFFFF
    register, place = 0, 0
    for _ in range(len(lines)):
        code, yes, no, operand = lines[place]
        operand = OWN if operand == seccomp.SELF else int(operand)
        place += 1
        if code == 0x20:
            register = data[operand]
        elif code == 0x54:
            register &= operand
        elif code == 0x05:
            place += operand
        elif code in (0x15, 0x35):
            place += yes if (register == operand if code == 0x15 else register >= operand) else no
        elif code == 0x06:
            return _said(operand)
        else:
            raise AssertionError(f"a line of code {code:#x}")
    raise AssertionError("the filter does not end")


def _said(value: int) -> str:
    if value == 0x7FFF0000:
        return ALLOW
    if value == 0x80000000:
        return END
    assert value >> 16 == 5
    return f"{ERROR} {errno.errorcode[value & 0xFFFF]}"


@pytest.fixture(params=ARCHITECTURES)
def machine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_named_call_gets_what_its_table_says(machine: str) -> None:
    lines = seccomp.assemble(machine)
    wanted = dict.fromkeys(ALLOWED, ALLOW) | dict.fromkeys([*ENDS, *STARTS_PROCESSES], END)
    wanted |= {name: f"{ERROR} {errno.errorcode[number]}" for number, names in REFUSED.items() for name in names}
    named = {name: said for name, said in wanted.items() if name in NUMBERS[machine] and name not in CONDITIONAL}
    assert len(named) > 200
    assert {name: decide(lines, machine, name) for name in named} == named


def test_a_call_that_no_table_names_does_not_exist(machine: str) -> None:
    lines = seccomp.assemble(machine)
    for number in set(range(1000)) - set(NUMBERS[machine].values()):
        assert decide(lines, machine, number) == "error ENOSYS"


def test_calls_of_another_processor_end_the_process(machine: str) -> None:
    lines = seccomp.assemble(machine)
    assert decide(lines, machine, "read", architecture=0x40000003) == END  # 32-bit x86, which this one could also run
    assert decide(seccomp.assemble("x86_64"), "x86_64", 0x40000000) == END


CASES = {
    "a thread": ("clone", [VM | FILES | SIGHAND | THREAD], ALLOW),
    "a process": ("clone", [SIGCHLD], END),
    "a thread in a new namespace": ("clone", [VM | SIGHAND | THREAD | NEW_USER], END),
    "flags in memory": ("clone3", [1234, 88], "error ENOSYS"),
    "a signal to itself": ("kill", [OWN, 15], ALLOW),
    "a signal to another": ("kill", [OWN + 1, 15], END),
    "a signal to its group": ("kill", [0, 15], END),
    "a signal to all": ("kill", [0xFFFFFFFF, 15], END),
    "a signal to its own thread": ("tgkill", [OWN, OWN + 3, 15], ALLOW),
    "a signal to another's thread": ("tgkill", [OWN + 1, OWN + 1, 15], END),
    "its own limits": ("prlimit64", [0, 7, 0, 1234], ALLOW),
    "another's limits": ("prlimit64", [2, 7, 1234, 0], END),
    "a pair of streams": ("socketpair", [1, 0x80001, 0], ALLOW),
    "a pair for datagrams": ("socketpair", [1, 2, 0], END),
    "a pair of another family": ("socketpair", [2, 1, 0], END),
    "to the other end": ("sendto", [3, 1234, 5, 0, 0, 0], ALLOW),
    "to an address": ("sendto", [3, 1234, 5, 0, 1234, 16], END),
    "to an address above four gigabytes": ("sendto", [3, 1234, 5, 0, 1 << 32, 16], END),
    "whether it is a terminal": ("ioctl", [1, 0x5401, 1234], ALLOW),
    "typing for a terminal": ("ioctl", [1, 0x5412, 1234], "error ENOTTY"),
    "its name": ("prctl", [15, 1234], ALLOW),
    "life after its parent": ("prctl", [1, 0], "error EPERM"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_conditional_call_is_allowed_for_the_right_arguments_alone(machine: str, name: str) -> None:
    call, arguments, said = CASES[name]
    assert decide(seccomp.assemble(machine), machine, call, *arguments) == said


def test_where_processes_are_allowed_namespaces_still_are_not(machine: str) -> None:
    lines = seccomp.assemble(machine, processes=True)
    assert decide(lines, machine, "clone", SIGCHLD) == ALLOW
    assert decide(lines, machine, "clone", SIGCHLD | NEW_USER) == END
    assert decide(lines, machine, "execve") == ALLOW
    assert decide(lines, machine, "unshare", NEW_USER) == END


def test_where_threads_are_not_limited_there_are_none(machine: str) -> None:
    lines = seccomp.assemble(machine, threads=False)
    assert decide(lines, machine, "clone", VM | FILES | SIGHAND | THREAD) == "error EAGAIN"
    assert decide(lines, machine, "clone", SIGCHLD) == END


def test_no_call_is_in_two_tables() -> None:
    tables = [ALLOWED, ENDS, STARTS_PROCESSES, *REFUSED.values()]
    names = [name for table in tables for name in table]
    assert sorted(names) == sorted(set(names))
    assert not set(CONDITIONAL) & set(ALLOWED + ENDS)


def test_every_named_call_has_a_number_somewhere() -> None:
    known = set(NUMBERS["x86_64"]) | set(NUMBERS["aarch64"])
    assert (
        not {*ALLOWED, *ENDS, *STARTS_PROCESSES, *CONDITIONAL, *(one for row in REFUSED.values() for one in row)}
        - known
    )


def test_another_processor_is_refused_in_words() -> None:
    with pytest.raises(OSError, match="'sparc' are not known; known are x86_64 and aarch64"):
        seccomp.assemble("sparc")

"""Things outside the sandbox that nothing inside may reach: secrets, files, services and a bystander.

The one thing a reader would get wrong: the hostile programs are told where everything is. A secret that is only safe because
nobody knows its name would show nothing.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import Any

SETTLED = 10**8
"""Nanoseconds after which a folder's time of change says all."""

TOLD = """import os, shutil, sys
try:
    sys.stdin.read()
finally:
    shutil.rmtree(sys.argv[1], ignore_errors=True)
"""
"""The bystander: it waits until this process has ended, however that was, and then removes the folder."""


class Canaries:
    """Made once; `touched` says what was reached since it was last asked, and puts everything back."""

    def __init__(self) -> None:
        self.token = "aprbattery" + secrets.token_hex(8)
        self.secret = "SECRET-" + secrets.token_hex(16)
        self.folder = Path(tempfile.mkdtemp(prefix="apr-battery-"))
        self.folder.chmod(0o755)
        self.drop = self.folder / "drop"
        self.drop.mkdir()
        self.drop.chmod(0o777)
        self.file, self.victim = self.folder / "secret", self.drop / "victim"
        self.key = secrets.randbelow(2**30) + 1
        os.environ["APR_BATTERY_" + self.token.upper()] = f"{self.secret} {self.token}"
        self.bystander = self._start_bystander()
        self.services = self._serve()
        self.folders = {*self.places(), *python_folders(), *(one / "__pycache__" for one in python_folders())}
        self.seen: dict[Path, int] = {}
        """Folder → when it had changed last, the last time that it was looked through."""
        self.others = processes()
        """Those that were there before; nobody takes their numbers while they live."""
        self._restore()

    def _start_bystander(self) -> subprocess.Popen[bytes]:
        # In a session of its own, so that it outlives whoever ends this process with all of its group.
        line = [sys.executable, "-I", "-S", "-c", TOLD, str(self.folder)]
        return subprocess.Popen(line, stdin=subprocess.PIPE, start_new_session=True)

    def _serve(self) -> dict[str, socket.socket]:
        """Listening sockets by name; a family that this machine lacks is left out."""
        self.abstract = self.token + "-abstract"
        places: dict[str, tuple[int, int, Any]] = {
            "tcp": (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
            "tcp6": (socket.AF_INET6, socket.SOCK_STREAM, ("::1", 0)),
            "udp": (socket.AF_INET, socket.SOCK_DGRAM, ("0.0.0.0", 0)),
            "unix": (socket.AF_UNIX, socket.SOCK_STREAM, str(self.folder / "socket")),
            "abstract": (socket.AF_UNIX, socket.SOCK_STREAM, "\0" + self.abstract),
        }
        found = {}
        for name, (family, kind, address) in places.items():
            with contextlib.suppress(OSError):
                service = socket.socket(family, kind)
                service.bind(address)
                service.setblocking(False)
                if kind == socket.SOCK_STREAM:
                    service.listen(16)
                found[name] = service
        with contextlib.suppress(OSError):
            (self.folder / "socket").chmod(0o777)
        return found

    def _restore(self) -> None:
        """The files as they were at first."""
        for path in (self.file, self.victim):
            with contextlib.suppress(OSError):
                path.unlink()
            path.write_text(self.secret, encoding="ascii")
            path.chmod(0o666 if path == self.victim else 0o644)
        self.before = self._look_of_victim()

    def _look_of_victim(self) -> Any:
        try:
            found = self.victim.stat()
            names = os.listxattr(self.victim) if hasattr(os, "listxattr") else []
            return (
                found.st_mode,
                found.st_size,
                found.st_mtime_ns,
                found.st_nlink,
                found.st_ctime_ns,
                found.st_uid,
                names,
            )
        except OSError:
            return None

    def described(self, part: str) -> dict[str, Any]:
        """What the programs are told, as plain data."""
        port = {name: one.getsockname()[1] for name, one in self.services.items() if name in ("tcp", "tcp6", "udp")}
        return {
            "token": self.token, "part": part, "secret": str(self.file), "victim": str(self.victim), "drop": str(self.drop),
            "home": str(Path.home()), "places": list(map(str, self.places())), "python": list(map(str, python_folders())),
            "pid": self.bystander.pid, "judge": os.getpid(), "group": os.getpgid(0), "late": self.late, "key": self.key,
            "tcp": port.get("tcp", 9), "tcp6": port.get("tcp6", 9), "udp": port.get("udp", 9),
            "unix": str(self.folder / "socket"), "abstract": self.abstract,
        }  # fmt: skip

    @property
    def late(self) -> str:
        """The name that processes give themselves which mean to stay; as long as the kernel allows."""
        return self.token[-15:]

    def places(self) -> list[Path]:
        """Folders in which programs try to write."""
        named: list[str | Path] = [
            self.drop,
            tempfile.gettempdir(),
            "/tmp",
            "/var/tmp",
            "/dev/shm",
            "/run",
            Path.home(),
            Path.cwd(),
            "/",
        ]
        return list(dict.fromkeys(map(Path, named)))

    def touched(self) -> list[str]:
        """What was reached since the last time: an empty list when all is as it was."""
        found = [*self._connections(), *self._files(), *self._processes(), *self._shared()]
        if self.bystander.poll() is not None:
            found.append(f"the bystander ended with {self.bystander.returncode}")
            self._let_go()
            self.bystander = self._start_bystander()
        if self._look_of_victim() != self.before:
            found.append("a file of somebody else was changed")
            self._restore()
        return found

    def _connections(self) -> list[str]:
        found = []
        for name, service in self.services.items():
            with contextlib.suppress(OSError):
                while True:
                    if name == "udp":
                        service.recvfrom(4096)
                    else:
                        service.accept()[0].close()
                    found.append(f"the service {name} was reached")
        return found

    def _files(self) -> list[str]:
        """Files with the token in their name; they are removed."""
        found = []
        for folder in self.folders:
            try:
                changed = folder.stat().st_mtime_ns
            except OSError:
                continue
            if self.seen.get(folder) == changed:
                continue
            # A second change within one tick of the clock would not show, so a folder is only passed over when it is older.
            self.seen[folder] = changed if time.time_ns() - changed > SETTLED else 0
            with contextlib.suppress(OSError):
                for name in os.listdir(folder):  # noqa: PTH208
                    if name.startswith((self.token, "victim-")):
                        found.append(f"the file {folder / name} was written")
                        (folder / name).unlink()
        return found

    def _processes(self) -> list[str]:
        """Processes that bear the name of those that mean to stay."""
        found = []
        for name in processes() - self.others:
            with contextlib.suppress(OSError):
                if Path(f"/proc/{name}/comm").read_text("utf-8", "replace").strip() == self.late:
                    found.append(f"process {name} stayed")
        return found

    def _shared(self) -> list[str]:
        """System V objects under the programs' key; they are removed."""
        libc = ctypes.CDLL(None)
        found = []
        for what, number in (
            ("memory", libc.shmget(self.key, 0, 0)),
            ("a queue", libc.msgget(self.key, 0)),
            ("semaphores", libc.semget(self.key, 0, 0)),
        ):
            if number >= 0:
                found.append(f"{what} of System V was left behind")
                remove = {"memory": libc.shmctl, "a queue": libc.msgctl, "semaphores": libc.semctl}[what]
                remove(number, 0, None)  # IPC_RMID; of semaphores the second argument is not read
        return found

    def _let_go(self) -> None:
        """End the bystander, if nobody has."""
        if self.bystander.stdin is not None:
            self.bystander.stdin.close()
        self.bystander.wait()

    def close(self) -> None:
        """Take everything away."""
        os.environ.pop("APR_BATTERY_" + self.token.upper(), None)
        for service in self.services.values():
            service.close()
        self._let_go()
        shutil.rmtree(self.folder, ignore_errors=True)


def processes() -> set[str]:
    """Numbers of all processes, as text."""
    try:
        return {name for name in os.listdir("/proc") if name.isdigit()}  # noqa: PTH208
    except OSError:
        return set()


def python_folders() -> list[Path]:
    """Where the interpreter and this project would load modules from."""
    paths = {*sysconfig.get_paths().values(), str(Path(os.__file__).parent), *filter(None, sys.path)}
    return [path for path in sorted(map(Path, paths)) if path.is_dir()]

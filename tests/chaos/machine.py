"""What a scenario changes of the machine: a wall clock that steps, and disks that fill up."""

import contextlib
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SHIFT = struct.Struct("q")
DISKS = {"postgres": "1500m", "nats": "600m"}
BALLAST = "ballast"


@dataclass(frozen=True)
class Clock:
    """The wall clock of services and Postgres, ahead of the machine's by some seconds.

    NATS reads the machine's clock, so the two disagree, too.
    """

    library: Path
    file: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to read it."""
        return {"LD_PRELOAD": str(self.library), "CHAOS_CLOCK": str(self.file)}

    def step(self, seconds: float) -> None:
        """Set it to the machine's clock and so many seconds."""
        with self.file.open("r+b") as file:
            file.write(SHIFT.pack(int(seconds * 1e9)))


def stepping_clock(directory: Path) -> Clock | None:
    """A clock that is right at first; None on a machine without a C compiler or glibc."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    clock = Clock(directory / "clock.so", directory / "clock")
    source = Path(__file__).with_name("clock.c")
    command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(clock.library), str(source), "-ldl"]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        return None
    clock.file.write_bytes(SHIFT.pack(0))
    for file in (clock.library, clock.file):
        file.chmod(0o644)
    clock.library.chmod(0o755)
    return clock


@dataclass(frozen=True)
class Disk:
    """A small, separate file system below one server's directory."""

    folder: Path

    def fill(self) -> None:
        """Take all the room there is, and what becomes free while this is called again."""
        with contextlib.suppress(OSError), (self.folder / BALLAST).open("ab", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                with contextlib.suppress(OSError):
                    while file.write(b"\0" * size):
                        pass

    def clear(self) -> None:
        """Give the room back."""
        (self.folder / BALLAST).unlink(missing_ok=True)


@contextlib.contextmanager
def small_disks(state: Path) -> Iterator[dict[str, Disk]]:
    """A disk for each server; none where this process may not mount any."""
    mounted: dict[str, Disk] = {}
    with contextlib.ExitStack() as mounts:
        for name, size in DISKS.items() if os.geteuid() == 0 else ():
            folder = state / name
            folder.mkdir(parents=True)
            options = f"size={size},mode=0700"
            command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
            if subprocess.run(command, capture_output=True, check=False).returncode:
                break
            mounts.callback(subprocess.run, ["umount", str(folder)], check=False)
            mounted[name] = Disk(folder)
        yield mounted

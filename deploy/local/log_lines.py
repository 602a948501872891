"""Lines of the programs' logs: printed, and followed as they are written."""

import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console


def write_log_line(console: Console, name: str, line: str, *, alone: bool) -> None:
    """Print a log line, with its program's name when there are several."""
    console.print(
        line if alone else f"{name:>10} | {line}", markup=False, highlight=False, soft_wrap=True
    )


def follow_logs(console: Console, paths: dict[str, Path]) -> None:
    """Print what is appended to the files until Ctrl-C; a new file is read from its start."""
    seen = {name: path.stat().st_size if path.exists() else 0 for name, path in paths.items()}
    try:
        while True:
            for name, path in paths.items():
                for line in appended(path, seen, name):
                    write_log_line(console, name, line, alone=len(paths) == 1)
            time.sleep(0.3)
    except KeyboardInterrupt:
        return


def appended(path: Path, seen: dict[str, int], name: str) -> Iterator[str]:
    """The complete lines that were written since the last call."""
    size = path.stat().st_size if path.exists() else 0
    if size < seen[name]:
        seen[name] = 0
    if size == seen[name]:
        return
    with path.open("rb") as handle:
        handle.seek(seen[name])
        text = handle.read()
    complete = text[: text.rfind(b"\n") + 1]
    seen[name] += len(complete)
    yield from complete.decode(errors="replace").splitlines()

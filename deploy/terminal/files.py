"""Where a file that was asked for is written."""

from pathlib import Path

from deploy.local.errors import Explained


def write_file(content: bytes, name: str, output: Path | None) -> Path:
    """Write to `output`, or as `name` in the folder that `output` is; returns the path.

    A path without an ending (`reports/`) is a folder, created if needed; None is the current one.
    Raises `Explained` when it cannot be written.
    """
    target = output or Path()
    is_folder = target.is_dir() or (not target.suffix and not target.exists())
    path = target / name if is_folder else target
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise Explained(f"{path} cannot be written ({error.strerror}): name another") from error
    return path

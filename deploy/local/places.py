"""Where the state is stored, and which accounts may reach it.

Postgres refuses to run as root. Then it runs as an unprivileged account, which must reach its files
without access to other users' directories: below a closed directory, a private one elsewhere is
used instead.
"""

import hashlib
import os
import pwd
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import Explained

OUTSIDE = Path("/var/lib/sigmasight")
_ACCOUNTS = ("sigmasight", "nobody")
_ORIGIN = ".origin"


class NoPlace(Explained):
    """The state cannot be stored; the message names the fix."""


@dataclass(frozen=True)
class Account:
    """An operating-system account."""

    name: str
    uid: int
    gid: int


def unprivileged_account() -> Account | None:
    """The account for programs that refuse root; None when this process is not root."""
    if os.geteuid() != 0:
        return None
    for name in _ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise NoPlace(
        "Postgres does not run as root, and this machine has neither an account 'sigmasight' "
        "nor an unprivileged default: run as an ordinary user"
    )


def can_pass(path: Path, account: Account) -> bool:
    """Whether `account` may enter `path` and every directory above it, links resolved."""
    resolved = path.resolve()
    return all(
        _may_enter(directory, account)
        for directory in (resolved, *resolved.parents)
        if directory.is_dir()
    )


def _may_enter(directory: Path, account: Account) -> bool:
    status = directory.stat()
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def state_directory(path: Path) -> Path:
    """Create the state directory unless it exists.

    It is private, but as root the unprivileged account may pass through it.
    """
    if not path.exists():
        path.mkdir(parents=True)
        path.chmod(0o711 if os.geteuid() == 0 else 0o700)
    return path


def private_directory(path: Path, account: Account | None) -> Path:
    """A directory of mode 0700 that belongs to `account` (None: to this process's account)."""
    path.mkdir(parents=True, exist_ok=True)
    if account and path.stat().st_uid != account.uid:
        os.chown(path, account.uid, account.gid)
    path.chmod(0o700)
    return path


def outside_place(directory: Path) -> Path:
    """The reachable directory that replaces `directory`."""
    digest = hashlib.sha256(str(directory.resolve()).encode()).hexdigest()[:16]
    return OUTSIDE / digest


def remember_origin(directory: Path) -> None:
    """Write next to the replacement which directory it replaces."""
    place = outside_place(directory)
    place.with_suffix(_ORIGIN).write_text(str(directory.resolve()))


def forgotten_places() -> list[Path]:
    """Replacements of deleted temporary directories, which interrupted tests leave behind.

    Other directories may come back (a disk that is not mounted), so their replacements stay.
    """
    temporary = Path(tempfile.gettempdir()).resolve()
    origins = {file: Path(file.read_text()) for file in OUTSIDE.glob(f"*{_ORIGIN}")}
    gone = [
        file
        for file, origin in origins.items()
        if origin.is_relative_to(temporary) and not origin.parent.exists()
    ]
    return [file.with_suffix("") for file in gone]


def remove_place(place: Path) -> None:
    """Delete a replacement, or an ordinary directory, with everything in it."""
    shutil.rmtree(place, ignore_errors=True)
    place.with_suffix(_ORIGIN).unlink(missing_ok=True)


def outside_root() -> Path:
    """The directory of all replacements; raises `NoPlace` when it cannot be created."""
    try:
        OUTSIDE.mkdir(mode=0o711, parents=True, exist_ok=True)
    except OSError as error:
        raise NoPlace(
            f"{OUTSIDE} cannot be created ({error.strerror}): run as an ordinary user, "
            "or set SIGMASIGHT_STATE_DIR to a directory whose parents other accounts may enter"
        ) from error
    return OUTSIDE

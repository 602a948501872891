"""Where the state lives, and who may reach it.

Postgres refuses to run as root. Then it runs as an unprivileged account, and what it needs must be
reachable for that account without opening anybody's directories: when a parent is closed, a private
directory elsewhere is used.
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
    """There is nowhere to keep the state; the message says what to do about it."""


@dataclass(frozen=True)
class Account:
    """An operating-system account."""

    name: str
    uid: int
    gid: int


def unprivileged_account() -> Account | None:
    """The account for programs that refuse root; None when we are not root ourselves."""
    if os.geteuid() != 0:
        return None
    for name in _ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise NoPlace(
        "Postgres does not run as root and there is no account 'nobody': run as an ordinary user"
    )


def can_pass(path: Path, account: Account) -> bool:
    """Whether `account` may enter `path` and every directory above it (existing ones; links
    resolved).
    """
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
    """Create the state directory: private, but passable for the unprivileged account when we are
    root.

    An existing directory is left as it is.
    """
    if not path.exists():
        path.mkdir(parents=True)
        path.chmod(0o711 if os.geteuid() == 0 else 0o700)
    return path


def private_directory(path: Path, account: Account | None) -> Path:
    """A directory of mode 0700 that belongs to `account` (None: to us)."""
    path.mkdir(parents=True, exist_ok=True)
    if account and path.stat().st_uid != account.uid:
        os.chown(path, account.uid, account.gid)
    path.chmod(0o700)
    return path


def outside_place(directory: Path) -> Path:
    """The reachable stand-in for `directory`, one per directory, outside of anybody's tree."""
    digest = hashlib.sha256(str(directory.resolve()).encode()).hexdigest()[:16]
    return OUTSIDE / digest


def remember_origin(directory: Path) -> None:
    """Write beside the stand-in what it stands for."""
    place = outside_place(directory)
    place.with_suffix(_ORIGIN).write_text(str(directory.resolve()))


def forgotten_places() -> list[Path]:
    """Stand-ins of temporary directories that are gone: what an interrupted test leaves behind.

    A vanished directory anywhere else may come back (a disk that is not mounted), so its stand-in
    stays.
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
    """Delete a stand-in, or an ordinary directory, with everything in it."""
    shutil.rmtree(place, ignore_errors=True)
    place.with_suffix(_ORIGIN).unlink(missing_ok=True)


def outside_root() -> Path:
    """The folder of all stand-ins; raises `NoPlace` when it cannot be made."""
    try:
        OUTSIDE.mkdir(mode=0o711, parents=True, exist_ok=True)
    except OSError as error:
        raise NoPlace(
            f"{OUTSIDE} cannot be created ({error.strerror}): run as an ordinary user, "
            "or set SIGMASIGHT_STATE_DIR to a directory whose parents other accounts may enter"
        ) from error
    return OUTSIDE

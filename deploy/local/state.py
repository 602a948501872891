"""The stack's state between runs: one private file with ports, secrets and processes."""

import contextlib
import fcntl
import json
import os
import secrets
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Self

import psutil
from pydantic import BaseModel, ValidationError

from deploy.local.errors import Explained
from deploy.local.places import state_directory

PROJECT = Path(__file__).resolve().parents[2]
VARIABLE = "SIGMASIGHT_STATE_DIR"
# What a stack's processes have in their environment: the id of the directory they belong to.
MARK = "SIGMASIGHT_STACK"
_CLOCK_TOLERANCE_SECONDS = 0.05


class Unusable(Explained):
    """The state directory cannot be used; the message names the fix."""


class Identity(BaseModel):
    """A process, by its number and the time it was created, since numbers are used again."""

    pid: int
    created: float

    @classmethod
    def of(cls, pid: int) -> Self | None:
        """The identity of a running process; None when it has ended."""
        try:
            return cls(pid=pid, created=psutil.Process(pid).create_time())
        except psutil.NoSuchProcess:
            return None

    def process(self) -> psutil.Process | None:
        """The process, if it still runs."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created) < _CLOCK_TOLERANCE_SECONDS
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None


class Home(BaseModel):
    """Which directory a state is of: a copy has another path, or another number in the file system.

    `stack_id`: what its processes carry (`MARK`), and what they answer with.
    """

    stack_id: str
    path: str
    inode: int


class ProgramState(BaseModel):
    """One program: its address, the process that runs it now, and how often it was restarted."""

    address: str
    identity: Identity | None = None
    restarts: int = 0
    ready: bool = False


class StackState(BaseModel):
    """What other processes need to know about the stack.

    `phase`: stopped, servers, bootstrap, services, ready, stopping, or failed (`failure` says why).
    """

    phase: str = "stopped"
    failure: str | None = None
    home: Home | None = None
    supervisor: Identity | None = None
    programs: dict[str, ProgramState] = {}
    ports: dict[str, int] = {}
    secrets: dict[str, str] = {}

    @property
    def stack_id(self) -> str:
        """The id of the stack's processes; empty when it never ran."""
        return self.home.stack_id if self.home else ""

    @property
    def gateway_url(self) -> str:
        """The address of the API; empty when the stack never ran."""
        gateway = self.programs.get("gateway")
        return gateway.address if gateway else ""


class StateDirectory:
    """The stack's directory: `stack.json`, `lock`, `logs/`, `postgres/`, `nats/`.

    A live demo's has `books/` too, with the portfolios that were made for it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = path / "stack.json"
        self.logs = path / "logs"
        self.books = path / "books"
        self.lock_file = path / "lock"

    @classmethod
    def default(cls) -> Self:
        """`SIGMASIGHT_STATE_DIR`, else `.sigmasight` beside this package's source tree."""
        named = os.environ.get(VARIABLE)
        return cls(Path(named).expanduser().absolute() if named else PROJECT / ".sigmasight")

    def create(self) -> None:
        """Create the directory and the private one for logs; raises `Unusable`."""
        try:
            state_directory(self.path)
            self.logs.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise Unusable(
                f"the state directory {self.path} cannot be created ({error.strerror}): "
                f"set {VARIABLE} to a directory you may write"
            ) from error

    def load(self) -> StackState:
        """The remembered state, or an empty one; raises `Unusable` when the file is damaged.

        In a copy of another directory it is the state of a stack that is stopped: the processes
        that are recorded belong to the original.
        """
        try:
            state = StackState.model_validate_json(self.file.read_bytes())
        except FileNotFoundError:
            return StackState()
        except ValidationError as error:
            raise Unusable(
                f"{self.file} is damaged: restore a copy, or delete {self.path} to start again"
            ) from error
        if state.home is None or self._is_home(state.home):
            return state
        return StackState(ports=state.ports, secrets=state.secrets)

    def home_of(self, state: StackState) -> Home:
        """The state's home, or a new one where it has none yet."""
        path = self.path.resolve()
        return state.home or Home(
            stack_id=secrets.token_hex(8), path=str(path), inode=path.stat().st_ino
        )

    def _is_home(self, home: Home) -> bool:
        path = self.path.resolve()
        return str(path) == home.path and path.stat().st_ino == home.inode

    def save(self, state: StackState) -> None:
        """Replace the file atomically, so readers never see a part of it."""
        descriptor, name = tempfile.mkstemp(dir=self.path, prefix="stack-")  # mode 0600
        with os.fdopen(descriptor, "w") as draft:
            draft.write(state.model_dump_json(indent=2))
            draft.flush()
            os.fsync(draft.fileno())
        Path(name).replace(self.file)

    @contextlib.contextmanager
    def claim(self) -> Iterator[bool]:
        """Hold the directory's lock; yields False when another supervisor holds it."""
        self.lock_file.touch(mode=0o600)
        with self.lock_file.open("a") as handle:
            yield _lock(handle, fcntl.LOCK_EX, patience_seconds=1.0)

    def is_claimed(self) -> bool:
        """Whether a supervisor holds the lock now."""
        if not self.lock_file.exists():
            return False
        with self.lock_file.open("a") as handle:
            return not _lock(handle, fcntl.LOCK_SH, patience_seconds=0.0)


def _lock(handle: IO[str], kind: int, patience_seconds: float) -> bool:
    """Take a lock of `kind`; wait for readers, which hold theirs for an instant."""
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.02)
        else:
            return True


def complete_secrets(known: dict[str, str], names: tuple[str, ...]) -> dict[str, str]:
    """`known` with a new secret for every missing name; URL-safe characters only."""
    return known | {name: secrets.token_urlsafe(24) for name in names if name not in known}


def as_json(state: StackState) -> dict[str, Any]:
    """The state without its secrets, to be printed."""
    shown: dict[str, Any] = json.loads(state.model_dump_json(exclude={"secrets"}))
    return shown

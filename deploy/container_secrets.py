"""The secrets of the containers: `python -m deploy.container_secrets DIRECTORY`.

A container runs it before all others, on the volume `secrets` of docker-compose.yml. Each secret is
generated once, in the folder `all`, and then kept; `assigned` names who else gets a copy, in the
folder that is mounted into that container alone. Folders and files are their owner's only, which is
the user that the containers run as.
"""

import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from shared.bus import nats_authorization
from shared.topology import TOPOLOGY

WORDS = tuple(TOPOLOGY)
BUS_USERS = ("bootstrap", *WORDS)
DATABASE_ROLES = tuple(f"database_{word}" for word in WORDS)
METRICS = "metrics"  # the token that /metrics of every service demands
PASSWORDS = (
    *("postgres", "admin", "grafana", METRICS),
    *DATABASE_ROLES,
    *(f"bus_{user}" for user in BUS_USERS),
)
SIGNING_KEY = "signing_key"
AUTHORIZATION = "nats_authorization"  # follows from the passwords of the bus
SECRETS = (*PASSWORDS, SIGNING_KEY, AUTHORIZATION)
ALL = "all"


def assigned() -> Mapping[str, tuple[str, ...]]:
    """By container, the secrets that it gets."""
    services = {word: (f"database_{word}", f"bus_{word}", METRICS) for word in WORDS}
    return services | {
        "gateway": (*services["gateway"], SIGNING_KEY, "admin"),
        "postgres": ("postgres",),
        "nats": (AUTHORIZATION,),
        "bootstrap": ("postgres", "bus_bootstrap", *DATABASE_ROLES),
        "demo": ("admin",),
        "grafana": ("grafana",),
        "prometheus": (METRICS,),
    }


def fill_volume(volume: Path) -> list[str]:
    """Generate the missing secrets, and give each container its own.

    Returns the names of the secrets that were missing.
    """
    new = write_secrets(volume / ALL)
    for container, names in assigned().items():
        (volume / container).mkdir(mode=0o700, exist_ok=True)
        for name in names:
            text = (volume / ALL / name).read_text(encoding="utf-8")
            _write(volume / container / name, text)
    return new


def write_secrets(directory: Path) -> list[str]:
    """Generate the missing secrets in one directory, with the bus users of the topology.

    Returns the names of the secrets that were missing.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.chmod(0o700)
    new = [name for name in (*PASSWORDS, SIGNING_KEY) if not (directory / name).exists()]
    for name in new:
        text = _signing_key() if name == SIGNING_KEY else secrets.token_urlsafe(24)
        _write(directory / name, text)
    bus = {user: (directory / f"bus_{user}").read_text(encoding="utf-8") for user in BUS_USERS}
    _write(directory / AUTHORIZATION, nats_authorization(bus))
    return new


def _signing_key() -> str:
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _write(path: Path, text: str) -> None:
    """Replace the file atomically: a container that starts meanwhile reads one or the other."""
    draft = path.with_name(f".{path.name}")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o400)
    draft.chmod(0o600)
    draft.write_text(text, encoding="utf-8")
    draft.chmod(0o400)
    draft.replace(path)


def main() -> None:
    """The command line."""
    (place,) = sys.argv[1:]
    new = fill_volume(Path(place))
    sys.stdout.write(f"{len(new)} secrets new, {len(SECRETS) - 1 - len(new)} kept\n")


if __name__ == "__main__":
    main()

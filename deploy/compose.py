"""The secrets docker-compose.yml mounts, made once and then kept: `python -m deploy.compose`.

Every file holds one secret. The directory is private to its owner; the files in it are readable,
because Compose mounts them as they are and the services inside the containers are not root.
"""

import secrets
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from shared.messaging import nats_authorization
from shared.topology import TOPOLOGY

DIRECTORY = Path(__file__).resolve().parent.parent / ".sigmasight" / "compose"
WORDS = tuple(TOPOLOGY)
BUS_USERS = ("bootstrap", *WORDS)
PASSWORDS = (
    "postgres",
    "admin",
    *(f"database_{word}" for word in WORDS),
    *(f"bus_{user}" for user in BUS_USERS),
)
SIGNING_KEY = "signing_key"
AUTHORIZATION = "nats_authorization"
SECRETS = (*PASSWORDS, SIGNING_KEY, AUTHORIZATION)


def write_secrets(directory: Path) -> list[str]:
    """Write what is missing, and the bus's users anew from the topology; returns the names that
    were new.
    """
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o700)
    new = [name for name in (*PASSWORDS, SIGNING_KEY) if not (directory / name).exists()]
    for name in new:
        _write(
            directory / name, _signing_key() if name == SIGNING_KEY else secrets.token_urlsafe(24)
        )
    bus = {user: (directory / f"bus_{user}").read_text(encoding="utf-8") for user in BUS_USERS}
    _write(directory / AUTHORIZATION, nats_authorization(bus))
    return new


def _signing_key() -> str:
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o644)


def main() -> None:
    """The command line."""
    new = write_secrets(DIRECTORY)
    sys.stdout.write(f"{DIRECTORY}: {len(new)} new, {len(SECRETS) - 1 - len(new)} kept\n")


if __name__ == "__main__":
    main()

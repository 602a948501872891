"""The file of a backup: a tar of the database's dump, the stack's secrets and a manifest.

The manifest comes first. It has the SHA-256 of every other member, and of each table its number of
rows and a checksum of what they hold. Secrets are encrypted where a passphrase is given:
AES-256-GCM with a key by scrypt (N = 2^15, r = 8, p = 1).
"""

import base64
import hashlib
import io
import json
import os
import secrets
import tarfile
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from pydantic import BaseModel, ValidationError

from deploy.local.errors import Explained

PASSPHRASE = "SIGMASIGHT_BACKUP_PASSPHRASE"
FORMAT = 1
MANIFEST = "manifest.json"
DUMP = "database.dump"
SECRETS = "secrets.json"
_CHUNK = 1 << 20


def passphrase() -> str | None:
    """The passphrase of the variable, or of the file that `<VARIABLE>_FILE` names; raises
    `Explained`.
    """
    file = os.environ.get(f"{PASSPHRASE}_FILE")
    if PASSPHRASE in os.environ or not file:
        return os.environ.get(PASSPHRASE) or None
    try:
        return Path(file).read_text(encoding="utf-8").strip() or None
    except (OSError, ValueError) as error:
        raise Explained(f"{PASSPHRASE}_FILE: {file} cannot be read: name a text file") from error


class Unrestorable(Explained):
    """The file cannot be restored here; the message names the fix."""


class Content(BaseModel):
    """What a table holds: its rows, and a checksum of them in any order."""

    rows: int
    checksum: str


class Role(BaseModel):
    """A role of the database that owns or may read what is dumped; its password is not kept."""

    name: str
    can_log_in: bool


class Manifest(BaseModel):
    """What a backup holds. `revisions`: of each service's schema the last migration."""

    format: int = FORMAT
    version: str
    created_at: str
    revisions: dict[str, str]
    tables: dict[str, Content]
    roles: list[Role]
    encrypted: bool
    members: dict[str, str] = {}


def write_archive(target: Path, manifest: Manifest, dump: Path, kept: Mapping[str, str]) -> None:
    """Write the file under another name, private, and give it its own once it is complete."""
    sealed = _sealed(kept, passphrase())
    digests = {DUMP: _digest(dump), SECRETS: hashlib.sha256(sealed).hexdigest()}
    text = manifest.model_copy(update={"members": digests}).model_dump_json(indent=1).encode()
    draft = target.with_name(f"{target.name}.part")
    draft.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as sink:
            with tarfile.open(fileobj=sink, mode="w") as tar:
                _add(tar, MANIFEST, text)
                _add(tar, SECRETS, sealed)
                tar.add(dump, DUMP)
            sink.flush()
            os.fsync(sink.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    member.mode = 0o600
    tar.addfile(member, io.BytesIO(content))


def read_manifest(file: Path) -> Manifest:
    """What the file says that it holds; raises `Unrestorable`."""
    try:
        manifest = Manifest.model_validate_json(_member(file, MANIFEST))
    except ValidationError as error:
        raise Unrestorable(f"{file} is no backup that this version reads: {error}") from error
    if manifest.format > FORMAT:
        raise Unrestorable(
            f"{file} is a backup of format {manifest.format}, and this version reads {FORMAT}: "
            f"restore it with version {manifest.version} or newer"
        )
    return manifest


def read_secrets(file: Path, manifest: Manifest) -> dict[str, str]:
    """The secrets, decrypted; raises `Unrestorable` for a wrong passphrase or a damaged file."""
    sealed = _member(file, SECRETS)
    if hashlib.sha256(sealed).hexdigest() != manifest.members.get(SECRETS):
        raise _damaged(file, SECRETS)
    if not manifest.encrypted:
        known: dict[str, str] = json.loads(sealed)
        return known
    given = passphrase()
    if given is None:
        raise Unrestorable(f"the secrets of {file} are encrypted: set {PASSPHRASE}")
    return _opened(sealed, given)


def extract_dump(file: Path, manifest: Manifest, target: Path) -> None:
    """Write the dump to `target`; raises `Unrestorable` unless it is what was backed up."""
    with tarfile.open(file) as tar, target.open("wb") as sink:
        source = tar.extractfile(DUMP)
        while source and (chunk := source.read(_CHUNK)):
            sink.write(chunk)
    if _digest(target) != manifest.members.get(DUMP):
        raise _damaged(file, DUMP)


def _member(file: Path, name: str) -> bytes:
    try:
        with tarfile.open(file) as tar:
            source = tar.extractfile(name)
            return source.read() if source else b""
    except (OSError, tarfile.TarError, KeyError) as error:
        raise Unrestorable(f"{file} cannot be read as a backup: {error}") from error


def _damaged(file: Path, name: str) -> Unrestorable:
    return Unrestorable(f"{file} is damaged: {name} is not what was backed up; use another copy")


def _digest(file: Path) -> str:
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _sealed(kept: Mapping[str, str], given: str | None) -> bytes:
    plain = json.dumps(dict(kept)).encode()
    if given is None:
        return plain
    salt = secrets.token_bytes(16)
    nonce = secrets.token_bytes(12)
    cipher = AESGCM(_key(given, salt)).encrypt(nonce, plain, None)
    parts = {"salt": salt, "nonce": nonce, "cipher": cipher}
    return json.dumps({k: base64.b64encode(v).decode() for k, v in parts.items()}).encode()


def _opened(sealed: bytes, given: str) -> dict[str, str]:
    parts = {name: base64.b64decode(value) for name, value in json.loads(sealed).items()}
    key = _key(given, parts["salt"])
    try:
        plain = AESGCM(key).decrypt(parts["nonce"], parts["cipher"], None)
    except InvalidTag as error:
        raise Unrestorable(
            f"the secrets cannot be decrypted: {PASSPHRASE} is not the passphrase of this backup"
        ) from error
    known: dict[str, str] = json.loads(plain)
    return known


def _key(given: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=2**15, r=8, p=1).derive(given.encode())

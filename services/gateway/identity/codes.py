"""Codes of a second factor: six digits by time (RFC 6238), and recovery codes. Time is given.

The algorithm and its parameters are those that every authenticator application assumes: HMAC-SHA1,
six digits, steps of 30 seconds since 1970.
"""

import hmac
import re
import secrets
from base64 import b32encode
from datetime import datetime, timedelta
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from services.gateway.edge.tokens import token_hash

ISSUER = "SigmaSight"
DIGITS = 6
STEP_SECONDS = 30
STEPS_AROUND = 1  # for clocks that differ, and for the time it takes to type (RFC 6238, 5.2)
SECRET_BYTES = 20  # as long as the hash: RFC 4226, section 4
SECRETS_WAIT = timedelta(minutes=15)  # for the code that confirms them
RECOVERY_CODES = 10
_RECOVERY_BYTES = 10  # too many for guessing, with the hash known too
_RECOVERY_CODE = re.compile(r"[A-Z2-7]{16}")
_BETWEEN = re.compile(r"[\s-]")
_GROUP = 4


def new_secret() -> bytes:
    """The random bytes that a user's application and we share."""
    return secrets.token_bytes(SECRET_BYTES)


def as_text(secret: bytes) -> str:
    """A secret as applications take it when it is typed: base32 in groups of four characters."""
    return _grouped(b32encode(secret).decode(), " ")


def as_uri(secret: bytes, email: str) -> str:
    """The same as the `otpauth` URI that applications open, or read from a QR code."""
    return _totp(secret).get_provisioning_uri(email, ISSUER)


def _totp(secret: bytes) -> TOTP:
    # as HMAC, SHA-1 is not broken
    return TOTP(secret, DIGITS, SHA1(), STEP_SECONDS)  # nosec B303


def accepted_step(secret: bytes, code: str, now: datetime, last_step: int | None) -> int | None:
    """The step that a code is of, when it is accepted at `now`; None when it is not.

    That is the step of `now` or one next to it, and later than `last_step`, the last one that was
    accepted: a code is good once (RFC 6238, section 5.2). Takes as long for any code.
    """
    totp = _totp(secret)
    given = code.encode()
    current = int(now.timestamp()) // STEP_SECONDS
    around = range(current - STEPS_AROUND, current + STEPS_AROUND + 1)
    matching = [
        step for step in around if hmac.compare_digest(totp.generate(step * STEP_SECONDS), given)
    ]
    return next((step for step in matching if last_step is None or step > last_step), None)


def plain(code: str) -> str:
    """A code as it is compared: without the spaces and hyphens that people read it with."""
    return _BETWEEN.sub("", code).upper()


def new_recovery_codes() -> list[str]:
    """Codes for the day on which the application is lost, each good once."""
    return [
        _grouped(b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode(), "-")
        for _ in range(RECOVERY_CODES)
    ]


def is_recovery_code(code: str) -> bool:
    """Whether a plain code has the form of a recovery code."""
    return _RECOVERY_CODE.fullmatch(code) is not None


def recovery_hash(user_id: UUID, code: str) -> str:
    """The hash by which the database stores a user's recovery code.

    A code holds 80 random bits, enough for a plain hash to be safe.
    """
    return token_hash(f"recovery {user_id} {plain(code)}")


def _grouped(text: str, between: str) -> str:
    return between.join(text[start : start + _GROUP] for start in range(0, len(text), _GROUP))

"""The stack's administrator: as the environment names it, else generated and remembered.

Among the secrets of `stack.json`, `admin_email` and `admin` are the address and the password that
the command line uses; `admin of ADDRESS` is the password of each administrator there was, and
`admin_before of ADDRESS` the one before it.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import Explained
from deploy.local.state import StackState, StateDirectory

DEFAULT_EMAIL = "admin@example.com"
EMAIL_VARIABLE = "SIGMASIGHT_GATEWAY_ADMIN_EMAIL"
PASSWORD_VARIABLE = "SIGMASIGHT_GATEWAY_ADMIN_PASSWORD"  # a variable's name  # nosec B105


@dataclass(frozen=True)
class Given:
    """The administrator as far as the environment names one."""

    email: str | None
    password: str | None

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Given":
        """Read both variables, and the password's file; raises `Explained` when it has none."""
        password = environ.get(PASSWORD_VARIABLE)
        file = environ.get(f"{PASSWORD_VARIABLE}_FILE")
        if not password and file:
            try:
                password = Path(file).read_text(encoding="utf-8").strip()
            except (OSError, ValueError) as error:
                raise Explained(
                    f"{PASSWORD_VARIABLE}_FILE: {file} cannot be read: name a text file"
                ) from error
        return cls(environ.get(EMAIL_VARIABLE, "").strip().lower() or None, password or None)

    def is_of(self, state: StackState) -> bool:
        """Whether a stack runs with this administrator."""
        email, password = administrator_of(state)
        return self.email in (None, email) and self.password in (None, password)


def administrator_of(state: StackState) -> tuple[str, str]:
    """The address and the password of the stack's administrator."""
    return state.secrets.get("admin_email", DEFAULT_EMAIL), state.secrets["admin"]


def password_before(state: StackState) -> str | None:
    """The administrator's password before another one was given."""
    return state.secrets.get(f"admin_before of {administrator_of(state)[0]}")


def administrator_secrets(known: Mapping[str, str], given: Given) -> dict[str, str]:
    """The secrets of the administrator: what is given, else what is `known`, else a new password.

    An administrator who is given another password keeps the one before too, to change it with.
    """
    last = known.get("admin_email", DEFAULT_EMAIL)
    email = given.email or last
    remembered = known.get(f"admin of {email}")
    if remembered is None and email == last:
        remembered = known.get("admin")
    password = given.password or remembered or secrets.token_urlsafe(24)
    found = {"admin_email": email, "admin": password, f"admin of {email}": password}
    if remembered not in (None, password):
        found[f"admin_before of {email}"] = str(remembered)
    return found


def announcement(directory: StateDirectory, state: StackState, given: Given) -> str:
    """Who the administrator is, and where the password is."""
    email, _ = administrator_of(state)
    place = f"`admin` under `secrets` in {directory.file}"
    where = f"as given in {PASSWORD_VARIABLE}" if given.password else place
    return f"Administrator: {email}   password: {where}"

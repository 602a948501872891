"""`sigmasight admin`: the users who administer the stack, by their addresses."""

import secrets
from pathlib import Path
from typing import Annotated

import typer

from deploy.local import control
from deploy.local.api import logged_in_administrator
from deploy.local.codes import Code
from deploy.local.errors import Explained
from deploy.local.operating import AsJson, print_answer, table_of
from deploy.local.printing import explained, say
from deploy.local.state import StateDirectory
from shared.texts import folded
from sigmasight_client import SigmaSight
from sigmasight_client.models import ManagedUser

MOST = 1000
Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The user's address.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option("--password-file", help="Holds the password; default: one is made and shown."),
]
administrators = typer.Typer(
    help="Administrators: list, create, promote, demote; users: disable, and a way back in."
)


@administrators.callback(invoke_without_command=True)
@explained
def list_administrators(context: typer.Context, as_text: AsJson = False, code: Code = None) -> None:
    """List the administrators."""
    if context.invoked_subcommand is not None:
        return
    state = control.ready_state(StateDirectory.default())
    with logged_in_administrator(state, code) as admin:
        page = admin.list_users(role="admin", limit=MOST)
    names = ("email", "full_name", "created_at", "disabled_at")
    print_answer(page, as_text, table_of(page["items"], page["total"], names))


@administrators.command()
@explained
def create(email: Email, password_file: PasswordFile = None, code: Code = None) -> None:
    """Create an administrator who may log in at once."""
    password = _password(password_file)
    state = control.ready_state(StateDirectory.default())
    with logged_in_administrator(state, code) as admin:
        user = admin.create_user({"email": email, "password": password, "role": "admin"})
    say(f"{user['email']} is an administrator.{_shown(password, password_file)}")


@administrators.command()
@explained
def promote(email: Email, code: Code = None) -> None:
    """Let a user administer the stack."""
    _change(email, code, {"role": "admin"}, "is an administrator")


@administrators.command()
@explained
def demote(email: Email, code: Code = None) -> None:
    """Let an administrator be a user like others. One administrator always remains."""
    _change(email, code, {"role": "user"}, "is no administrator")


@administrators.command()
@explained
def disable(email: Email, code: Code = None) -> None:
    """End every log-in of a user, and refuse new ones. One administrator always remains."""
    _change(email, code, {"disabled": True}, "is disabled and logged out")


@administrators.command()
@explained
def enable(email: Email, code: Code = None) -> None:
    """Let a disabled user log in again."""
    _change(email, code, {"disabled": False}, "may log in")


@administrators.command(name="reset-password")
@explained
def reset_password(email: Email, password_file: PasswordFile = None, code: Code = None) -> None:
    """Give a user another password: every log-in and personal token ends."""
    password = _password(password_file)
    state = control.ready_state(StateDirectory.default())
    with logged_in_administrator(state, code) as admin:
        admin.reset_password(_user(admin, email)["user_id"], {"new_password": password})
    say(f"{email} has another password and is logged out.{_shown(password, password_file)}")


@administrators.command(name="remove-second-factor")
@explained
def remove_second_factor(email: Email, code: Code = None) -> None:
    """Turn off the second factor of a user who lost it, recovery codes too. Check who asks."""
    state = control.ready_state(StateDirectory.default())
    with logged_in_administrator(state, code) as admin:
        admin.remove_users_second_factor(_user(admin, email)["user_id"])
    say(f"{email} logs in with the password alone.")


def _change(email: str, code: str | None, terms: dict[str, object], outcome: str) -> None:
    state = control.ready_state(StateDirectory.default())
    with logged_in_administrator(state, code) as admin:
        admin.change_user(_user(admin, email)["user_id"], terms)  # type: ignore[arg-type]
    say(f"{email} {outcome}.")


def _user(admin: SigmaSight, email: str) -> ManagedUser:
    """The user with the address; raises `Explained` when there is none."""
    found = admin.list_users(search=email, limit=MOST)["items"]
    for user in found:
        if folded(user["email"]) == folded(email):
            return user
    raise Explained(f"there is no user {email}: `sigmasight admin create` creates administrators")


def _password(file: Path | None) -> str:
    if file is None:
        return secrets.token_urlsafe(24)
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise Explained(f"--password-file: {file} cannot be read: name a text file") from error


def _shown(password: str, file: Path | None) -> str:
    """A password that was made here, which is shown this once."""
    return "" if file else f" The password, shown this once: {password}"

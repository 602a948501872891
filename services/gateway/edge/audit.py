"""Records who did what, in the transaction that does it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from pydantic_core import to_jsonable_python

from services.gateway.edge.queries import save_entry
from services.gateway.tables import EDITOR, VIEWER
from shared.database import Session

_ACTOR = "actor"
_LONGEST_TARGET = 200


@dataclass(frozen=True)
class Actor:
    """Who does something, and from which network address.

    `user_id` is None for an unauthenticated caller; `token_id` names the personal token that a
    request came with, if it did. `role`: what they have to be to a portfolio to do it. `shared`:
    what they had to be to each portfolio of another user's that it was about.
    """

    user_id: UUID | None
    network_address: str | None
    token_id: UUID | None = None
    role: str = VIEWER
    shared: dict[UUID, str] = field(default_factory=dict, compare=False)


def act_as(session: Session, actor: Actor) -> None:
    """From now on what the session records was done by this actor."""
    session.info[_ACTOR] = actor


def role_wanted(session: Session) -> str:
    """What the session's actor has to be to each portfolio that the request is about."""
    actor: Actor = session.info[_ACTOR]
    return actor.role


def note_shared(session: Session, portfolio_id: UUID, role: str) -> None:
    """Note that the request is about a portfolio that another user shares for this role.

    What is kept of its answer is given again only while that is so.
    """
    actor: Actor = session.info[_ACTOR]
    if actor.shared.get(portfolio_id) != EDITOR:
        actor.shared[portfolio_id] = role


def shared_of(session: Session) -> Mapping[UUID, str]:
    """What the request has noted with `note_shared`, in any of its transactions."""
    actor: Actor = session.info[_ACTOR]
    return actor.shared


async def record(session: Session, action: str, target: object = None, **details: Any) -> None:
    """Write that the session's actor did something; rolled back with it when it fails.

    Every writing route calls this: `await record(session, "portfolio.deleted", portfolio_id,
    name=name)`. Sessions of `OpenSession` and `CallersDatabase` know their actor. `action` is a
    stable word, noun and participle, at most 60 characters; `target` the id of what it was done to;
    `details` what a reader of the log needs to know, never a secret.
    """
    actor: Actor = session.info[_ACTOR]
    text = None if target is None else str(target)[:_LONGEST_TARGET]
    by_token = {"token_id": actor.token_id} if actor.token_id else {}
    await save_entry(
        session,
        actor.user_id,
        actor.network_address,
        action,
        text,
        to_jsonable_python(details | by_token),
    )

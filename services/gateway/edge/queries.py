"""SQL behind every request: rows, the caller, the audit log, stored answers, the outbox."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import (
    ColumnElement,
    Executable,
    Select,
    Table,
    Uuid,
    and_,
    delete,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert

from services.gateway.tables import (
    USER_SETTING,
    USERS_ROLE,
    AuditEntry,
    DeadLetter,
    IdempotencyKey,
    OutboxRow,
    PersonalToken,
    PortfolioShare,
    RefreshToken,
    User,
)
from shared.contracts.event import EVENT_NAMESPACE, Event
from shared.database import Session, changed, fetched, lock, prepared, sql_table, tuples

Row = dict[str, Any]
LONGEST_REASON = 2000  # characters


async def all_rows(
    session: Session, statement: Executable, parameters: Mapping[str, Any] | None = None
) -> list[Row]:
    """Every row of the statement, its bound `parameters` filled in."""
    result = await session.execute(statement, parameters)
    names = [str(name) for name in result.keys()]  # noqa: SIM118 - they are no dictionary's
    return [dict(zip(names, row, strict=True)) for row in result]


async def page_of(
    session: Session, statement: Select[Any], limit: int, offset: int
) -> tuple[list[Row], int]:
    """A page of the statement's rows, and how many it has in all."""
    found = await all_rows(session, statement.limit(limit).offset(offset))
    counted = statement.order_by(None).with_only_columns(func.count(), maintain_column_froms=True)
    return found, int(await session.scalar(counted) or 0)


async def one_row(session: Session, statement: Executable) -> Row | None:
    """The statement's only row; None when there is none."""
    found = await all_rows(session, statement)
    return found[0] if found else None


async def latest_date(
    session: Session, view: Table, portfolio_id: UUID, as_of: date | None
) -> date | None:
    """The last session, at or before `as_of`, for which the view has rows of the portfolio."""
    statement = select(func.max(view.c.as_of)).where(view.c.portfolio_id == portfolio_id)
    found: date | None = await session.scalar(
        statement if as_of is None else statement.where(view.c.as_of <= as_of)
    )
    return found


log = sql_table(AuditEntry)


async def save_entry(
    session: Session,
    user_id: UUID | None,
    network_address: str | None,
    action: str,
    target: str | None,
    details: Mapping[str, object],
) -> None:
    """Write one entry, in the caller's transaction."""
    row = {
        "user_id": user_id,
        "network_address": network_address,
        "action": action,
        "target": target,
        "details": json.dumps(dict(details)),
    }
    # returning nothing: a user may write but not read what is no export
    await changed(session, _LOG, row)


_LOG = """
    insert into gateway.audit_log (user_id, network_address, action, target, details)
    values (:user_id, :network_address, :action, :target, :details)
"""
keys = sql_table(IdempotencyKey)


async def lock_answer(session: Session, user_id: UUID, key: str) -> IdempotencyKey | None:
    """The first answer stored under this key, with the hash of its request.

    Other requests with the key wait until this transaction ends.
    """
    await lock(session, "idempotency", user_id, key)
    return await session.get(IdempotencyKey, (user_id, key))


async def save_answer(
    session: Session, user_id: UUID, key: str, request_hash: str, answer: Mapping[str, object]
) -> None:
    """Remember the answer for repetitions of the request."""
    row = {"user_id": user_id, "key": key, "request_hash": request_hash}
    await changed(session, _KEEP, {**row, "answer": json.dumps(dict(answer))})


_KEEP = """
    insert into gateway.idempotency_keys (user_id, key, request_hash, answer)
    values (:user_id, :key, :request_hash, :answer)
"""


async def load_roles(
    session: Session, user_id: UUID, portfolio_ids: Sequence[UUID]
) -> dict[UUID, str]:
    """What other users share these of their portfolios with a user for; others are absent."""
    if not portfolio_ids:
        return {}
    row = sql_table(PortfolioShare).c
    mine = row.user_id == user_id, row.portfolio_id.in_(portfolio_ids)
    found = await session.execute(select(row.portfolio_id, row.role).where(*mine))
    return dict(found.tuples().all())


async def delete_answers(session: Session, before: datetime) -> None:
    """Forget answers given before a moment."""
    await session.execute(delete(keys).where(keys.c.created_at < before))


outbox = sql_table(OutboxRow)


async def save_event(
    session: Session, event: Event, headers: Mapping[str, str], replay_id: UUID | None = None
) -> None:
    """Leave an event for the relay, in the caller's transaction.

    The same event again changes nothing. `replay_id` replaces the event's id when it is published
    again on purpose, which the bus would otherwise discard.
    """
    row = {
        "event_id": replay_id or event.event_id,
        "run_id": event.run_id,
        "subject": event.subject,
        "payload": event.model_dump_json(),
        "headers": json.dumps(dict(headers)),
    }
    # returning nothing: a user may leave events but not read them
    await changed(session, _LEAVE, row)


_LEAVE = """
    insert into gateway.outbox (event_id, run_id, subject, payload, headers)
    values (:event_id, :run_id, :subject, :payload, :headers)
    on conflict (event_id) do nothing
"""


async def is_any_waiting(session: Session) -> bool:
    """Whether an event is left to publish; it may have to wait for others."""
    [(is_any,)] = await tuples(session, *_any_waiting())
    return is_any


@prepared()
def _any_waiting() -> Select[bool]:
    left = select(outbox.c.outbox_id).where(outbox.c.published_at.is_(None))
    return select(left.exists())


async def lock_waiting(
    session: Session, following: Executable, terms: Mapping[str, object]
) -> Sequence[OutboxRow]:
    """The next events to publish, held against other relays until the transaction ends.

    `following` with its `terms` is `turns.next_events`. Relays take turns, so that each knows what
    the others have started.
    """
    await lock(session, "gateway", "outbox")
    return [OutboxRow(**row) for row in await fetched(session, following, terms)]


async def save_published(session: Session, outbox_id: int) -> None:
    """Mark an event as published now."""
    published = "update gateway.outbox set published_at = now() where outbox_id = :outbox_id"
    await changed(session, published, {"outbox_id": outbox_id})


async def save_unpublishable(session: Session, row: OutboxRow, reason: Exception) -> None:
    """Keep an event that can never be published as a dead letter of the gateway."""
    letter = {
        "letter_id": uuid5(EVENT_NAMESPACE, f"outbox/{row.outbox_id}"),
        "service": "gateway",
        "heard": row.subject,
        "run_id": row.run_id,
        "attempts": 1,
        "error": type(reason).__name__,
        "message": str(reason)[:LONGEST_REASON],
        "payload": json.dumps(row.payload),
        "headers": row.headers,
        "buried_at": func.now(),
    }
    await session.execute(insert(letters).values(letter).on_conflict_do_nothing())


RELEASED = "gateway_outbox"  # the channel that relays listen on


async def notify_relays(session: Session) -> None:
    """Let the relays of every process look again when the transaction commits."""
    await changed(session, "select pg_notify(:channel, '')", {"channel": RELEASED})


async def delete_published(session: Session, before: datetime) -> None:
    """Forget events published before a moment."""
    await session.execute(delete(outbox).where(outbox.c.published_at < before))


# --- families of refresh tokens ---


def is_over(family_id: UUID | ColumnElement[UUID]) -> ColumnElement[bool]:
    """Whether a family (an id, or a column of them) was ended."""
    revoked = tokens.alias("revoked")
    ended = and_(revoked.c.family_id == family_id, revoked.c.revoked_at.is_not(None))
    return select(revoked.c.family_id).where(ended).exists()


async def become(session: Session, user_id: UUID) -> None:
    """Restrict the rest of the transaction to what the user may see and write."""
    named = {"role": USERS_ROLE, "setting": USER_SETTING, "user_id": str(user_id)}
    await changed(session, _BECOME, named)


_BECOME = "select set_config('role', :role, true), set_config(:setting, :user_id, true)"


async def load_caller(session: Session, user_id: UUID, family_id: UUID) -> User | None:
    """The user behind an access token, in one statement.

    None when the user is disabled or deleted, or the log-in is over.
    """
    found = await fetched(session, *_standing(user_id, family_id))
    return User(**found[0]) if found else None


@prepared(user_id=Uuid(), family_id=Uuid())
def _standing(user_id: UUID, family_id: UUID) -> Executable:
    standing = (users.c.user_id == user_id, users.c.disabled_at.is_(None), ~is_over(family_id))
    return select(users).where(*standing)


@dataclass(frozen=True)
class Proof:
    """What a user has shown: a log-in, by its family, or a personal token with its scopes."""

    user_id: UUID
    family_id: UUID | None = None
    token_id: UUID | None = None
    scopes: frozenset[str] | None = None

    def opens(self, scope: str) -> bool:
        """Whether it may do this; a log-in may do everything."""
        return self.scopes is None or scope in self.scopes


async def load_ended(session: Session, proofs: Sequence[Proof]) -> set[Proof]:
    """Those that are over by now: logged out, revoked or expired, or of a disabled user."""
    ids = [
        literal([getattr(proof, name) for proof in proofs], ARRAY(Uuid))
        for name in ("user_id", "family_id", "token_id")
    ]
    shown = func.unnest(*ids).table_valued(
        "user_id", "family_id", "token_id", with_ordinality="number", name="shown"
    )
    proof = shown.render_derived().c
    able = select(users.c.user_id).where(
        users.c.user_id == proof.user_id, users.c.disabled_at.is_(None)
    )
    good = select(personal_tokens.c.token_id).where(
        personal_tokens.c.token_id == proof.token_id,
        personal_tokens.c.revoked_at.is_(None),
        personal_tokens.c.expires_at > func.now(),
    )
    over = or_(
        ~able.exists(),
        is_over(proof.family_id),
        and_(proof.token_id.is_not(None), ~good.exists()),
    )
    numbers = await session.scalars(select(proof.number).where(over))
    return {proofs[number - 1] for number in numbers}


# --- personal tokens ---


async def load_token_user(session: Session, hashed: str) -> UUID | None:
    """Whose personal token has this hash, whether or not it may still be used."""
    whose = select(personal_tokens.c.user_id).where(personal_tokens.c.token_hash == hashed)
    user_id: UUID | None = await session.scalar(whose)
    return user_id


async def load_token(session: Session, hashed: str) -> tuple[User, PersonalToken] | None:
    """The personal token with this hash, and its user, in one statement."""
    both = select(User, PersonalToken).join(
        PersonalToken, personal_tokens.c.user_id == users.c.user_id
    )
    found = (
        await session.execute(both.where(personal_tokens.c.token_hash == hashed))
    ).one_or_none()
    return (found[0], found[1]) if found else None


async def save_token_use(session: Session, token_id: UUID, now: datetime) -> None:
    """Note that a personal token is used."""
    named = personal_tokens.c.token_id == token_id
    await session.execute(update(personal_tokens).where(named).values(last_used_at=now))


personal_tokens = sql_table(PersonalToken)
tokens = sql_table(RefreshToken)
users = sql_table(User)
letters = sql_table(DeadLetter)

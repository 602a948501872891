"""Log-ins: families of refresh tokens, and the attempts that are counted.

A family is everything that descends from one log-in. It is over as soon as one of its tokens is
revoked, so that a token being issued at that very moment is over with it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, and_, delete, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.gateway.edge.queries import is_over
from services.gateway.edge.rate_limits import network_of
from services.gateway.edge.tokens import Bearer
from services.gateway.tables import (
    LOGGED_IN,
    AuditEntry,
    EventTicket,
    LoginAttempt,
    RefreshToken,
    User,
)
from shared.database import Session, lock_each, sql_table

KNOWN = timedelta(days=90)  # since the last log-in from a network
LOG_INS_LOOKED_AT = 100
PARALLEL_USE = timedelta(seconds=10)  # as long as tabs take that refresh at once

tokens = sql_table(RefreshToken)
attempts = sql_table(LoginAttempt)
audit = sql_table(AuditEntry)
users = sql_table(User)
tickets = sql_table(EventTicket)


async def save_refresh_token(
    session: Session,
    token_hash: str,
    user_id: UUID,
    family_id: UUID,
    expires_at: datetime,
    link_id: UUID | None = None,
) -> None:
    """Remember a token by its hash, and by which linked account its log-in came, if by one."""
    row = {
        "token_hash": token_hash,
        "user_id": user_id,
        "family_id": family_id,
        "expires_at": expires_at,
        "link_id": link_id,
    }
    await session.execute(insert(tokens).values(row))


async def use_refresh_token(
    session: Session, token_hash: str, successor_salt: bytes, now: datetime
) -> Bearer | None:
    """Use the token up, remember the salt of its successor, and return its user and log-in.

    None when it is unknown, expired or used, when its family is over, or when its user is disabled.
    """
    statement = (
        update(tokens)
        .where(_usable(token_hash, now), tokens.c.used_at.is_(None))
        .values(used_at=now, successor_salt=successor_salt)
        .returning(tokens.c.user_id, tokens.c.family_id)
    )
    used = (await session.execute(statement)).one_or_none()
    return Bearer(used.user_id, used.family_id) if used else None


async def load_recent_use(
    session: Session, token_hash: str, now: datetime
) -> tuple[Bearer, bytes] | None:
    """The user and log-in of a token used up to `PARALLEL_USE` ago, and its successor's salt.

    None for any other token, and for one that would be refused if it were not used.
    """
    recent = and_(_usable(token_hash, now), tokens.c.used_at >= now - PARALLEL_USE)
    columns = (tokens.c.user_id, tokens.c.family_id, tokens.c.successor_salt)
    used = (await session.execute(select(*columns).where(recent))).one_or_none()
    if used is None or used.successor_salt is None:
        return None
    return Bearer(used.user_id, used.family_id), used.successor_salt


def _usable(token_hash: str, now: datetime) -> ColumnElement[bool]:
    return and_(
        tokens.c.token_hash == token_hash,
        tokens.c.expires_at > now,
        ~is_over(tokens.c.family_id),
        users.c.user_id == tokens.c.user_id,
        users.c.disabled_at.is_(None),
    )


async def load_refresh_token(session: Session, token_hash: str) -> RefreshToken | None:
    """The stored token; None when it is unknown."""
    return await session.get(RefreshToken, token_hash)


async def end_family(session: Session, family_id: UUID, now: datetime) -> None:
    """End a log-in: none of its tokens is valid any longer."""
    standing = and_(tokens.c.family_id == family_id, tokens.c.revoked_at.is_(None))
    await session.execute(update(tokens).where(standing).values(revoked_at=now))


async def end_families(session: Session, user_id: UUID, now: datetime) -> None:
    """End every log-in of the user."""
    standing = and_(tokens.c.user_id == user_id, tokens.c.revoked_at.is_(None))
    await session.execute(update(tokens).where(standing).values(revoked_at=now))


async def end_other_families(
    session: Session, user_id: UUID, family_id: UUID, now: datetime
) -> None:
    """End every log-in of the user but one."""
    others = and_(
        tokens.c.user_id == user_id,
        tokens.c.family_id != family_id,
        tokens.c.revoked_at.is_(None),
    )
    await session.execute(update(tokens).where(others).values(revoked_at=now))


# --- attempts ---


@dataclass(frozen=True)
class AttemptLimits:
    """How many attempts are allowed within the window, by account and by network address."""

    per_account: int
    per_address: int
    window: timedelta


async def save_attempt(
    session: Session, account: str, network_address: str, limits: AttemptLimits, now: datetime
) -> timedelta | None:
    """Count an attempt; when there were too many, return the time to wait instead.

    From a network that the account has logged in from, the attempts on the account from there
    count alone: a stranger's from elsewhere keep its owner from nothing. Attempts on the same
    account or from the same address run one after the other, so that none passes unnoticed.
    """
    await lock_each(session, [f"login/account/{account}", f"login/address/{network_address}"])
    on_account = attempts.c.account == account
    if network_address in await _known_networks(session, account, now):
        on_account &= attempts.c.network_address == network_address
    counted = (
        (on_account, limits.per_account),
        (attempts.c.network_address == network_address, limits.per_address),
    )
    waits = [await _wait(session, *each, limits.window, now) for each in counted]
    if any(waits):
        return max(wait for wait in waits if wait)
    row = {"account": account, "network_address": network_address, "attempted_at": now}
    await session.execute(insert(attempts).values(row).inline())
    return None


async def _wait(
    session: Session, counted: ColumnElement[bool], limit: int, window: timedelta, now: datetime
) -> timedelta | None:
    """The time until the oldest of the last `limit` attempts leaves the window.

    None when it holds fewer attempts.
    """
    recent = select(attempts.c.attempted_at).where(counted, attempts.c.attempted_at > now - window)
    newest_first = recent.order_by(attempts.c.attempted_at.desc())
    oldest: datetime | None = await session.scalar(newest_first.offset(limit - 1).limit(1))
    return None if oldest is None else oldest + window - now


async def _known_networks(session: Session, account: str, now: datetime) -> set[str]:
    """The networks of the account's last log-ins; none of an account that does not exist."""
    log_ins = (
        select(audit.c.network_address)
        .join(users, users.c.user_id == audit.c.user_id)
        .where(users.c.email == account, text(LOGGED_IN), audit.c.occurred_at > now - KNOWN)
        .order_by(audit.c.occurred_at.desc())
        .limit(LOG_INS_LOOKED_AT)
    )
    return {network_of(each) for each in await session.scalars(log_ins) if each}


async def delete_attempts(session: Session, account: str, network_address: str) -> None:
    """Forget the attempts on an account from a network after a successful log-in from there."""
    made = and_(attempts.c.account == account, attempts.c.network_address == network_address)
    await session.execute(delete(attempts).where(made))


async def delete_past(session: Session, now: datetime, window: timedelta) -> None:
    """Forget expired tokens, and attempts outside the window.

    A revoked token is kept for as long as another of its family may be valid: it records that the
    family is over.
    """
    live = tokens.alias("live")
    same_family = and_(live.c.family_id == tokens.c.family_id, live.c.expires_at > now)
    says_nothing = or_(
        tokens.c.revoked_at.is_(None), ~select(live.c.family_id).where(same_family).exists()
    )
    await session.execute(delete(tokens).where(tokens.c.expires_at <= now, says_nothing))
    await session.execute(delete(attempts).where(attempts.c.attempted_at <= now - window))


async def load_user(session: Session, user_id: UUID) -> User | None:
    """The user, or None when there is none with this id."""
    return await session.get(User, user_id)


async def load_user_by_email(session: Session, email: str) -> User | None:
    """The user with this address (lower case), or None."""
    found = await session.execute(select(User).where(users.c.email == email))
    return found.scalar_one_or_none()


async def save_user(
    session: Session, email: str, password_hash: str, *, full_name: str = "", role: str = "user"
) -> User | None:
    """A new user with this address (lower case); None when the address is taken."""
    row = {
        "user_id": uuid4(),
        "email": email,
        "password_hash": password_hash,
        "full_name": full_name,
        "role": role,
    }
    new = insert(users).values(row).on_conflict_do_nothing(index_elements=[users.c.email])
    statement = select(User).from_statement(
        new.returning(users)
    )  # one statement, whether or not it is taken
    return (await session.execute(statement)).scalar_one_or_none()


async def save_password(session: Session, user_id: UUID, password_hash: str) -> bool:
    """Another password; whether there is such a user."""
    changed = update(users).where(users.c.user_id == user_id).values(password_hash=password_hash)
    return await session.scalar(changed.returning(users.c.user_id)) is not None


# --- tickets ---


async def save_ticket(
    session: Session, ticket_hash: str, user_id: UUID, expires_at: datetime
) -> None:
    """Save a permission that is good once: to follow the user's events, or to log in."""
    row = {"ticket_hash": ticket_hash, "user_id": user_id, "expires_at": expires_at}
    await session.execute(insert(tickets).values(row).inline())


async def take_ticket(session: Session, ticket_hash: str, now: datetime) -> UUID | None:
    """Whose ticket it was; None when it is unknown, used or expired. It cannot be taken again."""
    taken = delete(tickets).where(tickets.c.ticket_hash == ticket_hash, tickets.c.expires_at > now)
    user_id: UUID | None = await session.scalar(taken.returning(tickets.c.user_id))
    return user_id


async def delete_expired_tickets(session: Session, now: datetime) -> None:
    """Forget expired tickets."""
    await session.execute(delete(tickets).where(tickets.c.expires_at <= now))

"""What a log-in needs besides a password: too many attempts are refused, and a code is checked.

Every attempt is counted before anything is checked, and only a log-in that is complete forgets
them: a password that is right does not, so codes cannot be guessed behind it.
"""

import math
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from services.gateway.edge.audit import Actor, act_as, record
from services.gateway.edge.dependencies import Gateway
from services.gateway.edge.problems import Problem, unauthorised
from services.gateway.edge.rate_limits import network_of
from services.gateway.identity import factors, queries
from services.gateway.identity.codes import (
    accepted_step,
    is_recovery_code,
    plain,
    recovery_hash,
)
from services.gateway.identity.queries import AttemptLimits
from services.gateway.settings import GatewaySettings
from services.gateway.tables import SecondFactor, User
from shared.database import Session

Answer = TypeVar("Answer")
SEND_A_CODE = "this user has a second factor: send `code`, six digits or a recovery code"
WRONG_CODE = "the code is wrong, too old, or was used before: a code is good once"


async def count_attempt(session: Session, gateway: Gateway, account: str, address: str) -> None:
    """Count an attempt before the password is checked.

    429 when there were too many attempts, with the right password or not.
    """
    wait = await queries.save_attempt(
        session,
        account,
        network_of(address),
        attempt_limits(gateway.settings),
        datetime.now(UTC),
    )
    if wait is not None:
        seconds = math.ceil(wait.total_seconds())
        detail = f"too many attempts to log in: wait {seconds} seconds"
        raise Problem(429, "too_many_logins", detail, headers={"Retry-After": str(seconds)})


def attempt_limits(settings: GatewaySettings) -> AttemptLimits:
    """How many attempts the settings allow."""
    window = timedelta(seconds=settings.login_window_seconds)
    return AttemptLimits(
        settings.login_attempts_per_account, settings.login_attempts_per_address, window
    )


async def count_caller(gateway: Gateway, user: User, address: str) -> None:
    """The same for a user who is logged in."""
    async with gateway.database.transaction() as session:
        await count_attempt(session, gateway, user.email, address)


async def prove_password(gateway: Gateway, user: User, password: str, address: str) -> None:
    """Check the password of a user who is logged in; 403 when it is wrong, 429 after too many."""
    await count_caller(gateway, user, address)
    if not await gateway.passwords.matches(password, user.password_hash):
        raise Problem(403, "wrong_password", "the current password is wrong")


class Code(StrEnum):
    """What a code is worth to a user: none is needed, or it is accepted, missing or wrong."""

    UNNEEDED = "unneeded"
    ACCEPTED = "accepted"
    MISSING = "missing"
    WRONG = "wrong"


async def used_code(session: Session, user_id: UUID, code: str | None, now: datetime) -> Code:
    """Check a code of a user who is known by password, and use it up.

    The user's second factor is locked until the transaction ends: enabling it waits for a log-in
    that needs no code yet, and ends it with the others.
    """
    factor = await factors.lock_factor(session, user_id)
    if factor is None or factor.confirmed_at is None:
        return Code.UNNEEDED
    if not code:
        return Code.MISSING
    return Code.ACCEPTED if await _use(session, factor, plain(code), now) else Code.WRONG


async def _use(session: Session, factor: SecondFactor, code: str, now: datetime) -> bool:
    if is_recovery_code(code):
        hashed = recovery_hash(factor.user_id, code)
        used = await factors.use_recovery_code(session, factor.user_id, hashed)
        if used:
            left = await factors.count_recovery_codes(session, factor.user_id)
            await record(session, "second_factor.recovery_code_used", factor.user_id, left=left)
        return used
    step = accepted_step(factor.secret, code, now, factor.last_step)
    return step is not None and await factors.use_step(session, factor.user_id, step)


async def require_code(session: Session, user_id: UUID, code: str | None, now: datetime) -> Code:
    """The same for a user who is logged in: 403 when a code is missing or wrong."""
    worth = await used_code(session, user_id, code, now)
    if worth is Code.MISSING:
        raise Problem(403, "code_required", SEND_A_CODE)
    if worth is Code.WRONG:
        raise Problem(403, "code_refused", WRONG_CODE)
    return worth


async def after_code(
    gateway: Gateway,
    user: User,
    code: str | None,
    address: str,
    log_in: Callable[[Session], Awaitable[Answer]],
) -> Answer:
    """Log a user in whose password was right; 401, recorded, when a code is missing or wrong.

    That is not recorded as done by the user: the password alone does not prove who it was.
    """
    async with gateway.database.transaction() as session:
        act_as(session, Actor(user.user_id, address))
        worth = await used_code(session, user.user_id, code, datetime.now(UTC))
        if worth in (Code.UNNEEDED, Code.ACCEPTED):
            return await log_in(session)
        act_as(session, Actor(None, address))
        failed = "login.failed" if worth is Code.WRONG else "login.code_requested"
        await record(session, failed, user.email, code=worth)
    if worth is Code.MISSING:
        raise unauthorised("second_factor_required", SEND_A_CODE)
    raise unauthorised("second_factor_wrong", WRONG_CODE)

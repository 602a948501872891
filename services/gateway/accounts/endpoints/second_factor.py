"""The caller's second factor: begin, confirm, read, renew its recovery codes, remove.

No personal token may do any of it. Every write needs more than an access token, which may be
stolen: the password, a code, or both. Writes run in the gateway's own role, since users'
transactions never see a secret.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

from fastapi import Response

from services.gateway.accounts.schemas.second_factor import (
    BothFactors,
    FactorState,
    FirstCode,
    PasswordProof,
    RecoveryCodes,
    SecondFactorBegun,
    SecondFactorOut,
)
from services.gateway.edge.audit import record
from services.gateway.edge.dependencies import (
    Caller,
    CallersProof,
    Gateway,
    GatewayParts,
    NetworkAddress,
    OpenSession,
)
from services.gateway.edge.problems import Problem, documented
from services.gateway.edge.queries import Proof
from services.gateway.edge.routers import api_router
from services.gateway.identity import factors
from services.gateway.identity.codes import (
    SECRETS_WAIT,
    accepted_step,
    as_text,
    as_uri,
    new_recovery_codes,
    new_secret,
    plain,
    recovery_hash,
)
from services.gateway.identity.proving import (
    WRONG_CODE,
    Code,
    count_caller,
    prove_password,
    require_code,
)
from services.gateway.identity.queries import end_other_families
from services.gateway.tables import User
from shared.database import Session

# No Idempotency-Key: the answer that is stored would hold the secret.
router = api_router("/me/second-factor", "me", 401, 403, 422)


@router.get("")
async def get_second_factor(caller: Caller, session: OpenSession) -> SecondFactorOut:
    """Whether the caller's password needs a code, and how many recovery codes are left."""
    moments = await factors.load_moments(session, caller.user_id)
    left = await factors.count_recovery_codes(session, caller.user_id)
    if moments is None:
        return SecondFactorOut(state="off", confirmed_at=None, recovery_codes_left=left)
    begun_at, confirmed_at = moments
    waits = datetime.now(UTC) < begun_at + SECRETS_WAIT
    state: FactorState = "on" if confirmed_at else "begun" if waits else "off"
    return SecondFactorOut(state=state, confirmed_at=confirmed_at, recovery_codes_left=left)


@router.post("", status_code=201, responses=documented(409, 429))
async def begin_second_factor(
    proof: PasswordProof, caller: Caller, gateway: GatewayParts, address: NetworkAddress
) -> SecondFactorBegun:
    """Make a secret for an authenticator application. It counts once a code confirms it."""
    await prove_password(gateway, caller, proof.password.get_secret_value(), address)
    now = datetime.now(UTC)
    secret = new_secret()
    async with gateway.database_of_operator(caller.user_id, address).transaction() as session:
        if not await factors.save_begun(session, caller.user_id, secret, now):
            raise _active()
        await record(session, "second_factor.begun", caller.user_id)
    return SecondFactorBegun(
        secret=as_text(secret), uri=as_uri(secret, caller.email), expires_at=now + SECRETS_WAIT
    )


@router.post("/confirm", responses=documented(409, 429))
async def confirm_second_factor(
    proof: FirstCode,
    caller: Caller,
    caller_by: CallersProof,
    gateway: GatewayParts,
    address: NetworkAddress,
) -> RecoveryCodes:
    """Turn the second factor on by a code. Every other log-in of the caller's ends."""
    await count_caller(gateway, caller, address)
    given = plain(proof.code.get_secret_value())
    async with gateway.database_of_operator(caller.user_id, address).transaction() as session:
        return await _confirmed(session, caller_by, given, datetime.now(UTC))


async def _confirmed(session: Session, caller: Proof, code: str, now: datetime) -> RecoveryCodes:
    user_id = caller.user_id
    factor = await factors.lock_factor(session, user_id)
    if factor is not None and factor.confirmed_at is not None:
        raise _active()
    if factor is None or now >= factor.begun_at + SECRETS_WAIT:
        detail = "no second factor waits for a code: begin with POST me/second-factor"
        raise Problem(409, "second_factor_not_begun", detail)
    step = accepted_step(factor.secret, code, now, None)
    if step is None:
        raise Problem(403, "code_refused", WRONG_CODE)
    await factors.save_confirmed(session, user_id, step, now)
    codes = await _new_codes(session, user_id)
    if caller.family_id is not None:
        await end_other_families(session, user_id, caller.family_id, now)
    await record(session, "second_factor.confirmed", user_id)
    return RecoveryCodes(recovery_codes=codes)


async def _new_codes(session: Session, user_id: UUID) -> list[str]:
    """Recovery codes in place of those before, which end."""
    codes = new_recovery_codes()
    hashes = [recovery_hash(user_id, each) for each in codes]
    await factors.save_recovery_codes(session, user_id, hashes)
    return codes


@router.post("/recovery-codes", responses=documented(404, 429))
async def renew_recovery_codes(
    proof: BothFactors, caller: Caller, gateway: GatewayParts, address: NetworkAddress
) -> RecoveryCodes:
    """Make ten new recovery codes, by the password and a code. Those before end at once."""
    async with _proven(proof, caller, gateway, address) as session:
        codes = await _new_codes(session, caller.user_id)
        await record(session, "second_factor.recovery_codes_renewed", caller.user_id)
    return RecoveryCodes(recovery_codes=codes)


@asynccontextmanager
async def _proven(
    proof: BothFactors, caller: User, gateway: Gateway, address: str
) -> AsyncIterator[Session]:
    """A transaction for a caller who has proven both; 404 for one who has no second factor."""
    await prove_password(gateway, caller, proof.password.get_secret_value(), address)
    code = proof.code.get_secret_value()
    async with gateway.database_of_operator(caller.user_id, address).transaction() as session:
        if await require_code(session, caller.user_id, code, datetime.now(UTC)) is Code.UNNEEDED:
            raise Problem(404, "second_factor_not_found", "you have no second factor")
        yield session


def _active() -> Problem:
    detail = "the second factor is on already: remove it first, with DELETE me/second-factor"
    return Problem(409, "second_factor_active", detail)


@router.delete("", status_code=204, responses=documented(404, 429))
async def remove_second_factor(
    proof: BothFactors, caller: Caller, gateway: GatewayParts, address: NetworkAddress
) -> Response:
    """Turn the second factor off by the password and a code. Its recovery codes are deleted."""
    async with _proven(proof, caller, gateway, address) as session:
        await factors.delete_factor(session, caller.user_id)
        await record(session, "second_factor.removed", caller.user_id)
    return Response(status_code=204)

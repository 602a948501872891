"""Personal tokens: what a user's programs send in place of a log-in.

A token is random and recognisable by its beginning, so that it is found where it does not belong.
Only its hash is stored. Each request reads the stored row, so a token that is revoked is refused at
once. `PersonalTokens` finds the token's user before requests are counted: the requests of all
tokens of a user count as the user's.
"""

import secrets
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.edge.middleware import (
    TOKENS_REMEMBERED,
    USER_OF_TOKEN,
    bearer_token,
    refuse_too_many,
)
from services.gateway.edge.problems import Problem, is_database_outage, unauthorised
from services.gateway.edge.queries import load_token_user
from services.gateway.edge.rate_limits import RateLimits, network_of
from services.gateway.edge.scopes import NEEDED
from services.gateway.edge.tokens import token_hash
from services.gateway.tables import PersonalToken, User

PREFIX = "sigmasight_"
USE_NOTED_EVERY = timedelta(minutes=1)
_HINT = len(PREFIX) + 4


def new_personal_token() -> str:
    """An unguessable token; only its hash is stored."""
    return PREFIX + secrets.token_urlsafe(32)


def is_personal(token: str) -> bool:
    """Whether a bearer's token is a personal one, by its beginning."""
    return token.startswith(PREFIX)


def hint_of(token: str) -> str:
    """How a token begins: enough to recognise it, and too little to guess the rest."""
    return token[:_HINT]


def state_of(revoked_at: datetime | None, expires_at: datetime, now: datetime) -> str:
    """What a stored token is at a moment: active, expired or revoked."""
    if revoked_at is not None:
        return "revoked"
    return "expired" if expires_at <= now else "active"


@dataclass(frozen=True)
class KnownToken:
    """A stored token as a request presents it. `disabled`: its user may not log in."""

    scopes: frozenset[str]
    state: str
    disabled: bool
    last_used_at: datetime | None

    @classmethod
    def of(cls, stored: PersonalToken, user: User, now: datetime) -> "KnownToken":
        """A stored token and its user at a moment."""
        return cls(
            frozenset(stored.scopes),
            state_of(stored.revoked_at, stored.expires_at, now),
            user.disabled_at is not None,
            stored.last_used_at,
        )

    def refusal(self, route: str) -> Problem | None:
        """Why it does not open the route (`RouteNames.name_of`); None when it does."""
        return self.refusal_anywhere() or self._refusal_of(route)

    def refusal_anywhere(self) -> Problem | None:
        """Why it opens nothing; None while it is active."""
        if self.disabled or self.state == "revoked":
            return unauthorised("token_revoked", "the personal token is revoked: make another")
        if self.state == "expired":
            return unauthorised("token_expired", "the personal token has expired: make another")
        return None

    def _refusal_of(self, route: str) -> Problem | None:
        needed = NEEDED.get(route)
        if needed is None:
            detail = "no personal token is accepted here: log in"
            return Problem(403, "token_not_accepted", detail)
        missing = needed - self.scopes
        if missing:
            wanted = " and no scope ".join(sorted(missing))
            detail = f"the personal token has no scope {wanted}: make one that has"
            challenge = f'Bearer error="insufficient_scope", scope="{" ".join(sorted(needed))}"'
            headers = {"WWW-Authenticate": challenge}
            return Problem(403, "scope_missing", detail, headers=headers)
        return None

    def use_is_due(self, now: datetime) -> bool:
        """Whether its last use is to be noted again; a minute is exact enough."""
        return self.last_used_at is None or self.last_used_at <= now - USE_NOTED_EVERY


class PersonalTokens:
    """Names the user of a personal token to what counts requests.

    Whose a token is never changes, so it is looked up once by each process. A look-up counts for
    the network address, since a guess is one too. Whether the token is still good is checked when
    the request is authenticated.
    """

    def __init__(self, app: ASGIApp, limits: RateLimits, per_minute: int) -> None:
        self.app = app
        self.limits = limits
        self.per_minute = per_minute
        self._users: OrderedDict[str, UUID] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        token = None if scope["type"] == "lifespan" else bearer_token(scope)
        if token is not None and is_personal(token):
            hashed = token_hash(token)
            if hashed not in self._users:
                address = network_of(scope["client"][0] if scope.get("client") else "")
                standing = await self.limits.standing_after(self.per_minute, "token", address)
                if not standing.allowed:
                    await refuse_too_many(standing, scope, receive, send)
                    return
                await self._look_up(scope, hashed)
            if hashed in self._users:
                scope[USER_OF_TOKEN] = self._users[hashed]
        await self.app(scope, receive, send)

    async def _look_up(self, scope: Scope, hashed: str) -> None:
        database = scope["app"].state.gateway.database
        try:
            async with database.transaction() as session:
                user_id = await load_token_user(session, hashed)
        except Exception as error:
            if is_database_outage(error):
                return  # authentication says that the database is away
            raise
        if user_id is not None:
            self._users[hashed] = user_id
            while len(self._users) > TOKENS_REMEMBERED:
                self._users.popitem(last=False)

"""Register, log in, refresh, log out, me, another password."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import select, text

from services.gateway.application import ensure_admin
from services.gateway.edge.dependencies import Gateway
from services.gateway.edge.tokens import Bearer, successor_of
from services.gateway.identity import queries as identity_queries
from services.gateway.identity.endpoints import refresh
from services.gateway.identity.queries import AttemptLimits
from services.gateway.identity.schemas import RefreshRequest
from services.gateway.tables import AuditEntry, LoginAttempt
from shared.database import sql_table
from tests.integration.gateway.people import PASSWORD, Person, a_person, logged_in
from tests.integration.statements import noted_statements

WRONG = "wrong password"


async def tried(http: httpx2.AsyncClient, email: str, password: str = WRONG) -> httpx2.Response:
    return await http.post("/api/v1/auth/login", json={"email": email, "password": password})


async def refreshed(person: Person, token: str | None = None) -> httpx2.Response:
    body = {"refresh_token": token or person.tokens["refresh_token"]}
    return await person.http.post("/api/v1/auth/refresh", json=body)


async def logged_out(person: Person, **more: Any) -> httpx2.Response:
    body = {"refresh_token": person.tokens["refresh_token"], **more}
    return await person.http.post("/api/v1/auth/logout", json=body)


async def actions(gateway: Gateway) -> list[str]:
    """What the audit log says was done, in order."""
    log = sql_table(AuditEntry)
    async with gateway.database.transaction() as session:
        return list(await session.scalars(select(log.c.action).order_by(log.c.audit_id)))


@pytest.fixture
def configured(gateway: Gateway) -> Iterator[pytest.MonkeyPatch]:
    """Settings may be changed for the length of a test."""
    with pytest.MonkeyPatch.context() as patch:
        yield patch


async def test_a_new_user_logs_in_and_is_known(http: httpx2.AsyncClient) -> None:
    wanted = {"email": "Ada@Example.com", "password": PASSWORD, "full_name": "Ada"}

    registered = await http.post("/api/v1/auth/register", json=wanted)
    ada = await logged_in(http, "ada@example.com")
    me = (await ada.get("auth/me")).json()

    assert (registered.status_code, registered.json()) == (202, {"email": "ada@example.com"})
    assert (me["email"], me["full_name"], me["role"]) == ("ada@example.com", "Ada", "user")


async def test_registration_never_creates_an_administrator(http: httpx2.AsyncClient) -> None:
    wanted = {"email": "eve@example.com", "password": PASSWORD, "role": "admin"}

    answer = await http.post("/api/v1/auth/register", json=wanted)

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "role")


async def test_registering_a_taken_address_changes_and_reveals_nothing(
    http: httpx2.AsyncClient, ann: Person
) -> None:
    path, free = "/api/v1/auth/register", f"{uuid4().hex}@example.com"

    taken = await http.post(path, json={"email": ann.email.upper(), "password": "another password"})
    new = await http.post(path, json={"email": free, "password": "another password"})

    assert taken.status_code == new.status_code == 202
    assert taken.text.replace(ann.email, "?") == new.text.replace(free, "?")
    assert (await tried(http, ann.email, "another password")).status_code == 401
    assert (await tried(http, ann.email, PASSWORD)).status_code == 200


@pytest.mark.parametrize(
    "typed", ["Zoé-{}@Example.com", " zoe\u0301-{}@EXAMPLE.com", "ZOÉ-{}@example.com"]
)
async def test_an_address_is_the_same_however_it_is_typed(
    http: httpx2.AsyncClient, typed: str
) -> None:
    unique = uuid4().hex
    body = {"email": f"Zoé-{unique}@example.com", "password": PASSWORD}
    assert (await http.post("/api/v1/auth/register", json=body)).status_code == 202

    assert (await tried(http, typed.format(unique), PASSWORD)).status_code == 200


async def test_registration_may_be_closed(
    http: httpx2.AsyncClient, gateway: Gateway, configured: pytest.MonkeyPatch
) -> None:
    configured.setattr(gateway.settings, "registration", "admin")

    answer = await http.post(
        "/api/v1/auth/register", json={"email": "ada@example.com", "password": PASSWORD}
    )

    assert (answer.status_code, answer.json()["code"]) == (403, "registration_closed")
    assert (await tried(http, "ada@example.com", PASSWORD)).status_code == 401


@pytest.mark.parametrize(
    ("email", "password", "field"),
    [
        ("nobody", PASSWORD, "email"),
        ("a@example.com", "sh0rt!", "password"),
        ("a@example.com", "P@ssw0rd1!", "password"),
        ("lovelace@example.com", "Lovelace1843", "password"),
        ("a@example.com", "x" * 201, "password"),
    ],
)
async def test_unusable_registrations_name_the_field(
    http: httpx2.AsyncClient, email: str, password: str, field: str
) -> None:
    answer = await http.post("/api/v1/auth/register", json={"email": email, "password": password})

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert password not in answer.text


async def test_wrong_password_and_unknown_user_answer_the_same(
    http: httpx2.AsyncClient, ann: Person
) -> None:
    wrong, unknown = await tried(http, ann.email), await tried(http, "x@example.com")

    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()


async def test_an_unknown_user_costs_a_password_check_too(
    gateway: Gateway, http: httpx2.AsyncClient, configured: pytest.MonkeyPatch
) -> None:
    checked: list[str | None] = []
    matches = gateway.passwords.matches

    async def counted(password: str, password_hash: str | None) -> bool:
        checked.append(password_hash)
        return await matches(password, password_hash)

    configured.setattr(gateway.passwords, "matches", counted)
    await tried(http, "nobody@example.com")

    assert checked == [None]


PEOPLE = re.compile(r"gateway\.(users|audit_log|login_attempts)\b(?!\.)")


def tables_used(gateway: Gateway) -> AbstractContextManager[list[str]]:
    """The tables of people that statements use, in order, for as long as the context lasts."""
    return noted_statements(gateway.database, PEOPLE.findall)


async def test_the_database_works_as_much_for_a_taken_address_as_for_a_free_one(
    gateway: Gateway, http: httpx2.AsyncClient, ann: Person
) -> None:
    path, free = "/api/v1/auth/register", f"{uuid4().hex}@example.com"

    with tables_used(gateway) as for_taken:
        await http.post(path, json={"email": ann.email, "password": PASSWORD})
    with tables_used(gateway) as for_free:
        await http.post(path, json={"email": free, "password": PASSWORD})

    assert for_taken == for_free != []


async def test_the_database_works_as_much_for_an_unknown_user_as_for_a_wrong_password(
    gateway: Gateway, http: httpx2.AsyncClient, ann: Person
) -> None:
    with tables_used(gateway) as for_wrong:
        await tried(http, ann.email)
    with tables_used(gateway) as for_unknown:
        await tried(http, "nobody@example.com")

    assert for_wrong == for_unknown != []


# --- too many attempts ---


@pytest.mark.parametrize("known", [True, False])
async def test_too_many_attempts_on_an_account_make_it_wait(
    http: httpx2.AsyncClient,
    gateway: Gateway,
    configured: pytest.MonkeyPatch,
    ann: Person,
    known: bool,
) -> None:
    configured.setattr(gateway.settings, "login_attempts_per_account", 2)
    email = ann.email if known else "nobody@example.com"

    answers = [await tried(http, email) for _ in range(3)]
    right = await tried(http, email.upper(), PASSWORD)

    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert (right.status_code, right.json()["code"]) == (429, "too_many_logins")
    assert 0 < int(right.headers["retry-after"]) <= gateway.settings.login_window_seconds


async def test_attempts_beside_each_other_are_all_counted(
    http: httpx2.AsyncClient, gateway: Gateway, configured: pytest.MonkeyPatch, ann: Person
) -> None:
    configured.setattr(gateway.settings, "login_attempts_per_account", 2)

    answers = await asyncio.gather(*(tried(http, ann.email) for _ in range(5)))

    assert sorted(answer.status_code for answer in answers) == [401, 401, 429, 429, 429]


async def test_too_many_attempts_from_an_address_make_it_wait(
    http: httpx2.AsyncClient, gateway: Gateway, configured: pytest.MonkeyPatch
) -> None:
    configured.setattr(gateway.settings, "login_attempts_per_address", 3)

    answers = [await tried(http, f"user{number}@example.com") for number in range(4)]

    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]


@asynccontextmanager
async def elsewhere(app: FastAPI, address: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A client at another address than that of all others."""
    transport = httpx2.ASGITransport(app, client=(address, 4711))
    async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


async def test_a_stranger_keeps_no_owner_out_of_an_address_they_logged_in_from(
    app: FastAPI,
    http: httpx2.AsyncClient,
    gateway: Gateway,
    configured: pytest.MonkeyPatch,
    ann: Person,
) -> None:
    await logged_in(http, ann.email)
    configured.setattr(gateway.settings, "login_attempts_per_account", 2)

    async with elsewhere(app, "192.0.2.66") as stranger:
        guesses = [await tried(stranger, ann.email) for _ in range(4)]
        own = await tried(http, ann.email, PASSWORD)
        right = await tried(stranger, ann.email, PASSWORD)

    assert [answer.status_code for answer in guesses] == [401, 401, 429, 429]
    assert own.status_code == 200
    assert right.status_code == 429  # the owner's log-in forgets none of the stranger's guesses


async def test_guesses_from_an_owners_address_are_counted_there_alone(
    app: FastAPI,
    http: httpx2.AsyncClient,
    gateway: Gateway,
    configured: pytest.MonkeyPatch,
    ann: Person,
) -> None:
    async with elsewhere(app, "2001:db8::66") as home:
        assert (await tried(home, ann.email, PASSWORD)).status_code == 200
    configured.setattr(gateway.settings, "login_attempts_per_account", 2)

    guesses = [await tried(http, ann.email) for _ in range(3)]
    async with elsewhere(app, "2001:db8::1:67") as home:  # the same subscriber's next address
        own = await tried(home, ann.email, PASSWORD)

    assert [answer.status_code for answer in guesses] == [401, 401, 429]
    assert own.status_code == 200


async def test_an_address_is_known_for_a_season(
    app: FastAPI,
    http: httpx2.AsyncClient,
    gateway: Gateway,
    configured: pytest.MonkeyPatch,
    ann: Person,
) -> None:
    configured.setattr(gateway.settings, "login_attempts_per_account", 1)
    log = sql_table(AuditEntry)
    async with gateway.database.transaction() as session:
        earlier = log.update().values(occurred_at=log.c.occurred_at - identity_queries.KNOWN)
        await session.execute(earlier)

    async with elsewhere(app, "192.0.2.66") as stranger:
        await tried(stranger, ann.email)

    assert (await tried(http, ann.email, PASSWORD)).status_code == 429


async def test_attempts_count_for_the_length_of_the_window(
    http: httpx2.AsyncClient, gateway: Gateway, configured: pytest.MonkeyPatch, ann: Person
) -> None:
    configured.setattr(gateway.settings, "login_attempts_per_account", 1)
    await tried(http, ann.email)
    window = timedelta(seconds=gateway.settings.login_window_seconds)
    attempts = sql_table(LoginAttempt)

    async with gateway.database.transaction() as session:
        earlier = attempts.update().values(attempted_at=attempts.c.attempted_at - window)
        await session.execute(earlier)

    assert (await tried(http, ann.email, PASSWORD)).status_code == 200


async def test_a_log_in_forgets_what_was_counted_against_its_account(
    http: httpx2.AsyncClient, gateway: Gateway, configured: pytest.MonkeyPatch, ann: Person
) -> None:
    configured.setattr(gateway.settings, "login_attempts_per_account", 2)

    statuses = [
        (await tried(http, ann.email, password)).status_code
        for password in (WRONG, PASSWORD, WRONG, PASSWORD, WRONG, PASSWORD)
    ]

    assert statuses == [401, 200] * 3


async def test_the_wait_ends_when_the_oldest_attempt_leaves_the_window(gateway: Gateway) -> None:
    now, limits = datetime.now(UTC), AttemptLimits(2, 9, timedelta(minutes=10))
    async with gateway.database.transaction() as session:
        for minutes in (0, 3):
            moment = now + timedelta(minutes=minutes)
            assert await identity_queries.save_attempt(session, "a", "x", limits, moment) is None

        refused = await identity_queries.save_attempt(
            session, "a", "y", limits, now + timedelta(minutes=4)
        )

    assert refused == timedelta(minutes=6)


# --- refreshing and logging out ---


async def eleven_seconds_pass(gateway: Gateway) -> None:
    """Every use of a refresh token is eleven seconds longer ago."""
    earlier = "update gateway.refresh_tokens set used_at = used_at - interval '11 seconds'"
    async with gateway.database.transaction() as session:
        await session.execute(text(earlier))


async def test_refresh_token_works_once(
    http: httpx2.AsyncClient, gateway: Gateway, ann: Person
) -> None:
    first = await refreshed(ann)
    renewed = Person(http, ann.email, first.json())
    known = await renewed.get("auth/me")
    await eleven_seconds_pass(gateway)
    second = await refreshed(ann)

    assert known.json()["email"] == ann.email
    assert (second.status_code, second.json()["code"]) == (401, "invalid_refresh_token")


async def test_a_refresh_token_used_again_ends_the_whole_log_in(
    http: httpx2.AsyncClient, gateway: Gateway, ann: Person
) -> None:
    elsewhere = await logged_in(http, ann.email)
    thief = Person(http, ann.email, (await refreshed(ann)).json())

    await eleven_seconds_pass(gateway)
    await refreshed(ann)

    assert (await refreshed(thief)).status_code == 401
    assert (await thief.get("auth/me")).status_code == 401
    assert (await ann.get("auth/me")).status_code == 401
    assert (await elsewhere.get("auth/me")).status_code == 200
    assert (await refreshed(elsewhere)).status_code == 200
    assert (await actions(gateway)).count("login.ended_by_reuse") == 1


async def test_tabs_that_refresh_at_once_get_one_successor(
    http: httpx2.AsyncClient, gateway: Gateway, ann: Person
) -> None:
    answers = await asyncio.gather(*(refreshed(ann) for _ in range(5)))
    tabs = [Person(http, ann.email, answer.json()) for answer in answers]

    assert {answer.status_code for answer in answers} == {200}
    assert len({tab.tokens["refresh_token"] for tab in tabs}) == 1
    assert len({tab.tokens["access_token"] for tab in tabs}) == 5
    assert [(await tab.get("auth/me")).status_code for tab in tabs] == [200] * 5
    assert (await refreshed(tabs[0])).status_code == 200
    assert "login.ended_by_reuse" not in await actions(gateway)


async def test_a_slow_tab_gets_the_newest_of_a_fast_ones_tokens(
    http: httpx2.AsyncClient, gateway: Gateway, ann: Person
) -> None:
    fast = Person(http, ann.email, (await refreshed(ann)).json())
    for _ in range(2):
        fast = Person(http, ann.email, (await refreshed(fast)).json())

    slow = Person(http, ann.email, (await refreshed(ann)).json())
    assert slow.tokens["refresh_token"] == fast.tokens["refresh_token"]

    await eleven_seconds_pass(gateway)
    assert (await refreshed(slow)).status_code == 200
    assert "login.ended_by_reuse" not in await actions(gateway)


async def test_a_slow_tab_gets_the_successor_of_another_replica(
    gateway: Gateway, ann: Person
) -> None:
    first = await refreshed(ann)
    replica = replace(gateway, tokens=replace(gateway.tokens))

    late = await refresh(
        RefreshRequest(refresh_token=ann.tokens["refresh_token"]), replica, "192.0.2.7"
    )

    assert late.refresh_token == first.json()["refresh_token"]


async def test_the_first_use_alone_decides_how_long_a_tab_may_be_late(
    http: httpx2.AsyncClient, gateway: Gateway, ann: Person
) -> None:
    winner = Person(http, ann.email, (await refreshed(ann)).json())
    assert (await refreshed(ann)).status_code == 200
    await eleven_seconds_pass(gateway)

    assert (await refreshed(ann)).status_code == 401
    assert (await refreshed(winner)).status_code == 401
    assert "login.ended_by_reuse" in await actions(gateway)


@pytest.mark.parametrize("ended", ["log-out", "disabled", "expired"])
async def test_a_late_tab_gets_nothing_from_a_log_in_that_is_over(
    gateway: Gateway, ann: Person, ended: str
) -> None:
    await refreshed(ann)
    statements = {
        "log-out": "update gateway.refresh_tokens set revoked_at = now()",
        "disabled": "update gateway.users set disabled_at = now()",
        "expired": "update gateway.refresh_tokens set expires_at = now()",
    }
    async with gateway.database.transaction() as session:
        await session.execute(text(statements[ended]))

    assert (await refreshed(ann)).status_code == 401


async def test_no_stored_byte_is_a_refresh_token_or_derives_one(
    gateway: Gateway, ann: Person
) -> None:
    used = ann.tokens["refresh_token"]
    successor = (await refreshed(ann)).json()["refresh_token"]
    async with gateway.database.transaction() as session:
        rows = (await session.execute(text("select * from gateway.refresh_tokens"))).all()
    stored = {value for row in rows for value in row if isinstance(value, str)}
    salts = {value for row in rows for value in row if isinstance(value, bytes)}

    assert not stored & {used, successor}
    assert len(salts) == 1
    derived = {successor_of(each, salt) for each in stored for salt in salts}
    derived |= {successor_of(used, b""), successor_of(used, bytes(32))}
    assert successor not in derived


async def test_expired_refresh_token_is_refused(gateway: Gateway, ann: Person) -> None:
    now = datetime.now(UTC)
    async with gateway.database.transaction() as session:
        user = await identity_queries.load_user_by_email(session, ann.email)
        assert user is not None
        past = now - timedelta(seconds=1)
        await identity_queries.save_refresh_token(session, "a" * 64, user.user_id, uuid4(), past)

        assert await identity_queries.use_refresh_token(session, "a" * 64, b"", now) is None


async def test_what_is_past_is_forgotten(gateway: Gateway, ann: Person) -> None:
    now, day = datetime.now(UTC), timedelta(days=1)
    await tried(ann.http, ann.email)
    lifetime = day * (gateway.settings.refresh_token_days + 1)

    async with gateway.database.transaction() as session:
        await identity_queries.delete_past(session, now + lifetime, day)

        left = [
            await session.scalar(text(f"select count(*) from gateway.{table}"))
            for table in ("refresh_tokens", "login_attempts")
        ]
    assert left == [0, 0]


async def test_a_log_in_stays_over_when_its_revoked_tokens_are_past(
    gateway: Gateway, ann: Person
) -> None:
    bearer, now = gateway.tokens.bearer(ann.tokens["access_token"]), datetime.now(UTC)
    later = now + timedelta(days=gateway.settings.refresh_token_days + 1)
    async with gateway.database.transaction() as session:
        await identity_queries.end_family(session, bearer.family_id, now)
        # issued at the very moment the others were revoked, and not seen by that
        expires_at = later + timedelta(days=1)
        await identity_queries.save_refresh_token(
            session, "c" * 64, bearer.user_id, bearer.family_id, expires_at
        )

        await identity_queries.delete_past(session, later, timedelta(days=1))

        assert await identity_queries.use_refresh_token(session, "c" * 64, b"", later) is None


async def test_logging_out_ends_access_and_refreshing_at_once(
    http: httpx2.AsyncClient, ann: Person
) -> None:
    elsewhere = await logged_in(http, ann.email)

    answer = await logged_out(ann)

    assert answer.status_code == 204
    assert (await ann.get("auth/me")).status_code == 401
    assert (await refreshed(ann)).status_code == 401
    assert (await elsewhere.get("auth/me")).status_code == 200


async def test_logging_out_everywhere_ends_every_log_in(
    http: httpx2.AsyncClient, ann: Person
) -> None:
    elsewhere = await logged_in(http, ann.email)

    await logged_out(ann, everywhere=True)

    assert (await elsewhere.get("auth/me")).status_code == 401
    assert (await refreshed(elsewhere)).status_code == 401


async def test_a_used_token_ends_only_its_own_log_in(http: httpx2.AsyncClient, ann: Person) -> None:
    elsewhere = await logged_in(http, ann.email)
    await refreshed(ann)

    assert (await logged_out(ann, everywhere=True)).status_code == 204

    assert (await elsewhere.get("auth/me")).status_code == 200


async def test_logging_out_with_an_unknown_token_reveals_nothing(ann: Person) -> None:
    answers = [
        await logged_out(ann, refresh_token="unknown"),
        await logged_out(ann),
        await logged_out(ann),
    ]

    assert [(answer.status_code, answer.text) for answer in answers] == [(204, "")] * 3


async def test_a_token_signed_for_a_log_in_that_is_over_proves_nothing(
    gateway: Gateway, ann: Person
) -> None:
    bearer = gateway.tokens.bearer(ann.tokens["access_token"])
    await logged_out(ann)
    again = gateway.tokens.access_token(bearer, datetime.now(UTC))
    other = gateway.tokens.access_token(Bearer(bearer.user_id, uuid4()), datetime.now(UTC))

    assert (
        await Person(ann.http, ann.email, {"access_token": again}).get("auth/me")
    ).status_code == 401
    assert (
        await Person(ann.http, ann.email, {"access_token": other}).get("auth/me")
    ).status_code == 200


# --- another password ---


async def test_changing_the_password_ends_every_log_in_but_the_new_one(
    http: httpx2.AsyncClient, ann: Person
) -> None:
    elsewhere, wanted = await logged_in(http, ann.email), "staple of another colour"

    changed = await ann.request(
        "PUT", "auth/password", json={"current_password": PASSWORD, "new_password": wanted}
    )
    renewed = Person(http, ann.email, changed.json())

    assert (await renewed.get("auth/me")).status_code == 200
    assert {(await person.get("auth/me")).status_code for person in (ann, elsewhere)} == {401}
    assert (await tried(http, ann.email, PASSWORD)).status_code == 401
    assert (await tried(http, ann.email, wanted)).status_code == 200


async def test_the_current_password_is_needed_and_not_to_be_guessed(
    gateway: Gateway, configured: pytest.MonkeyPatch, ann: Person
) -> None:
    configured.setattr(gateway.settings, "login_attempts_per_account", 2)
    body = {"current_password": WRONG, "new_password": "staple of another colour"}

    answers = [await ann.request("PUT", "auth/password", json=body) for _ in range(3)]

    assert [answer.json()["code"] for answer in answers] == ["wrong_password"] * 2 + [
        "too_many_logins"
    ]


# --- and the rest ---


async def test_what_happens_around_logging_in_is_on_record(
    gateway: Gateway, http: httpx2.AsyncClient, empty: None
) -> None:
    person = await a_person(http)
    await tried(http, person.email)
    await logged_out(person)

    assert await actions(gateway) == [
        "user.registered",
        "login.succeeded",
        "login.failed",
        "login.ended",
    ]


@pytest.mark.parametrize(
    "header", [{}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic eA=="}]
)
async def test_without_a_valid_token_nothing_is_revealed(
    http: httpx2.AsyncClient, header: dict[str, str]
) -> None:
    answer = await http.get("/api/v1/auth/me", headers=header)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"


async def test_configured_administrator_exists_after_any_number_of_starts(gateway: Gateway) -> None:
    settings = gateway.settings.model_copy(
        update={"admin_email": "Root@Example.com", "admin_password": SecretStr(PASSWORD)}
    )
    configured = replace(gateway, settings=settings)

    for _ in range(2):
        async with gateway.database.transaction() as session:
            await ensure_admin(session, configured)

    async with gateway.database.transaction() as session:
        root = await identity_queries.load_user_by_email(session, "root@example.com")
    assert root is not None
    assert root.role == "admin"

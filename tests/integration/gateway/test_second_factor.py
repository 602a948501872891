"""A second factor for passwords: turned on, needed, used once, lost; and who gets round it."""

import asyncio
from base64 import b32decode
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from sqlalchemy import select, text

from services.gateway.edge.dependencies import Gateway
from services.gateway.operators.sweeper import Sweeper
from services.gateway.tables import AuditEntry
from shared.database import Database, sql_table
from tests.integration.gateway.people import PASSWORD, Person, logged_in
from tests.integration.gateway.test_page_sessions import PAGE
from tests.integration.gateway.test_personal_tokens import made, read_by

PATH = "me/second-factor"
NEW = "staple of another colour"
RENEWED = "second_factor.recovery_codes_renewed"


@dataclass(frozen=True)
class Enrolled:
    """A user with a second factor, the application that makes its codes, and what was shown."""

    person: Person
    codes: TOTP
    recovery: list[str]

    def code(self, steps: int = 1) -> str:
        """The code of so many steps from now: the one before was used to confirm."""
        now = datetime.now(UTC) + timedelta(seconds=30 * steps)
        return self.codes.generate(int(now.timestamp())).decode()

    async def log_in(self, code: str | None = None, **more: Any) -> httpx2.Response:
        """A log-in by password, and by a code if one is given."""
        body = {"email": self.person.email, "password": PASSWORD, **more}
        body |= {"code": code} if code is not None else {}
        return await self.person.http.post("/api/v1/auth/login", json=body)


async def begun(person: Person, password: str = PASSWORD) -> httpx2.Response:
    return await person.post(PATH, {"password": password})


def application_of(answer: httpx2.Response) -> TOTP:
    """An authenticator with the secret of an answer, as it is typed into one."""
    return TOTP(b32decode(answer.json()["secret"].replace(" ", "")), 6, SHA1(), 30)


async def enrolled(person: Person) -> Enrolled:
    codes = application_of(await begun(person))
    code = codes.generate(int(datetime.now(UTC).timestamp())).decode()
    answer = await person.post(f"{PATH}/confirm", {"code": code})
    assert answer.status_code == 200, answer.text
    return Enrolled(person, codes, answer.json()["recovery_codes"])


@pytest.fixture
async def guarded(ann: Person) -> Enrolled:
    """Ann, with a second factor."""
    return await enrolled(ann)


def refused(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def removed(person: Person, code: str, password: str = PASSWORD) -> httpx2.Response:
    return await person.request("DELETE", PATH, json={"password": password, "code": code})


async def renewed(person: Person, code: str, password: str = PASSWORD) -> httpx2.Response:
    return await person.post(f"{PATH}/recovery-codes", {"password": password, "code": code})


async def actions(gateway: Gateway) -> list[str]:
    log = sql_table(AuditEntry)
    async with gateway.database.transaction() as session:
        return list(await session.scalars(select(log.c.action).order_by(log.c.audit_id)))


# --- turning it on and off ---


async def test_it_is_begun_confirmed_needed_and_removed(
    http: httpx2.AsyncClient, gateway: Gateway, ann: Person
) -> None:
    states = [(await ann.get(PATH)).json()["state"]]
    await begun(ann)
    states.append((await ann.get(PATH)).json()["state"])
    before = await logged_in(http, ann.email)  # no code is needed yet
    her = await enrolled(ann)
    on = (await ann.get(PATH)).json()
    alone = await her.log_in()
    both = await her.log_in(her.code())
    gone = await removed(ann, her.recovery[0])

    assert (states, on["state"], on["recovery_codes_left"]) == (["off", "begun"], "on", 10)
    assert refused(alone) == (401, "second_factor_required")
    assert both.status_code == 200
    assert (await before.get("auth/me")).status_code == 401, "other log-ins end"
    assert (await ann.get("auth/me")).status_code == 200
    assert gone.status_code == 204
    assert (await her.log_in()).status_code == 200
    assert (await ann.get(PATH)).json()["recovery_codes_left"] == 0
    done = [each for each in await actions(gateway) if each.startswith("second_factor.")]
    assert done == [f"second_factor.{each}" for each in (
        "begun", "begun", "confirmed", "recovery_code_used", "removed"
    )]  # fmt: skip


async def test_nothing_is_stored_that_a_recovery_code_follows_from(
    gateway: Gateway, guarded: Enrolled
) -> None:
    async with gateway.database.transaction() as session:
        rows = (await session.execute(text("select * from gateway.recovery_codes"))).all()

    assert len(rows) == 10
    assert not {code for code in guarded.recovery if code.replace("-", "") in str(rows)}


async def test_a_stolen_access_token_neither_begins_nor_removes(ann: Person, bob: Person) -> None:
    her = await enrolled(ann)

    assert refused(await begun(bob, "wrong password")) == (403, "wrong_password")
    assert (await bob.get(PATH)).json()["state"] == "off"
    assert refused(await begun(ann)) == (409, "second_factor_active")
    assert refused(await removed(ann, her.code(), "wrong password")) == (403, "wrong_password")
    assert refused(await removed(ann, "000000")) == (403, "code_refused")
    assert refused(await removed(bob, "000000")) == (404, "second_factor_not_found")
    change = {"current_password": PASSWORD, "new_password": NEW}
    changed = await ann.request("PUT", "auth/password", json=change)
    assert refused(changed) == (403, "code_required")
    changed = await ann.request("PUT", "auth/password", json=change | {"code": her.code()})
    assert changed.status_code == 200


async def test_new_recovery_codes_end_those_before(gateway: Gateway, guarded: Enrolled) -> None:
    ann, old = guarded.person, guarded.recovery

    answer = await renewed(ann, old[0])

    assert answer.status_code == 200
    new = answer.json()["recovery_codes"]
    assert len({*new, *old}) == 20
    assert (await ann.get(PATH)).json()["recovery_codes_left"] == 10
    ended = [await guarded.log_in(each) for each in old[:2]]
    assert [refused(each) for each in ended] == [(401, "second_factor_wrong")] * 2
    assert (await guarded.log_in(new[0])).status_code == 200
    done = [each for each in await actions(gateway) if each.startswith("second_factor.")]
    assert done[2:4] == ["second_factor.recovery_code_used", RENEWED]


async def test_new_recovery_codes_need_the_password_and_a_code(
    gateway: Gateway, guarded: Enrolled, bob: Person
) -> None:
    ann = guarded.person

    wrong = [
        await renewed(ann, guarded.code(), "wrong password"),
        await renewed(ann, "000000"),
        await renewed(bob, "000000"),
        await ann.post(f"{PATH}/recovery-codes", {"password": PASSWORD}),
    ]

    assert [refused(each) for each in wrong] == [
        (403, "wrong_password"),
        (403, "code_refused"),
        (404, "second_factor_not_found"),
        (422, "invalid_request"),
    ]
    assert RENEWED not in await actions(gateway)
    assert (await guarded.log_in(guarded.recovery[0])).status_code == 200
    assert (await renewed(ann, guarded.code())).status_code == 200, "of the application too"


async def test_a_secret_waits_for_its_code_for_fifteen_minutes(
    gateway: Gateway, ann: Person
) -> None:
    nothing = await ann.post(f"{PATH}/confirm", {"code": "123456"})
    codes = application_of(await begun(ann))
    wrong = await ann.post(f"{PATH}/confirm", {"code": "12345"})
    async with gateway.database.transaction() as session:
        earlier = "update gateway.second_factors set begun_at = begun_at - interval '15 minutes'"
        await session.execute(text(earlier))
    code = codes.generate(int(datetime.now(UTC).timestamp())).decode()
    late = await ann.post(f"{PATH}/confirm", {"code": code})

    assert refused(nothing) == refused(late) == (409, "second_factor_not_begun")
    assert refused(wrong) == (403, "code_refused")
    assert (await ann.get(PATH)).json()["state"] == "off"
    sweeper = Sweeper(3_600.0, 900.0, timedelta(days=400))
    await sweeper._sweep(gateway.database)
    async with gateway.database.transaction() as session:
        assert await session.scalar(text("select count(*) from gateway.second_factors")) == 0


# --- logging in ---


async def test_a_code_is_accepted_once_also_by_requests_at_once(guarded: Enrolled) -> None:
    code, recovery = guarded.code(), guarded.recovery[0]

    for each in (code, recovery):
        answers = await asyncio.gather(*(guarded.log_in(each) for _ in range(4)))
        assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]
        assert {refused(answer) for answer in answers if answer.is_error} == {
            (401, "second_factor_wrong")
        }
        assert (await guarded.log_in(each)).status_code == 401
    earlier = await guarded.log_in(guarded.code(0))
    assert earlier.status_code == 401, "the code that confirmed the secret is used up"
    assert (await guarded.person.get(PATH)).json()["recovery_codes_left"] == 9


async def test_guesses_of_codes_wait_like_guesses_of_passwords(
    gateway: Gateway, guarded: Enrolled, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gateway.database.transaction() as session:
        await session.execute(text("delete from gateway.login_attempts"))
    monkeypatch.setattr(gateway.settings, "login_attempts_per_account", 4)
    link = (await guarded.person.post("auth/session/link", None)).json()

    # neither the right password nor a link forgets what was counted
    answers = [await guarded.log_in("000000"), await guarded.log_in()]
    opened = await guarded.person.http.post(
        "/api/v1/auth/session/by-link", json={"code": link["code"]}, headers=PAGE
    )
    answers += [await guarded.log_in("000000") for _ in range(2)]
    late = await guarded.log_in(guarded.code())

    assert [answer.status_code for answer in answers] == [401] * 4
    assert opened.status_code == 201
    assert refused(late) == (429, "too_many_logins")
    assert refused(await removed(guarded.person, guarded.code())) == (429, "too_many_logins")


async def test_a_wrong_password_says_nothing_of_the_second_factor(
    gateway: Gateway, guarded: Enrolled, bob: Person
) -> None:
    others = replace(guarded, person=bob)
    answers = [
        await each.log_in(code, password="wrong password")
        for each in (guarded, others)
        for code in (None, guarded.code(), "x" * 41)
    ]

    assert answers[0].json() == answers[1].json() == answers[3].json() == answers[4].json()
    assert refused(answers[0]) == (401, "wrong_credentials")
    assert answers[2].json() == answers[5].json()
    assert (await guarded.log_in(guarded.code())).status_code == 200, "its code is not used up"
    assert (await others.log_in("000000")).status_code == 200, "who has none needs none"


async def test_the_page_asks_too_and_what_is_logged_in_goes_on(
    http: httpx2.AsyncClient, guarded: Enrolled
) -> None:
    ann, proof = guarded.person, {"email": guarded.person.email, "password": PASSWORD}
    token = (await made(ann, ["portfolio:read"]))["token"]

    alone = await http.post("/api/v1/auth/session", json=proof, headers=PAGE)
    typed = guarded.code()
    both = await http.post(
        "/api/v1/auth/session",
        json=proof | {"code": f"{typed[:3]} {typed[3:]}"},
        headers=PAGE,
    )
    again = await http.post(
        "/api/v1/auth/refresh", json={"refresh_token": ann.tokens["refresh_token"]}
    )

    assert refused(alone) == (401, "second_factor_required")
    assert "set-cookie" not in alone.headers
    assert (both.status_code, "set-cookie" in both.headers) == (201, True)
    assert again.status_code == 200
    assert (await read_by(http, token)).status_code == 200


async def test_a_log_in_without_a_code_does_not_outlive_turning_it_on(
    http: httpx2.AsyncClient, ann: Person
) -> None:
    codes = application_of(await begun(ann))
    code = codes.generate(int(datetime.now(UTC).timestamp())).decode()
    proof = {"email": ann.email, "password": PASSWORD}

    confirmed, *answers = await asyncio.gather(
        ann.post(f"{PATH}/confirm", {"code": code}),
        *(http.post("/api/v1/auth/login", json=proof) for _ in range(4)),
    )

    assert confirmed.status_code == 200
    people = [Person(http, ann.email, each.json()) for each in answers if not each.is_error]
    assert [(await each.get("auth/me")).status_code for each in people] == [401] * len(people)


# --- administrators ---


async def test_an_administrator_removes_anothers_but_not_their_own(
    gateway: Gateway, guarded: Enrolled, operator: Person
) -> None:
    user_id = (await guarded.person.get("auth/me")).json()["user_id"]
    own_id = (await operator.get("auth/me")).json()["user_id"]
    await enrolled(operator)

    gone = await operator.request("DELETE", f"admin/users/{user_id}/second-factor")
    again = await operator.request("DELETE", f"admin/users/{user_id}/second-factor")
    own = await operator.request("DELETE", f"admin/users/{own_id}/second-factor")

    assert gone.status_code == 204
    assert refused(again) == (404, "second_factor_not_found")
    assert refused(own) == (409, "own_second_factor")
    assert (await guarded.log_in()).status_code == 200
    assert "second_factor.removed_by_administrator" in await actions(gateway)


async def test_a_deleted_user_leaves_no_secret(
    admin: Database, guarded: Enrolled, operator: Person
) -> None:
    user_id = (await guarded.person.get("auth/me")).json()["user_id"]

    assert (await operator.request("DELETE", f"admin/users/{user_id}")).status_code == 204
    async with admin.transaction() as session:
        for table in ("second_factors", "recovery_codes"):
            assert await session.scalar(text(f"select count(*) from gateway.{table}")) == 0

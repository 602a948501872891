"""Sharing a portfolio: with whom, what they see of its owner's, and how it ends."""

from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import insert, select, update

from services.gateway.books.endpoints import shares
from services.gateway.drafts.queries.suggestions import load_standing
from services.gateway.edge.dependencies import Gateway
from services.gateway.reports.scheduling import Scheduler
from services.gateway.tables import AuditEntry, ReportSchedule, RunEvent, User
from services.stress.tables import CustomScenario, StressResult
from shared.database import Database, sql_table
from tests.builders import AS_OF, save
from tests.integration.gateway.people import Person
from tests.integration.gateway.seeds import a_stored_book

pytestmark = pytest.mark.usefixtures("market")


async def share(
    ann: Person, email: str, portfolio_id: str, role: str = "viewer"
) -> httpx2.Response:
    path = f"portfolios/{portfolio_id}/shares"
    return await ann.request("PUT", path, json={"email": email, "role": role})


async def shared(ann: Person, bob: Person, role: str = "viewer") -> str:
    """A portfolio of Ann's, shared with Bob."""
    portfolio_id = await ann.uploaded(portfolio_name="Growth")
    assert (await share(ann, bob.email, portfolio_id, role)).status_code == 200
    return portfolio_id


async def id_of(person: Person) -> str:
    return str((await person.get("auth/me")).json()["user_id"])


async def unshare(person: Person, bob: Person, portfolio_id: str) -> None:
    path = f"portfolios/{portfolio_id}/shares/{await id_of(bob)}"
    assert (await person.request("DELETE", path)).status_code == 204


def code_of(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


# --- with whom ---


async def test_an_unknown_address_and_a_disabled_user_have_the_same_answer(
    gateway: Gateway, ann: Person, bob: Person, operator: Person
) -> None:
    portfolio_id = await ann.uploaded()
    users = sql_table(User)
    async with gateway.database.transaction() as session:
        his = update(users).where(users.c.email == bob.email)
        await session.execute(his.values(disabled_at=sql_table(User).c.created_at))

    disabled = await share(ann, bob.email, portfolio_id)
    unknown = await share(ann, "nobody@example.com", portfolio_id)

    assert code_of(disabled) == code_of(unknown) == (404, "user_not_found")
    said = [each.text.replace(bob.email, "nobody@example.com") for each in (disabled, unknown)]
    assert said[0] == said[1]


async def test_only_so_many_unknown_addresses_a_day_are_answered(
    gateway: Gateway,
    ann: Person,
    bob: Person,
    operator: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shares, "MOST_UNKNOWN", 2)
    portfolio_id = await shared(ann, operator)

    answers = [await share(ann, f"{n}@example.com", portfolio_id) for n in range(3)]
    known = await share(ann, bob.email, portfolio_id)
    has_it = await share(ann, operator.email, portfolio_id, "editor")

    assert [answer.status_code for answer in answers] == [404, 404, 429]
    assert code_of(known) == (429, "too_many_addresses")
    assert (has_it.status_code, has_it.json()["role"]) == (200, "editor")
    entry = sql_table(AuditEntry).c
    tried = select(entry.target).where(entry.action == shares.UNKNOWN)
    async with gateway.database.transaction() as session:
        assert set(await session.scalars(tried)) == {"0@example.com", "1@example.com"}


async def test_it_is_not_shared_with_oneself_nor_with_too_many(
    ann: Person, bob: Person, operator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shares, "MOST_SHARES", 1)
    portfolio_id = await shared(ann, bob)

    assert code_of(await share(ann, ann.email.upper(), portfolio_id)) == (
        422,
        "shared_with_oneself",
    )
    assert code_of(await share(ann, operator.email, portfolio_id)) == (409, "too_many_shares")
    assert (await share(ann, bob.email, portfolio_id, "editor")).status_code == 200


async def test_a_share_is_listed_changed_and_removed_on_record(
    gateway: Gateway, ann: Person, bob: Person
) -> None:
    portfolio_id = await shared(ann, bob)
    await share(ann, bob.email, portfolio_id)  # the same again is no change
    changed = (await share(ann, bob.email, portfolio_id, "editor")).json()
    listed = (await ann.get(f"portfolios/{portfolio_id}/shares")).json()
    await unshare(ann, bob, portfolio_id)
    again = await ann.request("DELETE", f"portfolios/{portfolio_id}/shares/{await id_of(bob)}")

    assert listed == {"items": [changed], "total": 1}
    assert (changed["email"], changed["role"]) == (bob.email, "editor")
    assert code_of(again) == (404, "share_not_found")
    entry = sql_table(AuditEntry).c
    written = select(entry.action, entry.details).where(entry.target == portfolio_id)
    async with gateway.database.transaction() as session:
        rows = await session.execute(written.order_by(entry.audit_id))
    said = [(action, details) for action, details in rows.tuples() if "share" in action]
    about = {"user_id": await id_of(bob)}
    assert said == [
        ("portfolio.shared", about | {"role": "viewer", "was": None}),
        ("portfolio.share_changed", about | {"role": "editor", "was": "viewer"}),
        ("portfolio.unshared", about | {"was": "editor"}),
    ]


async def test_a_reader_leaves_by_oneself_and_removes_no_other(
    ann: Person, bob: Person, operator: Person
) -> None:
    portfolio_id = await shared(ann, bob)
    await share(ann, operator.email, portfolio_id)

    path = f"portfolios/{portfolio_id}/shares/{await id_of(operator)}"
    assert code_of(await bob.request("DELETE", path)) == (403, "owner_only")
    await unshare(bob, bob, portfolio_id)
    assert (await bob.get("portfolios")).json()["total"] == 0
    assert (await ann.get(f"portfolios/{portfolio_id}/shares")).json()["total"] == 1


# --- what they see ---


async def test_lists_say_what_one_is_to_each_and_whose_it_is(ann: Person, bob: Person) -> None:
    portfolio_id = await shared(ann, bob, "editor")
    own = await bob.uploaded(portfolio_name="Growth")  # the same name as hers

    listed = (await bob.get("portfolios")).json()["items"]
    named = (await bob.get(f"portfolios/{portfolio_id}")).json()

    assert {(each["portfolio_id"], each["access"], each["owner_name"]) for each in listed} == {
        (portfolio_id, "editor", ann.email),
        (own, "owner", None),
    }
    assert (named["access"], named["owner_name"]) == ("editor", ann.email)
    assert own != portfolio_id


async def test_a_read_that_names_none_takes_ones_own_and_sums_are_of_ones_own(
    ann: Person, bob: Person
) -> None:
    portfolio_id = await shared(ann, bob)

    first = (await bob.get("positions")).json()["portfolio_id"]
    summed = (await bob.get("portfolios/summary")).json()["portfolios"]
    own = await bob.uploaded()
    then = (await bob.get("positions")).json()["portfolio_id"]

    assert (first, summed, then) == (portfolio_id, 0, own)
    assert (await bob.get("portfolios/summary")).json()["portfolios"] == 1


async def test_an_editor_tags_with_the_owners_tags(ann: Person, bob: Person) -> None:
    portfolio_id = await shared(ann, bob, "editor")
    await bob.post("tags", {"name": "his own"})
    items = (await bob.get("positions", portfolio_id=portfolio_id)).json()["items"]
    position_id = next(each["position_id"] for each in items if each["symbol"] == "AAPL")

    path = f"positions/{position_id}/tags"
    tagged = await bob.request("PUT", path, json={"tags": ["core", "new one"]})
    file = b"ticker,quantity,entry_price,entry_date,tags\nXOM,5,90,2022-06-01,from file\n"
    loaded = await bob.upload(file, portfolio_id=portfolio_id)

    assert tagged.status_code == loaded.status_code == 200, (tagged.text, loaded.text)
    assert sorted(tagged.json()["tags"]) == ["core", "new one"]
    names = {each["name"] for each in (await ann.get("tags")).json()["items"]}
    assert names == {"tech", "core", "new one", "from file"}
    assert [each["name"] for each in (await bob.get("tags")).json()["items"]] == ["his own"]


async def test_a_draft_of_a_shared_portfolio_is_the_readers_and_books_as_editor(
    ann: Person, bob: Person, admin: Database
) -> None:
    book = await a_stored_book(ann, admin)
    await share(ann, bob.email, book.portfolio_id)
    draft = (await bob.post("modelling/sessions", {"portfolio_id": book.portfolio_id})).json()
    path = f"modelling/sessions/{draft['draft_id']}"
    calculated = await bob.post(f"{path}/calculate", {})
    refused = await bob.post(f"{path}/book", {"dry_run": True})
    await share(ann, bob.email, book.portfolio_id, "editor")
    allowed = await bob.post(f"{path}/book", {"dry_run": True})

    assert calculated.status_code == 202, calculated.text
    assert code_of(refused) == (403, "editor_only")
    assert code_of(allowed) == (409, "nothing_to_book")
    assert (await ann.get("modelling/sessions")).json()["total"] == 0
    await unshare(ann, bob, book.portfolio_id)
    assert (await bob.get("modelling/sessions")).json()["total"] == 0
    assert (await bob.get("positions", portfolio_id=draft["draft_id"])).status_code == 404


async def test_the_owners_scenarios_stay_the_owners(
    gateway: Gateway, ann: Person, bob: Person, admin: Database
) -> None:
    book = await a_stored_book(ann, admin)
    await share(ann, bob.email, book.portfolio_id)
    secret = "zq_secret"
    scenario: dict[str, Any] = {"scenario_id": secret, "user_id": UUID(await id_of(ann))}
    scenario |= {"name": "Secret", "description": "", "category": "custom", "severity": "mild"}
    scenario |= {"shocks": "{}", "rate_shock": 0.0, "active": True}
    await save(admin, CustomScenario, [scenario | {"basis": "", "volatility_shock": 0.0}])
    result = {"portfolio_id": UUID(book.portfolio_id), "as_of": AS_OF, "scenario_id": secret}
    result |= {"factor_impacts": "{}", "effective_shocks": "{}", "warnings": "[]"}
    result |= {"method": "correlated", "total_pnl": -1e9, "option_valuation": "full"}
    await save(admin, StressResult, [result])

    paths = ("portfolios", f"risk/stress-testing/results/{book.portfolio_id}")
    for path in (*paths, f"portfolios/{book.portfolio_id}/report"):
        assert secret in (await ann.get(path)).text, path
        assert secret not in (await bob.get(path)).text, path
    owned = (UUID(await id_of(ann)), UUID(book.portfolio_id))
    for person, there in ((ann, True), (bob, False)):
        database = gateway.database_for(UUID(await id_of(person)), None, None)
        async with database.transaction() as session:
            measures = (await load_standing(session, owned, AS_OF)).measures
        assert any(secret in name for name in measures) is there


# --- how it ends ---


async def test_a_stream_follows_the_share_and_ends_with_it(
    ann: Person, bob: Person, admin: Database
) -> None:
    portfolio_id = await shared(ann, bob)
    row = {"run_id": None, "portfolio_ids": [UUID(portfolio_id)]}
    kinds = ("results", "alert")
    about = {"run_id": str(uuid4()), "as_of": AS_OF.isoformat(), "trigger": "clock", "shard": 0}
    about |= {"status": "ready", "problems": [], "alerts": {portfolio_id: 1}}
    async with admin.transaction() as session:
        news = [row | {"kind": kind, "data": about} for kind in kinds]
        await session.execute(insert(sql_table(RunEvent)).values(news).inline())

    async def seen_by(person: Person) -> list[str]:
        text = (await person.get("events", after=0, follow=False)).text
        return [kind for kind in kinds if f"event: {kind}" in text]

    assert (await seen_by(ann), await seen_by(bob)) == (list(kinds), ["results"])
    await unshare(ann, bob, portfolio_id)
    assert await seen_by(bob) == []


async def test_an_answer_that_is_kept_ends_with_the_share(ann: Person, bob: Person) -> None:
    portfolio_id = await shared(ann, bob)
    path = f"portfolios/{portfolio_id}"
    first = await bob.get(path)
    kept = await bob.request("GET", path, headers={"If-None-Match": first.headers["etag"]})
    await share(ann, bob.email, portfolio_id, "editor")
    promoted = await bob.request("GET", path, headers={"If-None-Match": first.headers["etag"]})

    assert kept.status_code == 304
    assert (promoted.status_code, promoted.json()["access"]) == (200, "editor")
    await unshare(ann, bob, portfolio_id)
    etag = promoted.headers["etag"]
    gone = await bob.request("GET", path, headers={"If-None-Match": etag})
    assert code_of(gone) == (404, "portfolio_not_found")


async def test_a_schedule_says_why_it_has_no_report(
    gateway: Gateway, ann: Person, bob: Person, admin: Database
) -> None:
    book = await a_stored_book(ann, admin)
    await share(ann, bob.email, book.portfolio_id)
    about = {"portfolio_ids": [book.portfolio_id], "template": "investor", "format": "csv"}
    wanted = about | {"name": "Daily", "cadence": "daily"}
    made = await bob.post("reports/schedules", wanted)
    assert made.status_code == 201, made.text
    async with gateway.database.transaction() as session:
        await session.execute(update(sql_table(ReportSchedule)).values(last_session=None))

    await unshare(ann, bob, book.portfolio_id)
    requested = await Scheduler(gateway, 60).request_due()

    (schedule,) = (await bob.get("reports/schedules")).json()["items"]
    assert requested == 0
    assert schedule["problem"] == f"there is no portfolio {book.portfolio_id}"
    assert (await bob.get("reports")).json()["items"] == []

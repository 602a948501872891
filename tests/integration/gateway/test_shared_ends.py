"""What was made of a shared portfolio ends with the share: drafts, kept answers, late writes."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from nats.aio.client import Client
from sqlalchemy import insert
from sqlalchemy.exc import DBAPIError

from services.gateway.books import editing
from services.gateway.books.dependencies import owned_portfolio
from services.gateway.drafts.dependencies import hold_named, keep_trades, owned_draft
from services.gateway.drafts.queries import drafts as draft_queries
from services.gateway.drafts.queries.drafts import StoredTrade
from services.gateway.drafts.schemas.trades import NewTrade
from services.gateway.drafts.trading.resolving import Wanted
from services.gateway.edge.dependencies import Gateway
from services.gateway.edge.problems import Problem, problem_of
from services.gateway.tables import EDITOR, ReportRequest, User
from services.snapshots.tables import PortfolioSnapshot
from shared.contracts.stress import EvaluateWhatIf
from shared.database import Database, sql_table
from tests.builders import AS_OF, a_snapshot, save
from tests.integration.gateway.answering import replying
from tests.integration.gateway.people import Person
from tests.integration.gateway.seeds import a_stored_book
from tests.integration.gateway.test_sharing import code_of, id_of, share, shared, unshare
from tests.integration.gateway.test_stress import Stress, refusal

pytestmark = pytest.mark.usefixtures("market")
SESSIONS = "modelling/sessions"


async def valued(person: Person, admin: Database, name: str) -> str:
    """A portfolio of the user's own that can be branched."""
    portfolio_id = await person.uploaded(portfolio_name=name)
    await save(admin, PortfolioSnapshot, [a_snapshot(UUID(portfolio_id), AS_OF)])
    return portfolio_id


async def branched(person: Person, portfolio_id: str) -> str:
    answer = await person.post(SESSIONS, {"portfolio_id": portfolio_id})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["draft_id"])


async def add(gateway: Gateway, person: Person, draft_id: str, named: Sequence[str]) -> None:
    """Let these portfolios be what the draft's trades add."""
    user = User(user_id=UUID(await id_of(person)), email=person.email)
    terms = [{"action": "add_portfolio", "portfolio_id": each} for each in named]
    wanted = [Wanted("trade", NewTrade.model_validate(each)) for each in terms]
    rows = [StoredTrade(uuid4(), each, []) for each in terms]
    async with gateway.database_for(user.user_id, None, None).transaction() as session:
        shown = await hold_named(session, user, wanted)
        draft = await owned_draft(session, user, UUID(draft_id))
        await keep_trades(session, draft, rows, shown)


# --- scenarios ---


@pytest.mark.parametrize("path", ["direct-impact", "correlated-impact", "comprehensive"])
async def test_scenarios_are_run_as_those_of_who_asks(
    ann: Person, bob: Person, admin: Database, bus: Client, path: str
) -> None:
    book = await a_stored_book(ann, admin)
    await share(ann, bob.email, book.portfolio_id, "editor")
    stress = Stress()
    stress.answers[EvaluateWhatIf.subject] = refusal("unknown_scenario")
    body = {"portfolio_id": book.portfolio_id, "scenario_ids": ["zq_secret"]}

    async with replying(bus, stress.reply, EvaluateWhatIf):
        answer = await bob.post(f"risk/stress-testing/{path}", body)

    assert code_of(answer) == (422, "unknown_scenario")
    assert [each["user_id"] for each in stress.received] == [await id_of(bob)]


# --- drafts that add it ---


async def test_a_draft_that_adds_a_shared_portfolio_ends_with_the_share(
    gateway: Gateway, ann: Person, bob: Person, admin: Database
) -> None:
    book, other = await valued(ann, admin, "Hers"), await valued(ann, admin, "Other")
    for each in (book, other):
        await share(ann, bob.email, each)
    own = await valued(bob, admin, "His")
    of_hers = await branched(bob, book)
    direct, by_draft, before, stays = [await branched(bob, own) for _ in range(4)]
    await add(gateway, bob, direct, [other, book])
    await add(gateway, bob, by_draft, [of_hers])
    await add(gateway, bob, before, [book])
    await add(gateway, bob, before, [])  # what was calculated before still shows it
    await add(gateway, bob, stays, [own, other])

    await unshare(ann, bob, book)

    left = {each["draft_id"] for each in (await bob.get(SESSIONS)).json()["items"]}
    assert left == {stays}
    for gone in (direct, by_draft, before):
        assert code_of(await bob.get(f"{SESSIONS}/{gone}/export")) == (404, "draft_not_found")
        assert (await bob.get("positions", portfolio_id=gone)).status_code == 404
    assert (await ann.request("DELETE", f"portfolios/{other}")).status_code == 204
    assert (await bob.get(SESSIONS)).json()["total"] == 0
    assert (await bob.get(f"portfolios/{own}")).status_code == 200


async def test_what_a_draft_shows_of_others_is_named_for_its_reports(
    gateway: Gateway, ann: Person, bob: Person, admin: Database
) -> None:
    book, other = await valued(ann, admin, "Hers"), await valued(ann, admin, "Other")
    for each in (book, other):
        await share(ann, bob.email, each)
    draft_id = await branched(bob, book)
    await add(gateway, bob, draft_id, [other])

    user = User(user_id=UUID(await id_of(bob)), email=bob.email)
    async with gateway.database_for(user.user_id, None, None).transaction() as session:
        draft = await owned_draft(session, user, UUID(draft_id))

    assert draft.shown_while_shared == [UUID(book), UUID(other)]


async def test_a_portfolio_that_is_not_shared_any_more_is_added_to_no_draft(
    gateway: Gateway, ann: Person, bob: Person, admin: Database
) -> None:
    portfolio_id = await shared(ann, bob)
    draft_id = await branched(bob, await valued(bob, admin, "His"))
    await unshare(ann, bob, portfolio_id)

    with pytest.raises(Problem) as caught:
        await add(gateway, bob, draft_id, [portfolio_id])

    assert (caught.value.status, caught.value.code) == (404, "portfolio_not_found")


# --- kept answers ---


async def test_an_answer_is_given_again_only_while_its_portfolio_is_shared_for_it(
    ann: Person, bob: Person, admin: Database
) -> None:
    book = await a_stored_book(ann, admin)
    await share(ann, bob.email, book.portfolio_id, "editor")
    paid = {"flow_date": "2022-12-20", "amount": "5"}
    asked: list[tuple[str, dict[str, Any], str]] = [
        (f"portfolios/{book.portfolio_id}/cash-flows", paid, "editor"),
        (SESSIONS, {"portfolio_id": book.portfolio_id}, "viewer"),
        ("reports/generate", {"portfolio_ids": [book.portfolio_id], "format": "json"}, "viewer"),
    ]

    async def answers() -> list[tuple[int, str | None]]:
        found = [
            await bob.request("POST", path, json=body, headers={"Idempotency-Key": path})
            for path, body, _ in asked
        ]
        return [(each.status_code, each.json().get("code")) for each in found]

    first = await answers()
    again = await answers()
    await share(ann, bob.email, book.portfolio_id, "viewer")
    as_viewer = await answers()
    await unshare(ann, bob, book.portfolio_id)
    ended = await answers()

    assert first == again == [(201, None), (201, None), (202, None)]
    assert as_viewer == [(403, "editor_only"), (201, None), (202, None)]
    assert ended == [(404, "portfolio_not_found")] * 3
    await share(ann, bob.email, book.portfolio_id, "editor")
    assert (await answers())[0] == (201, None)


async def test_an_answer_about_ones_own_is_given_again_when_it_is_deleted(ann: Person) -> None:
    portfolio_id = await ann.uploaded()
    path = f"portfolios/{portfolio_id}/cash-flows"
    paid = {"flow_date": "2022-12-20", "amount": "5"}
    key = {"Idempotency-Key": "own"}
    first = await ann.request("POST", path, json=paid, headers=key)
    await ann.request("DELETE", f"portfolios/{portfolio_id}")

    again = await ann.request("POST", path, json=paid, headers=key)

    assert (first.status_code, again.status_code, again.text) == (201, 201, first.text)


# --- late writes ---


@pytest.mark.parametrize("ends", ["share", "role", "portfolio"])
async def test_the_end_of_a_share_waits_for_an_editors_write(
    gateway: Gateway, ann: Person, bob: Person, ends: str
) -> None:
    portfolio_id = await shared(ann, bob, "editor")
    user = User(user_id=UUID(await id_of(bob)), email=bob.email)
    editing_database = gateway.database_for(user.user_id, None, None, EDITOR)
    ending: dict[str, tuple[str, str, dict[str, str] | None]] = {
        "share": ("DELETE", f"portfolios/{portfolio_id}/shares/{user.user_id}", None),
        "role": ("PUT", f"portfolios/{portfolio_id}/shares", {"email": bob.email}),
        "portfolio": ("DELETE", f"portfolios/{portfolio_id}", None),
    }
    method, path, body = ending[ends]

    async with editing_database.transaction() as session:
        await owned_portfolio(session, user, UUID(portfolio_id))
        ended = asyncio.create_task(ann.request(method, path, json=body))
        done, _ = await asyncio.wait([ended], timeout=0.3)
        still = await owned_portfolio(session, user, UUID(portfolio_id))

    assert (done, still["access"]) == (set(), "editor")
    assert (await ended).status_code in (200, 204)


async def test_what_is_written_too_late_finds_no_portfolio(
    gateway: Gateway, ann: Person, bob: Person, admin: Database
) -> None:
    book = await valued(ann, admin, "Hers")
    bob_id = UUID(await id_of(bob))
    about: dict[str, Any] = {"user_id": bob_id, "as_of": AS_OF, "portfolio_ids": [UUID(book)]}
    about |= {"shared_ids": [UUID(book)], "names": ["Hers"], "template": "daily", "form": "pdf"}
    about |= {"report_id": uuid4(), "sections": [], "basis": "", "revisions": {}}
    draft: dict[str, Any] = {
        "user_id": bob_id,
        "base_id": UUID(book),
        "shared_with": bob_id,
        "name": "Late",
    }
    draft |= {"base_session": AS_OF, "base_edits": 0, "base_sequence": 0}
    database = gateway.database_for(bob_id, None, None)

    with pytest.raises(DBAPIError) as by_policy:
        async with database.transaction() as session:
            await session.execute(insert(sql_table(ReportRequest)).values(about))
    with pytest.raises(DBAPIError) as by_reference:
        async with database.transaction() as session:
            await draft_queries.save_draft(session, draft)

    for caught in (by_policy, by_reference):
        problem = problem_of(caught.value)
        assert problem is not None
        assert (problem.status, problem.code) == (404, "portfolio_not_found")


# --- the owner's tags ---


async def test_editors_leave_the_owner_some_tags_and_the_refusal_says_whose_they_are(
    ann: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    portfolio_id = await shared(ann, bob, "editor")  # with the tags "tech" and "core"
    monkeypatch.setattr(editing, "MAX_TAGS_BY_EDITORS", 3)
    items = (await bob.get("positions", portfolio_id=portfolio_id)).json()["items"]
    path = f"positions/{items[0]['position_id']}/tags"

    one = await bob.request("PUT", path, json={"tags": ["core", "one more"]})
    beyond = await bob.request("PUT", path, json={"tags": ["core", "and one"]})
    file = b"ticker,quantity,entry_price,entry_date,tags\nXOM,5,90,2022-06-01,from file\n"
    loaded = await bob.upload(file, portfolio_id=portfolio_id)
    known = await bob.request("PUT", path, json={"tags": ["core", "tech"]})
    own = await ann.post("tags", {"name": "hers"})

    assert (one.status_code, known.status_code, own.status_code) == (200, 200, 201)
    assert code_of(beyond) == code_of(loaded) == (422, "too_many_tags")
    assert "the owner of the portfolio has 3 tags" in beyond.json()["detail"]

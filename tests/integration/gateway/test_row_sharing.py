"""Were every WHERE forgotten, a user's transaction would find of other users what they share, and
change only what they share to be edited.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from services.gateway.edge.dependencies import Gateway
from services.gateway.tables import (
    ACCESS,
    BatchItem,
    BatchRun,
    Draft,
    Portfolio,
    PortfolioRevision,
    PortfolioShare,
    Position,
    PositionSpan,
    PositionTag,
    ReportRequest,
    RunEvent,
    Tag,
    Transaction,
    User,
)
from shared.database import Database, sql_table
from tests.builders import AS_OF, save
from tests.integration.gateway.people import Person
from tests.integration.gateway.seeds import a_stored_book
from tests.integration.gateway.test_row_security import (
    EDITED,
    SHOWN,
    USERS_VIEWS,
    anns_book,
    counted,
    id_of,
    named,
    transaction_of,
)

__all__ = ["anns_book"]  # a fixture
# What is of a portfolio; everything else stays its owner's alone.
SHARED = {
    *(Portfolio, PortfolioRevision, Position, PositionSpan, Transaction, Tag, PositionTag),
    *(BatchRun, BatchItem, RunEvent),
}
NOT_SHARED = ("limits.", "reports.", "stress.published_custom_scenarios")


async def shared_with(
    admin: Database, ann: Person, bob: Person, portfolio_id: UUID, role: str = "viewer"
) -> None:
    row = {"portfolio_id": portfolio_id, "user_id": await id_of(bob), "owner_id": await id_of(ann)}
    await save(admin, PortfolioShare, [row | {"role": role}])


@pytest.fixture
async def for_reading(admin: Database, ann: Person, bob: Person, anns_book: UUID) -> UUID:
    """Ann's portfolio, shared with Bob as viewer."""
    await shared_with(admin, ann, bob, anns_book)
    return anns_book


@pytest.fixture
async def for_editing(admin: Database, ann: Person, bob: Person, anns_book: UUID) -> UUID:
    """Ann's portfolio, shared with Bob as editor."""
    await shared_with(admin, ann, bob, anns_book, "editor")
    return anns_book


def a_position(portfolio_id: UUID) -> dict[str, Any]:
    return {
        "position_id": uuid4(), "portfolio_id": portfolio_id, "symbol": "XOM", "underlying": "XOM",
        "instrument": "stock", "quantity": 1, "entry_price": 1, "entry_date": AS_OF,
        "stated_on": AS_OF,
    }  # fmt: skip


async def test_without_a_where_a_viewer_finds_only_what_is_shared(
    gateway: Gateway, ann: Person, bob: Person, admin: Database, for_reading: UUID
) -> None:
    other = (await ann.post("portfolios", {"name": "Kept to herself"})).json()["portfolio_id"]
    lot = {"symbol": "AAPL", "quantity": 1, "entry_price": 1, "entry_date": "2022-12-01"}
    await ann.post("positions", lot | {"portfolio_id": other, "tags": ["tech"]})
    async with transaction_of(gateway, bob) as session:
        found = {model: await counted(session, model) for model in SHOWN}
        portfolios = await session.scalars(text("select portfolio_id from gateway.portfolios"))
        held = text("select distinct portfolio_id from gateway.positions")
        tagged = text("select count(*) from gateway.position_tags")
        positions = list(await session.scalars(held))
        tags = await session.scalar(tagged)
    async with transaction_of(gateway, ann) as session:
        everything = await session.scalar(tagged)

    assert list(portfolios) == positions == [for_reading]
    assert {model for model, count in found.items() if count} == SHARED | {PortfolioShare, User}
    assert (found[PortfolioShare], found[User]) == (1, 2)  # his own, himself and her
    assert (tags, everything) == (3, 4)


async def test_without_a_where_a_viewer_changes_nothing(
    gateway: Gateway, bob: Person, for_reading: UUID
) -> None:
    async with gateway.database.transaction() as session:
        before = {model: await counted(session, model) for model in EDITED}

    async with transaction_of(gateway, bob) as session:
        for model in EDITED:
            column = str(next(iter(sql_table(model).primary_key.columns)).name)
            changed = await session.execute(
                text(f"update {named(model)} set {column} = gen_random_uuid()")
            )
            assert changed.rowcount == 0, model  # type: ignore[attr-defined]
            if model is not PortfolioShare and "delete" in ACCESS[model].statements:
                await session.execute(text(f"delete from {named(model)}"))

    async with gateway.database.transaction() as session:
        assert {model: await counted(session, model) for model in EDITED} == before


async def test_a_viewer_puts_nothing_into_what_is_shared(
    gateway: Gateway, bob: Person, for_reading: UUID
) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"):
        async with transaction_of(gateway, bob) as session:
            await session.execute(insert(sql_table(Position)).values(a_position(for_reading)))
    async with transaction_of(gateway, bob) as session:
        position_id = await session.scalar(select(sql_table(Position).c.position_id))
        tag_id = await session.scalar(select(sql_table(Tag).c.tag_id))
    row = {"position_id": position_id, "tag_id": tag_id}
    with pytest.raises(ProgrammingError, match="row-level security"):
        async with transaction_of(gateway, bob) as session:
            await session.execute(insert(sql_table(PositionTag)).values(row))


async def test_an_editor_edits_what_is_shared(
    gateway: Gateway, ann: Person, bob: Person, for_editing: UUID
) -> None:
    row = a_position(for_editing)
    tag = {"tag_id": uuid4(), "user_id": await id_of(ann), "name": "of an editor"}
    carried = {"position_id": row["position_id"], "tag_id": tag["tag_id"]}
    async with transaction_of(gateway, bob) as session:
        await session.execute(insert(sql_table(Position)).values(row))
        await session.execute(insert(sql_table(Tag)).values(tag))
        await session.execute(insert(sql_table(PositionTag)).values(carried))
        named_row = sql_table(Position).c.position_id == row["position_id"]
        changed = update(sql_table(Position)).where(named_row).values(quantity=2)
        assert (await session.execute(changed)).rowcount == 1  # type: ignore[attr-defined]


async def test_an_editor_neither_deletes_nor_takes_what_is_shared(
    gateway: Gateway, bob: Person, for_editing: UUID
) -> None:
    portfolios, tags = sql_table(Portfolio), sql_table(Tag)
    async with transaction_of(gateway, bob) as session:
        for statement in (delete(portfolios), delete(tags), update(tags).values(name="his")):
            assert (await session.execute(statement)).rowcount == 0  # type: ignore[attr-defined]
    with pytest.raises(IntegrityError, match="portfolio_shares_owner_fkey"):
        async with transaction_of(gateway, bob) as session:
            await session.execute(update(portfolios).values(user_id=await id_of(bob)))


@pytest.mark.parametrize("role", ["viewer", "editor"])
async def test_who_it_is_shared_with_shares_it_with_no_one_and_is_no_more_than_that(
    gateway: Gateway, admin: Database, ann: Person, bob: Person, anns_book: UUID, role: str
) -> None:
    await shared_with(admin, ann, bob, anns_book, role)
    shares = sql_table(PortfolioShare)
    given = {"portfolio_id": anns_book, "role": "editor", "user_id": await id_of(bob)}
    forged: tuple[Callable[[UUID, UUID], dict[str, Any]], ...] = (
        lambda his, hers: given | {"user_id": hers, "owner_id": his},
        lambda his, hers: given | {"owner_id": hers},
    )
    his, hers = await id_of(bob), await id_of(ann)
    for values in forged:
        with pytest.raises(DBAPIError):
            async with transaction_of(gateway, bob) as session:
                await session.execute(insert(shares).values(values(his, hers)))
    async with transaction_of(gateway, bob) as session:
        promoted = await session.execute(update(shares).values(role="editor"))
        assert promoted.rowcount == 0  # type: ignore[attr-defined]
        left = await session.execute(delete(shares))  # but he may leave it
        assert left.rowcount == 1  # type: ignore[attr-defined]


async def test_no_user_drafts_what_is_not_shared(
    gateway: Gateway, bob: Person, anns_book: UUID
) -> None:
    row = {
        "draft_id": uuid4(), "user_id": await id_of(bob), "base_id": anns_book, "name": "D",
        "base_session": AS_OF, "base_edits": 0, "base_sequence": 0,
    }  # fmt: skip
    with pytest.raises(ProgrammingError, match="row-level security"):
        async with transaction_of(gateway, bob) as session:
            await session.execute(insert(sql_table(Draft)).values(row))
    mine = row | {"shared_with": row["user_id"]}
    with pytest.raises(IntegrityError, match="drafts_share_fkey"):
        async with transaction_of(gateway, bob) as session:
            await session.execute(insert(sql_table(Draft)).values(mine))


async def test_drafts_and_reports_of_it_end_with_the_share(
    gateway: Gateway, admin: Database, bob: Person, for_reading: UUID
) -> None:
    user_id, draft_id = await id_of(bob), uuid4()
    draft = {"user_id": user_id, "base_id": for_reading, "base_session": AS_OF, "name": "D"}
    of_share = {"shared_with": user_id, "base_session": AS_OF, "base_id": for_reading}
    book = {"portfolio_id": draft_id, "user_id": user_id, "name": "D", "kind": "draft", **of_share}
    report = {"report_id": uuid4(), "user_id": user_id, "names": ["N"], "as_of": AS_OF}
    report |= {"template": "full", "form": "pdf", "sections": [], "basis": "c", "revisions": "{}"}
    report |= {"portfolio_ids": [for_reading], "shared_ids": [for_reading]}
    row = draft | of_share | {"draft_id": draft_id, "base_edits": 0, "base_sequence": 0}
    await save(admin, Draft, [row])
    await save(admin, Portfolio, [book])
    await save(admin, ReportRequest, [report])

    async def seen() -> list[int]:
        async with transaction_of(gateway, bob) as session:
            return [await counted(session, model) for model in (Draft, ReportRequest, Portfolio)]

    before = await seen()
    async with admin.transaction() as session:
        his = sql_table(PortfolioShare).c.user_id == user_id
        await session.execute(delete(sql_table(PortfolioShare)).where(his))
    async with gateway.database.transaction() as session:
        left = await session.scalar(
            select(func.count()).where(sql_table(Portfolio).c.portfolio_id == draft_id)
        )

    assert (before, await seen(), left) == ([1, 1, 2], [0, 0, 0], 0)


@pytest.mark.usefixtures("market")
async def test_without_a_where_other_services_show_a_viewer_what_is_shared(
    gateway: Gateway, ann: Person, bob: Person, admin: Database
) -> None:
    book = await a_stored_book(ann, admin)
    shared = [view for view in USERS_VIEWS if not view.startswith(NOT_SHARED)]

    async def seen(person: Person) -> dict[str, int]:
        async with transaction_of(gateway, person) as session:
            return {
                view: await session.scalar(text(f"select count(*) from {view}")) or 0
                for view in USERS_VIEWS
            }

    hers, nothing = await seen(ann), await seen(bob)
    await shared_with(admin, ann, bob, UUID(book.portfolio_id))
    his = await seen(bob)

    assert set(nothing.values()) == {0}
    assert his == {view: hers[view] if view in shared else 0 for view in USERS_VIEWS}
    assert sum(map(bool, his.values())) >= 8


async def test_alerts_and_one_users_news_are_not_shared(
    gateway: Gateway, admin: Database, ann: Person, for_reading: UUID, bob: Person
) -> None:
    row: dict[str, Any] = {"run_id": None, "portfolio_ids": [for_reading], "data": {}}
    news = [
        row | {"kind": "alert", "user_id": None},
        row | {"kind": "report", "user_id": await id_of(ann)},
        row | {"kind": "report", "user_id": await id_of(bob)},
    ]
    async with admin.transaction() as session:
        await session.execute(insert(sql_table(RunEvent)).values(news).inline())

    kinds = text("select kind, user_id from gateway.run_events order by event_id")
    found = {}
    for person in (ann, bob):
        async with transaction_of(gateway, person) as session:
            found[person.email] = list((await session.execute(kinds)).tuples())

    assert found[bob.email] == [("stage", None), ("report", await id_of(bob))]
    assert found[ann.email] == [("stage", None), ("alert", None), ("report", await id_of(ann))]

"""Were every WHERE forgotten, a user's transaction would still find and leave only what is the
user's.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.exc import ProgrammingError
from sqlmodel import SQLModel

from deploy.bootstrap import WORDS, published_views
from services.gateway import application
from services.gateway.edge import queries as edge_queries
from services.gateway.edge.audit import record
from services.gateway.edge.dependencies import Gateway
from services.gateway.tables import (
    ACCESS,
    EXPORTED,
    USER_SETTING,
    USERS_ROLE,
    AuditEntry,
    BatchItem,
    BatchRun,
    Draft,
    DraftTrade,
    EventTicket,
    IdempotencyKey,
    ImportProfile,
    LinkedAccount,
    PersonalToken,
    Portfolio,
    PortfolioRevision,
    PortfolioShare,
    Position,
    PositionSpan,
    PositionTag,
    RecoveryCode,
    ReportRequest,
    ReportSchedule,
    RunEvent,
    SecondFactor,
    Table,
    Tag,
    Transaction,
    User,
    UserPreferences,
)
from shared.database import Database, Session, create_engine, sql_table
from tests.builders import AS_OF
from tests.integration.gateway.people import Person
from tests.integration.gateway.seeds import a_stored_book
from tests.servers import Servers

SHOWN = [model for model, access in ACCESS.items() if access.rows and "select" in access.statements]
EDITED = [model for model, access in ACCESS.items() if "update" in access.statements]
HIDDEN = [model for model in ACCESS if model not in SHOWN]


USERS_VIEWS = [
    f"{word}.{view.name}"
    for word in WORDS
    if word != "gateway"
    for view in published_views(word)
    if {"portfolio_id", "user_id"} & set(view.columns.keys())
]


def named(model: type[SQLModel]) -> str:
    return str(sql_table(model))


def first_column(model: type[SQLModel]) -> str:
    return str(next(iter(sql_table(model).primary_key.columns)).name)


async def id_of(person: Person) -> UUID:
    return UUID((await person.get("auth/me")).json()["user_id"])


@asynccontextmanager
async def transaction_of(gateway: Gateway, person: Person) -> AsyncIterator[Session]:
    """A transaction as this person's requests open them."""
    async with gateway.database_for(
        await id_of(person), "192.0.2.1", None
    ).transaction() as session:
        yield session


async def counted(session: Session, model: type[SQLModel]) -> int:
    return int(
        await session.scalar(text(f"select count({first_column(model)}) from {named(model)}")) or 0
    )


async def position_of(person: Person, portfolio_id: UUID) -> UUID:
    page = await person.get("positions", portfolio_id=str(portfolio_id))
    return UUID(page.json()["items"][0]["position_id"])


@pytest.fixture
async def anns_book(market: None, ann: Person, operator: Person, admin: Database) -> UUID:
    """A portfolio of Ann's, with a row in every table that holds users' things."""
    portfolio_id, user_id, run_id = UUID(await ann.uploaded()), await id_of(ann), uuid4()
    share = {"user_id": await id_of(operator), "owner_id": user_id, "role": "viewer"}
    owned = {"portfolio_ids": [portfolio_id]}
    rows: list[tuple[type[SQLModel], dict[str, Any]]] = [
        (PortfolioRevision, {"portfolio_id": portfolio_id}),
        (PortfolioShare, {"portfolio_id": portfolio_id, **share}),
        (
            Transaction,
            {
                "transaction_id": uuid4(),
                "portfolio_id": portfolio_id,
                "kind": "deposit",
                "trade_date": AS_OF,
                "stated_on": AS_OF,
                "source": "api",
                "amount": 5,
            },
        ),
        (
            PositionSpan,
            {
                "position_id": await position_of(ann, portfolio_id),
                "held_from": AS_OF,
                "portfolio_id": portfolio_id,
                "quantity": 5,
            },
        ),
        *(
            (
                Draft,
                {"draft_id": run_id, "user_id": user_id, "base_id": portfolio_id, "name": "D"}
                | {"base_session": AS_OF, "base_edits": 0, "base_sequence": 0},
            ),
            (
                DraftTrade,
                {"trade_id": run_id, "draft_id": run_id, "place": 1} | {"terms": {}, "legs": []},
            ),
        ),
        (
            ImportProfile,
            {"profile_id": run_id, "user_id": user_id, "name": "P", "fingerprint": "f"}
            | {"header": [], "mapping": {}},
        ),
        (
            ReportSchedule,
            {"schedule_id": run_id, "user_id": user_id, "name": "S", "cadence": "daily"}
            | {"enabled": False, "template": "full", "form": "pdf", "sections": [], **owned},
        ),
        (
            ReportRequest,
            {"report_id": run_id, "user_id": user_id, "names": ["N"], "as_of": AS_OF, **owned}
            | {"template": "full", "form": "pdf", "sections": [], "basis": "c", "revisions": {}},
        ),
        (BatchRun, {"run_id": run_id, "as_of": AS_OF, "trigger": "clock"}),
        (
            BatchItem,
            {"run_id": run_id, "stage": "prices", "shard": 0, "shards": 1, "status": "ok", **owned},
        ),
        (RunEvent, {"run_id": run_id, "kind": "stage", "data": {}, **owned}),
        (
            PersonalToken,
            {"token_id": run_id, "user_id": user_id, "token_hash": "c" * 64, "name": "T"}
            | {"hint": "h", "scopes": []},
        ),
        (
            LinkedAccount,
            {"link_id": run_id, "user_id": user_id, "issuer": "https://login.example.org"}
            | {"subject": "42", "made_user": False},
        ),
        (UserPreferences, {"user_id": user_id}),
        (SecondFactor, {"user_id": user_id, "secret": b"s"}),
        (RecoveryCode, {"user_id": user_id, "code_hash": "d" * 64}),
        (AuditEntry, {"user_id": user_id, "action": EXPORTED}),
        (EventTicket, {"ticket_hash": "a" * 64, "user_id": user_id}),
        (IdempotencyKey, {"user_id": user_id, "key": "k", "request_hash": "b" * 64, "answer": {}}),
    ]
    async with admin.transaction() as session:
        for model, values in rows:
            table = sql_table(model)
            moments = {
                name: func.now() for name in ("occurred_at", "expires_at") if name in table.c
            }
            await session.execute(
                pg_insert(table).values(**values, **moments).on_conflict_do_nothing()
            )
    return portfolio_id


def test_every_table_says_what_a_users_transaction_may_do() -> None:
    assert {sql_table(model) for model in ACCESS} == set(Table.metadata.tables.values())


async def test_without_a_where_a_user_finds_only_their_own(
    gateway: Gateway, ann: Person, bob: Person, anns_book: UUID
) -> None:
    async with transaction_of(gateway, ann) as session:
        own = {named(model): await counted(session, model) for model in SHOWN}
    async with transaction_of(gateway, bob) as session:
        found = {named(model): await counted(session, model) for model in SHOWN}

    assert 0 not in own.values()
    assert found == dict.fromkeys(own, 0) | {named(User): 1}  # himself


async def test_without_a_where_no_user_edits_or_deletes_anothers_rows(
    gateway: Gateway, bob: Person, anns_book: UUID
) -> None:
    async with gateway.database.transaction() as session:
        before = {model: await counted(session, model) for model in EDITED}

    async with transaction_of(gateway, bob) as session:
        for model in EDITED:
            column = first_column(model)
            await session.execute(text(f"update {named(model)} set {column} = gen_random_uuid()"))
            if "delete" in ACCESS[model].statements:
                await session.execute(text(f"delete from {named(model)}"))

    async with gateway.database.transaction() as session:
        assert {model: await counted(session, model) for model in EDITED} == before
        assert await session.scalar(select(sql_table(Portfolio).c.portfolio_id)) == anns_book


@pytest.mark.usefixtures("market")
async def test_without_a_where_other_services_show_a_user_only_their_own(
    gateway: Gateway, ann: Person, bob: Person, admin: Database
) -> None:
    await a_stored_book(ann, admin)

    async def seen(session: Session) -> dict[str, int]:
        found = {
            view: await session.scalar(text(f"select count(*) from {view}")) for view in USERS_VIEWS
        }
        return {view: count for view, count in found.items() if count}

    async with gateway.database.transaction() as session:
        everybodys = await seen(session)
    async with transaction_of(gateway, ann) as session:
        own = await seen(session)
    async with transaction_of(gateway, bob) as session:
        others = await seen(session)

    assert own == everybodys
    assert len(own) >= 8
    assert others == {}


def test_routes_open_no_transactions_but_their_callers() -> None:
    folder = Path(application.__file__).parent
    opening = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.py")
        if re.search(r"\b(gateway|runtime)\.database\b", path.read_text())
    }

    # logging in, tickets, who has an address, what runs beside the requests, what asks whether a
    # caller may still come in, and the log of events, which no user writes
    assert opening <= {
        "identity/endpoints.py",
        "identity/proving.py",
        "identity/sign_on/callback.py",
        "identity/sign_on/endpoints.py",
        "runs/endpoints.py",
        "runs/feed.py",
        "runs/follow_up.py",
        "edge/outbox.py",
        "edge/dependencies.py",
        "edge/personal.py",
        "operators/observing.py",
        "operators/sweeper.py",
        "operators/unfinished.py",
        "books/answers.py",
        "books/renewing.py",
        "reports/scheduling.py",
        "limits/endpoints.py",
        "books/endpoints/shares.py",
    }


async def test_what_is_nobodys_no_user_reads(gateway: Gateway, ann: Person) -> None:
    user_id = await id_of(ann)
    for model in HIDDEN:
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with gateway.database_for(user_id, None, None).transaction() as session:
                await session.execute(text(f"select * from {named(model)}"))


async def test_no_user_puts_a_position_into_anothers_portfolio(
    gateway: Gateway, ann: Person, bob: Person, anns_book: UUID
) -> None:
    position = {
        "position_id": uuid4(), "portfolio_id": anns_book, "symbol": "XOM", "underlying": "XOM",
        "instrument": "stock", "quantity": 1, "entry_price": 1, "entry_date": AS_OF,
         "stated_on": AS_OF,
    }  # fmt: skip

    with pytest.raises(ProgrammingError, match="row-level security"):
        async with transaction_of(gateway, bob) as session:
            await session.execute(insert(sql_table(Position)).values(position))
    async with transaction_of(gateway, ann) as session:
        await session.execute(insert(sql_table(Position)).values(position))


async def test_no_user_gives_a_portfolio_away_or_takes_one(
    gateway: Gateway, ann: Person, bob: Person, anns_book: UUID
) -> None:
    given = update(sql_table(Portfolio)).values(user_id=await id_of(bob))

    with pytest.raises(ProgrammingError, match="row-level security"):
        async with transaction_of(gateway, ann) as session:
            await session.execute(given)
    async with transaction_of(gateway, bob) as session:
        assert (await session.execute(given)).rowcount == 0  # type: ignore[attr-defined]


async def test_no_user_tags_anothers_position(
    gateway: Gateway, ann: Person, bob: Person, anns_book: UUID
) -> None:
    await bob.uploaded()
    async with gateway.database.transaction() as session:
        position_id = await session.scalar(
            select(sql_table(Position).c.position_id).where(
                sql_table(Position).c.portfolio_id == anns_book
            )
        )

    async with transaction_of(gateway, bob) as session:
        tag_id = await session.scalar(select(sql_table(Tag).c.tag_id))
        tagged = insert(sql_table(PositionTag)).values(position_id=position_id, tag_id=tag_id)
        with pytest.raises(ProgrammingError, match="row-level security"):
            await session.execute(tagged)


async def test_no_user_signs_the_audit_log_as_another(
    gateway: Gateway, ann: Person, bob: Person
) -> None:
    forged = (
        insert(sql_table(AuditEntry)).values(user_id=await id_of(ann), action="book.burnt").inline()
    )

    with pytest.raises(ProgrammingError, match="row-level security"):
        async with transaction_of(gateway, bob) as session:
            await session.execute(forged)


async def test_a_record_says_who_where_and_what(gateway: Gateway, ann: Person) -> None:
    target = uuid4()
    async with transaction_of(gateway, ann) as session:
        await record(session, "book.renamed", target, name="New", day=AS_OF)

    async with gateway.database.transaction() as session:
        written = sql_table(AuditEntry)
        found = (
            await session.execute(select(written).where(written.c.action == "book.renamed"))
        ).one()
    assert (found.user_id, found.network_address, found.target) == (
        await id_of(ann),
        "192.0.2.1",
        str(target),
    )
    assert found.details == {"name": "New", "day": AS_OF.isoformat()}


async def test_the_users_role_without_a_user_finds_nothing(
    gateway: Gateway, anns_book: UUID
) -> None:
    async with gateway.database.transaction() as session:
        await session.execute(text(f"set local role {USERS_ROLE}"))

        assert [await counted(session, model) for model in SHOWN] == [0] * len(SHOWN)


async def test_what_a_transaction_became_ends_with_it(servers: Servers) -> None:
    who = text(
        f"select pg_backend_pid(), current_user, coalesce(current_setting('{USER_SETTING}', true), "
        "'')"
    )
    user_id = uuid4()
    one_connection = servers.settings.model_copy(update={"database_pool_size": 1})
    database = Database(create_engine(one_connection, "gateway"))

    async with database.beginning_with(
        partial(edge_queries.become, user_id=user_id)
    ).transaction() as session:
        backend, *user = (await session.execute(who)).one()
    async with database.transaction() as session:
        same_backend, *owner = (await session.execute(who)).one()
    await database.close()

    assert backend == same_backend
    assert (user, owner) == ([USERS_ROLE, str(user_id)], ["gateway", ""])

"""The demo's books are put back as they were, and no other user's."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from deploy.demo.books import BOOKS, SESSIONS
from services.gateway.edge.dependencies import Gateway
from services.gateway.operators.schemas import Demo
from shared.contracts.gateway import PortfoliosChanged
from shared.database import Database
from tests.integration.gateway.people import HEADER, Person

pytestmark = pytest.mark.usefixtures("market")
FIRST = "AAPL,100,100,2022-06-01,tech\nMSFT,-50,200,2022-06-01,\n"
SECOND = "XOM,10,90,2022-06-01,oil\n"


@pytest.fixture
def installed(
    gateway: Gateway, ann: Person, bob: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A demo of two books, Ann's and Bob's, over three sessions."""
    books = [
        {
            "email": ann.email,
            "portfolio": "Savings",
            "equity_balance": "50000",
            "file": "first.csv",
        },
        {"email": bob.email, "portfolio": "Fund", "equity_balance": "70000", "file": "second.csv"},
    ]
    manifest = {"last_session": "2022-12-28", "sessions": 3, "books": books}
    (tmp_path / "books.json").write_text(json.dumps(manifest))
    (tmp_path / "first.csv").write_text(HEADER + FIRST)
    (tmp_path / "second.csv").write_text(HEADER + SECOND)
    monkeypatch.setattr(gateway.settings, "demo_directory", tmp_path)
    return tmp_path


async def held(person: Person, portfolio_id: str) -> list[tuple[Any, ...]]:
    items = (await person.get("positions", portfolio_id=portfolio_id, status="all")).json()["items"]
    return sorted(
        (each["symbol"], each["quantity"], each["entry_price"], tuple(each["tags"]))
        for each in items
    )


async def test_books_are_as_they_were_at_first_and_keep_their_ids(
    operator: Person, ann: Person, bob: Person, installed: Path
) -> None:
    savings = await ann.uploaded(portfolio_name="savings", equity_balance="1")
    await ann.uploaded(portfolio_name="Something else")
    await ann.post(f"portfolios/{savings}/cash-flows", {"flow_date": "2022-12-01", "amount": 5})
    await ann.post("tags", {"name": "mine"})

    answer = await operator.post("admin/demo/reset", None)

    mine = (await ann.get("portfolios")).json()["items"]
    his = (await bob.get("portfolios")).json()["items"]
    assert answer.status_code == 202, answer.text
    assert [(p["portfolio_id"], p["name"], p["equity_balance"]) for p in mine] == [
        (savings, "Savings", 50_000)
    ]
    assert {p["equity_date"] for p in (*mine, *his)} == {"2022-12-23"}  # the first shown
    assert await held(ann, savings) == [("AAPL", 100, 100, ("tech",)), ("MSFT", -50, 200, ())]
    assert (await ann.get(f"portfolios/{savings}/cash-flows")).json()["total"] == 0
    assert [tag["name"] for tag in (await ann.get("tags")).json()["items"]] == ["tech"]
    assert [(p["name"], p["equity_balance"]) for p in his] == [("Fund", 70_000)]
    assert await held(bob, his[0]["portfolio_id"]) == [("XOM", 10, 90, ("oil",))]


async def test_every_session_of_the_demo_is_calculated_again_for_all_books(
    operator: Person, installed: Path, admin: Database
) -> None:
    answer = (await operator.post("admin/demo/reset", None)).json()

    async with admin.transaction() as session:
        received = text(
            "select payload from gateway.outbox where subject = :subject order by outbox_id"
        )
        events: list[Any] = list(
            await session.scalars(received, {"subject": PortfoliosChanged.subject})
        )
    books = [book["portfolio_id"] for book in answer["books"]]
    assert [run["session_date"] for run in answer["runs"]] == [
        "2022-12-28",
        "2022-12-27",
        "2022-12-23",
    ]
    assert [event["as_of"] for event in events] == [run["session_date"] for run in answer["runs"]]
    assert [event["portfolio_ids"] for event in events] == [books] * 3


async def test_other_peoples_books_stay(operator: Person, installed: Path) -> None:
    portfolio_id = await operator.uploaded()
    before = await held(operator, portfolio_id)

    await operator.post("admin/demo/reset", None)

    assert await held(operator, portfolio_id) == before
    assert len(before) == 2


async def test_without_a_demo_there_is_nothing_to_put_back(operator: Person) -> None:
    answer = await operator.post("admin/demo/reset", None)

    assert (answer.status_code, answer.json()["code"]) == (409, "demo_not_installed")


async def test_a_missing_demo_user_leaves_everything_as_it_was(
    operator: Person, ann: Person, installed: Path
) -> None:
    portfolio_id = await ann.uploaded(portfolio_name="Other")
    manifest = json.loads((installed / "books.json").read_text())
    manifest["books"][1]["email"] = "nobody@example.com"
    (installed / "books.json").write_text(json.dumps(manifest))

    answer = await operator.post("admin/demo/reset", None)

    assert (answer.status_code, answer.json()["code"]) == (409, "demo_not_installed")
    assert (await ann.get(f"portfolios/{portfolio_id}")).json()["positions"] == 2


def test_the_bundled_demo_is_one_that_can_be_put_back() -> None:
    demo = Demo.model_validate_json((BOOKS / "books.json").read_bytes())

    assert len(demo.days()) == SESSIONS
    assert all((BOOKS / book.file).is_file() for book in demo.books)
    assert {str(day) for day in demo.days()} >= {"2022-12-28", "2022-12-23"}

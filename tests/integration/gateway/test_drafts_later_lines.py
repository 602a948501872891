"""What lines of days after a draft's session say of the session."""

from datetime import date
from decimal import Decimal
from typing import Any

from services.ingest.tables import CorporateAction, Security
from shared.database import Database
from tests.builders import AS_OF, a_price, a_security, save, save_prices
from tests.integration.gateway.people import HEADER, Person
from tests.integration.gateway.test_drafts import SESSIONS
from tests.integration.gateway.test_ledger import enter
from tests.panel import closes, sessions
from tests.pipeline import Pipeline, nothing_runs

FIRST, EX_DATE = sessions()[-3:-1]
BOOK = HEADER + "PAYR,100,100,2022-06-01,\nMSFT,20,240,2022-06-01,\n"
EQUITY = {"kind": "equity", "trade_date": str(AS_OF), "amount": 80_000}
PAID = {"kind": "dividend", "trade_date": str(AS_OF), "symbol": "PAYR", "amount": 42.5}


async def a_book(person: Person, pipeline: Pipeline, *later: dict[str, Any]) -> str:
    """A portfolio that was valued on three sessions, with lines of the last one."""
    days = sessions()[-260:]
    traded = closes("XOM", last=260)[:, 0].tolist()
    await save_prices(
        pipeline.admin,
        *(a_price("PAYR", day, close) for day, close in zip(days, traded, strict=True)),
    )
    await save(pipeline.admin, Security, [a_security("PAYR")])
    paid = {"symbol": "PAYR", "ex_date": EX_DATE, "kind": "dividend", "value": Decimal("0.5")}
    await save(pipeline.admin, CorporateAction, [paid | {"source": "test"}])
    uploaded = await person.upload(BOOK.encode(), as_of=str(FIRST))
    portfolio_id: str = uploaded.json()["portfolio"]["portfolio_id"]
    await enter(person, portfolio_id, *later)
    await nothing_runs(pipeline.admin)
    await pipeline.run([FIRST, EX_DATE, AS_OF])
    return portfolio_id


async def nav_of_draft(
    person: Person, admin: Database, portfolio_id: str, day: date, *trades: dict[str, Any]
) -> Any:
    """What the draft of a session with these trades makes of NAV and its parts."""
    draft = await person.post(SESSIONS, {"portfolio_id": portfolio_id, "as_of": str(day)})
    path = f"{SESSIONS}/{draft.json()['draft_id']}"
    traded = await person.post(f"{path}/trades", {"trades": list(trades)})
    assert traded.status_code == 201, traded.text
    await person.post(f"{path}/calculate", None)
    await nothing_runs(admin)
    return (await person.get(f"{path}/impacts")).json()["impacts"]["nav"]


async def test_equity_of_a_later_day_is_where_a_drafts_nav_comes_from(
    ann: Person, pipeline: Pipeline, admin: Database
) -> None:
    portfolio_id = await a_book(ann, pipeline, EQUITY)
    sold = {"action": "open", "symbol": "MSFT", "quantity": -5, "fees": 3}

    for day in (FIRST, EX_DATE):
        found = await nav_of_draft(ann, admin, portfolio_id, day, sold)
        answer = await ann.get(f"portfolios/{portfolio_id}/report", as_of=str(day))
        snapshot = answer.json()["snapshot"]

        # The first session has no P&L yet, so that the fee is in none.
        lost = 0 if day == FIRST else 3
        assert found["nav"]["before"] == snapshot["nav"]
        assert found["nav"]["difference"] == -lost
        assert found["cash"]["difference"] == -found["market_value"]["difference"] - lost
        assert abs(snapshot["nav"] - 80_000) < 1_000


async def test_a_dividend_entered_later_replaces_the_derived_one_of_a_draft_too(
    ann: Person, pipeline: Pipeline, admin: Database
) -> None:
    portfolio_id = await a_book(ann, pipeline, PAID)
    sold = {"action": "open", "symbol": "MSFT", "quantity": -5}

    found = await nav_of_draft(ann, admin, portfolio_id, EX_DATE, sold)

    assert found["daily_pnl"]["difference"] == 0
    assert found["nav"]["difference"] == 0

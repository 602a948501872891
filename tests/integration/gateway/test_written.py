"""What Postgres writes of an answer is what the models of the answer would write."""

import json
import random
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel, TypeAdapter
from sqlalchemy import ARRAY, Double, Numeric, String, cast, column, func, select, values

from services.gateway.analytics.queries.snapshots import load_valuations
from services.gateway.analytics.schemas.portfolio import ValuedPosition
from services.gateway.analytics.schemas.report import PortfolioReport
from services.gateway.edge.values import Greek, Money, Price
from services.gateway.edge.written import Written, json_rows, rounded, written
from shared.database import Database
from tests.builders import AS_OF
from tests.integration.gateway.people import Person
from tests.integration.gateway.seeds import a_stored_book
from tests.servers import Role

AWKWARD = [0.0, -0.0, 0.005, -0.005, 1.005, 2.675, 0.0000005, 1e-12, 1.5e-7, 12.3456785, 1e15 + 0.3]


def numbers() -> list[float]:
    """Floats of many sizes, among them those whose digits lie halfway between two others."""
    dice = random.Random(7)
    scaled = [dice.uniform(-1, 1) * 10.0 ** dice.randint(-13, 10) for _ in range(2_000)]
    halfway = [(2 * dice.randint(-(10**6), 10**6) + 1) / 2 * 10.0**-k for k in range(9)]
    return [*AWKWARD, *scaled, *halfway]


@pytest.mark.parametrize(("kind", "decimals"), [(Money, 2), (Price, 6), (Greek, None)])
async def test_postgres_rounds_the_digits_that_a_number_is_written_with(
    role: Role, kind: Any, decimals: int | None
) -> None:
    given = (
        func.unnest(cast(numbers(), ARRAY(Double)))
        .table_valued(column("number", Double), with_ordinality="place", name="given")
        .render_derived()
    )
    query = select(rounded(given.c.number, decimals)).order_by(given.c.place)

    async with role("gateway").transaction() as session:
        found = [float(number) for number in await session.scalars(query)]

    model: TypeAdapter[float] = TypeAdapter(kind)
    assert found == [model.validate_python(number) for number in numbers()]


class Line(BaseModel):
    """A row with a text, a day and an amount."""

    name: str
    day: date | None = None
    amount: Money | None


async def test_rows_are_written_in_their_order_and_with_their_texts(role: Role) -> None:
    given = values(column("name", String), column("amount", Numeric), name="given").data(
        [('"quoted"\n\\ ü', None), ("b", Decimal("1.005")), ("a", Decimal(-7))]
    )
    rows = select(given, func.to_date("2022-12-28", "YYYY-MM-DD").label("day")).subquery("line")

    async with role("gateway").transaction() as session:
        text = await session.scalar(json_rows(Line, rows))
        none = await session.scalar(json_rows(Line, select(rows).limit(0).subquery("line")))

    assert json.loads(str(text)) == [
        {"name": '"quoted"\n\\ ü', "day": "2022-12-28", "amount": None},
        {"name": "b", "day": "2022-12-28", "amount": 1.01},
        {"name": "a", "day": "2022-12-28", "amount": -7.0},
    ]
    assert none == "[]"


def test_parts_that_are_written_stay_as_they_are() -> None:
    part = Written(b'{"name":"as it is","day":null,"amount":1.0}')

    whole = written(Line, {"name": "a", "amount": 2.345})

    assert json.loads(whole) == {"name": "a", "day": None, "amount": 2.35}
    inside = written(Line, {"name": "a", "amount": None, "day": part})
    assert json.loads(inside)["day"] == json.loads(part)


async def test_a_report_is_what_its_model_would_write(ann: Person, admin: Database) -> None:
    book = await a_stored_book(ann, admin)

    text = (await ann.get(f"portfolios/{book.portfolio_id}/report")).content

    report = PortfolioReport.model_validate_json(text)
    assert list(json.loads(text)) == list(PortfolioReport.model_fields)
    assert json.loads(text) == report.model_dump(mode="json")
    assert len(report.positions) == 4


async def test_positions_are_those_that_the_model_makes_of_their_rows(
    ann: Person, admin: Database
) -> None:
    book = await a_stored_book(ann, admin)

    report = (await ann.get(f"portfolios/{book.portfolio_id}/report")).json()

    async with admin.transaction() as session:
        rows = await load_valuations(session, UUID(book.portfolio_id), AS_OF)
    made = TypeAdapter(list[ValuedPosition])
    assert report["positions"] == made.dump_python(made.validate_python(rows), mode="json")


async def test_a_subjects_own_route_answers_what_the_report_holds(
    ann: Person, admin: Database
) -> None:
    book = await a_stored_book(ann, admin)

    report = (await ann.get(f"portfolios/{book.portfolio_id}/report")).json()

    for part in ("greeks", "metrics", "factors"):
        own = (await ann.get(f"risk/{part}", portfolio_id=book.portfolio_id)).json()
        assert own == report[part], part

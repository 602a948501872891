"""Pages of positions with their factor exposures and rate sensitivities."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from services.gateway.analytics.queries import factors as queries
from services.gateway.analytics.reading.factors import NO_FACTORS, Wanted
from services.gateway.analytics.schemas.factors import PositionFactorPage
from services.gateway.analytics.shapes.position_factors import (
    Entries,
    HeldVector,
    Product,
    Regressions,
    in_whole_cents,
    products_in,
    stored_products,
)
from services.gateway.books.shapes import explained
from services.gateway.edge import shapes as edge_shapes
from services.gateway.edge.dependencies import Paging
from services.gateway.edge.queries import latest_date
from services.gateway.edge.shapes import View
from services.gateway.edge.written import Written, rows_written, written
from services.gateway.runs.tracking import standing_of
from shared.database import Session, plan_once
from shared.published.factors import factor_exposures


async def position_factor_page(
    session: Session, wanted: Wanted, as_of: date | None, page: Paging
) -> Written:
    """A page of the view's positions with their factors and sensitivities.

    The JSON of a `PositionFactorPage`.
    """
    await plan_once(session)
    day = await latest_date(session, factor_exposures, wanted.portfolio_id, as_of)
    if day is None:
        standing = await standing_of(session, wanted.portfolio_id)
        found: dict[str, Any] = {**page.of([]), "left_out": []}
        found["reason"] = explained(NO_FACTORS, standing)
    else:
        found = {**await _page(session, wanted, day, page), "reason": None}
    return written(PositionFactorPage, {**wanted.described(), "as_of": day, **found})


async def _page(session: Session, wanted: Wanted, day: date, page: Paging) -> dict[str, Any]:
    every = await queries.load_vectors(session, wanted.portfolio_id, day)
    shown = _on(wanted.view, every)
    there = shown[page.offset : page.offset + page.limit]
    is_stored = wanted.model == queries.STORED_MODEL
    symbols = {each.underlying for each in (there if is_stored else every)}
    definitions = await queries.load_definitions(session)
    known = Regressions(
        {row["factor"]: row["name"] for row in definitions},
        await queries.load_statistics(session, symbols, day, wanted.model),
    )
    products = [
        stored_products(each, known.names) if is_stored else products_in(each, wanted.model, known)
        for each in every
    ]
    places = {each.position_id: place for place, each in enumerate(every)}
    dollars = in_whole_cents(products)
    rates = await queries.load_rate_sensitivities(session, wanted.portfolio_id, day)
    entries = Entries(known, rates)
    items = [
        entries.entry(each, products[place], dollars[place])
        for each in there
        for place in (places[each.position_id],)
    ]
    unmeasured = [
        {"position_id": each.position_id, "symbol": each.symbol, "reason": product.reason}
        for each in shown
        for product in _unknown(products[places[each.position_id]])
    ]
    return {
        **page.page([], len(shown)),
        "items": rows_written(items),
        "left_out": edge_shapes.left_out(unmeasured),
    }


def _unknown(products: Sequence[Product]) -> list[Product]:
    return [each for each in products if each.dollars is None]


def _on(view: View, every: Sequence[HeldVector]) -> Sequence[HeldVector]:
    if view is View.PORTFOLIO:
        return every
    return [each for each in every if (each.quantity > 0) == (view is View.LONGS)]

"""What trades depend on: what portfolios hold on a session, prices, exposures and betas."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Double, cast, select

from services.gateway.drafts.trading.legs import Price
from services.gateway.market import queries as market_queries
from services.gateway.tables import PUBLISHED
from shared.conventions import DEFAULT_MODEL, MARKET
from shared.database import Session, among
from shared.published import factors, gateway, snapshots

RAW = "raw"
_held = PUBLISHED[gateway.positions].subquery("lots")  # which users may not read as the view


async def load_held(
    session: Session, portfolio_ids: Collection[UUID], day: date
) -> dict[UUID, list[tuple[str, Decimal]]]:
    """What the portfolios hold at the close of a session, lot by lot, in its shares."""
    on_day = gateway.positions_on(day, _held)
    held = on_day.c
    query = select(held.portfolio_id, held.symbol, held.quantity).where(
        among(held.portfolio_id, portfolio_ids), gateway.active_on(on_day, day)
    )
    found: dict[UUID, list[tuple[str, Decimal]]] = defaultdict(list)
    for portfolio_id, symbol, quantity in await session.execute(query):
        found[portfolio_id].append((symbol, quantity))
    return dict(found)


async def load_prices(session: Session, symbols: Collection[str], day: date) -> dict[str, Price]:
    """The last close of each symbol at or before a session, per share of that session."""
    found: dict[str, Price] = {}
    for row in await market_queries.latest_prices(session, symbols, day) if symbols else ():
        close = Decimal(row["close"])
        source = "close" if row["close_basis"] == RAW else "adjusted_close"
        found.setdefault(row["symbol"], Price(close, row["session_date"], source, 1.0, close))
    return found


@dataclass(frozen=True)
class ExposedDollars:
    """Signed USD of a portfolio on a session; None where it is not known."""

    delta_adjusted: float | None
    market_beta: float | None


async def load_exposed(session: Session, portfolio_id: UUID, day: date) -> ExposedDollars:
    """The net delta-adjusted exposure, and what a market return of 1.00 would make."""
    taken = snapshots.portfolio_snapshots.c
    net = cast(taken.exposures["delta_adjusted"]["net"].astext, Double)
    mine = (taken.portfolio_id == portfolio_id, taken.as_of == day)
    exposed = factors.factor_exposures.c
    of_market = (exposed.factor == MARKET, exposed.model == DEFAULT_MODEL)
    dollars = select(exposed.dollar_exposure).where(
        exposed.portfolio_id == portfolio_id, exposed.as_of == day, *of_market
    )
    return ExposedDollars(
        await session.scalar(select(net).where(*mine)), await session.scalar(dollars)
    )


async def load_market_betas(
    session: Session, symbols: Collection[str], day: date
) -> dict[str, float | None]:
    """The market beta of each symbol that one is stored of; 1 of the market's proxy itself."""
    row = factors.symbol_factor_betas.c
    of_market = (row.factor == MARKET, row.model == DEFAULT_MODEL, row.as_of == day)
    query = select(row.symbol, row.beta).where(among(row.symbol, symbols), *of_market)
    found = dict((await session.execute(query)).tuples().all())
    defined = factors.factor_definitions.c
    proxy = await session.scalar(select(defined.proxy).where(defined.factor == MARKET))
    return {**found, proxy: 1.0} if proxy else found

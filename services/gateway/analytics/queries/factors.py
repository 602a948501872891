"""What factors publishes: definitions, betas, exposures, rate sensitivities."""

from datetime import date
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    Executable,
    Select,
    String,
    Uuid,
    and_,
    case,
    func,
    select,
)

from services.gateway.analytics.shapes.exposures import ExposureError
from services.gateway.books.queries.terms import TERMS_ON, held
from services.gateway.edge.queries import Row
from shared.database import Prepared, Session, fetched, prepared
from shared.published import factors, snapshots

# The model whose products with the exposures are stored; the others' are taken here.
STORED_MODEL = "market_relative"
view = factors.position_factor_exposures
betas = factors.symbol_factor_betas


async def load_definitions(session: Session) -> list[Row]:
    """Every defined factor in display order."""
    return await fetched(session, *_definitions())


@prepared()
def _definitions() -> Executable:
    definitions = factors.factor_definitions
    return select(definitions).order_by(definitions.c.display_order)


async def load_proxies(session: Session) -> dict[str, tuple[str, str | None]]:
    """Name and proxy of every defined factor."""
    definition = factors.factor_definitions.c
    found = await session.execute(select(definition.factor, definition.name, definition.proxy))
    return {factor: (name, proxy) for factor, name, proxy in found.tuples()}


async def latest_betas(session: Session, symbol: str, as_of: date) -> date | None:
    """The last session, at or before `as_of`, with stored betas of the symbol; None before any."""
    known = select(func.max(betas.c.as_of)).where(betas.c.symbol == symbol, betas.c.as_of <= as_of)
    found: date | None = await session.scalar(known)
    return found


async def load_factor_exposures(
    session: Session, portfolio_id: UUID, as_of: date, model: str
) -> list[Row]:
    """The portfolio's exposure to every defined factor or nulls, in display order."""
    return await fetched(session, *_factor_exposures(portfolio_id, as_of, model))


@prepared(portfolio_id=Uuid(), as_of=Date(), model=String())
def _factor_exposures(portfolio_id: UUID, as_of: date, model: str) -> Executable:
    definitions = factors.factor_definitions
    sums = factors.factor_exposures
    mine = and_(
        sums.c.factor == definitions.c.factor,
        sums.c.portfolio_id == portfolio_id,
        sums.c.as_of == as_of,
        sums.c.model == model,
    )
    names = ("dollar_exposure", "gross_exposure", "coverage", "positions", "positions_left_out")
    columns: list[Any] = [definitions, *(sums.c[name] for name in names)]
    statement = select(*columns).select_from(definitions.outerjoin(sums, mine))
    return statement.order_by(definitions.c.display_order)


async def load_factor_errors(
    session: Session, portfolio_id: UUID, as_of: date, model: str
) -> list[ExposureError]:
    """What the portfolio is exposed to each factor by underlying, with the raw betas' errors."""
    found = await fetched(session, *_factor_errors(portfolio_id, as_of, model))
    return [ExposureError(**row) for row in found]


@prepared(portfolio_id=Uuid(), as_of=Date(), model=String())
def _factor_errors(portfolio_id: UUID, as_of: date, model: str) -> Executable:
    same = and_(
        betas.c.symbol == view.c.underlying,
        betas.c.as_of == view.c.as_of,
        betas.c.factor == view.c.factor,
        betas.c.model == model,
    )
    terms = (view.c.factor, view.c.underlying, betas.c.standard_error)
    exposed = select(*terms, func.sum(view.c.exposure).label("exposure"))
    statement = exposed.select_from(view.join(betas, same)).group_by(*terms)
    return statement.where(view.c.portfolio_id == portfolio_id, view.c.as_of == as_of)


async def load_position_factors(
    session: Session, portfolio_id: UUID, as_of: date, model: str
) -> list[Row]:
    """Exposures by position and active factor with the beta's statistics, by symbol."""
    statement, values = _ordered_factors(model)(portfolio_id, as_of)
    return await fetched(session, statement, {**values, TERMS_ON: as_of})


@cache
def _ordered_factors(model: str) -> Prepared[[UUID, date], Executable]:
    order = (view.c.symbol, view.c.position_id, factors.factor_definitions.c.display_order)

    @prepared(portfolio_id=Uuid(), as_of=Date())
    def ordered(portfolio_id: UUID, as_of: date) -> Executable:
        return _position_factors(portfolio_id, as_of, model).order_by(*order)

    return ordered


async def load_without_factors(
    session: Session, portfolio_id: UUID, as_of: date, model: str
) -> list[Row]:
    """Position, symbol, quantity and reason of positions without some factor's exposure."""
    statement, values = _without_factors(model)(portfolio_id, as_of)
    return await fetched(session, statement, {**values, TERMS_ON: as_of})


@cache
def _without_factors(model: str) -> Prepared[[UUID, date], Executable]:
    @prepared(portfolio_id=Uuid(), as_of=Date())
    def unknown(portfolio_id: UUID, as_of: date) -> Executable:
        every = _position_factors(portfolio_id, as_of, model).subquery()
        names = ("position_id", "symbol", "quantity", "reason")
        columns = [every.c[name] for name in names]
        return select(*columns).where(every.c.factor_exposure.is_(None)).distinct()

    return unknown


def _position_factors(portfolio_id: UUID, as_of: date, model: str) -> Select[Any]:
    """To be executed with the same day as `TERMS_ON`."""
    definitions = factors.factor_definitions
    same = and_(
        betas.c.symbol == view.c.underlying,
        betas.c.as_of == view.c.as_of,
        betas.c.factor == view.c.factor,
        betas.c.model == model,
    )
    joined = (
        view.join(definitions, definitions.c.factor == view.c.factor)
        .join(held, held.c.position_id == view.c.position_id)
        .outerjoin(betas, same)
    )
    terms = (*(held.c[name] for name in ("quantity", "option_type")), definitions.c.name)
    position = (
        view.c[name] for name in ("position_id", "symbol", "underlying", "factor", "exposure")
    )
    statistics = ("raw_beta", "standard_error", "t_statistic", "capped")
    fit = ("r_squared", "observations", "condition_number", "quality")
    columns = (
        *(*position, *terms),
        *(betas.c[name] for name in statistics + fit),
        *_products(model),
    )
    statement = select(*columns).select_from(joined)
    return statement.where(view.c.portfolio_id == portfolio_id, view.c.as_of == as_of)


def _products(model: str) -> tuple[ColumnElement[Any], ...]:
    """Beta, exposure x beta, and the reason when that is null, in one model."""
    if model == STORED_MODEL:
        return view.c.beta, view.c.factor_exposure, view.c.reason
    nothing_held = view.c.exposure == 0.0
    product = case((nothing_held, 0.0), else_=view.c.exposure * betas.c.beta)
    reason = case(
        (nothing_held, None),
        (view.c.exposure.is_(None), view.c.reason),
        (
            betas.c.beta.is_(None),
            func.coalesce(betas.c.reason, f"no {model} betas of the symbol are stored"),
        ),
    )
    return betas.c.beta, product.label("factor_exposure"), reason.label("reason")


async def load_rate_sensitivities(session: Session, portfolio_id: UUID, as_of: date) -> list[Row]:
    """Each position's delta-adjusted exposure and its underlying's sensitivities by maturity.

    One row with a null maturity for a position whose underlying has none.
    """
    return await fetched(session, *_rate_sensitivities(portfolio_id, as_of))


@prepared(portfolio_id=Uuid(), as_of=Date())
def _rate_sensitivities(portfolio_id: UUID, as_of: date) -> Executable:
    valued = snapshots.position_valuations
    rates = factors.rate_sensitivities
    same = and_(rates.c.symbol == valued.c.underlying, rates.c.as_of == valued.c.as_of)
    names = ("position_id", "symbol", "underlying", "quantity", "delta_adjusted_exposure")
    statistics = (
        "maturity",
        "beta",
        "standard_error",
        "t_statistic",
        "observations",
        "quality",
        "reason",
    )
    columns = (*(valued.c[name] for name in names), *(rates.c[name] for name in statistics))
    statement = select(*columns).select_from(valued.outerjoin(rates, same))
    mine = statement.where(valued.c.portfolio_id == portfolio_id, valued.c.as_of == as_of)
    return mine.order_by(valued.c.position_id, rates.c.maturity)

"""What factors publishes: definitions, betas, exposures, rate sensitivities."""

from collections.abc import Collection, Sequence
from datetime import date
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Date,
    Double,
    Executable,
    Select,
    String,
    Uuid,
    and_,
    any_,
    case,
    cast,
    func,
    literal,
    select,
)

from services.gateway.analytics.shapes.position_factors import (
    HeldVector,
    Regression,
    Statistics,
)
from services.gateway.analytics.shapes.rates import Exposed, Rates, Sensitivity
from services.gateway.books.queries.terms import TERMS_ON, held
from services.gateway.edge.queries import Row
from shared.database import Prepared, Session, among, fetched, prepared
from shared.published import factors, snapshots

# The model whose products with the exposures are stored; the others' are taken here.
STORED_MODEL = "market_relative"
view = factors.position_factor_exposures
betas = factors.symbol_factor_betas
vectors = factors.position_exposure_vectors


async def load_definitions(session: Session) -> list[Row]:
    """Every defined factor in display order."""
    return await fetched(session, *every_definition())


@prepared()
def every_definition() -> Executable:
    """Every defined factor in display order."""
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
    return await fetched(session, *sums_by_factor(portfolio_id, as_of, model))


@prepared(portfolio_id=Uuid(), as_of=Date(), model=String())
def sums_by_factor(portfolio_id: UUID, as_of: date, model: str) -> Executable:
    """What `load_factor_exposures` returns."""
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
) -> dict[str, float]:
    """The standard error in USD of what the portfolio is exposed to each factor that has any."""
    found = await fetched(session, *errors_by_factor(portfolio_id, as_of, model))
    return {row["factor"]: row["error"] for row in found}


@prepared(portfolio_id=Uuid(), as_of=Date(), model=String())
def errors_by_factor(portfolio_id: UUID, as_of: date, model: str) -> Executable:
    """Factor and error, in the raw betas' errors; estimates of symbols count as independent.

    Positions are added up before their factors are looked up, which are the same for all of them.
    """
    row = vectors.c
    mine = select(row.underlying, row.factors, func.sum(row.exposure).label("exposure"))
    mine = mine.where(row.portfolio_id == portfolio_id, row.as_of == as_of)
    net = mine.group_by(row.underlying, row.factors).subquery("net").c
    dollars = net.exposure * betas.c.standard_error
    same = (betas.c.symbol == net.underlying, betas.c.factor == any_(net.factors))
    error = func.sqrt(func.sum(dollars * dollars)).label("error")
    found = select(betas.c.factor, error).where(*same, betas.c.as_of == as_of)
    return found.where(betas.c.model == model, dollars.is_not(None)).group_by(betas.c.factor)


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


async def load_vectors(session: Session, portfolio_id: UUID, as_of: date) -> list[HeldVector]:
    """Every position's exposure with its betas and products, by symbol."""
    statement, values = _held_vectors(portfolio_id, as_of)
    found = await fetched(session, statement, {**values, TERMS_ON: as_of})
    return [HeldVector(**row) for row in found]


@prepared(portfolio_id=Uuid(), as_of=Date())
def _held_vectors(portfolio_id: UUID, as_of: date) -> Executable:
    row = vectors.c
    terms = (cast(held.c.quantity, Double).label("quantity"), held.c.option_type)
    names = ("exposure", "factors", "betas", "factor_exposures", "reason")
    columns = (row.position_id, row.symbol, row.underlying, *terms, *(row[name] for name in names))
    joined = vectors.join(held, held.c.position_id == row.position_id)
    mine = select(*columns).select_from(joined)
    mine = mine.where(row.portfolio_id == portfolio_id, row.as_of == as_of)
    return mine.order_by(row.symbol, row.position_id)


async def load_statistics(
    session: Session, symbols: Collection[str], as_of: date, model: str
) -> Statistics:
    """Betas of symbols in a model with their regressions, by symbol and factor."""
    found = await fetched(session, *_statistics(sorted(symbols), as_of, model))
    return {(row.pop("symbol"), row.pop("factor")): Regression(**row) for row in found}


@prepared(symbols=ARRAY(String), as_of=Date(), model=String())
def _statistics(symbols: Sequence[str], as_of: date, model: str) -> Executable:
    row = betas.c
    names = ("symbol", "factor", *Regression._fields)
    found = select(*(row[name] for name in names))
    return found.where(among(row.symbol, symbols), row.as_of == as_of, row.model == model)


_STATISTICS = (
    *("raw_beta", "standard_error", "t_statistic", "capped"),
    *("r_squared", "observations", "condition_number", "quality"),
)


async def load_without_factors(
    session: Session, portfolio_id: UUID, as_of: date, model: str
) -> list[Row]:
    """Position, symbol, quantity and reason of positions without some factor's exposure."""
    statement, values = without_factors(model)(portfolio_id, as_of)
    return await fetched(session, statement, {**values, TERMS_ON: as_of})


@cache
def without_factors(model: str) -> Prepared[[UUID, date], Executable]:
    """What `load_without_factors` returns; to be executed with the same day as `TERMS_ON`."""

    @prepared(portfolio_id=Uuid(), as_of=Date())
    def stored(portfolio_id: UUID, as_of: date) -> Executable:
        row = vectors.c
        missing = cast(literal("NaN"), Double) == any_(row.factor_exposures)
        terms = (row.position_id, row.symbol, held.c.quantity, row.reason)
        joined = vectors.join(held, held.c.position_id == row.position_id)
        mine = select(*terms).select_from(joined)
        return mine.where(row.portfolio_id == portfolio_id, row.as_of == as_of, missing)

    @prepared(portfolio_id=Uuid(), as_of=Date())
    def unknown(portfolio_id: UUID, as_of: date) -> Executable:
        every = _position_factors(portfolio_id, as_of, model).subquery()
        names = ("position_id", "symbol", "quantity", "reason")
        columns = [every.c[name] for name in names]
        return select(*columns).where(every.c.factor_exposure.is_(None)).distinct()

    return stored if model == STORED_MODEL else unknown


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
    columns = (
        *(*position, *terms),
        *(betas.c[name] for name in _STATISTICS),
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


async def load_rate_sensitivities(session: Session, portfolio_id: UUID, as_of: date) -> Rates:
    """Each position's delta-adjusted exposure and its underlying's sensitivities by maturity."""
    held_on_day = await fetched(session, *exposed(portfolio_id, as_of))
    return rates_of(held_on_day, await fetched(session, *sensitivities(portfolio_id, as_of)))


def rates_of(exposed: Sequence[Row], sensitivities: Sequence[Row]) -> Rates:
    """The sensitivities from the rows of both statements."""
    by_symbol: dict[str, dict[str, Sensitivity]] = {}
    for row in sensitivities:
        found = Sensitivity(**{name: row[name] for name in _OF_SENSITIVITY})
        by_symbol.setdefault(row["symbol"], {})[found.maturity] = found
    return Rates([Exposed(**row) for row in exposed], by_symbol)


_OF_SENSITIVITY = Sensitivity._fields


@prepared(portfolio_id=Uuid(), as_of=Date())
def exposed(portfolio_id: UUID, as_of: date) -> Executable:
    """The delta-adjusted exposure of every position on a session, USD, by position."""
    row = snapshots.position_valuations.c
    quantity = cast(row.quantity, Double).label("quantity")
    exposure = cast(row.delta_adjusted_exposure, Double).label("exposure")
    mine = select(row.position_id, row.symbol, row.underlying, quantity, exposure)
    mine = mine.where(row.portfolio_id == portfolio_id, row.as_of == as_of)
    return mine.order_by(row.position_id)


@prepared(portfolio_id=Uuid(), as_of=Date())
def sensitivities(portfolio_id: UUID, as_of: date) -> Executable:
    """What the underlyings of a portfolio on a session lose or gain with yields."""
    valued = snapshots.position_valuations.c
    mine = select(valued.underlying).where(
        valued.portfolio_id == portfolio_id, valued.as_of == as_of
    )
    row = factors.rate_sensitivities.c
    columns = (row.symbol, *(row[name] for name in _OF_SENSITIVITY))
    return select(*columns).where(row.as_of == as_of, row.symbol.in_(mine))

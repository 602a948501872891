"""What factors publishes about how positions, and factors, move together."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    Executable,
    Integer,
    and_,
    case,
    cast,
    func,
    select,
)

from services.gateway.analytics.queries.series import between
from services.gateway.edge.dependencies import Period
from services.gateway.edge.queries import Row, all_rows, one_row
from services.gateway.edge.shapes import View
from services.gateway.tables import IS_BOOK, Portfolio
from shared.conventions import DEFAULT_MODEL
from shared.database import Session, fetched, prepared, sql_table
from shared.published import factors

calculations = factors.correlation_calculations
pairs = factors.correlation_pairs
clusters = factors.correlation_clusters
members = factors.correlation_cluster_members
covariances = factors.factor_covariances
definitions = factors.factor_definitions
exposures = factors.position_exposure_vectors
_OF_PAIR = ("correlation", "measured_correlation", "observations", "quality", "reason")


async def load_calculation(
    session: Session, portfolio_id: UUID, as_of: date, view: str
) -> Row | None:
    """The portfolio's calculation of a session, for a view."""
    mine = select(calculations).where(
        calculations.c.portfolio_id == portfolio_id,
        calculations.c.as_of == as_of,
        calculations.c.view == view,
    )
    return await one_row(session, mine)


async def load_clusters(session: Session, portfolio_id: UUID, as_of: date, view: str) -> list[Row]:
    """The view's clusters in their order."""
    mine = (
        clusters.c.portfolio_id == portfolio_id,
        clusters.c.as_of == as_of,
        clusters.c.view == view,
    )
    return await all_rows(session, select(clusters).where(*mine).order_by(clusters.c.cluster))


async def load_members(session: Session, portfolio_id: UUID, as_of: date, view: str) -> list[Row]:
    """The members of the view's clusters, the heaviest of each first."""
    mine = (
        members.c.portfolio_id == portfolio_id,
        members.c.as_of == as_of,
        members.c.view == view,
    )
    order = (members.c.cluster, members.c.weight.desc(), members.c.symbol)
    return await all_rows(session, select(members).where(*mine).order_by(*order))


async def count_qualities(
    session: Session, portfolio_id: UUID, as_of: date, symbols: Sequence[str]
) -> dict[str, int]:
    """How many pairs of different symbols have which data quality."""
    once = (*_among(portfolio_id, as_of, symbols), pairs.c.symbol_a < pairs.c.symbol_b)
    counted = select(pairs.c.quality, func.count()).where(*once).group_by(pairs.c.quality)
    return dict((await session.execute(counted)).tuples().all())


async def load_pairs(
    session: Session, portfolio_id: UUID, as_of: date, symbols: Sequence[str]
) -> list[Row]:
    """Both triangles and the diagonal of these symbols' matrix."""
    names = ("symbol_a", "symbol_b", *_OF_PAIR)
    statement = select(*(pairs.c[name] for name in names)).where(
        *_among(portfolio_id, as_of, symbols)
    )
    return await all_rows(session, statement.order_by(pairs.c.symbol_a, pairs.c.symbol_b))


async def load_pair(
    session: Session, portfolio_id: UUID, symbols: tuple[str, str], span: Period
) -> Sequence[Mapping[str, object]]:
    """One pair's correlation of every calculation in the span, oldest first."""
    same = and_(
        calculations.c.portfolio_id == pairs.c.portfolio_id,
        calculations.c.as_of == pairs.c.as_of,
        calculations.c.view == View.PORTFOLIO,
    )
    names = ("as_of", *_OF_PAIR)
    lookback = cast(calculations.c.parameters["lookback"].astext, Integer)
    statement = select(*(pairs.c[name] for name in names), lookback.label("lookback")).select_from(
        pairs.join(calculations, same)
    )
    mine = between(pairs, portfolio_id, span)
    one, other = symbols
    own = statement.where(*mine, pairs.c.symbol_a == one, pairs.c.symbol_b == other)
    return await all_rows(session, own.order_by(pairs.c.as_of))


def _among(
    portfolio_id: UUID, as_of: date, symbols: Sequence[str]
) -> tuple[ColumnElement[bool], ...]:
    mine = (pairs.c.portfolio_id == portfolio_id, pairs.c.as_of == as_of)
    return (*mine, pairs.c.symbol_a.in_(symbols), pairs.c.symbol_b.in_(symbols))


async def load_exposed(session: Session, portfolio_id: UUID, as_of: date) -> list[Row]:
    """Every position in the factor calculation of a session, with its exposure or a reason."""
    names = ("position_id", "symbol", "underlying", "exposure", "reason")
    mine = (exposures.c.portfolio_id == portfolio_id, exposures.c.as_of == as_of)
    statement = select(*(exposures.c[name] for name in names)).where(*mine)
    return await all_rows(session, statement.order_by(exposures.c.position_id))


async def latest_exposed_session(session: Session) -> date | None:
    """The last session with factor exposures of any portfolio."""
    found: date | None = await session.scalar(select(func.max(factors.factor_exposures.c.as_of)))
    return found


async def load_exposed_portfolios(session: Session, as_of: date) -> list[UUID]:
    """Every portfolio with factor exposures on a session, drafts left out."""
    view = factors.factor_exposures
    drafts = select(sql_table(Portfolio).c.portfolio_id).where(~IS_BOOK)
    of_books = (view.c.as_of == as_of, view.c.portfolio_id.not_in(drafts))
    statement = select(view.c.portfolio_id).where(*of_books).distinct()
    return list(await session.scalars(statement.order_by(view.c.portfolio_id)))


# --- factors ---


async def latest_covariance_session(session: Session, as_of: date | None) -> date | None:
    """The last session, at or before `as_of`, with a factor covariance."""
    statement = select(func.max(covariances.c.as_of))
    found: date | None = await session.scalar(
        statement if as_of is None else statement.where(covariances.c.as_of <= as_of)
    )
    return found


async def load_factor_names(session: Session) -> list[Row]:
    """The active factors with their names and proxies, in display order."""
    names = select(definitions.c.factor, definitions.c.name, definitions.c.proxy)
    return await all_rows(
        session, names.where(definitions.c.active).order_by(definitions.c.display_order)
    )


async def load_covariances(session: Session, as_of: date, space: str) -> list[Row]:
    """A session's factor covariances in one space, row by row in display order."""
    first = definitions.alias("first")
    second = definitions.alias("second")
    joined = covariances.join(first, first.c.factor == covariances.c.factor_a).join(
        second, second.c.factor == covariances.c.factor_b
    )
    named: list[Any] = [covariances, first.c.name, first.c.proxy]
    statement = select(*named).select_from(joined)
    mine = statement.where(covariances.c.as_of == as_of, covariances.c.space == space)
    return await all_rows(session, mine.order_by(first.c.display_order, second.c.display_order))


async def load_stress_basis(session: Session, as_of: date) -> Mapping[str, object] | None:
    """Which covariance correlated stress of a session uses, and how it was estimated.

    None when the session has none.
    """
    found = await fetched(session, *stress_basis(as_of))
    return found[0] if found else None


@prepared(as_of=Date())
def stress_basis(as_of: date) -> Executable:
    """What `load_stress_basis` returns."""
    row = covariances.c
    matrix = case((row.shrunk_covariance.is_(None), "measured"), else_="shrunk").label("matrix")
    named = (matrix, row.shrinkage, row.price_run, row.decay, row.lookback, row.observations)
    of_session = select(*named).where(row.as_of == as_of, row.space == DEFAULT_MODEL)
    return of_session.where(row.covariance.is_not(None)).limit(1)

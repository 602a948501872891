"""Every SQL statement of the stress service, and the files its scenarios come from."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Double, Row, Select, Subquery, and_, case, cast, func, select, update
from sqlalchemy.dialects.postgresql import array

from services.stress.tables import MarketRiskScenario, StressResult, StressScenario, sql_table
from shared.database import Rows, Session, lock_each, merge
from shared.errors import MarketDataNotReady, Misconfigured
from shared.published import factors, greeks

SPACE = "market_relative"


@dataclass(frozen=True)
class Factors:
    """The active factors in display order: stable ids, and the names scenarios use."""

    ids: tuple[str, ...]
    names: tuple[str, ...]


def load_definitions(files: Sequence[Path]) -> list[Any]:
    """The scenario definitions of every file, in order.

    Raises `Misconfigured` for a file that is not a JSON list.
    """
    return [definition for file in files for definition in _definitions_in(file)]


def _definitions_in(file: Path) -> list[Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise Misconfigured(
            f"{file} cannot be read: {error.strerror}; name a readable scenario file"
        ) from error
    except ValueError as error:
        raise Misconfigured(f"{file} is not JSON: {error}; correct it there") from error
    if not isinstance(found, list):
        raise Misconfigured(f"{file} holds no list of scenarios; wrap them in [ ]")
    return found


async def save_scenarios(session: Session, scenarios: Sequence[Mapping[str, Any]]) -> None:
    """Make the stored file scenarios these, in this order; those no longer among them turn inactive."""
    rows = [
        {
            **scenario,
            "shocks": json.dumps(scenario["shocks"]),
            "display_order": place,
            "active": True,
            "origin": "file",
        }
        for place, scenario in enumerate(scenarios, 1)
    ]
    await merge(session, StressScenario, rows)
    table = sql_table(StressScenario)
    left = table.c.scenario_id.not_in([row["scenario_id"] for row in rows])
    await session.execute(
        update(table).where(left, table.c.origin == "file", table.c.active).values(active=False)
    )


async def load_scenarios(session: Session) -> list[dict[str, Any]]:
    """The active scenarios as definitions, in display order."""
    table = sql_table(StressScenario)
    fields = ("scenario_id", "name", "description", "category", "severity", "shocks", "rate_shock", "basis")
    statement = select(*(table.c[field] for field in fields)).where(table.c.active)
    found = await session.execute(statement.order_by(table.c.display_order, table.c.scenario_id))
    return [dict(row) for row in found.mappings()]


async def lock_portfolios(session: Session, portfolio_ids: Sequence[UUID], as_of: date) -> None:
    """Keep other work on these books and this session waiting until the transaction ends.

    Whoever comes second reads what was newest when the first was done, so no stale result stays.
    """
    await lock_each(session, [f"stress/{as_of.isoformat()}/{portfolio}" for portfolio in portfolio_ids])


async def load_factors(session: Session, as_of: date) -> Factors:
    """The active factors; raises `MarketDataNotReady` when none is defined yet."""
    definition = factors.factor_definitions.c
    statement = (
        select(definition.factor, definition.name).where(definition.active).order_by(definition.display_order)
    )
    rows = (await session.execute(statement)).all()
    if not rows:
        raise MarketDataNotReady("factor definitions", as_of)
    return Factors(tuple(row.factor for row in rows), tuple(row.name for row in rows))


async def load_covariance(session: Session, as_of: date, ids: Sequence[str]) -> NDArray[np.float64] | None:
    """(factors, factors) covariance of market-relative factor returns; None unless every pair is stored."""
    pair = factors.factor_covariances.c
    statement = select(pair.factor_a, pair.factor_b, pair.covariance).where(
        pair.as_of == as_of, pair.space == SPACE
    )
    stored = {(row.factor_a, row.factor_b): row.covariance for row in await session.execute(statement)}
    matrix = np.array([[stored.get((a, b)) for b in ids] for a in ids], dtype=np.float64)
    return None if np.isnan(matrix).any() else matrix


async def load_positions(
    session: Session, portfolio_ids: Sequence[UUID], as_of: date, ids: Sequence[str], maturity: str
) -> Sequence[Row[Any]]:
    """One row per position of the portfolios, by position id, with everything a scenario needs.

    portfolio_id, symbol, exposure (delta-adjusted dollars), betas (one per factor of `ids`), rate_beta, gamma
    (of the position; 0 for stock) and underlying_price (0 for stock); null where it was not measured.
    """
    statement = _positions(_exposures(portfolio_ids, as_of, ids), as_of, maturity)
    rows: Sequence[Row[Any]] = (await session.execute(statement)).all()
    return rows


def _exposures(portfolio_ids: Sequence[UUID], as_of: date, ids: Sequence[str]) -> Subquery:
    """The factor rows of each position side by side."""
    row = factors.position_factor_exposures.c
    betas = array([func.max(row.beta).filter(row.factor == factor) for factor in ids])
    position = (row.position_id, row.portfolio_id, row.symbol, row.underlying, row.exposure)
    chosen = and_(row.portfolio_id.in_(portfolio_ids), row.as_of == as_of)
    return select(*position, betas.label("betas")).where(chosen).group_by(*position).subquery()


def _positions(exposures: Subquery, as_of: date, maturity: str) -> Select[Any]:
    held, rate = exposures.c, factors.rate_sensitivities.c
    position, contract = greeks.position_greeks.c, greeks.contract_greeks.c
    is_stock = held.symbol == held.underlying
    joined = (
        exposures.outerjoin(
            factors.rate_sensitivities,
            and_(rate.symbol == held.underlying, rate.as_of == as_of, rate.maturity == maturity),
        )
        .outerjoin(
            greeks.position_greeks, and_(position.position_id == held.position_id, position.as_of == as_of)
        )
        .outerjoin(
            greeks.contract_greeks, and_(contract.contract == position.contract, contract.as_of == as_of)
        )
    )
    return (
        select(
            held.portfolio_id,
            held.symbol,
            held.exposure,
            held.betas,
            rate.beta.label("rate_beta"),
            case((is_stock, 0.0), else_=position.gamma).label("gamma"),
            case((is_stock, 0.0), else_=cast(contract.underlying_price, Double)).label("underlying_price"),
        )
        .select_from(joined)
        .order_by(held.position_id)
    )


async def save_results(session: Session, portfolio_ids: Sequence[UUID], as_of: date, rows: Rows) -> None:
    """Replace the portfolios' results of the session with `rows`."""
    await merge(session, StressResult, rows, within={"as_of": as_of, "portfolio_id": tuple(portfolio_ids)})


async def save_market_risk(session: Session, portfolio_ids: Sequence[UUID], as_of: date, rows: Rows) -> None:
    """Replace the portfolios' ladders of the session with `rows`."""
    await merge(
        session, MarketRiskScenario, rows, within={"as_of": as_of, "portfolio_id": tuple(portfolio_ids)}
    )

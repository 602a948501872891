"""What stress found, replaced within the session and portfolios it was found for."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.stress.tables import MarketRiskScenario, PnlAxis, PositionPnl, StressResult
from shared.database import Session, merge

Records = Iterable[Mapping[str, Any]]
_AMOUNTS = ("total_pnl", "nonlinear", "delta_gamma_pnl", "correlation_effect")
_DOCUMENTS = ("factor_impacts", "effective_shocks", "warnings", "left_out")


async def save_results(
    session: Session, portfolio_ids: Sequence[UUID], as_of: date, records: Records
) -> None:
    """Replace the portfolios' results of the session."""
    rows = [
        {
            **record,
            **{name: _amount(record[name]) for name in _AMOUNTS},
            **{name: json.dumps(record[name], allow_nan=False) for name in _DOCUMENTS},
        }
        for record in records
    ]
    await merge(session, StressResult, rows, within=_scope(portfolio_ids, as_of))


async def save_market_risk(
    session: Session, portfolio_ids: Sequence[UUID], as_of: date, records: Records
) -> None:
    """Replace the portfolios' ladders of the session."""
    rows = [{**record, "pnl": _amount(record["pnl"])} for record in records]
    await merge(session, MarketRiskScenario, rows, within=_scope(portfolio_ids, as_of))


async def save_pnl(
    session: Session, portfolio_ids: Sequence[UUID], as_of: date, vectors: Records, axes: Records
) -> None:
    """Replace the vectors of the portfolios' positions, and what their elements belong to."""
    scope = _scope(portfolio_ids, as_of)
    await merge(session, PositionPnl, list(vectors), within=scope)
    await merge(session, PnlAxis, list(axes), within=scope)


def _scope(portfolio_ids: Sequence[UUID], as_of: date) -> dict[str, Any]:
    return {"as_of": as_of, "portfolio_id": tuple(portfolio_ids)}


def _amount(dollars: float | None) -> Decimal | None:
    return None if dollars is None else Decimal(f"{dollars:.6f}")

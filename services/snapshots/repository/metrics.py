"""Where metrics, components of VaR and attributions are written."""

import asyncio

from services.snapshots.repository.rows import Columns, Scope, rows_of
from services.snapshots.tables import (
    ComponentVar,
    PnlAttribution,
    RiskMetric,
    component_var,
    pnl_attributions,
    risk_metrics,
)
from shared.database import Session, merge


async def save_metrics(session: Session, columns: Columns) -> None:
    """Write the metrics; a metric's name is always the same, so nothing is left over."""
    await merge(session, RiskMetric, await asyncio.to_thread(rows_of, risk_metrics, columns))


async def save_components(session: Session, columns: Columns, within: Scope) -> None:
    """Replace the components of the scope's session and portfolios by these."""
    await merge(
        session, ComponentVar, await asyncio.to_thread(rows_of, component_var, columns), within
    )


async def save_attributions(session: Session, columns: Columns, within: Scope) -> None:
    """Replace the attributions of the scope's sessions and portfolios by these."""
    await merge(
        session, PnlAttribution, await asyncio.to_thread(rows_of, pnl_attributions, columns), within
    )

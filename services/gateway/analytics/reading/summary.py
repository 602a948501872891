"""All of a user's portfolios, added up on the last session that any was valued on."""

from collections.abc import Mapping, Sequence
from typing import cast
from uuid import UUID

from services.gateway.analytics.schemas.summary import SummedPortfolios
from services.gateway.analytics.shapes.summary import (
    amount_sum,
    exposure_sums,
    float_sum,
    same_day,
    scenario_sums,
)
from services.gateway.books.queries import portfolios
from services.gateway.books.queries.standings import Standing
from services.gateway.books.reading import Standings, standings_of
from services.gateway.books.shapes import NO_SNAPSHOT
from shared.database import Session

Fields = Mapping[str, object]
MOST_PORTFOLIOS = 10_000
_AMOUNTS = ("nav", "cash", "market_value", "daily_pnl", "cumulative_pnl", "unrealised_pnl")
_GREEKS = ("theta", "vega", "rho")


async def portfolios_summary(session: Session, user_id: UUID) -> SummedPortfolios:
    """The sums over the portfolios of that session; those last valued before it are left out."""
    rows, total = await portfolios.load_portfolios(
        session, user_id, portfolios.Listing(), MOST_PORTFOLIOS, 0
    )
    known = await standings_of(session, user_id, [row["portfolio_id"] for row in rows])
    return _added_up(rows, total, known)


def _added_up(rows: Sequence[Fields], total: int, known: Standings) -> SummedPortfolios:
    day = same_day(each.as_of for each in known.snapshots.values())
    added = [each for each in known.snapshots.values() if each.as_of == day]
    ids = {each.portfolio_id for each in added}
    value_at_risk = [known.value_at_risk.get(portfolio_id) for portfolio_id in ids]
    scenarios = scenario_sums(row for row in known.scenarios if row.portfolio_id in ids)
    return SummedPortfolios.model_validate(
        {
            "as_of": day,
            "portfolios": total,
            "added": len(added),
            **{name: amount_sum(getattr(each, name) for each in added) for name in _AMOUNTS},
            "exposures": exposure_sums([each.exposures for each in added]),
            **{name: float_sum(getattr(each, name) for each in added) for name in _GREEKS},
            "var_95_1d_sum": float_sum(value_at_risk),
            "scenarios": [vars(scenario) for scenario in scenarios],
            "left_out": [
                _left_out(row, known.snapshots.get(cast(UUID, row["portfolio_id"])))
                for row in rows
                if row["portfolio_id"] not in ids
            ],
            "reason": None if added else NO_SNAPSHOT,
        }
    )


def _left_out(row: Fields, standing: Standing | None) -> dict[str, object]:
    reason = f"last valued on {standing.as_of}" if standing else NO_SNAPSHOT
    return {"portfolio_id": row["portfolio_id"], "name": row["name"], "reason": reason}

"""What each position makes by past day and by scenario, and what the entries belong to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Self
from uuid import UUID

import numpy as np

from services.stress.calculations.runs import Run
from services.stress.inputs import Holdings, Past
from shared.arrays import Columns, FloatArray


@dataclass(frozen=True)
class PositionVectors:
    """What each position would have made on past days, and makes in each scenario of its owner.

    `historical`: (positions, days) dollars on the days of `past`, NaN where not measured; `reasons`
    say why. `scenario_pnl`: by position, in the order of `PnlAxes.elements`.
    """

    holdings: Holdings
    past: Past
    historical: FloatArray
    reasons: Sequence[str | None]
    scenario_pnl: Sequence[FloatArray]

    @classmethod
    def of(
        cls,
        holdings: Holdings,
        past: Past,
        historical: FloatArray,
        reasons: Sequence[str | None],
        every: Sequence[Run],
    ) -> Self:
        """The vectors of every position, from all runs that include it."""
        parts: list[list[FloatArray]] = [[] for _ in holdings.position_ids]
        for run in every:
            for place, pnl in zip(run.positions.tolist(), run.position_pnl(), strict=True):
                parts[place].append(pnl)
        return cls(holdings, past, historical, reasons, [_joined(each) for each in parts])

    def columns(self) -> Columns:
        """One row per position, all null without any measured day; that of a stock is a product."""
        held = self.holdings
        measured = np.asarray((~np.isnan(self.historical)).any(axis=1))
        linear = measured & ~held.book.options
        ids = self.past.ids
        return {
            "position_id": held.position_ids,
            "portfolio_id": [held.portfolio_ids[place] for place in held.book.portfolio],
            "symbol": held.book.symbols,
            "historical_pnl": [
                pnl if known else None
                for pnl, known in zip(self.historical, measured & ~linear, strict=True)
            ],
            "exposure": [
                exposure if known else None
                for exposure, known in zip(held.book.exposure.tolist(), linear, strict=True)
            ],
            "returns_id": [
                ids[place] if known else None
                for place, known in zip(self.past.underlying.tolist(), linear, strict=True)
            ],
            "reason": self.reasons,
            "scenario_pnl": self.scenario_pnl,
        }

    def returns(self) -> Columns:
        """One row per symbol of a stock: the returns it refers to."""
        used = np.unique(self.past.underlying[~self.holdings.book.options])
        return {
            "symbol": [self.past.symbols[place] for place in used],
            "returns_id": [self.past.ids[place] for place in used],
            "returns": self.past.returns[used].tolist(),
        }


@dataclass(frozen=True)
class PnlAxes:
    """What the entries of each portfolio's vectors belong to: sessions, and scenarios by method."""

    portfolio_ids: Sequence[UUID]
    session_dates: Sequence[date]
    elements: Sequence[Sequence[tuple[str, str]]]

    @classmethod
    def of(
        cls, portfolio_ids: Sequence[UUID], session_dates: Sequence[date], every: Sequence[Run]
    ) -> Self:
        """The axes of every portfolio, from all runs that include it."""
        elements: list[list[tuple[str, str]]] = [[] for _ in portfolio_ids]
        for run in every:
            for place in run.portfolios:
                elements[place] += run.elements()
        return cls(portfolio_ids, session_dates, elements)

    def columns(self) -> Columns:
        """One row per portfolio."""
        return {
            "portfolio_id": self.portfolio_ids,
            "session_dates": [list(self.session_dates)] * len(self.portfolio_ids),
            "scenario_ids": [[scenario for scenario, _ in each] for each in self.elements],
            "methods": [[method for _, method in each] for each in self.elements],
        }


def _joined(parts: Sequence[FloatArray]) -> FloatArray:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)

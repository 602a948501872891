"""The answers about grids and curves, from what stress repriced."""

from collections.abc import Sequence

from services.gateway.analytics.schemas.grids import CurveReport, DayBands, GridReport
from services.gateway.analytics.shapes.grids import options_share
from shared.contracts.stress import CurveEvaluated, CurveOnDate, GridEvaluated


def grid_report(found: GridEvaluated) -> GridReport:
    """The grid with the options' share of each point."""
    shares = [
        [options_share(*rows) for rows in zip(pnl, options, strict=True)]
        for pnl, options in zip(found.pnl, found.options_pnl, strict=True)
    ]
    about = {"options_share": shares, "warnings": [each.model_dump() for each in found.left_out]}
    return GridReport.model_validate(found.model_dump() | about)


def curve_report(found: CurveEvaluated, day: DayBands) -> CurveReport:
    """The curve with the options' share of each point, and how far one `day` goes."""
    about = {
        "dates": _with_shares(found.dates),
        "others": [
            {"volatility_shock": each.volatility_shock, "dates": _with_shares(each.dates)}
            for each in found.others
        ],
        "day": day,
        "warnings": [each.model_dump() for each in found.left_out],
    }
    return CurveReport.model_validate(found.model_dump() | about)


def _with_shares(dates: Sequence[CurveOnDate]) -> list[dict[str, object]]:
    return [
        each.model_dump() | {"options_share": options_share(each.pnl, each.options_pnl)}
        for each in dates
    ]

"""The answers about grids and curves, from what stress repriced."""

from services.gateway.analytics.schemas.grids import CurveReport, GridReport
from services.gateway.analytics.shapes.grids import options_share
from shared.contracts.stress import CurveEvaluated, GridEvaluated


def grid_report(found: GridEvaluated) -> GridReport:
    """The grid with the options' share of each point."""
    shares = [
        [options_share(*rows) for rows in zip(pnl, options, strict=True)]
        for pnl, options in zip(found.pnl, found.options_pnl, strict=True)
    ]
    about = {"options_share": shares, "warnings": [each.model_dump() for each in found.left_out]}
    return GridReport.model_validate(found.model_dump() | about)


def curve_report(found: CurveEvaluated) -> CurveReport:
    """The curve with the options' share of each point."""
    dates = [
        each.model_dump() | {"options_share": options_share(each.pnl, each.options_pnl)}
        for each in found.dates
    ]
    about = {"dates": dates, "warnings": [each.model_dump() for each in found.left_out]}
    return CurveReport.model_validate(found.model_dump() | about)

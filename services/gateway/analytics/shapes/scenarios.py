"""Stress results of a portfolio: methods side by side, extremes, groups, what they leave out."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from services.gateway.edge.shapes import share_of

Row = Mapping[str, Any]
METHODS = ("direct", "correlated")
SCENARIO_FIELDS = (
    "scenario_id",
    "name",
    "category",
    "severity",
    "shocks",
    "rate_shock",
    "volatility_shock",
)


def stress_outcomes(rows: Iterable[Row], nav: Decimal | None) -> list[dict[str, Any]]:
    """One entry per scenario, in the order given, with its direct and correlated results."""
    outcomes: dict[str, dict[str, Any]] = {}
    for row in rows:
        shared = {key: row[key] for key in SCENARIO_FIELDS}
        entry = outcomes.setdefault(
            row["scenario_id"], {**shared, "direct": None, "correlated": None}
        )
        entry[row["method"]] = _stress_result(row, nav)
    return list(outcomes.values())


def _stress_result(row: Row, nav: Decimal | None) -> dict[str, Any]:
    """The result with its share of NAV, a flag when it exceeds it, and delta-gamma's difference."""
    total = row["total_pnl"]
    approximation = row["delta_gamma_pnl"]
    exceeds = nav is not None and total is not None and total < -nav
    difference = None if total is None or approximation is None else total - approximation
    derived = {"share_of_nav": share_of(total, nav), "loss_exceeds_nav": exceeds}
    return {**row, **derived, "delta_gamma_difference": difference}


def with_positions(rows: Iterable[Row], impacts: Iterable[Row]) -> list[dict[str, Any]]:
    """Each result with every position's part, the largest loss first and unknown ones last."""
    shown: dict[tuple[str, str], list[Row]] = {}
    for impact in impacts:
        shown.setdefault((impact["scenario_id"], impact["method"]), []).append(impact)
    return [
        {
            **row,
            "positions": sorted(shown.get((row["scenario_id"], row["method"]), []), key=_by_pnl),
        }
        for row in rows
    ]


def _by_pnl(impact: Row) -> tuple[bool, Any, str]:
    return impact["pnl"] is None, impact["pnl"] or 0, impact["symbol"]


def worst_and_best(outcomes: Iterable[Row], method: str) -> tuple[Row | None, Row | None]:
    """The scenarios with the lowest and highest P&L under a method; None without results."""
    known = [each for each in outcomes if each[method] and each[method]["total_pnl"] is not None]
    if not known:
        return None, None
    ranked = sorted(known, key=lambda each: (each[method]["total_pnl"], each["scenario_id"]))
    return ranked[0], ranked[-1]


def extremes(outcomes: Sequence[Row], method: str) -> dict[str, Any]:
    """`worst_and_best` named and with their P&L only."""
    worst, best = worst_and_best(outcomes, method)
    return {"worst": _brief(worst, method), "best": _brief(best, method)}


def _brief(each: Row | None, method: str) -> dict[str, Any] | None:
    if each is None:
        return None
    return {
        "scenario_id": each["scenario_id"],
        "name": each["name"],
        "total_pnl": each[method]["total_pnl"],
    }


def group_summary(outcomes: Sequence[Row], key: str) -> list[dict[str, Any]]:
    """Per category or severity: how many scenarios, and their lowest, mean and highest P&L.

    By the correlated method, or by the direct one when nothing was measured by the other.
    """
    method = "correlated" if worst_and_best(outcomes, "correlated")[0] else "direct"
    groups: dict[str, list[Decimal]] = {}
    for each in outcomes:
        if each[method] and each[method]["total_pnl"] is not None:
            groups.setdefault(each[key], []).append(each[method]["total_pnl"])
    return [
        {
            "group": group,
            "method": method,
            "scenarios": len(pnl),
            "lowest": min(pnl),
            "mean": sum(pnl) / len(pnl),
            "highest": max(pnl),
        }
        for group, pnl in groups.items()
    ]

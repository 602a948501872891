"""The shape of a report: published rows in, nested plain values out. Nothing is rounded here."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

Row = Mapping[str, Any]
GREEKS = ("delta", "gamma", "theta", "vega", "rho")
BASIS_POINT = 0.0001


def snapshot_summary(row: Row) -> dict[str, Any]:
    """A snapshot with its Greeks and its coverage each as one object."""
    left_as_they_are = {key: value for key, value in row.items() if key not in (*GREEKS, "portfolio_id")}
    return {
        **left_as_they_are,
        "greeks": {name: row[name] for name in GREEKS},
        "coverage": {"prices": row["price_coverage"], "greeks": row["greeks_coverage"]},
    }


def share_of(amount: float | Decimal | None, nav: Decimal | None) -> float | None:
    """`amount` / NAV; None when either is unknown or NAV is not positive (a share of a debt means nothing)."""
    if amount is None or nav is None or nav <= 0:
        return None
    return float(amount) / float(nav)


def factor_betas(rows: Iterable[Row], nav: Decimal | None) -> list[dict[str, Any]]:
    """Each factor's exposure in signed dollars with the portfolio's beta (dollars / NAV) and a reason for nulls."""
    return [
        {**row, "beta": share_of(row["dollar_exposure"], nav), "reason": _no_beta(row, nav)} for row in rows
    ]


def _no_beta(row: Row, nav: Decimal | None) -> str | None:
    if not row["active"]:
        return "the factor has no source"
    if row["dollar_exposure"] is None:
        return "no exposure was computed for this session"
    return no_share(nav)


def no_share(nav: Decimal | None) -> str | None:
    """Why nothing can be given as a share of NAV; None when it can."""
    if nav is None:
        return "no snapshot of this session states a NAV"
    return "NAV is not positive" if nav <= 0 else None


def rate_exposure(rows: Sequence[Row], nav: Decimal | None, maturity: str) -> dict[str, Any]:
    """What one basis point more on a Treasury yield does to the portfolio, in signed dollars.

    Sum over positions of delta-adjusted exposure x sensitivity (return per 1.00 of yield) x 0.0001. `beta` is the
    same per 1.00 of yield as a share of NAV. `coverage`: share of gross exposure whose sensitivity is known.
    """
    gross = sum(abs(float(row["delta_adjusted_exposure"] or 0)) for row in rows)
    known = [row for row in rows if row["beta"] is not None and row["delta_adjusted_exposure"] is not None]
    covered = sum(abs(float(row["delta_adjusted_exposure"])) for row in known)
    per_unit = sum(float(row["delta_adjusted_exposure"]) * row["beta"] for row in known) if known else None
    return {
        "maturity": maturity,
        "dollars_per_basis_point": None if per_unit is None else per_unit * BASIS_POINT,
        "beta": share_of(per_unit, nav),
        "coverage": covered / gross if gross else None,
        "reason": no_share(nav) if known else "no position has a known rate sensitivity",
    }


def stress_outcomes(rows: Iterable[Row], nav: Decimal | None) -> list[dict[str, Any]]:
    """One entry per scenario, in the order given, with its direct and its correlated result side by side."""
    outcomes: dict[str, dict[str, Any]] = {}
    for row in rows:
        shared = {
            key: row[key] for key in ("scenario_id", "name", "category", "severity", "shocks", "rate_shock")
        }
        entry = outcomes.setdefault(row["scenario_id"], {**shared, "direct": None, "correlated": None})
        entry[row["method"]] = _stress_result(row, nav)
    return list(outcomes.values())


def _stress_result(row: Row, nav: Decimal | None) -> dict[str, Any]:
    beyond = nav is not None and row["total_pnl"] is not None and row["total_pnl"] < -nav
    return {**row, "share_of_nav": share_of(row["total_pnl"], nav), "beyond_nav": beyond}


def worst_and_best(outcomes: Iterable[Row], method: str) -> tuple[Row | None, Row | None]:
    """The scenarios with the lowest and the highest P&L under a method; None where nothing was computed."""
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
    return {"scenario_id": each["scenario_id"], "name": each["name"], "total_pnl": each[method]["total_pnl"]}


def severity_summary(outcomes: Iterable[Row], key: str, method: str) -> list[dict[str, Any]]:
    """Per category or severity: how many scenarios, and their lowest, mean and highest P&L."""
    groups: dict[str, list[Decimal]] = {}
    for each in outcomes:
        if each[method] and each[method]["total_pnl"] is not None:
            groups.setdefault(each[key], []).append(each[method]["total_pnl"])
    return [
        {
            "group": group,
            "scenarios": len(pnl),
            "lowest": min(pnl),
            "mean": sum(pnl) / len(pnl),
            "highest": max(pnl),
        }
        for group, pnl in groups.items()
    ]


def distinct_warnings(lists: Iterable[Iterable[Mapping[str, Any]]]) -> list[Mapping[str, Any]]:
    """Every warning once, in the order of first appearance."""
    found = {(each["code"], each["message"]): each for warnings in lists for each in warnings}
    return list(found.values())

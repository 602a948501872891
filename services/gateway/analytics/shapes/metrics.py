"""Risk metrics by kind, VaR by position, performance and attributed P&L, from published rows."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from services.gateway.analytics.shapes.cents import CENT, in_dollars, whole_cents
from services.gateway.analytics.shapes.performance import MoneyWeighted, not_money_weighted
from services.gateway.edge.shapes import SYMBOLS_NAMED, View, share_of
from shared.conventions import PERIODS

Row = Mapping[str, Any]
SPECIFIC = "specific"
CAUSES = ("income", "fees", "trades")  # parts of P&L that no factor explains, and no price move
NOTHING_ATTRIBUTED = "no P&L of this portfolio was attributed at or before that date"
AMOUNT = "USD"
WINDOWED = "var_95_1d_historical"
PERFORMANCE = "performance_"
# Kinds in the order they are shown; a metric belongs to the first whose beginning its name has.
_KINDS = {
    "value_at_risk": ("var_",),
    "expected_shortfall": ("es_",),
    "volatility": ("volatility_",),
    "reward_to_risk": ("sharpe_", "sortino_"),
    "drawdown": ("max_drawdown",),
    "market": ("beta", "correlation_", "market_exposure"),
    "concentration": ("hhi", "top_"),
    "dollar_greeks": ("dollar_",),
    "performance": (PERFORMANCE,),
}
OTHER = "other"


def metric_groups(
    rows: Iterable[Row], view: View, nav: Decimal | None, title_of: Callable[[str], str]
) -> list[dict[str, Any]]:
    """The view's metrics by kind, each kind's by name; amounts also as a share of NAV.

    `title_of`: what readers call a metric.
    """
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(rows, key=lambda row: row["metric"]):
        if row["view"] == view:
            share = share_of(row["value"], nav) if row["unit"] == AMOUNT else None
            shown = {**row, "title": title_of(row["metric"]), "share_of_nav": share}
            groups.setdefault(kind_of(row["metric"]), []).append(shown)
    return [{"kind": kind, "metrics": groups[kind]} for kind in (*_KINDS, OTHER) if kind in groups]


def kind_of(metric: str) -> str:
    """The kind a metric's name belongs to."""
    kinds = (kind for kind, beginnings in _KINDS.items() if metric.startswith(beginnings))
    return next(kinds, OTHER)


def periods(rows: Iterable[Row], by_money: Mapping[str, MoneyWeighted]) -> list[dict[str, Any]]:
    """The portfolio's returns over each period that ends with the session; null with a reason.

    `by_money`: the money-weighted ones of those periods that have one.
    """
    found = {row["metric"]: row for row in rows if row["view"] == View.PORTFOLIO}
    unknown = {"value": None, "observations": None, "reason": "not computed for this session yet"}
    return [
        {
            **found.get(PERFORMANCE + period, unknown),
            **vars(by_money.get(period) or not_money_weighted(period)),
            "period": period,
        }
        for period in PERIODS
    ]


GAPS = "historical_pnl_incomplete"
GAPS_MESSAGE = (
    "no price on some sessions of the window: they count nothing on those in historical value at "
    "risk and shortfall"
)


def window_gaps(metrics: Iterable[Row], components: Sequence[Row]) -> list[dict[str, object]]:
    """The warning that names positions whose P&L is unknown on days of the window; else none.

    `metrics`: of every view; the window is the portfolio's. `components`: of the view's positions.
    """
    days = [row["observations"] or 0 for row in metrics if row["metric"] == WINDOWED]
    window = max(days, default=0)
    partial = {row["symbol"] for row in components if row["days"] and row["days"] < window}
    if not partial:
        return []
    about = sorted(partial)
    return [
        {
            "code": GAPS,
            "message": GAPS_MESSAGE,
            "count": len(about),
            "about": about[:SYMBOLS_NAMED],
        }
    ]


_PARTS = {
    "component_var": "total_var",
    "component_es": "total_es",
    "plain_component_var": "plain_total_var",
    "plain_component_es": "plain_total_es",
}


def component_vars(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """The historical VaR and expected shortfall by position, per confidence.

    The largest part comes first; the parts are whole cents that add up to the total.
    """
    of_confidence: dict[int, list[Row]] = {}
    for row in rows:
        of_confidence.setdefault(row["confidence"], []).append(row)
    return [_component_var(each, of_confidence[each]) for each in sorted(of_confidence)]


def _component_var(confidence: int, rows: Sequence[Row]) -> dict[str, Any]:
    known = [row for row in rows if row["component_var"] is not None]
    parts = {name: whole_cents([row[name] or 0.0 for row in known]) for name in _PARTS}
    totals = {name: sum(cents) for name, cents in parts.items()}
    order = sorted(
        range(len(known)),
        key=lambda place: (-parts["component_var"][place], known[place]["symbol"]),
    )
    return {
        "confidence": confidence,
        **{_PARTS[name]: in_dollars(totals[name]) if known else None for name in _PARTS},
        "positions": [
            {
                "position_id": str(known[place]["position_id"]),
                "symbol": known[place]["symbol"],
                "component_var": in_dollars(parts["component_var"][place]),
                "component_es": in_dollars(parts["component_es"][place]),
                "share": _share(parts["component_var"][place], totals["component_var"]),
                "plain_component_var": in_dollars(parts["plain_component_var"][place]),
                "plain_component_es": in_dollars(parts["plain_component_es"][place]),
                "days": known[place]["days"],
            }
            for place in order
        ],
    }


def _share(part: int, whole: int) -> float | None:
    """Of cents; None where there is nothing to share, or a gain."""
    return in_dollars(part) / in_dollars(whole) if whole > 0 else None


# --- attribution ---


def attributed(rows: Sequence[Row], definitions: Iterable[Row]) -> dict[str, Any]:
    """The P&L of the rows' sessions by factor and cause; specific is what is left.

    So the cents add up.

    A session of which some part is unknown is left out as a whole, and named.
    """
    unknown = sorted({row["as_of"] for row in rows if row["pnl"] is None})
    known = [row for row in rows if row["as_of"] not in set(unknown)]
    sessions = sorted({row["as_of"] for row in known})
    parts = {
        definition["factor"]: _cents(
            row["pnl"] for row in known if row["factor"] == definition["factor"]
        )
        for definition in definitions
        if definition["active"]
    }
    causes = {
        cause: _cents(row["pnl"] for row in known if row["factor"] == cause) for cause in CAUSES
    }
    explained = sum((*parts.values(), *causes.values()), Decimal(0))
    total = _cents(row["pnl"] for row in known) if known else None
    return {
        "start": sessions[0] if sessions else None,
        "as_of": sessions[-1] if sessions else None,
        "sessions": len(sessions),
        "factors": [
            {**definition, **_part(parts[definition["factor"]] if known else None, total)}
            for definition in definitions
            if definition["active"]
        ],
        **(causes if known else dict.fromkeys(CAUSES)),
        "specific": None if total is None else total - explained,
        "total": total,
        "sessions_left_out": unknown,
        "reason": None if known else _no_attribution(rows),
    }


def _cents(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0)).quantize(CENT, ROUND_HALF_UP)


def _part(pnl: Decimal | None, total: Decimal | None) -> dict[str, object]:
    share = float(pnl / total) if pnl is not None and total else None
    return {"pnl": pnl, "share_of_total": share}


def _no_attribution(rows: Sequence[Row]) -> str:
    """The first reason given, of the last session."""
    last: date | None = max((row["as_of"] for row in rows), default=None)
    reasons = [row["reason"] for row in rows if row["as_of"] == last and row["reason"]]
    return reasons[0] if reasons else NOTHING_ATTRIBUTED

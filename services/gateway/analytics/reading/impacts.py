"""What a draft changes: its figures next to its base's, and each trade's part."""

from collections.abc import Mapping
from decimal import Decimal

from services.gateway.analytics.queries.impacts import load_figures, load_units
from services.gateway.analytics.queries.limits import load_limit_pairs
from services.gateway.analytics.reading.definitions import figure_title
from services.gateway.analytics.reading.measures import measure_titles
from services.gateway.analytics.schemas.impacts import Impacts
from services.gateway.analytics.shapes import impacts
from services.gateway.analytics.shapes.impacts import Figures, Traded, money_changed
from services.gateway.analytics.shapes.limits import limit_impacts
from services.gateway.drafts.queries import drafts as drafts_queries
from services.gateway.drafts.shapes import Draft, State
from shared.database import Session

NOT_CALCULATED = "the draft is not calculated: POST modelling/sessions/{draft_id}/calculate"
RUNNING = "the draft's run goes on: follow it, or read again"
FAILED = "the draft's run failed: its events say why"
STALE = {
    "code": "draft_is_stale",
    "message": "the draft or its base changed since it was calculated: calculate it again",
}
MOVED = {
    "code": "base_moved",
    "message": "the base was edited since it was branched: what is before the trades is as edited",
}


async def impacts_report(session: Session, draft: Draft) -> Impacts:
    """Every measure before, after and in difference; null with a reason before it is calculated."""
    content: dict[str, object] = {
        "draft_id": draft.draft_id,
        "base_id": draft.base_id,
        "as_of": draft.base_session,
        "state": draft.state.value,
        "version": draft.version,
        "warnings": [],
        "impacts": None,
        "reason": _why_none(draft),
    }
    kept = await drafts_queries.load_kept(session, draft.draft_id) if draft.saved_at else None
    if kept is not None:
        content["impacts"] = kept
    elif content["reason"] is None:
        owner_id = draft.base_owner_id
        before = await load_figures(session, owner_id, draft.base_id, draft.base_session)
        after = await load_figures(session, owner_id, draft.draft_id, draft.base_session)
        as_it_is = draft.calculated_version == draft.version or draft.state is State.SAVED
        parts = await _trades(session, draft, before, after) if as_it_is else []
        pairs = await load_limit_pairs(session, draft)
        measures = {pair.terms.measure for pair in pairs}
        titles = await measure_titles(session, owner_id, measures)
        figures = impacts.impacts(before, after, figure_title)
        limits = {"limits": limit_impacts(pairs, titles)}
        content["impacts"] = {**figures, **limits, "trades": parts}
        stale = [STALE] if draft.state is State.STALE else []
        content["warnings"] = [*stale, *([MOVED] if draft.has_moved else [])]
    return Impacts.model_validate(content)


async def impacts_to_keep(session: Session, draft: Draft) -> Mapping[str, object] | None:
    """The impacts of a draft that is about to be saved; None unless it is calculated as it is."""
    if draft.state is not State.CALCULATED:
        return None
    kept: Mapping[str, object] = (await impacts_report(session, draft)).model_dump(mode="json")
    figures = kept["impacts"]
    return figures if isinstance(figures, dict) else None


def _why_none(draft: Draft) -> str | None:
    match draft.run_status:
        case "completed" | "partial":
            return None
        case "running":
            return RUNNING
        case "failed":
            return FAILED
        case _:
            return NOT_CALCULATED.format(draft_id=draft.draft_id)


async def _trades(
    session: Session, draft: Draft, before: Figures, after: Figures
) -> list[dict[str, object]]:
    stored = await drafts_queries.load_trades(session, draft.draft_id)
    trades = [
        Traded(
            trade.trade_id,
            place,
            str(trade.terms["action"]),
            [(leg.symbol, leg.quantity) for leg in trade.legs],
        )
        for place, trade in enumerate(stored, start=1)
    ]
    symbols = sorted({symbol for trade in trades for symbol, _ in trade.quantities})
    if not symbols:
        return impacts.trade_parts(trades, {}, _differences(before, after))
    both = [draft.draft_id, draft.base_id]
    units = await load_units(session, both, symbols, draft.base_session)
    return impacts.trade_parts(trades, units, _differences(before, after))


def _differences(before: Figures, after: Figures) -> Mapping[str, Mapping[str, Decimal | None]]:
    """What the parts of all trades add up to, by group and name."""

    def net(figures: Figures, measure: str) -> float | None:
        return figures.exposures.get(measure, {}).get("net")

    totals = {
        "market_value": (before.money.get("market_value"), after.money.get("market_value")),
        "notional_exposure": (net(before, "notional"), net(after, "notional")),
        "delta_adjusted_exposure": (net(before, "delta_adjusted"), net(after, "delta_adjusted")),
    }
    found: dict[str, dict[str, Decimal | None]] = {
        "measures": {name: _difference(*pair) for name, pair in totals.items()},
        "factors": {
            name: _difference(before.factors.get(name), dollars)
            for name, dollars in after.factors.items()
            if dollars is not None
        },
    }
    for method in ("direct", "correlated"):
        found[method] = {
            name: _difference(
                getattr(before.scenarios.get(name), method, None), getattr(scenario, method)
            )
            for name, scenario in after.scenarios.items()
        }
    return found


def _difference(before: Decimal | float | None, after: Decimal | float | None) -> Decimal | None:
    difference = money_changed(before, after)["difference"]
    return None if difference is None else Decimal(str(difference))

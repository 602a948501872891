"""What trades change: figures before and after, their difference, and each trade's part in it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from uuid import UUID

from services.gateway.analytics.shapes.metrics import kind_of

CENT = Decimal("0.01")
MONEY = ("nav", "cash", "market_value", "unrealised_pnl", "daily_pnl", "fees")
MEASURES = ("dollar", "notional", "delta_adjusted")
SIDES = ("long", "short", "gross", "net")
GREEKS = ("delta", "gamma", "theta", "vega", "rho")
ADDITIVE = ("market_value", "notional_exposure", "delta_adjusted_exposure")
LARGEST_ROUNDING = Decimal("0.05")  # per trade, USD: more than that is no rounding
Number = Decimal | float


@dataclass(frozen=True)
class Metric:
    """A stored metric of the whole portfolio; None with the `reason`."""

    value: float | None
    unit: str
    reason: str | None


@dataclass(frozen=True)
class Scenario:
    """What a scenario makes of a portfolio, USD; None where it was not evaluated."""

    name: str
    category: str
    severity: str
    direct: Decimal | None = None
    correlated: Decimal | None = None


@dataclass(frozen=True)
class Correlations:
    """The position correlations of a session; of each cluster its name and symbols."""

    as_of: date
    overall_correlation: float | None
    concentration: float | None
    effective_positions: float | None
    clusters: Sequence[tuple[str, Sequence[str]]] = ()


@dataclass(frozen=True)
class Figures:
    """The figures of one portfolio on a session, as they are stored; empty where none are.

    `money`: parts of NAV; `exposures`: by measure and side; `components`: by confidence and symbol,
    VaR and expected shortfall; `factors`: signed USD; `rates`: USD per basis point, by maturity;
    `market`: P&L by kind and shock.
    """

    money: Mapping[str, Decimal | None] = field(default_factory=dict)
    exposures: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    greeks: Mapping[str, float | None] = field(default_factory=dict)
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    components: Mapping[tuple[int, str], tuple[float, float]] = field(default_factory=dict)
    factors: Mapping[str, float | None] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    rates: Mapping[str, float | None] = field(default_factory=dict)
    scenarios: Mapping[str, Scenario] = field(default_factory=dict)
    market: Mapping[tuple[str, float], Decimal | None] = field(default_factory=dict)
    correlations: Correlations | None = None


@dataclass(frozen=True)
class Unit:
    """What one share or contract bought adds to the measures that add up, USD; None: unknown."""

    measures: Mapping[str, float | None]
    greeks: Mapping[str, float | None]
    factors: Mapping[str, float | None]
    direct: Mapping[str, float | None]
    correlated: Mapping[str, float | None]


@dataclass(frozen=True)
class Traded:
    """A trade of the draft: signed quantities bought by symbol."""

    trade_id: UUID
    place: int
    action: str
    quantities: Sequence[tuple[str, Decimal]]


def changed(before: Number | None, after: Number | None) -> dict[str, Number | None]:
    """A figure before and after, and the difference where both are known."""
    known = before is not None and after is not None
    difference = Decimal(str(after)) - Decimal(str(before)) if known else None
    return {"before": before, "after": after, "difference": difference}


def money_changed(before: Number | None, after: Number | None) -> dict[str, Number | None]:
    """The same in whole cents, so that what is shown adds up."""
    return changed(_cents(before), _cents(after))


def _cents(amount: Number | None) -> Decimal | None:
    return None if amount is None else Decimal(str(amount)).quantize(CENT, ROUND_HALF_UP)


def impacts(before: Figures, after: Figures, title_of: Callable[[str], str]) -> dict[str, object]:
    """Every measure before, after and in difference; `title_of`: what readers call a metric."""
    return {
        "nav": {
            name: money_changed(before.money.get(name), after.money.get(name)) for name in MONEY
        },
        "exposures": {
            measure: {
                side: money_changed(
                    before.exposures.get(measure, {}).get(side),
                    after.exposures.get(measure, {}).get(side),
                )
                for side in SIDES
            }
            for measure in MEASURES
        },
        "greeks": {
            name: changed(before.greeks.get(name), after.greeks.get(name)) for name in GREEKS
        },
        "metrics": _metrics(before.metrics, after.metrics, title_of),
        "component_risk": _components(before, after),
        "factors": _factors(before, after),
        "rates": [
            {
                "maturity": name,
                "dollars_per_basis_point": money_changed(
                    before.rates.get(name), after.rates.get(name)
                ),
            }
            for name in _named(before.rates, after.rates)
        ],
        "scenarios": _scenarios(before.scenarios, after.scenarios),
        "market_scenarios": [
            {
                "kind": kind,
                "shock": shock,
                "pnl": money_changed(
                    before.market.get((kind, shock)), after.market.get((kind, shock))
                ),
            }
            for kind, shock in sorted({*before.market, *after.market})
        ],
        "correlations": _correlations(before.correlations, after.correlations),
    }


def _named(before: Iterable[str], after: Iterable[str]) -> list[str]:
    """Names of either, in the order in which they come."""
    return list(dict.fromkeys((*after, *before)))


def _metrics(
    before: Mapping[str, Metric], after: Mapping[str, Metric], title_of: Callable[[str], str]
) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for name in sorted({*before, *after}):
        was = before.get(name)
        now = after.get(name)
        values = (was.value if was else None, now.value if now else None)
        unit = (now or was or Metric(None, "", None)).unit
        in_dollars = unit == "USD"
        found.append(
            {
                "kind": kind_of(name),
                "metric": name,
                "title": title_of(name),
                "unit": unit,
                **(money_changed(*values) if in_dollars else changed(*values)),
                "reason": (now.reason if now else None) or (was.reason if was else None),
            }
        )
    return found


def _components(before: Figures, after: Figures) -> list[dict[str, object]]:
    """By symbol, the largest change first."""
    nothing = (0.0, 0.0)
    rows: list[tuple[float, dict[str, object]]] = []
    for confidence, symbol in sorted({*before.components, *after.components}):
        was = before.components.get((confidence, symbol), nothing)
        now = after.components.get((confidence, symbol), nothing)
        row = {
            "confidence": confidence,
            "symbol": symbol,
            "component_var": money_changed(was[0], now[0]),
            "component_es": money_changed(was[1], now[1]),
        }
        rows.append((-abs(now[0] - was[0]), row))
    return [row for _, row in sorted(rows, key=lambda each: each[0])]


def _factors(before: Figures, after: Figures) -> list[dict[str, object]]:
    def beta(figures: Figures, name: str) -> float | None:
        dollars = figures.factors.get(name)
        nav = figures.money.get("nav")
        return None if dollars is None or not nav or nav <= 0 else dollars / float(nav)

    return [
        {
            "factor": name,
            "name": after.names.get(name) or before.names.get(name) or name,
            "dollar_exposure": money_changed(before.factors.get(name), after.factors.get(name)),
            "beta": changed(beta(before, name), beta(after, name)),
        }
        for name in _named(before.factors, after.factors)
    ]


def _scenarios(
    before: Mapping[str, Scenario], after: Mapping[str, Scenario]
) -> list[dict[str, object]]:
    unknown = Scenario("", "", "")
    return [
        {
            "scenario_id": name,
            "name": (after.get(name) or before[name]).name,
            "category": (after.get(name) or before[name]).category,
            "severity": (after.get(name) or before[name]).severity,
            "direct": money_changed(
                before.get(name, unknown).direct, after.get(name, unknown).direct
            ),
            "correlated": money_changed(
                before.get(name, unknown).correlated, after.get(name, unknown).correlated
            ),
        }
        for name in _named(before, after)
    ]


def _correlations(before: Correlations | None, after: Correlations | None) -> dict[str, object]:
    """The base's are of the last session they were calculated on, which need not be the same."""
    same = before is not None and after is not None and before.as_of == after.as_of
    names = ("overall_correlation", "concentration", "effective_positions")
    known = {
        name: {
            "before": getattr(before, name, None),
            "after": getattr(after, name, None),
            "difference": None,
        }
        for name in names
    }
    if same:
        known = {name: changed(each["before"], each["after"]) for name, each in known.items()}
    return {
        **known,
        "before_as_of": before.as_of if before else None,
        "after_as_of": after.as_of if after else None,
        "clusters_before": _clusters(before),
        "clusters_after": _clusters(after),
        "reason": None if same else _why_not(before, after),
    }


def _clusters(found: Correlations | None) -> list[dict[str, object]]:
    clusters = found.clusters if found else ()
    return [{"name": name, "symbols": list(symbols)} for name, symbols in clusters]


def _why_not(before: Correlations | None, after: Correlations | None) -> str:
    if after is None:
        return "the correlations of the draft are not stored (yet)"
    if before is None:
        return (
            "the correlations of the base were never calculated: "
            "POST risk/correlations/positions/calculate"
        )
    return f"those of the base are of {before.as_of}: no difference is taken between sessions"


# --- each trade's part ---


def trade_parts(
    trades: Sequence[Traded],
    units: Mapping[str, Unit],
    differences: Mapping[str, Mapping[str, Decimal | None]],
) -> list[dict[str, object]]:
    """What each trade adds to the measures that add up; what rounding leaves is the largest's.

    `differences`: by group (measures, factors, direct, correlated) what the parts add up to.
    """
    parts: dict[str, dict[str, list[Decimal | None]]] = {}
    for group, totals in differences.items():
        parts[group] = {
            name: _adding_up([_part(trade, units, group, name) for trade in trades], total)
            for name, total in totals.items()
        }
    return [
        {
            "trade_id": trade.trade_id,
            "place": trade.place,
            "action": trade.action,
            **parts_of(place, parts.get("measures", {})),
            "greeks": {name: _sum(trade, units, partial(_greek, name)) for name in GREEKS},
            "factors": parts_of(place, parts.get("factors", {})),
            "scenarios_direct": parts_of(place, parts.get("direct", {})),
            "scenarios_correlated": parts_of(place, parts.get("correlated", {})),
        }
        for place, trade in enumerate(trades)
    ]


def parts_of(
    place: int, parts: Mapping[str, Sequence[Decimal | None]]
) -> dict[str, Decimal | None]:
    """One trade's part of every total."""
    return {name: each[place] for name, each in parts.items()}


def _part(trade: Traded, units: Mapping[str, Unit], group: str, name: str) -> Decimal | None:
    def of(unit: Unit) -> float | None:
        values: Mapping[str, float | None] = getattr(unit, group)
        return values.get(name)

    return _cents(_sum(trade, units, of))


def _sum(
    trade: Traded, units: Mapping[str, Unit], of: Callable[[Unit], float | None]
) -> float | None:
    total = 0.0
    for symbol, quantity in trade.quantities:
        unit = units.get(symbol)
        value = None if unit is None else of(unit)
        if value is None:
            return None
        total += float(quantity) * value
    return total


def _greek(name: str, unit: Unit) -> float | None:
    return unit.greeks.get(name)


def _adding_up(parts: Sequence[Decimal | None], total: Decimal | None) -> list[Decimal | None]:
    """The parts with the cents that rounding by position left in the largest of them."""
    known = [part for part in parts if part is not None]
    if total is None or not known or len(known) < len(parts):
        return list(parts)
    rest = total - sum(known, Decimal(0))
    if not rest or abs(rest) > LARGEST_ROUNDING * len(parts):
        return list(parts)
    largest = max(range(len(known)), key=lambda place: abs(known[place]))
    return [part + rest if place == largest else part for place, part in enumerate(known)]

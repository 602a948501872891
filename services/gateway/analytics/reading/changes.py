"""What moved a portfolio's P&L and its other figures between two sessions."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

from services.gateway.analytics.queries import changes as queries
from services.gateway.analytics.queries import factors as factors_queries
from services.gateway.analytics.queries import stress as stress_queries
from services.gateway.analytics.queries.changes import (
    GREEKS,
    Ends,
    FactorImpact,
    PositionPart,
    PositionValue,
)
from services.gateway.analytics.queries.series import Days, Key
from services.gateway.analytics.reading.measures import Measure, Source, measures_named
from services.gateway.analytics.reading.series import Points, points_of
from services.gateway.analytics.schemas.changes import ChangesReport, Figure, MovedPosition, PartOut
from services.gateway.analytics.shapes.changes import (
    Change,
    Mover,
    Part,
    change,
    in_cents,
    moved_between,
    shortened,
    side_of,
)
from services.gateway.analytics.shapes.exposures import DEFAULT_MODEL
from services.gateway.books.ledger import QUANTITY_STEP, restated
from services.gateway.books.queries.tags import load_carried
from services.gateway.books.shapes import NO_SNAPSHOT
from shared.database import Session

ByPosition = Mapping[UUID, float]
PNL = "cumulative_pnl"
_USUAL = (
    *("nav", "market_value", "exposure.dollar.gross", "exposure.delta_adjusted.net"),
    *("theta", "vega", "rho", "beta", "volatility_63d"),
    *("var_95_1d_historical", "es_95_1d_historical", "var_99_1d_historical"),
    *("var_95_1d_rescaled", "var_95_1d_parametric"),
)
_MEASURES = ("dollar", "notional", "delta_adjusted")
_SIDES = ("long", "short", "gross", "net")
ONE_SESSION = "no session was valued between the two days: there is nothing to compare"
NO_PARTS = "does not add up over positions"


@dataclass
class Stored:
    """What is stored of two sessions and between: values by position, each by a measure's key."""

    before: defaultdict[Key, dict[UUID, float]] = field(default_factory=lambda: defaultdict(dict))
    after: defaultdict[Key, dict[UUID, float]] = field(default_factory=lambda: defaultdict(dict))
    pnl: dict[UUID, float] = field(default_factory=dict)
    factor_pnl: Mapping[str, float] = field(default_factory=dict)
    values: Sequence[PositionValue] = ()
    impacts: Sequence[FactorImpact] = ()
    movers: Mapping[UUID, Mover] = field(default_factory=dict)

    def add(self, parts: Sequence[PositionPart], start: date) -> None:
        """Add parts of either session."""
        for part in parts:
            if part.value is not None:
                side = self.before if part.as_of == start else self.after
                side[part.first, part.second][part.position_id] = part.value

    def moved(self, key: Key) -> dict[UUID, float] | None:
        """What each position moved the figure by; None where it has no parts."""
        if key not in self.before and key not in self.after:
            return None
        return moved_between(self.before.get(key, {}), self.after.get(key, {}))

    def impacts_moved(self, key: Key, start: date) -> dict[str, float]:
        """What each factor moved a scenario's P&L by."""
        moved: dict[str, float] = {}
        for row in self.impacts:
            if (row.scenario_id, row.method) == key:
                sign = -1.0 if row.as_of == start else 1.0
                by_factor = {**row.factor_impacts, "nonlinear": row.nonlinear or 0.0}
                for factor, amount in by_factor.items():
                    moved[factor] = moved.get(factor, 0.0) + sign * amount
        return moved


async def default_measures(session: Session, user_id: UUID) -> list[str]:
    """The usual figures, every active factor and every scenario."""
    definitions = await factors_queries.load_definitions(session)
    scenarios = await stress_queries.load_scenarios(session, user_id)
    return [
        *_USUAL,
        *(f"factor.{row['factor']}" for row in definitions if row["active"]),
        *(f"scenario.{row['scenario_id']}" for row in scenarios),
    ]


async def changes_report(
    session: Session,
    owner: tuple[UUID, UUID],
    days: tuple[date | None, date | None],
    names: Sequence[str],
    most_positions: int,
) -> ChangesReport:
    """The change since the last snapshot at or before the first day, by measure and by position.

    `owner`: the user and the portfolio. `names`: of the measures; none: the default ones.
    """
    user_id, portfolio_id = owner
    wanted = names or await default_measures(session, user_id)
    measures = await measures_named(session, user_id, [PNL, *wanted])
    ends = await queries.load_ends(session, portfolio_id, *days)
    if ends.start is None or ends.end is None or ends.start == ends.end:
        return _nothing(portfolio_id, ends)
    both = Days((ends.start, ends.end))
    points, _ = await points_of(session, portfolio_id, both, measures)
    stored = await _load_stored(session, portfolio_id, both, measures)
    return await asyncio.to_thread(
        _laid_out, portfolio_id, (ends, both), (points, stored), most_positions
    )


def _nothing(portfolio_id: UUID, ends: Ends) -> ChangesReport:
    return ChangesReport(
        portfolio_id=portfolio_id,
        start=ends.start,
        end=ends.end,
        sessions=0,
        figures=[],
        positions=[],
        reason=ONE_SESSION if ends.start else NO_SNAPSHOT,
    )


async def _load_stored(
    session: Session, portfolio_id: UUID, both: Days, measures: Sequence[Measure]
) -> Stored:
    start, end = both.days
    stored = Stored()
    rows = await queries.load_position_pnl(session, portfolio_id, start, end)
    stored.pnl = {row.position_id: row.pnl or 0.0 for row in rows}
    stored.factor_pnl = await queries.load_factor_pnl(session, portfolio_id, start, end)
    stored.values = await queries.load_position_values(session, portfolio_id, both)
    held = {row.position_id for row in stored.values}
    stored.movers = await _movers(session, held | stored.pnl.keys(), stored.values)
    factors = [m.key[0] for m in measures if m.source is Source.FACTOR]
    scenarios = [m.key[0] for m in measures if m.source is Source.SCENARIO]
    stored.add(_exposure_parts(stored.values), start)
    stored.add(await queries.load_tail_parts(session, portfolio_id, both), start)
    stored.add(await queries.load_greek_parts(session, portfolio_id, both), start)
    if factors:
        stored.add(await queries.load_factor_parts(session, portfolio_id, both, factors), start)
    if scenarios:
        chosen = (session, portfolio_id, both, scenarios)
        stored.add(await queries.load_scenario_parts(*chosen), start)
        stored.impacts = await queries.load_factor_impacts(*chosen)
    return stored


async def _movers(
    session: Session, position_ids: set[UUID], values: Sequence[PositionValue]
) -> dict[UUID, Mover]:
    """What the positions are; of those still held by the symbol of the last day."""
    tags = await load_carried(session, sorted(position_ids))
    current = {row.position_id: row.symbol for row in sorted(values, key=lambda row: row.as_of)}
    found = {
        row.position_id: Mover(
            row.position_id,
            current.get(row.position_id, row.symbol),
            row.sector,
            tuple(tags.get(row.position_id, ())),
        )
        for row in await queries.load_names(session, position_ids)
    }
    gone = {each: Mover(each, current.get(each, "deleted"), None, ()) for each in position_ids}
    return gone | found


def _exposure_parts(values: Sequence[PositionValue]) -> list[PositionPart]:
    """Each position's part of every exposure, keyed by measure and side."""
    return [
        PositionPart(row.position_id, row.as_of, measure, side, side_of(amount, side))
        for row in values
        for measure in _MEASURES
        for amount in (getattr(row, measure),)
        if amount is not None
        for side in _SIDES
    ]


def _part_key(measure: Measure) -> Key | None:
    """Under which key the parts of a measure are; None where it has none."""
    if measure.source is Source.SNAPSHOT:
        if measure.name == "market_value":
            return ("dollar", "net")
        if measure.name in GREEKS:
            return (measure.name, "")
        return measure.key[1:] or None
    if measure.source is Source.FACTOR and measure.key[1] != DEFAULT_MODEL:
        return None
    return measure.key


def _laid_out(
    portfolio_id: UUID,
    compared: tuple[Ends, Days],
    found: tuple[Points, Stored],
    most_positions: int,
) -> ChangesReport:
    ends, both = compared
    points, stored = found
    start, _ = both.days
    return ChangesReport(
        portfolio_id=portfolio_id,
        start=ends.start,
        end=ends.end,
        sessions=ends.sessions,
        figures=[
            _figure(measure, _values(points, measure, both), (stored, start), most_positions)
            for measure in points
        ],
        positions=_moved_positions(stored, start),
        reason=None,
    )


Pair = tuple[float | None, float | None]


def _values(points: Points, measure: Measure, both: Days) -> Pair:
    start, end = (points[measure].get(day, (None, None))[0] for day in both.days)
    return start, end


def _figure(measure: Measure, values: Pair, stored_since: tuple[Stored, date], most: int) -> Figure:
    """One figure; amounts in cents that add up, others as they are."""
    stored, start = stored_since
    about = {"measure": measure.name, "title": measure.title, "unit": measure.unit}
    if not measure.unit.startswith("USD"):
        before, after = values
        known = before is not None and after is not None
        difference = after - before if after is not None and before is not None else None
        reason = NO_PARTS if known else UNKNOWN
        return Figure(**about, before=before, after=after, difference=difference, reason=reason)
    moved, factors = _moved(measure, stored, start)
    found = change(*values, moved, stored.movers, factors)
    return Figure(
        **about,
        before=found.before,
        after=found.after,
        difference=found.difference,
        **_lists(found, most),
        reason=_reason(found, moved),
    )


UNKNOWN = "not measured on both sessions"


def _reason(found: Change, moved: ByPosition | None) -> str | None:
    if found.difference is None:
        return UNKNOWN
    return NO_PARTS if moved is None else None


def _moved(
    measure: Measure, stored: Stored, start: date
) -> tuple[ByPosition | None, Mapping[str, float] | None]:
    """What positions and factors moved the figure by; None where it has no such parts."""
    if measure.name == PNL:
        return stored.pnl, stored.factor_pnl
    key = _part_key(measure)
    impacts = (
        stored.impacts_moved(measure.key, start) if measure.source is Source.SCENARIO else None
    )
    return (stored.moved(key) if key else None), impacts


def _lists(found: Change, most: int) -> dict[str, list[PartOut]]:
    return {
        "by_position": _shown(shortened(found.by_position, most)),
        "by_sector": _shown(found.by_sector),
        "by_tag": _shown(found.by_tag),
        "by_factor": _shown(found.by_factor),
    }


def _shown(parts: Sequence[Part]) -> list[PartOut]:
    return [PartOut(key=part.key, name=part.name, difference=part.difference) for part in parts]


def _moved_positions(stored: Stored, start: date) -> list[MovedPosition]:
    """The positions that are new, gone or of another size, by symbol.

    A split makes none of another size: quantities are in the shares of the last session.
    """
    after = {row.position_id: row.quantity for row in stored.values if row.as_of != start}
    before = {
        row.position_id: _in_last_shares(row, after.get(row.position_id))
        for row in stored.values
        if row.as_of == start
    }
    moved = [
        MovedPosition(
            position_id=position,
            symbol=mover.symbol,
            sector=mover.sector,
            tags=list(mover.tags),
            state=_state(position in before, position in after),
            quantity_before=before.get(position, Decimal(0)),
            quantity_after=after.get(position, Decimal(0)),
            pnl=in_cents(stored.pnl.get(position)),
        )
        for position, mover in stored.movers.items()
        if before.get(position) != after.get(position) or position not in {**before, **after}
    ]
    return sorted(moved, key=lambda each: (each.symbol, str(each.position_id)))


def _in_last_shares(row: PositionValue, left: Decimal | None) -> Decimal:
    """The quantity in the shares of the last session; `left`: what is held then, if anything.

    That itself where both are the same within the rounding of a quantity.
    """
    quantity = restated(row.quantity, row.shares)
    rounding = QUANTITY_STEP * max(row.shares, Decimal(1))
    is_same = left is not None and abs(quantity - left) <= rounding
    return left if left is not None and is_same else quantity


def _state(was_held: bool, is_held: bool) -> str:
    if was_held:
        return "resized" if is_held else "closed"
    return "new" if is_held else "opened_and_closed"

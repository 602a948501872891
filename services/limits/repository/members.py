"""Measures of the parts of portfolios: one statement for every kind of row they are stored in."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Double,
    FromClause,
    Numeric,
    Select,
    String,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    union_all,
)

from services.limits.inputs import (
    Contributor,
    Day,
    Direction,
    Measure,
    MemberMeasure,
    MemberSource,
    Per,
    Question,
    Reading,
    Side,
    member_measure,
)
from shared.database import Session, among, folded_column
from shared.published import factors, gateway, greeks, snapshots, stress
from shared.texts import folded

SHOWN = 5
UNCLASSIFIED = "unclassified"
NOT_HELD = "nothing of it is held"
Wanted = Mapping[Question, Sequence[Day]]
Amount = ColumnElement[float | None]
Found = dict[tuple[Question, Day], Reading]
_held = snapshots.position_valuations


@dataclass(frozen=True)
class _Row:
    """One member of a portfolio on a session.

    `missing`: how many of its positions have no amount; `unknown`: how many members have none.
    """

    member: str
    amount: float | None
    place: int
    missing: int
    unknown: int

    def is_named(self, name: str | None) -> bool:
        """Whether a question means it: symbols, sectors and tags are the same in any case."""
        return name is not None and folded(self.member) == folded(name)


@dataclass(frozen=True)
class _Ranking:
    """What is ranked once for all questions that differ in the member they are about alone."""

    measure: Measure
    per: Per
    direction: Direction


async def load_members(session: Session, wanted: Wanted) -> Found:
    """The worst members, or the ones that questions name, of those sessions that hold positions.

    A member that is not held has nothing. Sessions without positions are absent.
    """
    questions: dict[_Ranking, list[Question]] = defaultdict(list)
    for question in wanted:
        ranking = _Ranking(question.measure, question.per, question.direction)
        questions[ranking].append(question)
    found: Found = {}
    for rankings in _by_source(questions).values():
        days = [sorted({d for q in questions[each] for d in wanted[q]}) for each in rankings]
        rows = await _load(session, rankings, days, [questions[each] for each in rankings])
        for place, ranking in enumerate(rankings):
            for question in questions[ranking]:
                for day in wanted[question]:
                    if (place, day) in rows:
                        found[question, day] = _reading(question, rows[place, day])
    return found


def _by_source(rankings: Iterable[_Ranking]) -> dict[MemberSource, list[_Ranking]]:
    found: dict[MemberSource, list[_Ranking]] = defaultdict(list)
    for each in rankings:
        stored = member_measure(each.measure)
        if stored is not None:
            found[stored.source].append(each)
    return found


def _reading(question: Question, rows: Sequence[_Row]) -> Reading:
    shown = tuple(
        Contributor(row.member, row.amount)
        for row in rows
        if row.amount is not None and row.place <= SHOWN
    )
    if question.member is None:
        chosen = rows[0]
    else:
        held = [row for row in rows if row.is_named(question.member)]
        if not held:
            return Reading(0.0, question.member, NOT_HELD, shown)
        chosen = held[0]
    if chosen.amount is None:
        return Reading(None, chosen.member, f"{question.measure.name} is not measured", shown)
    return Reading(chosen.amount, chosen.member, _left_out(question, chosen), shown)


def _left_out(question: Question, row: _Row) -> str | None:
    """What a known amount is without: positions of the member, and members it is the worst of."""
    parts = [f"{row.missing} of its positions have no value"] if row.missing else []
    if question.member is None and row.unknown:
        parts.append(f"{row.unknown} others have no value")
    return "; ".join(parts) or None


async def _load(
    session: Session,
    rankings: Sequence[_Ranking],
    days: Sequence[Sequence[Day]],
    questions: Sequence[Sequence[Question]],
) -> dict[tuple[int, Day], list[_Row]]:
    """The first members by place of the ranking and session, and those that questions name."""
    selects = [
        _ranked(place, ranking, days[place], [each.member for each in questions[place]])
        for place, ranking in enumerate(rankings)
    ]
    found: dict[tuple[int, Day], list[_Row]] = defaultdict(list)
    for row in (await session.execute(union_all(*selects))).mappings():
        day = (row["portfolio_id"], row["as_of"])
        found[row["number"], day].append(
            _Row(row["member"], row["amount"], row["place"], row["missing"], row["unknown"])
        )
    for rows in found.values():
        rows.sort(key=lambda row: row.place)
    return found


def _ranked(
    number: int, ranking: _Ranking, days: Sequence[Day], named: Sequence[str | None]
) -> Select[tuple[object, ...]]:
    members = _members(ranking, days).subquery("members").c
    whole = (members.portfolio_id, members.as_of)
    order = _order(ranking.direction, members.amount)
    place = func.row_number().over(partition_by=whole, order_by=(order, members.member))
    unknown = func.count().filter(members.amount.is_(None)).over(partition_by=whole)
    ranked = select(
        *(*whole, members.member, members.amount, members.missing),
        *(place.label("place"), unknown.label("unknown")),
    ).subquery("ranked")
    row = ranked.c
    asked = among(folded_column(row.member), [folded(each) for each in named if each is not None])
    return select(literal(number).label("number"), *row).where(or_(row.place <= SHOWN, asked))


def _order(direction: Direction, amount: Amount) -> Amount:
    """The worst first, and what has no amount last."""
    match direction:
        case Direction.ABOVE:
            return amount.desc().nulls_last()
        case Direction.BELOW:
            return amount.asc().nulls_last()
        case Direction.OUTSIDE:
            return func.abs(amount).desc().nulls_last()


def _members(ranking: _Ranking, days: Sequence[Day]) -> Select[tuple[object, ...]]:
    """What each member of the portfolios has on the sessions: portfolio, session, member, amount.

    And how many of its positions have none. Added up as decimals, so that the order of the rows
    does not matter.
    """
    stored = member_measure(ranking.measure)
    assert stored is not None
    portfolios = sorted({portfolio_id for portfolio_id, _ in days})
    dates = sorted({day for _, day in days})
    joined, amount = _amounts(stored, portfolios, dates)
    member, joined = _member(ranking.per, joined)
    exact = cast(amount, Numeric)
    total = cast(func.sum(_sided(stored.side, exact)), Double)
    key = (_held.c.portfolio_id, _held.c.as_of, member)
    missing = func.count().filter(amount.is_(None)).label("missing")
    query = select(*key, total.label("amount"), missing).select_from(joined)
    return query.where(
        among(_held.c.portfolio_id, portfolios), among(_held.c.as_of, dates)
    ).group_by(*key)


def _sided(side: Side, amount: Amount) -> Amount:
    match side:
        case Side.NET:
            return amount
        case Side.GROSS:
            return func.abs(amount)
        case Side.LONG:
            return case((amount.is_not(None), func.greatest(amount, 0)))
        case Side.SHORT:
            return case((amount.is_not(None), func.least(amount, 0)))


def _member(per: Per, joined: FromClause) -> tuple[ColumnElement[str], FromClause]:
    match per:
        case Per.UNDERLYING:
            return _held.c.underlying.label("member"), joined
        case Per.SECTOR:
            return func.coalesce(_held.c.sector, literal(UNCLASSIFIED)).label("member"), joined
        case Per.TAG:
            tag = gateway.position_tags
            carries = tag.c.position_id == _held.c.position_id
            return cast(tag.c.tag, String).label("member"), joined.join(tag, carries)
        case _:
            return _held.c.symbol.label("member"), joined


def _amounts(
    stored: MemberMeasure, portfolios: Sequence[UUID], dates: Sequence[date]
) -> tuple[FromClause, Amount]:
    """The positions with what their part of the measure is stored in, and the part."""
    match stored.source:
        case MemberSource.VALUATION:
            return _held, _held.c[stored.key[0]]
        case MemberSource.GREEK:
            return _of_greeks(stored.key[0])
        case MemberSource.COMPONENT:
            view = snapshots.component_var
            name, confidence = stored.key
            own = and_(_same(view), view.c.confidence == int(confidence))
            return _held.outerjoin(view, own), view.c[name]
        case MemberSource.FACTOR:
            view = factors.position_factor_exposures
            own = and_(_same(view), view.c.factor == stored.key[0])
            return _held.outerjoin(view, own), view.c.factor_exposure
        case MemberSource.SCENARIO:
            return _of_scenario(stored.key, portfolios, dates)


def _same(view: FromClause) -> ColumnElement[bool]:
    return and_(view.c.position_id == _held.c.position_id, view.c.as_of == _held.c.as_of)


def _of_greeks(name: str) -> tuple[FromClause, Amount]:
    """Those of stocks are zero, but for the delta, which is no dollar Greek of options alone."""
    view = greeks.position_greeks
    amount: Amount = view.c[name]
    if name == "gamma":
        amount = amount * func.power(cast(_held.c.underlying_price, Double), 2) / 100
    is_stock = _held.c.symbol == _held.c.underlying
    return _held.outerjoin(view, _same(view)), case((is_stock, 0.0), else_=amount)


def _of_scenario(
    key: Sequence[str], portfolios: Sequence[UUID], dates: Sequence[date]
) -> tuple[FromClause, Amount]:
    """The stored vectors are taken apart for these portfolios alone."""
    view = stress.position_scenario_pnl
    scenario_id, method = key
    own = (
        select(view.c.position_id, view.c.as_of, view.c.pnl)
        .where(
            among(view.c.portfolio_id, portfolios),
            among(view.c.as_of, dates),
            view.c.scenario_id == scenario_id,
            view.c.method == method,
        )
        .subquery("own")
    )
    return _held.outerjoin(own, _same(own)), own.c.pnl

"""Holdings of a file meeting a portfolio that already holds something."""

from collections import defaultdict, deque
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from services.gateway.books.files.holdings import Holding, Holdings
from services.gateway.books.files.problems import Problem
from services.gateway.books.files.tags import MAX_TAGS
from shared.instruments import split_strike
from shared.texts import folded


@dataclass(frozen=True)
class Terms:
    """What a position is apart from its instrument and entry date."""

    quantity: Decimal
    entry_price: Decimal
    investment_class: str
    investment_subtype: str | None = None
    exit_date: date | None = None
    exit_price: Decimal | None = None


@dataclass(frozen=True)
class Held:
    """A lot that a portfolio has. `left`: what remains of its quantity."""

    position_id: UUID
    symbol: str
    entry_date: date
    terms: Terms
    left: Decimal
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Change:
    """What a row does to a portfolio.

    `kind`: new, updated or unchanged; `was`: the lot that the row means, None for a new one.
    """

    holding: Holding
    kind: str
    terms: Terms
    was: Held | None = None

    @property
    def changed(self) -> frozenset[str]:
        """Which terms of the lot are other than before; none for a new one."""
        if self.was is None:
            return frozenset()
        before = vars(self.was.terms)
        return frozenset(name for name, term in vars(self.terms).items() if before[name] != term)


def changes_to(held: Sequence[Held], holdings: Sequence[Holding]) -> list[Change]:
    """How each holding meets what is there.

    Tags are only added; where the file is silent about class, subtype or exit, they stay; nothing
    is ever removed. What remains of a lot that was closed in part is the whole lot, unchanged.
    """
    lots = _matched(held, holdings)
    return [_change(lots.get(place), holding) for place, holding in enumerate(holdings)]


def as_listed(
    holdings: Sequence[Holding], held: Collection[str], split: Collection[str]
) -> list[Holding]:
    """The rows with contracts by the names that exchanges list them by.

    `held`: the symbols of the portfolio; `split`: those among them that splits changed. A strike in
    thousandths (33.333, as exports of earlier versions have it) means the one to the cent (33.33),
    unless the portfolio holds it, or the file names both.
    """
    if not split:
        return list(holdings)
    named = {row.symbol for row in holdings}
    unnamed = set(split) - named
    return [_as_listed(row, held, unnamed) for row in holdings]


def _as_listed(row: Holding, held: Collection[str], split: Collection[str]) -> Holding:
    option = row.option
    if option is None or option.symbol in held:
        return row
    listed = replace(option, strike=split_strike(option.strike))
    return replace(row, instrument=listed) if listed.symbol in split else row


def _matched(held: Sequence[Held], holdings: Sequence[Holding]) -> dict[int, Held]:
    """The lot that each row means, by the row's place.

    Of the same instrument and entry date: first what is alike, then at the same price, then in
    order.
    """
    found: dict[int, Held] = {}
    taken: set[UUID] = set()
    for of_lot, of_row in _LIKENESSES:
        waiting: dict[Hashable, deque[Held]] = defaultdict(deque)
        for lot in held:
            if lot.position_id not in taken:
                waiting[lot.symbol, lot.entry_date, of_lot(lot)].append(lot)
        for place, row in enumerate(holdings):
            alike = waiting.get((row.symbol, row.entry_date, of_row(row)))
            if place not in found and alike:
                found[place] = alike.popleft()
                taken.add(found[place].position_id)
    return found


_LIKENESSES: Sequence[tuple[Callable[[Held], Hashable], Callable[[Holding], Hashable]]] = (
    (
        lambda lot: (lot.terms.quantity, lot.terms.entry_price, lot.terms.exit_date),
        lambda row: (row.quantity, row.entry_price, row.exit_date),
    ),
    (
        lambda lot: (lot.terms.quantity, lot.terms.entry_price),
        lambda row: (row.quantity, row.entry_price),
    ),
    (lambda lot: (lot.left, lot.terms.entry_price), lambda row: (row.quantity, row.entry_price)),
    (lambda lot: lot.terms.entry_price, lambda row: row.entry_price),
    (lambda lot: None, lambda row: None),
)


def without(holdings: Holdings, problems: Collection[Problem]) -> Holdings:
    """The holdings without the rows that these problems are about, and with the problems."""
    if not problems:
        return holdings
    lines = {problem.line for problem in problems}
    every = sorted((*holdings.problems, *problems), key=lambda problem: problem.line)
    return replace(
        holdings,
        accepted=tuple(holding for holding in holdings.accepted if holding.line not in lines),
        problems=tuple(every),
        warnings=tuple(warning for warning in holdings.warnings if warning.line not in lines),
    )


def too_many_tags(changes: Sequence[Change]) -> list[Problem]:
    """Rows that, with the tags the position has already, exceed the tags of a position."""
    return [
        Problem(
            change.holding.line,
            "tags",
            "too_many_tags",
            f"{change.holding.symbol} would carry {count} tags; at most {MAX_TAGS} are allowed",
        )
        for change in changes
        if (count := len(_tags_after(change))) > MAX_TAGS
    ]


def _tags_after(change: Change) -> set[str]:
    carried = change.was.tags if change.was else frozenset[str]()
    return {folded(tag) for tag in (*carried, *change.holding.tags)}


def _change(held: Held | None, holding: Holding) -> Change:
    if held is None:
        return Change(holding, "new", _terms(holding))
    terms = _terms_after(held, holding)
    known_tags = set(map(folded, held.tags))
    same = terms == held.terms and all(folded(tag) in known_tags for tag in holding.tags)
    return Change(holding, "unchanged" if same else "updated", terms, held)


def _terms(holding: Holding) -> Terms:
    return Terms(
        holding.quantity,
        holding.entry_price,
        holding.investment_class,
        holding.investment_subtype,
        holding.exit_date,
        holding.exit_price,
    )


def _terms_after(held: Held, holding: Holding) -> Terms:
    before = held.terms
    closed = holding.exit_date is not None
    is_rest = not closed and holding.quantity == held.left
    return Terms(
        before.quantity if is_rest else holding.quantity,
        holding.entry_price,
        holding.given_class or before.investment_class,
        holding.investment_subtype or before.investment_subtype,
        holding.exit_date if closed else before.exit_date,
        holding.exit_price if closed else before.exit_price,
    )

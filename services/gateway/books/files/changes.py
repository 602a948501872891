"""Holdings of a file meeting a portfolio that already holds something."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from services.gateway.books.files.holdings import Holding
from services.gateway.books.files.problems import Problem
from services.gateway.books.files.tags import MAX_TAGS

Key = tuple[str, date]


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
    """What a portfolio already holds of one instrument since one entry date."""

    terms: Terms
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Change:
    """What a row does to a portfolio.

    `kind`: new, updated or unchanged; `was`: what an update replaces.
    """

    holding: Holding
    kind: str
    terms: Terms
    was: Held | None = None

    @property
    def changes_from(self) -> date | None:
        """The first day whose numbers change; None when no number changes."""
        if self.was is None:
            return self.holding.entry_date
        before = self.was.terms
        after = self.terms
        if (before.quantity, before.entry_price) != (after.quantity, after.entry_price):
            return self.holding.entry_date
        if (before.exit_date, before.exit_price) == (after.exit_date, after.exit_price):
            return None
        return min(day for day in (before.exit_date, after.exit_date) if day is not None)


def changes_to(existing: Mapping[Key, Held], holdings: Sequence[Holding]) -> list[Change]:
    """How each holding meets what is there.

    Tags are only added; where the file is silent about class, subtype or exit, they stay; nothing
    is ever removed.
    """
    return [
        _change(existing.get((holding.symbol, holding.entry_date)), holding) for holding in holdings
    ]


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
    return {tag.lower() for tag in (*carried, *change.holding.tags)}


def _change(held: Held | None, holding: Holding) -> Change:
    if held is None:
        return Change(holding, "new", _terms(holding))
    terms = _terms_after(held.terms, holding)
    known_tags = {tag.lower() for tag in held.tags}
    same = terms == held.terms and all(tag.lower() in known_tags for tag in holding.tags)
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


def _terms_after(before: Terms, holding: Holding) -> Terms:
    closed = holding.exit_date is not None
    return Terms(
        holding.quantity,
        holding.entry_price,
        holding.given_class or before.investment_class,
        holding.investment_subtype or before.investment_subtype,
        holding.exit_date if closed else before.exit_date,
        holding.exit_price if closed else before.exit_price,
    )

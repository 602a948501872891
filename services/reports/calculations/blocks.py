"""What sections are put together from."""

from collections.abc import Iterable, Sequence

from services.reports.inputs import (
    Answer,
    Block,
    Chart,
    Column,
    Fact,
    Kind,
    Remark,
    Series,
    Shape,
    Table,
    Value,
)

TEXT = Kind.TEXT
MONEY = Kind.MONEY
SHARE = Kind.SHARE
SHARES = ("decimal", "decimal per year", "share", "share, 0 to 1")  # units shown in percent


def table(
    title: str,
    columns: Sequence[Column],
    rows: Iterable[Sequence[Value]],
    *,
    note: str = "",
    kinds: Sequence[Kind] | None = None,
    totals: int = 0,
    empty: str = "",
) -> list[Block]:
    """A table, or the remark that says why there is none.

    A column of text in which no row has any, such as reasons for what is missing, is left out.
    """
    listed = [tuple(row) for row in rows]
    if not listed:
        return [Remark(empty)] if empty else []
    shown = [
        place
        for place, column in enumerate(columns)
        if place == 0 or column.kind is not TEXT or any(row[place] for row in listed)
    ]
    return [
        Table(
            title,
            tuple(columns[place] for place in shown),
            tuple(tuple(row[place] for place in shown) for row in listed),
            note,
            None if kinds is None else tuple(kinds),
            totals,
        )
    ]


def fact(name: str, found: Answer, kind: Kind = MONEY, reason: str = "") -> Fact:
    """A figure of an answer."""
    return Fact(name, found.number, kind, "" if found else reason)


def bars(title: str, entries: Sequence[tuple[str, float | None]], says: str) -> list[Block]:
    """A bar of USD for each name; no picture without any."""
    known = [(name, value) for name, value in entries if value is not None]
    if not known:
        return []
    labels = tuple(name for name, _ in known)
    series = (Series("USD", tuple(value for _, value in known)),)
    return [Chart(title, Shape.BARS, labels, series, MONEY, says)]


def largest(entries: Iterable[tuple[str, float | None]], most: int) -> list[tuple[str, float]]:
    """The entries that are largest without regard to their sign, from the highest to the lowest."""
    known = [(name, value) for name, value in entries if value]
    kept = sorted(known, key=lambda each: -abs(each[1]))[:most]
    return sorted(kept, key=lambda each: -each[1])


def unit_kind(unit: str) -> Kind:
    """How a measure of this unit is written."""
    if unit.startswith("USD"):
        return MONEY
    return SHARE if unit in SHARES else Kind.RATIO


def reasons(found: Answer) -> list[Block]:
    """The reason that an answer is empty for, as a remark."""
    return [Remark(found["reason"].text, "warning")] if found["reason"] else []

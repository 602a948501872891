"""Lots and spans as their tables have them, and since when those of two ledgers differ."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from services.gateway.books.ledger import Ledger, Lot
from services.gateway.books.queries.ledger import LotRow, SpanRow

_PRICE_DECIMALS = 6


@dataclass(frozen=True)
class Rows:
    """Lots and spans as their tables have them, by lot; none is empty."""

    lots: Mapping[UUID, LotRow]
    spans: Mapping[UUID, Sequence[SpanRow]]


def by_portfolio(
    lots: Mapping[UUID, LotRow], spans: Mapping[UUID, Sequence[SpanRow]]
) -> dict[UUID, Rows]:
    """Stored lots and spans by portfolio, of those that have any."""
    found: dict[UUID, dict[UUID, LotRow]] = defaultdict(dict)
    for lot_id, row in lots.items():
        found[row.portfolio_id][lot_id] = row
    return {
        portfolio_id: Rows(theirs, {key: spans[key] for key in theirs if key in spans})
        for portfolio_id, theirs in found.items()
    }


def rows_of(portfolio_id: UUID, ledger: Ledger) -> Rows:
    """The lots of a ledger as rows."""
    lots = {lot.lot_id: lot_row(portfolio_id, lot) for lot in ledger.lots}
    spans = {lot.lot_id: span_rows(portfolio_id, lot) for lot in ledger.lots}
    return Rows(lots, {key: held for key, held in spans.items() if held})


def changed_since(before: Rows, after: Rows) -> date | None:
    """The first day on which what is held, or what it cost, is other than it was."""
    gone = [row.entry_date for lot_id, row in before.lots.items() if lot_id not in after.lots]
    days = [
        _first_difference(
            before.lots.get(lot_id),
            row,
            before.spans.get(lot_id, ()),
            after.spans.get(lot_id, ()),
        )
        for lot_id, row in after.lots.items()
    ]
    return min((*gone, *(day for day in days if day is not None)), default=None)


def _first_difference(
    before: LotRow | None,
    after: LotRow,
    spans_before: Sequence[SpanRow],
    spans_after: Sequence[SpanRow],
) -> date | None:
    if before is None:
        return after.entry_date
    same = before == after or _measured(before) == _measured(after)
    if same and list(spans_before) == list(spans_after):
        return None
    if _opening(before, spans_before) != _opening(after, spans_after):
        return min(before.entry_date, after.entry_date)
    turns = [
        _turning_days(row, spans) for row, spans in ((before, spans_before), (after, spans_after))
    ]
    own = set(turns[0].items()) ^ set(turns[1].items())
    return min((day for day, _ in own), default=after.entry_date)


def _measured(row: LotRow) -> LotRow:
    """The row without what no number follows from."""
    return replace(row, investment_subtype=None, opened_by=None)


def _opening(row: LotRow, spans: Sequence[SpanRow]) -> tuple[object, ...]:
    """What was opened, and what the day of entry left of it."""
    left = (spans[0].quantity, spans[0].from_price) if spans else (row.quantity, row.entry_price)
    return (row.symbol, row.quantity, row.entry_price, row.entry_date, row.stated_on, *left)


def _turning_days(
    row: LotRow, spans: Sequence[SpanRow]
) -> dict[date, tuple[Decimal, Decimal | None]]:
    """What is left after each day with a closing, and at which price the span before ended."""
    if not spans:
        return {} if row.exit_date is None else {row.exit_date: (Decimal(0), row.exit_price)}
    following = [*(span.quantity for span in spans[1:]), Decimal(0)]
    return {
        span.held_until: (left, span.until_price)
        for span, left in zip(spans, following, strict=True)
        if span.held_until is not None
    }


def lot_row(portfolio_id: UUID, lot: Lot) -> LotRow:
    """The lot as a row of the positions table."""
    own = lot.instrument
    return LotRow(
        position_id=lot.lot_id,
        portfolio_id=portfolio_id,
        instrument="stock" if own.expiry is None else "option",
        **vars(own),
        quantity=lot.quantity,
        entry_price=round(lot.entry_price, _PRICE_DECIMALS),
        entry_date=lot.entry_date,
        exit_price=None if lot.closed_on is None else _rounded(lot.exit_price),
        exit_date=lot.closed_on,
        stated_on=lot.stated_on,
        opened_by=lot.opened_by,
    )


def span_rows(portfolio_id: UUID, lot: Lot) -> list[SpanRow]:
    """The lot's spans as rows; none for a lot whose row says it all."""
    if lot.is_simple and _rounded(lot.exit_price) == lot.exit_price:
        return []
    return [
        SpanRow(
            lot.lot_id,
            span.held_from,
            portfolio_id,
            span.held_until,
            span.quantity,
            span.from_price,
            span.until_price,
        )
        for span in lot.spans
    ]


def _rounded(price: Decimal | None) -> Decimal | None:
    return None if price is None else round(price, _PRICE_DECIMALS)

"""Values of options carried over a split, from which on their symbol is another one."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from services.snapshots.inputs import HeldPosition, PositionOnDay, Quote, SnapshotInputs, Split

_ONE_DAY = timedelta(days=1)


def carried_over_splits(inputs: SnapshotInputs) -> list[Quote]:
    """What options without a value under their symbol of a day were last worth under an older one.

    On the plan's days, per share of the day. So a price that was known stays known, as that of
    stock does, and P&L adds up over the split.
    """
    days = set(inputs.plan.days)
    held = {(each.position_id, each.held_from): each for each in inputs.positions}
    worth = {(each.symbol, each.day): each for each in inputs.quotes if each.price is not None}
    dated = {(each.position_id, each.held_from, each.day): each for each in inputs.restated}
    found: dict[tuple[str, object], Quote] = {}
    for terms in inputs.restated:
        position = held.get((terms.position_id, terms.held_from))
        known = (terms.symbol, terms.day) in worth
        if position is None or position.option_type is None or terms.day not in days or known:
            continue
        for split in _splits_before(terms, position, inputs.splits):
            eve = split.ex_date - _ONE_DAY
            old = dated.get((terms.position_id, terms.held_from, eve))
            if old is not None and (old.symbol, eve) in worth:
                quote = _in_shares_of(terms, worth[old.symbol, eve], old)
                found[terms.symbol, terms.day] = quote
                break
    return list(found.values())


def _splits_before(
    terms: PositionOnDay, position: HeldPosition, splits: Sequence[Split]
) -> Iterator[Split]:
    """The splits since the position is held, up to the day, the last one first."""
    for split in reversed(splits):
        if split.symbol == position.underlying and position.held_from < split.ex_date <= terms.day:
            yield split


def _in_shares_of(terms: PositionOnDay, quote: Quote, old: PositionOnDay) -> Quote:
    price = None if quote.price is None else quote.price * old.factor / terms.factor
    return Quote(terms.symbol, terms.day, price, quote.price_day, quote.source)

"""The cash of a portfolio on the session that its NAV starts from.

Where no equity is entered, everything until that session is gone through in order of time, with
cash beginning at 0. Flows, income, costs, sales and settlements move cash as they are. A purchase
that finds less cash than it needs was paid with capital brought in, which the ledger does not name:
the rest is no flow of the ledger, and cash is never below 0 because of a purchase. Lots taken over
(`opening`) moved no cash, so of lots taken over only, NAV starts at market value.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import IntEnum
from uuid import UUID

from services.gateway.books.ledger import Kind, Ledger, Settlement
from services.gateway.books.queries import opening as queries
from services.gateway.books.queries.opening import CashDay
from services.gateway.books.queries.transactions import load_dividends_by_lot
from shared.database import Session

_EARLIEST = date(1900, 1, 1)  # no price is older


class Place(IntEnum):
    """The order in which the cash of one day moves: settlements come at its close."""

    RECEIVED = 0
    PURCHASES = 1
    PAID = 2
    SETTLEMENTS_RECEIVED = 3
    SETTLEMENT_PURCHASES = 4
    SETTLEMENTS_PAID = 5


_PURCHASES = frozenset({Place.PURCHASES, Place.SETTLEMENT_PURCHASES})


@dataclass(frozen=True, order=True)
class CashMovement:
    """What moved cash on a day, USD: negative where it was paid."""

    day: date
    place: Place
    amount: Decimal


def cash_left(movements: Iterable[CashMovement]) -> Decimal:
    """The cash after all movements, USD, beginning at 0.

    What a purchase misses is brought in for it; only what is withdrawn or paid otherwise leaves
    cash below 0.
    """
    cash = Decimal(0)
    for movement in sorted(movements):
        after = cash + movement.amount
        cash = max(after, min(cash, Decimal(0))) if movement.place in _PURCHASES else after
    return cash


async def keep_opening_cash(session: Session, ledgers: Mapping[UUID, Ledger]) -> dict[UUID, date]:
    """Store the opening cash of the portfolios; by portfolio the session, where it changed."""
    changed: dict[UUID, date] = {}
    for portfolio_id, start in (await queries.load_starts(session, list(ledgers))).items():
        days = await queries.load_cash_days(session, portfolio_id, start.day)
        ledger = ledgers[portfolio_id]
        movements = [*_entered(days), *_settled(ledger.settlements, start.day)]
        movements += await _dividends(session, portfolio_id, ledger, start.day)
        flows_only = all(day.only_flows for day in days) and len(movements) == len(_entered(days))
        cash = None if flows_only else cash_left(movements)
        if cash != start.opening_cash:
            await queries.save_opening_cash(session, portfolio_id, cash)
            changed[portfolio_id] = start.day
    return changed


def _entered(days: Sequence[CashDay]) -> list[CashMovement]:
    """What the lines that were entered moved."""
    return [
        CashMovement(day.day, place, amount)
        for day in days
        for place, amount in (
            (Place.RECEIVED, day.received),
            (Place.PURCHASES, day.purchases),
            (Place.PAID, day.paid),
        )
        if amount
    ]


def _settled(settlements: Sequence[Settlement], last: date) -> list[CashMovement]:
    """What expiries moved: shares that an option delivers are bought, or sold, at the strike."""
    return [
        CashMovement(each.settled_on, _settlement_place(each), each.cash)
        for each in settlements
        if each.settled_on <= last and each.cash
    ]


def _settlement_place(settlement: Settlement) -> Place:
    if settlement.cash > 0:
        return Place.SETTLEMENTS_RECEIVED
    return Place.SETTLEMENT_PURCHASES if settlement.shares else Place.SETTLEMENTS_PAID


async def _dividends(
    session: Session, portfolio_id: UUID, ledger: Ledger, last: date
) -> list[CashMovement]:
    """Dividends due to lots that were traded.

    Of a lot taken over only the holding is known: what it paid before is no cash of the ledger.
    A lot opened on the last day is due nothing by then: without older ones, nothing is read.
    """
    traded = {
        lot.lot_id
        for lot in ledger.lots
        if lot.movements[0].kind is not Kind.OPENING and lot.entry_date < last
    }
    if not traded:
        return []
    return [
        CashMovement(due.ex_date, Place.RECEIVED if due.amount > 0 else Place.PAID, due.amount)
        for due in await load_dividends_by_lot(session, portfolio_id, _EARLIEST, last)
        if due.lot_id in traded and due.amount
    ]

"""Lots, movements and settlements from trades.

Trades of one day count in a fixed order (what opens before what closes, then by price and
quantity), so the order of entry does not matter. Expiries are settled at the close of their last
session, after the trades of that day; what is exercised or assigned then trades the underlying at
the strike.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from uuid import UUID, uuid5

from services.gateway.books.ledger.inputs import Instrument, Kind, LotMethod, Market, Trade
from services.gateway.books.ledger.matching import Matching, OpenLot
from services.gateway.books.ledger.results import Excess, Ledger, Lot, Settlement, cash_moved, cents

SETTLEMENT_NAMESPACE = UUID("0d8f5be6-6a63-5c0c-9c53-0f7b6a2c4c55")
LEAST_INTRINSIC_VALUE = Decimal("0.01")  # exercised automatically from here on, OCC rule 805
HALF_A_CENT = Decimal("0.005")  # exchanges round strikes of split contracts to the cent
KEY_STEP = Decimal("0.0001")

_NO_PRICE = Decimal(0)
_NO_STRIKE = Decimal(0)
_ORDER = {
    kind: place
    for place, kind in enumerate(
        (
            *(Kind.OPENING, Kind.TRANSFER_IN, Kind.SELL_SHORT, Kind.BUY),
            *(Kind.BUY_TO_COVER, Kind.SELL, Kind.TRANSFER_OUT, Kind.EXERCISE, Kind.ASSIGNMENT),
        )
    )
}


def derived(
    trades: Iterable[Trade],
    market: Market,
    method: LotMethod = LotMethod.FIFO,
    *,
    cash_settlement: bool = False,
) -> Ledger:
    """The ledger of one portfolio.

    `method`: what a sale closes first where its own says nothing. `cash_settlement`: options in the
    money end at their intrinsic value in cash and deliver nothing.
    """
    books = _by_instrument(trades, market)
    settled = _Settling(market, cash_settlement)
    matchings: list[Matching] = []
    options = [key for key in books if key[1] is not None]
    for key in options:
        matching = Matching(market, method)
        matching.enter(sorted(books[key], key=_order))
        for lot in matching.expire():
            settled.settle(matching, lot)
        matchings.append(matching)
    for symbol in {key[0] for key in books if key[1] is None} | set(settled.deliveries):
        matching = Matching(market, method)
        own = books.get((symbol, None), [])
        matching.enter(sorted([*own, *settled.deliveries.get(symbol, [])], key=_order))
        matchings.append(matching)
    return _ledger(matchings, settled)


def _ledger(matchings: Sequence[Matching], settled: "_Settling") -> Ledger:
    lots = [lot for matching in matchings for lot in matching.lots()]
    excesses = [excess for matching in matchings for excess in matching.excesses]
    return Ledger(
        sorted(lots, key=_lot_order),
        sorted(settled.settlements, key=lambda each: (each.settled_on, each.lot_id.int)),
        sorted(excesses, key=_excess_order),
        sorted(settled.unsettled),
    )


def _lot_order(lot: Lot) -> tuple[date, str, int]:
    return lot.entry_date, lot.instrument.symbol, lot.lot_id.int


def _excess_order(excess: Excess) -> int:
    return excess.transaction_id.int


def _order(trade: Trade) -> tuple[date, int, Decimal, Decimal, int]:
    price = _NO_PRICE if trade.price is None else trade.price
    identity = (trade.lot_id or trade.transaction_id).int  # in the order of its text
    return trade.trade_date, _ORDER[trade.kind], price, trade.quantity, identity


Terms = tuple[str, date, Decimal]  # of an option: type, expiry, strike in shares of its last day
Key = tuple[str, Terms | None]


def _by_instrument(trades: Iterable[Trade], market: Market) -> dict[Key, list[Trade]]:
    """The trades of each instrument: a contract is the same one before and after a split."""
    books: dict[Key, list[Trade]] = defaultdict(list)
    for trade in trades:
        books[instrument_key(trade.instrument, trade.stated_on, market)].append(trade)
    _join_rounded(books, market)
    return books


def _join_rounded(books: dict[Key, list[Trade]], market: Market) -> None:
    """Put together what is one contract, under the strike by which it was known first."""
    entered: dict[tuple[str, Terms], Given] = {}
    for (root, terms), trades in books.items():
        if terms is not None and market.splits.get(trades[0].instrument.underlying):
            first = min(trades, key=lambda trade: trade.stated_on)
            entered[root, terms] = first.instrument, first.stated_on
    known: dict[tuple[str, str, date], list[tuple[str, Terms]]] = defaultdict(list)
    for key in sorted(entered, key=lambda key: (entered[key][1], key)):
        root, (option_type, expiry, strike) = key
        series = known[root, option_type, expiry]
        alike = [each for each in series if is_one_contract(entered[each], entered[key], market)]
        if alike:
            books[min(alike, key=lambda each: abs(each[1][2] - strike))] += books.pop(key)
        else:
            series.append(key)


Given = tuple[Instrument, date]  # an instrument, and the day in whose shares it is given


def is_one_contract(one: Given, other: Given, market: Market) -> bool:
    """Whether both are the same instrument.

    Exchanges list the strike of a contract that was split to the cent, and symbols have three
    decimals: a third of 100 is 33.33 or 33.333 from the split on. So of two strikes given on both
    sides of a split, the later one may be the other rounded.
    """
    earlier, later = sorted((one, other), key=lambda each: each[1])
    keys = [instrument_key(*each, market) for each in (earlier, later)]
    if keys[0] == keys[1]:
        return True
    (root, terms), (other_root, other_terms) = keys
    if terms is None or other_terms is None or (root, terms[:2]) != (other_root, other_terms[:2]):
        return False
    factors = [_shares_per_last(*each, market) for each in (earlier, later)]
    rounding = HALF_A_CENT * factors[1].numerator / factors[1].denominator + KEY_STEP
    return factors[0] != factors[1] and abs(terms[2] - other_terms[2]) <= rounding


def _shares_per_last(instrument: Instrument, stated_on: date, market: Market) -> Fraction:
    """How many shares of the day one of the option's last day is."""
    expiry = instrument.expiry or date.max
    entered = market.shares(instrument.underlying, min(stated_on, expiry))
    return entered / market.shares(instrument.underlying, expiry)


def instrument_key(instrument: Instrument, stated_on: date, market: Market) -> Key:
    """What an instrument given in the shares of a day is, whichever splits there were since."""
    if instrument.strike is None or instrument.expiry is None or instrument.option_type is None:
        return instrument.symbol, None
    last_strike = instrument.strike
    if market.splits.get(instrument.underlying):
        factor = _shares_per_last(instrument, stated_on, market)
        last_strike = last_strike * factor.numerator / factor.denominator
    terms = (instrument.option_type, instrument.expiry, round(last_strike, 4))
    return instrument.root, terms


class _Settling:
    """Ends option lots at their expiry, and collects what they deliver."""

    def __init__(self, market: Market, cash_settlement: bool) -> None:
        self._market = market
        self._cash_settlement = cash_settlement
        self.settlements: list[Settlement] = []
        self.deliveries: dict[str, list[Trade]] = defaultdict(list)
        self.unsettled: list[UUID] = []

    def settle(self, matching: Matching, lot: OpenLot) -> None:
        """End the lot at the close of its last session, unless that close is not known."""
        session_date = self._market.last_session(lot.expiry)
        instrument = self._market.listed(lot.instrument, lot.stated_on, session_date)
        price = self._market.settlements.get((instrument.underlying, session_date))
        if price is None:
            self.unsettled.append(lot.lot_id)
            return
        quantity = lot.left_on(session_date)
        strike = instrument.strike or _NO_STRIKE
        intrinsic_value = _intrinsic_value(instrument, strike, price)
        in_the_money = intrinsic_value >= LEAST_INTRINSIC_VALUE
        in_cash = self._cash_settlement or self._market.is_settled_in_cash(instrument)
        shares = Decimal(0)
        if in_the_money and not in_cash:
            shares = quantity * instrument.multiplier * (1 if instrument.option_type == "C" else -1)
        kind = _settlement_kind(quantity, in_the_money=in_the_money)
        transaction_id = uuid5(SETTLEMENT_NAMESPACE, f"{lot.lot_id}/settlement")
        paid = intrinsic_value if in_the_money and in_cash else Decimal(0)
        matching.close(lot, transaction_id, kind, session_date, paid)
        if shares:
            self._deliver(lot, kind, session_date, shares, strike)
        cash = cash_moved(shares, 1, strike) + cents(quantity * instrument.multiplier * paid)
        self.settlements.append(
            Settlement(
                lot.lot_id,
                transaction_id,
                kind,
                session_date,
                instrument,
                quantity,
                price,
                intrinsic_value,
                shares,
                cash,
            )
        )

    def _deliver(
        self, lot: OpenLot, kind: Kind, session_date: date, shares: Decimal, strike: Decimal
    ) -> None:
        underlying = lot.instrument.underlying
        self.deliveries[underlying].append(
            Trade(
                delivery_id(lot.lot_id),
                kind,
                session_date,
                Instrument(underlying, underlying),
                shares,
                strike,
                session_date,
            )
        )


def delivery_id(lot_id: UUID) -> UUID:
    """The transaction by which an option lot delivers shares."""
    return uuid5(SETTLEMENT_NAMESPACE, f"{lot_id}/delivery")


def _intrinsic_value(instrument: Instrument, strike: Decimal, price: Decimal) -> Decimal:
    gain = price - strike if instrument.option_type == "C" else strike - price
    return max(gain, Decimal(0))


def _settlement_kind(quantity: Decimal, *, in_the_money: bool) -> Kind:
    if not in_the_money:
        return Kind.EXPIRY
    return Kind.EXERCISE if quantity > 0 else Kind.ASSIGNMENT

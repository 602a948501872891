"""Transactions sent as JSON, checked field by field; trades by the rules of position files."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

from services.gateway.books import files
from services.gateway.books.editing import nearest_session
from services.gateway.books.files import Rules, Sheet
from services.gateway.books.files.fields import OPTION_TERMS, TRADE
from services.gateway.books.files.instruments import listed_instrument
from services.gateway.books.keeping import API
from services.gateway.books.ledger import Excess, Instrument, Kind, Market, is_one_contract
from services.gateway.books.queries import ledger as ledger_queries
from services.gateway.books.queries.ledger import LotRow, TransactionRow
from services.gateway.books.queries.transactions import EnteredLine
from services.gateway.books.schemas.ledger import NewTransaction
from services.gateway.edge.problems import Problem
from services.gateway.edge.values import Warned
from services.gateway.market import queries as market_queries
from shared.calendar import is_session
from shared.database import Session

# The sign that a quantity or an amount has by its kind; 0: either, as given.
QUANTITY_SIGNS = {
    Kind.OPENING: 0,
    Kind.BUY: 1,
    Kind.SELL: -1,
    Kind.SELL_SHORT: -1,
    Kind.BUY_TO_COVER: 1,
    Kind.TRANSFER_IN: 0,
    Kind.TRANSFER_OUT: -1,
}
AMOUNT_SIGNS = {
    Kind.DEPOSIT: 1,
    Kind.WITHDRAWAL: -1,
    Kind.TRANSFER_IN: 1,
    Kind.TRANSFER_OUT: -1,
    Kind.DIVIDEND: 0,
    Kind.INTEREST: 0,
    Kind.BORROW_FEE: -1,
    Kind.FEE: -1,
    Kind.EQUITY: 0,
}
CLOSING = frozenset({Kind.SELL, Kind.BUY_TO_COVER, Kind.TRANSFER_OUT})
ENTERABLE = [kind for kind in Kind if kind in QUANTITY_SIGNS or kind in AMOUNT_SIGNS]


@dataclass(frozen=True)
class Lots:
    """The lots of a portfolio, and the splits of what they hold."""

    rows: Mapping[UUID, LotRow]
    market: Market

    def are_of_one(self, row: TransactionRow, lot: LotRow) -> bool:
        """Whether both are on one instrument, whichever splits there were since."""
        return is_one_contract(_given(row), _given(lot), self.market)


def _given(row: LotRow | TransactionRow) -> tuple[Instrument, date]:
    terms = (row.multiplier, row.option_type, row.strike, row.expiry)
    return Instrument(row.symbol or "", row.underlying or "", *terms), row.stated_on


async def load_lots(session: Session, portfolio_id: UUID) -> Lots:
    """What the portfolio holds and has held."""
    rows, _ = await ledger_queries.load_lots(session, [portfolio_id])
    splits = await ledger_queries.load_splits(session, {row.underlying for row in rows.values()})
    return Lots(rows, Market(date.max, splits))


@dataclass(frozen=True)
class Entered:
    """The lines that may be written, and what is unusual about them."""

    rows: list[TransactionRow]
    warnings: list[Warned]


async def entered(
    session: Session,
    portfolio_id: UUID,
    wanted: Sequence[tuple[int, NewTransaction]],
    day: date,
    lots: Lots,
) -> Entered:
    """The terms as lines of a ledger; 422 with everything that is wrong with them.

    Each comes with its place in the request. `day`: no trade is after it.
    """
    sheets = {place: TRADE.sheet(vars(terms)) for place, terms in wanted if _is_trade(terms)}
    symbols = {symbol for sheet in sheets.values() for symbol in files.underlyings(sheet)}
    known = await market_queries.known_symbols(session, symbols)
    rules = Rules(day, known, is_session)
    return await asyncio.to_thread(_checked, portfolio_id, wanted, sheets, rules, lots)


def _checked(
    portfolio_id: UUID,
    wanted: Sequence[tuple[int, NewTransaction]],
    sheets: Mapping[int, Sheet],
    rules: Rules,
    lots: Lots,
) -> Entered:
    errors: list[dict[str, str]] = []
    warnings: list[Warned] = []
    rows: list[TransactionRow] = []
    for place, terms in wanted:
        check = _Check(portfolio_id, terms, rules, lots)
        row = check.row(sheets.get(place))
        errors += [
            {**error, "field": f"transactions.{place}.{error['field']}"} for error in check.errors
        ]
        warnings += check.warnings
        if row is not None and not check.errors:
            rows.append(row)
    if errors:
        detail = f"{len(errors)} value{'s' if len(errors) > 1 else ''} cannot be used: "
        first = f"{errors[0]['field']}: {errors[0]['message']}"
        raise Problem(422, "invalid_transaction", detail + first, errors)
    return Entered(rows, warnings)


def _is_trade(terms: NewTransaction) -> bool:
    """Whether the terms name securities, as far as their kind allows it."""
    kind = terms.kind
    if kind not in QUANTITY_SIGNS:
        return False
    return kind not in AMOUNT_SIGNS or terms.amount is None


class _Check:
    """One transaction with what is wrong with it so far."""

    def __init__(self, portfolio_id: UUID, terms: NewTransaction, rules: Rules, lots: Lots) -> None:
        self._portfolio_id = portfolio_id
        self._terms = terms
        self._rules = rules
        self._lots = lots
        self.errors: list[dict[str, str]] = []
        self.warnings: list[Warned] = []

    def row(self, sheet: Sheet | None) -> TransactionRow | None:
        """The line; None when something is wrong with it."""
        kind = self._terms.kind
        if kind not in ENTERABLE:
            names = ", ".join(ENTERABLE)
            self._complain("kind", "unknown_kind", f"kind {kind!r} is none of {names}")
            return None
        self._check_fees()
        self._check_choice(Kind(kind), trades=sheet is not None)
        return self._money(Kind(kind)) if sheet is None else self._trade(Kind(kind), sheet)

    def _complain(self, field: str, code: str, message: str) -> None:
        self.errors.append({"field": field, "code": code, "message": message})

    # --- trades ---

    def _trade(self, kind: Kind, sheet: Sheet) -> TransactionRow | None:
        rules = replace(self._rules, worthless=kind in CLOSING)
        found = files.holdings_of(sheet, rules)
        for problem in found.problems:
            field = TRADE.field(problem.field) or "symbol"
            self._complain(field, problem.code, TRADE.reworded(problem.message))
        self.warnings += [
            Warned(code=warning.code, message=TRADE.reworded(warning.message))
            for warning in found.warnings
        ]
        if self._terms.amount is not None:
            message = f"a {kind} moves quantity x price: it has no amount"
            self._complain("amount", "unexpected", message)
        if not found.accepted:
            return None
        holding = found.accepted[0]
        sign = self._sign(kind)
        quantity = self._signed("quantity", kind, holding.quantity, sign)
        if abs(quantity * holding.multiplier * holding.entry_price) >= files.LARGEST_VALUE:
            message = "quantity x multiplier x price must be below 10,000,000,000,000 USD"
            self._complain("quantity", "too_large", message)
        stated_on = self._share_day(holding.entry_date)
        row = replace(
            self._common(kind, holding.entry_date, stated_on),
            **vars(holding.traded),
            quantity=quantity,
            price=holding.entry_price,
        )
        self._check_lot(row)
        return row

    def _share_day(self, trade_date: date) -> date:
        given: date | None = self._terms.stated_on
        if given is not None and given > self._rules.as_of:
            message = f"stated_on {given} is after {self._rules.as_of}"
            self._complain("stated_on", "date_in_future", message)
        return given or trade_date

    def _sign(self, kind: Kind) -> int:
        """The sign of the quantity: what is transferred out of a short lot is bought back."""
        lot = self._named_lot
        is_short = lot is not None and lot.quantity < 0
        return 1 if kind is Kind.TRANSFER_OUT and is_short else QUANTITY_SIGNS[kind]

    def _signed(self, field: str, kind: Kind, given: Decimal, sign: int) -> Decimal:
        """The number with its kind's sign, which it may be given with or without."""
        if sign < 0 < given:
            return -given
        if sign > 0 > given:
            message = f"{field} {given} is below 0, but a {kind} adds: give it without a sign"
            self._complain(field, "sign_disagrees", message)
        return given

    # --- money ---

    def _money(self, kind: Kind) -> TransactionRow | None:
        for field in ("quantity", "price", *OPTION_TERMS):
            if getattr(self._terms, field) is not None:
                self._complain(field, "unexpected", f"a {kind} of money has no {field}")
        symbol = self._symbol(kind)
        trade_date = self._trade_date(kind)
        amount = self._number("amount")
        if amount is None:
            self._require(kind)
        if amount is None or trade_date is None or self.errors:
            return None
        signed = self._signed("amount", kind, amount, AMOUNT_SIGNS[kind])
        return replace(
            self._common(kind, trade_date, trade_date),
            symbol=symbol,
            underlying=symbol,
            amount=signed,
        )

    def _require(self, kind: Kind) -> None:
        if self._terms.amount is None:
            message = f"a {kind} needs an amount" + (
                ", or symbol, quantity and price" if kind in QUANTITY_SIGNS else ""
            )
            self._complain("amount", "missing_value", message)

    def _symbol(self, kind: Kind) -> str | None:
        text = (self._terms.symbol or "").strip()
        if not text:
            if kind is Kind.DIVIDEND:
                self._complain(
                    "symbol", "missing_value", "a dividend needs the symbol that paid it"
                )
            return None
        found = listed_instrument(text)
        if not isinstance(found, str):
            self._complain("symbol", "invalid_symbol", f"{text!r} is not the symbol of a share")
            return None
        return found

    def _trade_date(self, kind: Kind) -> date | None:
        text = (self._terms.trade_date or "").strip()
        if not text:
            self._complain("trade_date", "missing_value", "trade_date is missing")
            return None
        try:
            day = date.fromisoformat(text)
        except ValueError:
            message = f"trade_date {text!r} is not a date like 2022-12-28"
            self._complain("trade_date", "invalid_date", message)
            return None
        if not day >= files.EARLIEST_DATE:
            message = f"trade_date {day} is before {files.EARLIEST_DATE}"
            self._complain("trade_date", "date_too_early", message)
        elif day > self._rules.as_of:
            message = f"trade_date {day} is after {self._rules.as_of}"
            self._complain("trade_date", "date_in_future", message)
        elif kind is Kind.EQUITY and not is_session(day):
            message = f"{day} is no session: state the equity of {nearest_session(day)}"
            self._complain("trade_date", "not_a_session", message)
        return day

    def _check_fees(self) -> None:
        fees = self._number("fees")
        if fees is not None and fees < 0:
            self._complain("fees", "sign_disagrees", "fees are given without a sign")

    def _number(self, field: str) -> Decimal | None:
        """A sum of money, as far as it can be used."""
        given: Decimal | None = getattr(self._terms, field)
        if given is None:
            return None
        if not given.is_finite():
            self._complain(field, "not_a_number", f"{field} is not a number")
            return None
        if abs(given) >= files.LARGEST_VALUE:
            self._complain(field, "too_large", f"{field} must be below 10,000,000,000,000 USD")
            return None
        if given != round(given, 2):
            self._complain(field, "too_many_decimals", f"{field} has more than 2 decimals")
            return None
        if not given and field == "amount" and self._terms.kind != Kind.EQUITY:
            self._complain(field, "zero_amount", "the amount is 0")
            return None
        return given

    @property
    def _named_lot(self) -> LotRow | None:
        lot_id: UUID | None = self._terms.lot_id
        return None if lot_id is None else self._lots.rows.get(lot_id)

    def _check_choice(self, kind: Kind, *, trades: bool) -> None:
        """Only what closes lots may say which, and only lots there are."""
        closes = trades and kind in CLOSING
        for field in ("lot_id", "lot_method"):
            if getattr(self._terms, field) is not None and not closes:
                message = f"this {kind} closes no lot, so it cannot say which"
                self._complain(field, "unexpected", message)
                return
        if self._terms.lot_id is not None and self._named_lot is None:
            message = f"the portfolio has no lot {self._terms.lot_id}"
            self._complain("lot_id", "unknown_lot", message)

    def _check_lot(self, row: TransactionRow) -> None:
        """The lot that a trade names is one that it can close."""
        lot = self._named_lot
        if lot is None or row.quantity is None:
            return
        if not self._lots.are_of_one(row, lot):
            message = f"lot {lot.position_id} is of {lot.symbol}, and {row.symbol} is traded"
            self._complain("lot_id", "other_instrument", message)
        elif lot.entry_date > row.trade_date:
            message = f"lot {lot.position_id} was opened on {lot.entry_date}, after the trade"
            self._complain("lot_id", "opened_later", message)
        elif (lot.quantity > 0) == (row.quantity > 0):
            side, verb = ("long", "sell") if lot.quantity > 0 else ("short", "buy_to_cover")
            message = f"lot {lot.position_id} is {side}: a {verb} closes it"
            self._complain("lot_id", "other_side", message)

    def _common(self, kind: Kind, trade_date: date, stated_on: date) -> TransactionRow:
        return TransactionRow(
            uuid4(),
            self._portfolio_id,
            kind,
            trade_date,
            stated_on,
            API,
            fees=self._terms.fees or Decimal(0),
            lot_id=self._terms.lot_id,
            lot_method=self._terms.lot_method,
            external_id=self._terms.external_id,
            note=self._terms.note,
        )


def beyond_held(line: EnteredLine | TransactionRow, excess: Excess) -> str:
    """What a line sold, or bought to cover, beyond what was held, and what came of it."""
    sells = (line.quantity or Decimal(0)) < 0
    quantity = f"{abs(excess.quantity).normalize():f}"
    done = f"{'sells' if sells else 'buys back'} {quantity} {line.symbol} more than held"
    if not line.price:
        return f"{done}: the rest is not entered"
    return f"{done}: a {'short' if sells else 'long'} lot is opened"


def excess_notices(excesses: Sequence[Excess], lines: Mapping[UUID, EnteredLine]) -> list[Warned]:
    """A warning for every one of the lines that sold, or bought to cover, more than was held."""
    known = [(excess, lines.get(excess.transaction_id)) for excess in excesses]
    return [
        Warned(
            code="more_than_held",
            message=f"{line.kind} of {line.trade_date} {beyond_held(line, excess)}",
            about=[line.symbol] if line.symbol else [],
        )
        for excess, line in known
        if line is not None
    ]

"""Interactive Brokers' Flex queries as XML: open positions, trades, and movements of cash.

Attributes are read by their names and all others are passed over, so a query may have more or less
of them. A document type declaration, which is where entities come from, refuses the file; what no
rule knows (an asset class, a currency) is a problem of its line.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import cast

# Declarations, which attacks on parsers need, are refused before anything is parsed.
from xml.etree.ElementTree import Element, ParseError, XMLPullParser  # nosec B405

from services.gateway.books.files.mapping import Use
from services.gateway.books.files.problems import UnreadableFile
from services.gateway.books.files.reading import MAX_CELL
from services.gateway.books.files.statements import (
    MAX_DEPTH,
    Item,
    Noted,
    Statement,
    decimal_of,
    number_cell,
    price_cell,
)
from shared.instruments import OPTION_MULTIPLIER, STOCK_MULTIPLIER, looks_like_option

LAYOUT = "Interactive Brokers Flex (XML)"
_ROOTS = ("<FlexQueryResponse", "<FlexStatement")
_DECLARATION = re.compile(r"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_PIECE = 65_536  # characters that are parsed before what they hold is looked at
_CLASSES = {"STK": "PUBLIC", "ETF": "PUBLIC", "FUND": "PUBLIC", "OPT": "OPTIONS"}
# Days as yyyyMMdd or yyyy-MM-dd, with or without a time: of others, month and day may be swapped.
_DAY = re.compile(r"(\d{4})(-?)(\d{2})\2(\d{2})([T ,;].*)?", re.ASCII)
_FIELDS = {
    "tradeDate": "date",
    "dateTime": "date",
    "settleDate": "date",
    "openDateTime": "entry_date",
    "holdingPeriodDateTime": "entry_date",
    "expiry": "expiration_date",
}
_OPENED = ("openDateTime", "holdingPeriodDateTime")
_ENDED = {"Ep": "expired", "A": "assigned", "Ex": "exercised"}
_EFFECTS = {"O": "open", "C": "close"}
_CANCELLING = ("TradeCancel", "TradeCorrect")
_CASH_TYPES = {
    "dividends": "dividend",
    "payment in lieu of dividends": "payment in lieu",
    "broker interest paid": "interest",
    "broker interest received": "interest",
    "bond interest paid": "interest",
    "bond interest received": "interest",
    "deposits/withdrawals": "cash transfer",
    "deposits & withdrawals": "cash transfer",
}
_FEES = (
    *("withholding tax", "other fees", "commission adjustments", "advisor fees", "broker fees"),
    *("871(m) withholding", "sales tax"),
)
_SUM = Noted(None, "total", "a sum or a part of other entries")


def is_xml(text: str) -> bool:
    """Whether a file is XML."""
    return text.lstrip().startswith(("<?xml", "<!", *_ROOTS))


def refuse_declarations(text: str) -> None:
    """Raise `UnreadableFile` for a document type declaration or an entity."""
    found = _DECLARATION.search(text)
    if found is not None:
        message = (
            "the file declares a document type or entities (<!DOCTYPE, <!ENTITY), which no "
            "statement of a broker has: it is not read"
        )
        raise UnreadableFile(text.count("\n", 0, found.start()) + 1, "invalid_xml", message)


def flex_statement(text: str) -> Statement:
    """What a Flex query found; raises `UnreadableFile` for any other XML, and for what is broken.

    No more than one element is held at a time.
    """
    refuse_declarations(text)
    if not any(root in text for root in _ROOTS):
        message = (
            "the XML is neither an Interactive Brokers Flex query (FlexQueryResponse) nor an OFX "
            "statement"
        )
        raise UnreadableFile(1, "invalid_xml", message)
    reader = _Reader()
    for line, element in _elements(text):
        reader.take(line, element.tag, element.attrib)
    return reader.finished()


def _elements(text: str) -> Iterator[tuple[int, Element]]:
    """Every element as it begins, with its line."""
    parser: XMLPullParser[Element] = XMLPullParser(("start", "end"))
    open_ones: list[Element] = []
    line = 1
    try:
        for number, piece in _pieces(text):
            line = number
            parser.feed(piece)
            events = cast("Iterator[tuple[str, Element]]", parser.read_events())
            for event, element in events:
                if event == "start":
                    open_ones.append(element)
                    yield line, element
                else:
                    open_ones.pop()
                    element.clear()
                    if open_ones:
                        del open_ones[-1][:]
            if len(open_ones) > MAX_DEPTH:
                message = f"elements are within each other more than {MAX_DEPTH} deep"
                raise UnreadableFile(line, "invalid_xml", message)
        parser.close()
    except ParseError as error:
        message = f"the XML is broken: {str(error).split(':')[0]}"
        raise UnreadableFile(line, "invalid_xml", message) from None


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """Lines, of which long ones come in pieces, with their numbers."""
    start = 0
    number = 1
    while start < len(text):
        end = text.find("\n", start, start + _PIECE) + 1 or start + _PIECE
        piece = text[start:end]
        yield number, piece
        number += piece.endswith("\n")
        start = end


class _Reader:
    """Turns elements into the entries of a statement."""

    def __init__(self) -> None:
        self.statement = Statement(LAYOUT)
        self._sums: list[tuple[tuple[str, str], int]] = []
        self._lots: set[tuple[str, str]] = set()
        self._cash: dict[str, Decimal] = {}
        self._base = ""
        self._account = ""
        self._period: Mapping[str, str] = {}

    def take(self, line: int, tag: str, given: Mapping[str, str]) -> None:
        """One element."""
        match tag:
            case "FlexStatement":
                self._account = given.get("accountId", "")
                self.statement.accounts += [self._account[:64]] if self._account else []
                self._period = {"toDate": given.get("toDate", "")}
                self.statement.exported_on = _day(self._period["toDate"])
            case "AccountInformation":
                self._base = given.get("currency", self._base)
            case "OpenPosition":
                self._position(line, given)
            case "Trade":
                self.statement.add(_trade(line, given))
            case "CashTransaction":
                self.statement.add(_cash_transaction(line, given))
            case "CashReportCurrency":
                self._report_cash(given)
            case "EquitySummaryByReportDateInBase":
                self.statement.total = decimal_of(given.get("total"))
            case _:
                pass

    def _position(self, line: int, given: Mapping[str, str]) -> None:
        key = (given.get("accountId", self._account), given.get("symbol", ""))
        if _is_lot(given):
            self._lots.add(key)
        else:
            self._sums.append((key, len(self.statement.items)))
        self.statement.exported_on = _day(given.get("reportDate", "")) or self.statement.exported_on
        days = given if given.get("reportDate") else self._period
        problem = _unclear(days, "reportDate", "toDate") or _unclear(
            given, "expiry", *(_OPENED if _is_lot(given) else ())
        )
        cells = _position_cells(given)
        self.statement.add(Item(line, Use.POSITIONS, key[1], cells, problem=problem))

    def _report_cash(self, given: Mapping[str, str]) -> None:
        amount = decimal_of(given.get("endingCash"))
        if amount is not None:
            currency = given.get("currency", "")
            self._cash[currency] = self._cash.get(currency, Decimal(0)) + amount

    def finished(self) -> Statement:
        """The statement, where positions that are there by lot too are sums of these."""
        statement = self.statement
        for key, place in self._sums:
            if key in self._lots:
                was = statement.items[place]
                statement.items[place] = Item(was.line, None, was.label, passed=_SUM)
        is_in_dollars = self._base in ("", "USD")
        statement.cash = self._cash.get("USD")
        if statement.cash is None and is_in_dollars:
            statement.cash = self._cash.get("BASE_SUMMARY")
        statement.total = statement.total if is_in_dollars else None
        return statement


def _day(text: str) -> date | None:
    """A day in one of the two forms that are clear; None in anything else."""
    match = _DAY.fullmatch(text.strip())
    try:
        return date(int(match[1]), int(match[3]), int(match[4])) if match else None
    except ValueError:
        return None


def _unclear(given: Mapping[str, str], *names: str) -> Noted | None:
    """The problem of the first of these attributes that has a text, where it is no clear day."""
    for name in names:
        text = given.get(name, "").strip()
        if text and _day(text) is None:
            message = (
                f"{name} {text[:MAX_CELL]!r} is no day as yyyyMMdd or yyyy-MM-dd: set the query's "
                "date format to one of them"
            )
            return Noted(_FIELDS.get(name, name), "invalid_date", message)
    return None


def _traded(given: Mapping[str, str], *names: str) -> tuple[str, Noted | None]:
    """The day of a line by the first of these attributes that has one; or what is unclear."""
    name = next((name for name in names if given.get(name)), names[0])
    return _day_cell(given.get(name, "")), _unclear(given, name, "expiry")


def _is_lot(given: Mapping[str, str]) -> bool:
    return given.get("levelOfDetail", "").upper() == "LOT"


def _day_cell(text: str) -> str:
    day = _day(text)
    return day.isoformat() if day else text


def _instrument(given: Mapping[str, str]) -> dict[str, str]:
    """Symbol, class and terms: an option by its OCC symbol, or by its terms."""
    kind = given.get("assetCategory", "")
    symbol = given.get("symbol", "")
    found = {
        "symbol": symbol,
        "investment_class": _CLASSES.get(kind.upper(), kind),
        "currency": given.get("currency", ""),
        "multiplier": number_cell(given.get("multiplier")),
    }
    if kind.upper() != "OPT":
        return found
    found |= {
        "strike_price": number_cell(given.get("strike")),
        "expiration_date": _day_cell(given.get("expiry", "")),
        "option_type": given.get("putCall", ""),
    }
    if not looks_like_option(symbol):
        found |= {"symbol": "", "underlying_symbol": given.get("underlyingSymbol") or symbol}
    return found


def _position_cells(given: Mapping[str, str]) -> dict[str, str]:
    price = decimal_of(given.get("costBasisPrice"))
    quantity = decimal_of(given.get("position"))
    cost = decimal_of(given.get("costBasisMoney"))
    if price is None and cost is not None and quantity:
        is_option = given.get("assetCategory", "").upper() == "OPT"
        price = abs(cost / quantity) / (OPTION_MULTIPLIER if is_option else STOCK_MULTIPLIER)
    opened = next((given[name] for name in _OPENED if given.get(name)), "")
    return {
        **_instrument(given),
        "quantity": number_cell(given.get("position")),
        "side": given.get("side", ""),
        "entry_price_per_share": price_cell(price),
        "entry_date": _day_cell(opened) if _is_lot(given) else "",
        "market_value": number_cell(given.get("positionValue")),
    }


def _trade(line: int, given: Mapping[str, str]) -> Item:
    label = given.get("symbol", "")
    if given.get("levelOfDetail", "").upper() not in ("", "EXECUTION"):
        return Item(line, None, label, passed=_SUM)
    day, problem = _traded(given, "tradeDate", "dateTime")
    cells = {
        **_instrument(given),
        "date": day,
        "type": _trade_type(given),
        "open/close": _EFFECTS.get(given.get("openCloseIndicator", ""), ""),
        "quantity": number_cell(given.get("quantity")),
        "price": price_cell(decimal_of(given.get("tradePrice"))),
        "id": given.get("tradeID") or given.get("transactionID") or given.get("ibExecID", ""),
        "note": given.get("description", ""),
    }
    paid = given.get("ibCommissionCurrency", "")
    if paid and paid != given.get("currency", paid):
        message = f"the commission is in {paid}: enter the trade in its own currency"
        problem = Noted("fees", "unsupported_currency", message)
        return Item(line, Use.TRANSACTIONS, label, problem=problem)
    costs = [decimal_of(given.get(name)) for name in ("ibCommission", "taxes")]
    cost = -sum((each for each in costs if each is not None), Decimal(0))
    warning = None
    if cost < 0:
        message = f"{-cost:f} was paid back on the trade: enter it as a refund of fees"
        warning = Noted("fees", "rebate_left_out", message)
    else:
        cells |= {"fees": f"{cost:f}", "amount": number_cell(given.get("netCash"))}
    return Item(line, Use.TRANSACTIONS, label, cells, problem=problem, warning=warning)


def _trade_type(given: Mapping[str, str]) -> str:
    """What the trade is; an option that ended is derived from market data."""
    if given.get("transactionType") in _CANCELLING or "(Ca.)" in given.get("buySell", ""):
        return "cancelled"
    if given.get("assetCategory", "").upper() == "OPT":
        codes = given.get("notes", "").replace(" ", "").split(";")
        ended = next((_ENDED[code] for code in codes if code in _ENDED), None)
        if ended:
            return ended
    return given.get("buySell", "")


def _cash_transaction(line: int, given: Mapping[str, str]) -> Item:
    label = given.get("type", "")
    if given.get("levelOfDetail", "").upper() not in ("", "DETAIL"):
        return Item(line, None, label, passed=_SUM)
    amount = decimal_of(given.get("amount"))
    kind = _CASH_TYPES.get(label.lower(), label)
    if label.lower() in _FEES:
        kind = "fee refund" if amount is not None and amount > 0 else "fee"
    is_paid_by_share = kind in ("dividend", "payment in lieu")
    identity = given.get("transactionID", "")
    day, problem = _traded(given, "dateTime", "settleDate")
    cells = {
        "date": day,
        "type": kind,
        "symbol": given.get("symbol", "") if is_paid_by_share else "",
        "amount": number_cell(given.get("amount")),
        "currency": given.get("currency", ""),
        "id": f"cash {identity}" if identity else "",
        "note": given.get("description", ""),
    }
    return Item(line, Use.TRANSACTIONS, label, cells, problem=problem)

"""Investment statements in OFX (and QFX): SGML 1.x and XML 2.x by one tolerant reader.

Of a statement (INVSTMTRS) are read the list of securities, positions, transactions and cash. In
SGML an element with a value has no end, in XML it has; both are read by where values are, so what
else a broker writes is passed over. There are no declarations and no entities but those of `&`,
`<` and `>`: anything else refuses the file or stays as it is written.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from services.gateway.books.files.cells import day_of
from services.gateway.books.files.flex import refuse_declarations
from services.gateway.books.files.mapping import DateFormat, Use
from services.gateway.books.files.problems import UnreadableFile
from services.gateway.books.files.statements import (
    MAX_DEPTH,
    Item,
    Noted,
    Statement,
    decimal_of,
    number_cell,
    price_cell,
)

LAYOUT = "OFX investment statement"
_HEAD = 4_000  # characters in which a statement begins
_TOKEN = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9._]*)([^<>]*)>([^<]*)")
_POSITIONS = ("POSSTOCK", "POSMF", "POSOPT", "POSDEBT", "POSOTHER")
_SECURITIES = ("STOCKINFO", "MFINFO", "OPTINFO", "DEBTINFO", "OTHERINFO")
_BOUGHT = {
    **dict.fromkeys(("BUYSTOCK", "BUYMF", "BUYOTHER", "BUYDEBT"), "buy"),
    **dict.fromkeys(("SELLSTOCK", "SELLMF", "SELLOTHER", "SELLDEBT"), "sell"),
}
_WORDS = {
    **{"BUY": "buy", "BUYTOCOVER": "buy to cover", "SELL": "sell", "SELLSHORT": "sell short"},
    **{"BUYTOOPEN": "buy to open", "BUYTOCLOSE": "buy to close"},
    **{"SELLTOOPEN": "sell to open", "SELLTOCLOSE": "sell to close"},
    **{"EXERCISE": "exercised", "ASSIGN": "assigned", "EXPIRE": "expired"},
    **{"IN": "transfer in", "OUT": "transfer out"},
    **{"DIV": "dividend", "CGLONG": "dividend", "CGSHORT": "dividend"},
    **{"INTEREST": "interest", "MISC": "interest"},
}
_TYPE_LEAVES = (
    *("BUYTYPE", "SELLTYPE", "OPTBUYTYPE", "OPTSELLTYPE", "OPTACTION", "TFERACTION"),
    "INCOMETYPE",
)
_TRADED = (*_BOUGHT, "BUYOPT", "SELLOPT")
_PAID = ("INCOME", "RETOFCAP", "INVEXPENSE", "MARGININTEREST")
_NOTICES = {"SPLIT": "split", "JRNLFUND": "sweep", "JRNLSEC": "sweep"}
_TRANSACTIONS = (
    *(*_TRADED, *_PAID, *_NOTICES, "CLOSUREOPT", "TRANSFER", "REINVEST", "INVBANKTRAN"),
)
_ROWS = frozenset((*_POSITIONS, *_SECURITIES, *_TRANSACTIONS))
_COSTS = ("COMMISSION", "FEES", "TAXES", "LOAD")
_BALANCES = ("AVAILCASH", "MARGINBALANCE")
_BANK_TYPES = {"INT": "interest", "DIV": "interest"}
_BANK_FEES = ("FEE", "SRVCHG")
_CASH = Noted(
    None, "cash", "cash is no position: it counts in the equity balance of a created portfolio"
)
_MONEY_MARKET = "money market"
_ONE = Decimal(1)


def is_ofx(text: str) -> bool:
    """Whether a file is an OFX statement, of either version."""
    head = text[:_HEAD].upper()
    return "<OFX>" in head or head.lstrip().startswith("OFXHEADER")


def ofx_statement(text: str) -> Statement:
    """What an investment statement lists; raises `UnreadableFile` for any other one."""
    refuse_declarations(text)
    if "<INVSTMTRS>" not in text.upper():
        message = (
            "the OFX file has no investment statement (INVSTMTRS): export the transactions of a "
            "brokerage account"
        )
        raise UnreadableFile(1, "invalid_xml", message)
    return _Reader(text).statement()


@dataclass
class _Found:
    """An element that is one entry: its values in their order, each with its line."""

    tag: str
    line: int
    values: list[tuple[str, str, int]] = field(default_factory=list)

    def get(self, *names: str) -> str:
        """The first value of one of these names; blank without any."""
        return next((text for name in names for given, text, _ in self.values if given == name), "")

    def number(self, name: str) -> Decimal | None:
        return decimal_of(self.get(name))

    def line_of(self, name: str) -> int:
        return next((line for given, _, line in self.values if given == name), self.line)


class _Reader:
    """Entries as they come, and what the statement says of all of them."""

    def __init__(self, text: str) -> None:
        self._of_all: dict[str, str] = {}
        self._balances: dict[str, Decimal] = {}
        self._accounts: list[str] = []
        self._securities: dict[str, _Found] = {}
        self._found: list[_Found] = []
        for each in self._entries(text):
            if each.tag in _SECURITIES:
                self._securities[each.get("UNIQUEID")] = each
            else:
                self._found.append(each)

    def _entries(self, text: str) -> Iterator[_Found]:
        """Each element that is one entry, when it has ended."""
        stack: list[str] = []
        current: _Found | None = None
        line = 1
        before = 0
        for token in _TOKEN.finditer(text):
            line += text.count("\n", before, token.start())
            before = token.start()
            closes = bool(token[1])
            tag = token[2].upper()
            value = _unescaped(token[4].strip())
            if closes and tag in stack:
                while stack.pop() != tag:
                    pass
            elif not closes and value:
                self._take(current, stack, tag, value, line)
            elif not closes and not token[3].endswith("/"):
                stack.append(tag)
                _check_depth(stack, line)
            if current is not None and (closes and tag == current.tag):
                yield current
                current = None
            elif not closes and not value and tag in _ROWS:
                if current is not None:
                    yield current
                current = _Found(tag, line, [("CURDEF", self._of_all.get("CURDEF", ""), line)])
        if current is not None:
            yield current

    def _take(
        self, current: _Found | None, stack: list[str], tag: str, value: str, line: int
    ) -> None:
        """A value of an entry, else of the statement."""
        if current is not None:
            is_foreign = tag == "CURSYM" and stack[-1:] != ["CURRENCY"]
            current.values += [] if is_foreign else [(tag, value, line)]
        elif tag == "ACCTID":
            self._accounts.append(value[:64])
        elif tag in _BALANCES:
            known = self._balances.get(tag, Decimal(0))
            self._balances[tag] = known + (decimal_of(value) or Decimal(0))
        else:
            self._of_all[tag] = value

    def statement(self) -> Statement:
        """The entries in our columns."""
        statement = Statement(LAYOUT, accounts=self._accounts)
        statement.exported_on = day_of(_day_cell(self._of_all.get("DTASOF", "")), DateFormat.ISO)
        funds = Decimal(0)
        for found in self._found:
            if self._is_cash(found):
                statement.add(Item(found.line, None, self._name(found), passed=_CASH))
                funds += found.number("MKTVAL") or Decimal(0)
                continue
            for item in self._items(found):
                statement.add(item)
        statement.cash = self._cash(funds)
        return statement

    def _cash(self, funds: Decimal) -> Decimal | None:
        """Cash less what is borrowed; money market funds count once, AVAILCASH may have them."""
        available = self._balances.get("AVAILCASH")
        borrowed = min(self._balances.get("MARGINBALANCE", Decimal(0)), Decimal(0))
        if available is None and not funds:
            return None
        known = available or Decimal(0)
        return (known if known >= funds > 0 else known + funds) + borrowed

    def _name(self, found: _Found) -> str:
        security = self._securities.get(found.get("UNIQUEID"))
        if security is None:
            return found.get("UNIQUEID", "MEMO", "NAME")
        return security.get("TICKER") or security.get("SECNAME", "UNIQUEID")

    def _is_cash(self, found: _Found) -> bool:
        security = self._securities.get(found.get("UNIQUEID"))
        return (
            found.tag in _POSITIONS
            and security is not None
            and _MONEY_MARKET in security.get("SECNAME").lower()
            and found.number("UNITPRICE") == _ONE
        )

    def _items(self, found: _Found) -> list[Item]:
        if found.tag in _POSITIONS:
            return [self._position(found)]
        if found.tag == "REINVEST":
            return self._reinvested(found)
        cells = self._cells_of(found)
        return [self._item(found, Use.TRANSACTIONS, cells)]

    def _item(
        self, found: _Found, use: Use, cells: Mapping[str, str], line: int | None = None
    ) -> Item:
        """The entry, unless the statement does not say which security it is of."""
        label = self._name(found)
        identity = found.get("UNIQUEID")
        security = self._securities.get(identity)
        if security is not None and security.tag == "DEBTINFO":
            message = f"{label[:64]} is a bond: bonds are not supported, leave the entry out"
            problem = Noted("investment_class", "unknown_class", message)
            return Item(line or found.line, use, label, problem=problem)
        if identity and not cells.get("symbol") and not cells.get("underlying_symbol"):
            message = (
                f"the statement's list of securities has no ticker for {identity[:64]}: enter the "
                "entry by hand"
            )
            problem = Noted("symbol", "missing_value", message)
            return Item(line or found.line, use, label, problem=problem)
        return Item(line or found.line, use, label, cells)

    # --- what is held ---

    def _position(self, found: _Found) -> Item:
        cost = found.number("AVGCOSTBASIS")
        price = found.number("UNITPRICE")
        cells = {
            **self._instrument(found),
            "quantity": number_cell(found.get("UNITS")),
            "side": found.get("POSTYPE"),
            "entry_price_per_share": price_cell(price if cost is None else cost),
            "market_value": number_cell(found.get("MKTVAL")),
        }
        item = self._item(found, Use.POSITIONS, cells)
        if cost is not None or item.problem is not None:
            return item
        message = "the statement has no cost here: its price is used as the entry price"
        noted = Noted("entry_price", "entry_price_from_market", message)
        return Item(item.line, item.use, item.label, item.cells, warning=noted)

    def _instrument(self, found: _Found) -> dict[str, str]:
        """Symbol, class and terms by the list of securities."""
        security = self._securities.get(found.get("UNIQUEID"))
        cells = {"currency": found.get("CURSYM", "CURDEF")}
        if security is None:
            return cells
        ticker = security.get("TICKER")
        if security.tag == "DEBTINFO":
            return cells | {
                "symbol": ticker or security.get("UNIQUEID"),
                "investment_class": "DEBT",
            }
        if security.tag != "OPTINFO":
            return cells | {"symbol": ticker}
        of = [text for name, text, _ in security.values if name == "UNIQUEID"]
        underlying = self._securities.get(of[-1]) if len(of) > 1 else None
        return cells | {
            "symbol": ticker if len(ticker.replace(" ", "")) > 15 else "",
            "underlying_symbol": underlying.get("TICKER") if underlying else ticker.split(" ")[0],
            "strike_price": number_cell(security.get("STRIKEPRICE")),
            "expiration_date": _day_cell(security.get("DTEXPIRE")),
            "option_type": security.get("OPTTYPE").upper(),
            "investment_class": "OPTIONS",
            "multiplier": number_cell(security.get("SHPERCTRCT")),
        }

    # --- what was done ---

    def _cells_of(self, found: _Found) -> dict[str, str]:
        build: Callable[[_Found], dict[str, str]] = self._noticed
        if found.tag in _TRADED or found.tag == "TRANSFER":
            build = self._traded
        elif found.tag in _PAID:
            build = self._paid
        elif found.tag == "INVBANKTRAN":
            build = _banked
        common = {
            "date": _day_cell(found.get("DTTRADE", "DTPOSTED")),
            "currency": found.get("CURSYM", "CURDEF"),
            "id": found.get("FITID"),
            "note": found.get("MEMO", "NAME"),
        }
        return {**common, **build(found)}

    def _traded(self, found: _Found) -> dict[str, str]:
        word = _WORDS.get(found.get(*_TYPE_LEAVES).upper(), "")
        cells = {
            **self._instrument(found),
            "type": word or _BOUGHT.get(found.tag, ""),
            "quantity": number_cell(found.get("UNITS")),
        }
        if found.tag == "TRANSFER":
            is_short = found.get("POSTYPE").upper() == "SHORT"
            units = cells["quantity"].lstrip("-")
            price = found.number("AVGCOSTBASIS") or found.number("UNITPRICE")
            return cells | {
                "quantity": f"-{units}" if is_short else units,
                "price": price_cell(price),
            }
        price = found.number("UNITPRICE")
        marked = (found.number("MARKUP") or Decimal(0)) - (found.number("MARKDOWN") or Decimal(0))
        costs = {
            column: number_cell(found.get(name))
            for column, name in zip(
                ("commission", "fees", "reg_fee", "other_fees"), _COSTS, strict=True
            )
        }
        return {
            **cells,
            **costs,
            "price": price_cell(None if price is None else price + marked),
            "amount": number_cell(found.get("TOTAL")),
        }

    def _paid(self, found: _Found) -> dict[str, str]:
        total = found.number("TOTAL")
        kind = _WORDS.get(found.get("INCOMETYPE").upper(), found.get("INCOMETYPE"))
        if found.tag == "RETOFCAP":
            kind = "return of capital"
        elif found.tag == "MARGININTEREST":
            kind = "interest"
        elif found.tag == "INVEXPENSE":
            kind = "fee refund" if total is not None and total > 0 else "fee"
        symbol = self._instrument(found).get("symbol", "")
        return {"type": kind, "symbol": symbol, "amount": number_cell(found.get("TOTAL"))}

    def _noticed(self, found: _Found) -> dict[str, str]:
        """What the ledger derives, or what moves nothing."""
        kind = _NOTICES.get(found.tag) or _WORDS.get(found.get("OPTACTION").upper(), "")
        quantity = number_cell(found.get("UNITS"))
        return {**self._instrument(found), "type": kind, "quantity": quantity}

    def _reinvested(self, found: _Found) -> list[Item]:
        """A dividend, and the purchase it paid for, each by a separate id."""
        common = self._cells_of(found)
        total = found.number("TOTAL")
        paid = "" if total is None else f"{abs(total):f}"
        kind = _WORDS.get(found.get("INCOMETYPE").upper(), "dividend")
        instrument = self._instrument(found)
        income = {**common, "symbol": instrument.get("symbol", ""), "type": kind, "amount": paid}
        bought = {
            **common,
            **instrument,
            "type": "reinvestment",
            "quantity": number_cell(found.get("UNITS")),
            "price": price_cell(found.number("UNITPRICE")),
            "amount": f"-{paid}" if paid else "",
            "id": f"{common['id']} reinvested" if common["id"] else "",
        }
        income.pop("quantity", None)
        return [
            self._item(found, Use.TRANSACTIONS, income),
            self._item(found, Use.TRANSACTIONS, bought, found.line_of("UNITS")),
        ]


def _banked(found: _Found) -> dict[str, str]:
    """Money in and out by the kind of the bank's line."""
    kind = found.get("TRNTYPE").upper()
    amount = found.number("TRNAMT")
    word = _BANK_TYPES.get(kind, "cash transfer")
    if kind in _BANK_FEES:
        word = "fee refund" if amount is not None and amount > 0 else "fee"
    return {"type": word, "amount": number_cell(found.get("TRNAMT"))}


def _check_depth(stack: list[str], line: int) -> None:
    if len(stack) > MAX_DEPTH:
        message = f"elements are within each other more than {MAX_DEPTH} deep"
        raise UnreadableFile(line, "invalid_xml", message)


def _unescaped(text: str) -> str:
    for name, letter in (("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", " "), ("&amp;", "&")):
        text = text.replace(name, letter)
    return text


def _day_cell(text: str) -> str:
    """The day of a moment such as 20221228120000.000[-5:EST]."""
    day = day_of(text[:8], DateFormat.COMPACT)
    return day.isoformat() if day else text

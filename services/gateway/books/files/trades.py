"""Lines of a file of transactions, held against every rule."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from itertools import product

from services.gateway.books.files.amounts import CENT, checked_fees
from services.gateway.books.files.brokers import broker_day, broker_option, money, option_within
from services.gateway.books.files.entries import Entry
from services.gateway.books.files.holdings import Row, Rules, Skipped
from services.gateway.books.files.instruments import Instrument, multiplier_of
from services.gateway.books.files.layouts import STATUS_COLUMNS
from services.gateway.books.files.naming import NamedReading
from services.gateway.books.files.reading import (
    LARGEST_NUMBER,
    MAX_CELL,
    MAX_IDENTITY,
    SMALLEST_STEP,
)
from services.gateway.books.files.signs import check_currency, check_multiplier, check_unit, words
from services.gateway.books.files.sizes import check_shares, check_size
from services.gateway.books.files.trade_columns import FEE_COLUMNS, TRANSACTIONS
from services.gateway.books.files.trade_kinds import Unclear, kind_of
from services.gateway.books.files.trade_words import By, Meaning, Notice
from services.gateway.books.files.turning import check_turned
from services.gateway.books.ledger.inputs import Kind
from shared.instruments import (
    OPTION_MULTIPLIER,
    OptionContract,
    looks_like_option,
)
from shared.spreadsheet import rearmed
from shared.texts import shown

MAX_NOTE = 200
_DAYS_TO_DELIVER = 4  # a broker enters the shares on the expiry's day or after the weekend
_NOTHING = ("-", "--", "n/a", "na", "none", "null")
# In any case of their letters.
_FILLERS = frozenset(
    "".join(letters)
    for word in _NOTHING
    for letters in product(*({letter, letter.upper()} for letter in word))
)
TRADED = (Kind.BUY, Kind.SELL, Kind.SELL_SHORT, Kind.BUY_TO_COVER, Kind.OPENING)
_MOVED = (Kind.TRANSFER_IN, Kind.TRANSFER_OUT)
BOUGHT = (Kind.BUY, Kind.BUY_TO_COVER, Kind.TRANSFER_IN)
_MAY_BE_WORTHLESS = (Kind.SELL, Kind.BUY_TO_COVER, Kind.TRANSFER_OUT)
_NOT_EXECUTED = (
    *("cancelled", "canceled", "rejected", "pending", "working", "queued", "void", "unfilled"),
    *("expired", "deleted", "error", "replaced"),
)
_FEES = frozenset(FEE_COLUMNS)
PLAIN = re.compile(r"-?\d{1,11}(\.\d{1,6})?", re.ASCII)
_PLAIN_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_ISO_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})[T ].*", re.ASCII)
_COMPACT = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})([;, ].*)?", re.ASCII)
_SLASHED = re.compile(r"(\d{1,2}/\d{1,2})/(\d{4}|\d{2})([ ,].*)?", re.ASCII)
_AS_OF = re.compile(r".* as of (.*)", re.IGNORECASE)
_UNCLEAR_THOUSANDS = re.compile(r"[+-]?\d{1,3},\d{3}", re.ASCII)
DAY_FIRST = re.compile(r"(1[3-9]|2\d|3[01])/\d{1,2}/\d{2,4}\b", re.ASCII)

Shares = tuple[Instrument | None, Decimal | None, Decimal | None]


@dataclass(frozen=True)
class Delivery:
    """What an assignment or exercise at expiry delivers: signed shares at the strike."""

    line: int
    contract: OptionContract
    shares: Decimal

    @property
    def delivers(self) -> Shares:
        """What the purchase or sale of these very shares is of, how many, and at which price."""
        return self.contract.underlying, self.shares, self.contract.strike

    def is_in_time(self, entry: Entry) -> bool:
        """Whether an entry is of the days on which brokers deliver the shares."""
        return 0 <= (entry.trade_date - self.contract.expiry).days <= _DAYS_TO_DELIVER


def without_fillers(row: Row) -> Row:
    """The row with blank cells where brokers write a dash or "n/a"."""
    if _FILLERS.isdisjoint(row.cells.values()):
        return row
    cells = {name: "" if text.lower() in _NOTHING else text for name, text in row.cells.items()}
    return Row(row.line, cells, row.turning)


class TradeReading(NamedReading):
    """One line of a file of transactions, without fillers.

    `day_first`: its days are written before the months.
    """

    def __init__(self, row: Row, rules: Rules, *, day_first: bool = False) -> None:
        super().__init__(row, rules, TRANSACTIONS)
        self.meant_as = kind_of(row.cells)
        self.day_first = day_first
        self.delivered: Delivery | None = None

    @property
    def trades(self) -> bool:
        """Whether the line is one of an instrument that must be known."""
        if isinstance(self.meant_as, Unclear):
            return False
        kind = self.meant_as.kind
        if kind in (*_MOVED, By.SHARES):
            return bool(self.row.cells.get("quantity"))
        return kind in (*TRADED, Kind.DIVIDEND, Notice.ASSIGNED, Notice.EXERCISED)

    def entry(self) -> Entry | Skipped | None:
        """The line as an entry or, with the reason, as one to skip; None when it has problems."""
        if isinstance(self.meant_as, Unclear):
            unclear = self.meant_as
            self.complain(unclear.field, unclear.code, unclear.message)
            return None
        for field in STATUS_COLUMNS:
            if words(self.row.cells.get(field, "")) in _NOT_EXECUTED:
                message = f"{field} is {self.row.cells[field]!r}: nothing was traded"
                return self.skipped("not_executed", message)
        meaning = self.meant_as
        if isinstance(meaning.kind, Notice):
            return self._notice(meaning.kind)
        check_currency(self)
        check_unit(self)
        traded_on = self.traded_on()
        if meaning.kind in TRADED or (
            meaning.kind in (*_MOVED, By.SHARES) and self.row.cells.get("quantity")
        ):
            return self._trade(self._kind_by_quantity(meaning), traded_on)
        check_turned(self, None)
        return self._cash(meaning, traded_on)

    def skipped(self, code: str, message: str) -> Skipped:
        """The line as one that is not entered."""
        label = self.row.cells.get("symbol") or self.row.cells.get("note", "")
        return Skipped(self.row.line, label[:MAX_CELL], code, message)

    def _notice(self, notice: Notice) -> Entry | Skipped | None:
        if notice in (Notice.ASSIGNED, Notice.EXERCISED):
            return self._delivery(notice)
        if notice is Notice.SWEEP:
            return self.skipped("sweep", "money that the broker moves within the account")
        if notice is Notice.UNSUPPORTED:
            message = (
                f"{self.row.cells.get('symbol') or 'the holding'} on "
                f"{self.row.cells.get('date')}: mergers, spin-offs and changes of symbols are not "
                "supported, enter what they did to the holding as a sale and a purchase"
            )
            self.complain("type", "unsupported_type", message)
            return None
        if notice is Notice.CORRECTION:
            message = (
                "the row cancels or corrects another one: leave both out, or enter what is right"
            )
            self.complain("type", "unsupported_type", message)
            return None
        return self._derived(notice)

    def _derived(self, notice: Notice) -> Skipped:
        message = f"{notice.value}: derived from market data, and not entered"
        return self.skipped("derived", message)

    def _delivery(self, notice: Notice) -> Entry | Skipped | None:
        """An exercise or assignment: derived at expiry; before it, the option ends at 0.

        Its shares are another line in every export, traded at the strike.
        """
        instrument = self.instrument() if self._names_an_option else None
        if self.problems or not isinstance(instrument, OptionContract):
            return self._derived(notice) if not self.problems else None
        held = self.row.cells.get("quantity", "").rstrip("SL")  # Robinhood: 1S is one short
        number = self.quantity(self.number("quantity", held or None))
        day = self.traded_on()
        if number:
            check_size(self, instrument, number, None)
        if self.problems:
            return None
        if number is None or day is None:
            return self._derived(notice)
        closed = abs(number) if notice is Notice.ASSIGNED else -abs(number)
        kind = Kind.BUY_TO_COVER if closed > 0 else Kind.SELL
        if day < instrument.expiry:
            return Entry(
                self.row.line, kind, day, instrument, closed, Decimal(0),
                external_id=self.identity(), note=self.note(),
            )  # fmt: skip
        gained = 1 if instrument.option_type == "P" else -1
        shares = closed * OPTION_MULTIPLIER * gained
        self.delivered = Delivery(self.row.line, instrument, shares)
        return self._derived(notice)

    @property
    def _names_an_option(self) -> bool:
        symbol = self.row.cells.get("symbol", "")
        note = self.row.cells.get("note", "")
        return bool(symbol) and bool(
            looks_like_option(symbol) or broker_option(symbol) or option_within(note)
        )

    # --- when and what ---

    def traded_on(self) -> date | None:
        """The day of the line, at most the day the file is read for."""
        day = self.day("date", self.text("date"))
        if day is not None and day > self.rules.as_of:
            message = f"date {day} lies after {self.rules.as_of}, the day the file is read for"
            self.complain("date", "date_in_future", message)
            return None
        return day

    def day(self, field: str, text: str | None) -> date | None:
        """The date of a text as brokers write it: with a time, in digits only, month first."""
        if text is None or _PLAIN_DAY.fullmatch(text):
            return super().day(field, text)
        if match := _AS_OF.fullmatch(text):
            text = match[1]
        if match := _ISO_TIME.fullmatch(text):
            return super().day(field, match[1])
        if match := _COMPACT.fullmatch(text):
            return super().day(field, "-".join(match.groups()[:3]))
        match = _SLASHED.fullmatch(text)
        if match is None:
            return super().day(field, text)
        if self.day_first:
            message = (
                f"{field} {text!r} may have the day before the month, as others in the file: write "
                "YYYY-MM-DD"
            )
            self.complain(field, "invalid_date", message)
            return None
        year = match[2] if len(match[2]) == 4 else f"20{match[2]}"
        day = broker_day(f"{match[1]}/{year}")
        return super().day(field, day.isoformat() if day else text)

    def instrument(self) -> Instrument | None:
        """What the line trades, in our spellings or a broker's, else by its description."""
        text = self.row.cells.get("symbol", "")
        given = None if text.isalpha() or not text else broker_option(text)
        note = self.row.cells.get("note", "")
        if note and text.isalpha():
            given = option_within(note)
        if given is None:
            return super().instrument()
        instrument = self.meant("symbol", given)
        if instrument is not None:
            self.require_market_data("symbol", instrument)
        return instrument

    # --- numbers ---

    def number(self, field: str, text: str | None) -> Decimal | None:
        """The number of a text as brokers write it: with a dollar sign, commas and brackets."""
        if text is None:
            return None
        if PLAIN.fullmatch(text):  # no rule for numbers has anything to say of it
            return Decimal(text).quantize(SMALLEST_STEP)
        value = money(text) if text and not _UNCLEAR_THOUSANDS.fullmatch(text) else None
        if value is None or field == "quantity" or abs(value) >= LARGEST_NUMBER:
            return super().number(field, text if value is None else f"{value:f}")
        return super().number(field, f"{value.quantize(SMALLEST_STEP, ROUND_HALF_UP):f}")

    def _amount(self, field: str) -> Decimal | None:
        value = self.number(field, self.text_if_any(field))
        return None if value is None else value.quantize(CENT, ROUND_HALF_UP)

    def fees(self) -> Decimal | None:
        """All fees of the line; None where no column has any."""
        given = [field for field, text in self.row.cells.items() if text and field in _FEES]
        found = [fee for field in given if (fee := self._amount(field)) is not None]
        return sum(map(abs, found), Decimal(0)) if found else None

    def identity(self) -> str | None:
        """The line's id, as it was before an export of ours disarmed it."""
        return self.usable("id", rearmed(self.row.cells.get("id", "")), MAX_IDENTITY)

    def note(self) -> str:
        """The line's description, on one line."""
        text = " ".join(rearmed(self.row.cells.get("note", "")).split())
        return shown(text)[:MAX_NOTE]

    # --- lines ---

    def _kind_by_quantity(self, meaning: Meaning) -> Kind:
        if isinstance(meaning.kind, Kind):
            return meaning.kind
        outgoing = self.row.cells.get("quantity", "").startswith(("-", "("))
        return Kind.TRANSFER_OUT if outgoing else Kind.TRANSFER_IN

    def _trade(self, kind: Kind, traded_on: date | None) -> Entry | None:
        instrument = self.instrument()
        number = self.quantity(self.number("quantity", self.text("quantity")))
        quantity = self._signed(kind, number)
        fees = self.fees()
        amount = self._amount("amount")
        external_id = self.identity()
        stated_on = self._share_day()
        check_multiplier(self, instrument)
        check_turned(self, instrument)
        if instrument is not None and traded_on is not None:
            self.check_lifetime(self.option_field, "date", instrument, traded_on)
        if instrument is None or not quantity:
            self._price(kind)
            return None
        price = self._price(kind)
        if price is None and not self.row.cells.get("price"):
            price = self._derived_price(kind, instrument, quantity, amount, fees)
        check_size(self, instrument, quantity, price)
        if self.problems or traded_on is None:
            return None
        if price and isinstance(instrument, str):
            given = None if self.rules.shares_of_entry_date else self.rules.stated_on
            share_day = stated_on or given or traded_on
            check_shares(self, "price", instrument, price, traded_on, share_day)
        if price is not None and amount is not None and (amount or kind not in _MOVED):
            fees = checked_fees(self, instrument, quantity, price, amount, fees)
        if self.problems:
            return None
        return Entry(
            self.row.line, kind, traded_on, instrument, quantity, price,
            fees=fees or Decimal(0), external_id=external_id, note=self.note(), stated_on=stated_on,
        )  # fmt: skip

    def _signed(self, kind: Kind, number: Decimal | None) -> Decimal | None:
        if not number:
            return None
        if kind is Kind.OPENING:
            return number
        if isinstance(self.meant_as, Meaning) and self.meant_as.is_short:
            return -abs(number) if kind in BOUGHT else abs(number)
        if kind in BOUGHT and number < 0:
            message = (
                f"quantity {number:f} is below 0 but the row is a purchase: correct one of them"
            )
            self.complain("quantity", "sign_disagrees", message)
            return None
        return abs(number) if kind in BOUGHT else -abs(number)

    def _share_day(self) -> date | None:
        """The day in whose shares the line says that it is."""
        day = self.day("stated_on", self.text_if_any("stated_on"))
        last = max(self.rules.as_of, self.rules.stated_on or self.rules.as_of)
        if day is not None and day > last:
            self.complain("stated_on", "date_in_future", f"stated_on {day} lies after {last}")
        return day

    def _price(self, kind: Kind) -> Decimal | None:
        number = self.number("price", self.text_if_any("price"))
        return number if number == 0 and kind in _MAY_BE_WORTHLESS else self.price("price", number)

    def _derived_price(
        self,
        kind: Kind,
        instrument: Instrument,
        quantity: Decimal,
        amount: Decimal | None,
        fees: Decimal | None,
    ) -> Decimal | None:
        """Amount without fees / (quantity x multiplier), with a warning."""
        if kind is Kind.TRANSFER_OUT and not amount:
            return None
        if not amount:
            self.complain("price", "missing_value", "price is empty, and there is no amount")
            return None
        gross = abs(amount) - (fees or Decimal(0)) * (1 if quantity > 0 else -1)
        price = gross / (abs(quantity) * multiplier_of(instrument))
        rounded = price.quantize(SMALLEST_STEP, ROUND_HALF_UP)
        self.warn(
            "price", "price_derived", f"price is empty: amount / quantity, {rounded:f}, is used"
        )
        return self.price("price", rounded)

    def _cash(self, meaning: Meaning, traded_on: date | None) -> Entry | None:
        instrument = self.instrument() if meaning.kind is Kind.DIVIDEND else None
        self.text("amount")
        amount = self._amount("amount")
        external_id = self.identity()
        if amount == 0 and meaning.kind is not Kind.EQUITY:
            self.complain("amount", "zero_amount", "amount is 0: leave the row out")
        if amount is not None and meaning.sign > 0 > amount:
            message = f"amount {amount:f} is below 0 but the row is money that came in"
            self.complain("amount", "sign_disagrees", message)
        if self.problems or traded_on is None or amount is None:
            return None
        signed = amount if meaning.sign == 0 else meaning.sign * abs(amount)
        kind = meaning.kind
        if not isinstance(kind, Kind):
            kind = Kind.DEPOSIT if signed > 0 else Kind.WITHDRAWAL
        # A broker's amount is net; in an export of ours fees are beside it.
        fees = self.fees() if self.row.cells.get("stated_on") else None
        return Entry(
            self.row.line, kind, traded_on, instrument, amount=signed,
            fees=fees or Decimal(0), external_id=external_id, note=self.note(),
        )  # fmt: skip

"""What a row names: a listed security by its symbol, an option also by its terms, or a private one.

Shared by the formats that have these columns.
"""

from datetime import date
from decimal import Decimal

from services.gateway.books.files.holdings import (
    CLASSES,
    OPTIONS,
    PRIVATE,
    PUBLIC,
    Row,
    Rules,
)
from services.gateway.books.files.instruments import (
    Instrument,
    contract_of,
    listed_instrument,
    private_instrument,
)
from services.gateway.books.files.layouts import Layout
from services.gateway.books.files.reading import Reading
from shared.instruments import OCC_YEARS, OptionContract, canonical_symbol
from shared.spreadsheet import rearmed

LARGEST_STRIKE = Decimal(100_000)  # an OCC symbol has eight digits for the strike in thousandths
_TERMS = ("strike_price", "expiration_date", "option_type")
_OPTION_TYPES = {"CALL": "C", "C": "C", "PUT": "P", "P": "P"}


class NamedReading(Reading):
    """A row of a column set with a symbol and, perhaps, a class and an option's terms."""

    def __init__(self, row: Row, rules: Rules, layout: Layout) -> None:
        super().__init__(row, rules)
        self.layout = layout
        self.given_class = self._class()

    def _class(self) -> str | None:
        """The class as the row gives it."""
        text = self.text_if_any("investment_class")
        if text is not None and text.upper() not in CLASSES:
            message = f"investment_class {text!r} is none of {', '.join(CLASSES)}"
            self.complain("investment_class", "unknown_class", message)
            return None
        return text and text.upper()

    @property
    def option_field(self) -> str:
        """The column that names the instrument of this row."""
        symbol = self.layout.symbol
        return symbol if self.row.cells.get(symbol) else "underlying_symbol"

    def instrument(self) -> Instrument | None:
        """What the row holds; None, with a problem, when it does not say."""
        symbol = self.layout.symbol
        terms = [field for field in _TERMS if self.row.cells.get(field)]
        if self.given_class == PRIVATE:
            return self._private(symbol, terms)
        if not self.row.cells.get(symbol) and (terms or self._names_an_underlying):
            return self._priced("underlying_symbol", self._contract("underlying_symbol"))
        text = self.text(symbol)
        if text is None:
            return None
        instrument = self.meant(symbol, listed_instrument(rearmed(text)))
        if isinstance(instrument, OptionContract):
            self._check_agreement(instrument, terms)
        elif instrument is not None and terms:
            instrument = self._contract(symbol)
        return self._priced(symbol, instrument)

    @property
    def _names_an_underlying(self) -> bool:
        return self.given_class == OPTIONS and bool(self.row.cells.get("underlying_symbol"))

    def _priced(self, field: str, instrument: Instrument | None) -> Instrument | None:
        class_is_clear = self.given_class is not None or not self.row.cells.get("investment_class")
        if instrument is not None and class_is_clear:
            self.require_market_data(field, instrument)
        return instrument

    def _private(self, symbol: str, terms: list[str]) -> str | None:
        text = self.text(symbol)
        if terms:
            message = (
                "a private holding is no listed option: leave its strike, expiration and type blank"
            )
            self.complain(terms[0], "class_disagrees", message)
        name = self.meant(symbol, private_instrument(rearmed(text))) if text else None
        known = self.rules.known_underlyings
        if name is not None and known is not None and name in known:
            message = (
                f"{name} is the symbol of a listed security: a private holding needs another name"
            )
            self.complain(symbol, "symbol_is_listed", message)
        return name if isinstance(name, str) else None

    def _contract(self, root_field: str) -> OptionContract | None:
        """The contract named by its terms; every one of them is needed."""
        root = self.text(root_field)
        strike = self._strike()
        expiry = self._expiry()
        kind = self._option_type()
        if root_field != "underlying_symbol":
            self._check_underlying(root)
        if root is None or strike is None or expiry is None or kind is None:
            return None
        contract = self.meant(root_field, contract_of(rearmed(root), expiry, kind, strike))
        return contract if isinstance(contract, OptionContract) else None

    def _strike(self) -> Decimal | None:
        strike = self.price("strike_price", self.number("strike_price", self.text("strike_price")))
        if strike is None or strike <= 0:
            return None
        if strike >= LARGEST_STRIKE:
            self.complain(
                "strike_price", "too_large", f"strike_price must be below {LARGEST_STRIKE:,}"
            )
            return None
        if strike.quantize(Decimal("0.001")) != strike:
            message = f"strike_price {strike} has more than the 3 decimals of an option's symbol"
            self.complain("strike_price", "too_many_decimals", message)
            return None
        return strike

    def _expiry(self) -> date | None:
        expiry = self.day("expiration_date", self.text("expiration_date"))
        if expiry is not None and expiry.year not in OCC_YEARS:
            message = (
                f"expiration_date {expiry} is outside 2000 to 2099, the years of an option's symbol"
            )
            self.complain("expiration_date", "invalid_date", message)
            return None
        return expiry

    def _option_type(self) -> str | None:
        text = self.text("option_type")
        kind = _OPTION_TYPES.get((text or "").upper())
        if text is not None and kind is None:
            self.complain(
                "option_type",
                "unknown_option_type",
                f"option_type {text!r} is neither CALL nor PUT",
            )
        return kind

    def _check_underlying(self, root: str | None) -> None:
        """Check that an underlying given beside the symbol is the symbol's.

        A symbol beside an option's terms is the underlying.
        """
        given = self.text_if_any("underlying_symbol")
        if root is None or given is None:
            return
        if canonical_symbol(given) != canonical_symbol(root):
            message = (
                f"underlying_symbol {given!r} is not {root!r}: leave the symbol blank or write "
                "the option's own"
            )
            self.complain("underlying_symbol", "terms_disagree", message)

    def _check_agreement(self, contract: OptionContract, terms: list[str]) -> None:
        """Terms beside an option's own symbol must say the same."""
        readers = {
            "strike_price": self._strike,
            "expiration_date": self._expiry,
            "option_type": self._option_type,
        }
        meant = {
            "strike_price": contract.strike,
            "expiration_date": contract.expiry,
            "option_type": contract.option_type,
        }
        for field in terms:
            value = readers[field]()
            if value is not None and value != meant[field]:
                message = (
                    f"{field} {self.row.cells[field]!r} is not what {contract.symbol} says: "
                    f"{meant[field]}"
                )
                self.complain(field, "terms_disagree", message)
        given = self.text_if_any("underlying_symbol")
        if given and canonical_symbol(given) not in (contract.root, contract.underlying):
            message = (
                f"underlying_symbol {given!r} is not what {contract.symbol} says: "
                f"{contract.underlying}"
            )
            self.complain("underlying_symbol", "terms_disagree", message)

    def check_class(self, given: str | None, instrument: Instrument) -> None:
        is_option = isinstance(instrument, OptionContract)
        if given == OPTIONS and not is_option:
            message = (
                f"the class is OPTIONS but {instrument} is no option: write its OCC symbol, "
                "or its underlying, strike, expiration and type"
            )
            self.complain("investment_class", "class_disagrees", message)
        if given == PUBLIC and is_option:
            message = (
                "the class is PUBLIC but the row names an option: write OPTIONS, or leave the "
                "class blank"
            )
            self.complain("investment_class", "class_disagrees", message)
        if given == PRIVATE:
            message = (
                f"{instrument} is private: it is loaded, has no market price, and is left out of "
                "values and risk "
                "until it has one"
            )
            self.warn(self.layout.symbol, "no_market_price", message)

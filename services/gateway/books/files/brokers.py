"""How brokers write amounts, days and options, where our own formats are stricter."""

import re
from datetime import date
from decimal import Decimal

from services.gateway.books.files.instruments import Instrument, contract_of
from shared.instruments import InvalidSymbol, looks_like_option

_DAY_FORMS = (
    re.compile(r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})", re.ASCII),
    re.compile(r"(?P<year>\d{4})[/-](?P<month>\d{1,2})[/-](?P<day>\d{1,2})", re.ASCII),
)
_MONEY = re.compile(
    r"(?P<sign>[+-]?)\$?(?P<minus>-?)(?P<digits>(\d{1,3}(,\d{3})+|\d+)(\.\d*)?|\.\d+)", re.ASCII
)
_BRACKETED = re.compile(r"\((.*)\)")
_ROOT = r"(?P<root>[A-Z][A-Z0-9./]{0,5})"
_STRIKE = r"(?P<strike>\d{1,6}(\.\d{1,6})?|\.\d{1,6})"
_OPTION_FORMS = (
    # Schwab: AAPL 01/20/2023 150.00 C
    re.compile(rf"{_ROOT} (?P<day>\d{{1,2}}/\d{{1,2}}/\d{{4}}) {_STRIKE} (?P<kind>[CP])", re.ASCII),
    # Robinhood: AAPL 1/20/2023 Call $150.00
    re.compile(
        rf"{_ROOT} (?P<day>\d{{1,2}}/\d{{1,2}}/\d{{4}}) (?P<kind>CALL|PUT) \${_STRIKE}", re.ASCII
    ),
    # E*TRADE: AAPL Jan 20 '23 $150 Call
    re.compile(
        rf"{_ROOT} (?P<month>[A-Z]{{3}}) (?P<day>\d{{1,2}}) '(?P<year>\d{{2}}) \${_STRIKE} "
        r"(?P<kind>CALL|PUT)",
        re.ASCII,
    ),
    # Fidelity, as in -AAPL230120C150
    re.compile(
        rf"-?(?P<root>[A-Z]{{1,6}})(?P<year>\d{{2}})(?P<month>\d{{2}})(?P<day>\d{{2}})"
        rf"(?P<kind>[CP]){_STRIKE}",
        re.ASCII,
    ),
)
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def money(text: str) -> Decimal | None:
    """The number in "$3,096.90", "-$5.00" or "($5.00)"; None in "--", "N/A" and anything else."""
    bracketed = _BRACKETED.fullmatch(text)
    match = _MONEY.fullmatch(bracketed[1] if bracketed else text)
    if match is None or len(match["digits"]) > 40:
        return None
    number = Decimal(match["digits"].replace(",", ""))
    negative = bool(bracketed) != (match["sign"] == "-" or match["minus"] == "-")
    return -number if negative else number


def broker_day(text: str) -> date | None:
    """The day in "12/28/2022", "2022/12/28" or "2022-12-28"; None in anything else."""
    for form in _DAY_FORMS:
        if match := form.fullmatch(text):
            try:
                return date(int(match["year"]), int(match["month"]), int(match["day"]))
            except ValueError:
                return None
    return None


def broker_option(text: str) -> Instrument | InvalidSymbol | None:
    """The contract that a text is, in the spellings of brokers; None when it is none of them."""
    symbol = " ".join(text.upper().split())
    if looks_like_option(symbol):
        return None
    matches = (form.fullmatch(symbol) for form in _OPTION_FORMS)
    return next((_contract(match) for match in matches if match), None)


def option_within(text: str) -> Instrument | InvalidSymbol | None:
    """The contract that a description names anywhere; None when it names none."""
    symbol = " ".join(text.upper().split())
    found = (form.search(symbol) for form in _OPTION_FORMS[:3])
    return next((_contract(match) for match in found if match), None)


def _contract(option: re.Match[str]) -> Instrument | InvalidSymbol:
    expiry = _expiry(option)
    strike = Decimal(option["strike"])
    if expiry is None:
        return InvalidSymbol(option[0], "names an expiry that does not exist")
    if not 0 < strike < 100_000 or strike.quantize(Decimal("0.001")) != strike:
        return InvalidSymbol(option[0], f"names a strike that no option has: {option['strike']}")
    return contract_of(option["root"], expiry, option["kind"][0], strike)


def _expiry(option: re.Match[str]) -> date | None:
    parts = option.groupdict()
    if "year" not in parts:
        return broker_day(option["day"])
    month = option["month"]
    try:
        number = _MONTHS.index(month) + 1 if month.isalpha() else int(month)
        return date(2000 + int(option["year"]), number, int(option["day"]))
    except ValueError:
        return None

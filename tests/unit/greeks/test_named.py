"""Which contract a request means."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from services.greeks.calculations.named import contract_named
from services.greeks.inputs import NamedOption
from shared.instruments import parse_occ

SYMBOL = "AAPL230616C00130000"
NOTHING = NamedOption(None, None, None, None, None)
TERMS = NamedOption(None, "aapl", Decimal("130.000"), date(2023, 6, 16), "C")


def test_terms_symbol_and_both_mean_the_same() -> None:
    meant = parse_occ(SYMBOL)

    assert contract_named(TERMS) == meant
    assert contract_named(replace(NOTHING, contract="AAPL  230616C00130000")) == meant
    assert contract_named(replace(TERMS, contract=SYMBOL)) == meant


@pytest.mark.parametrize(
    "terms",
    [
        {"strike": Decimal(140)},
        {"option_type": "P"},
        {"expiry": date(2023, 6, 23)},
        {"underlying": "MSFT"},
    ],
)
def test_terms_of_another_contract_than_the_symbols_are_refused(terms: dict[str, Any]) -> None:
    found = contract_named(replace(NOTHING, contract=SYMBOL, **terms))

    assert found == f"the terms given are not those of {SYMBOL}: leave the symbol or them out"


@pytest.mark.parametrize(
    ("terms", "why"),
    [
        ({"expiry": date(2100, 1, 15)}, "an expiry of 2100-01-15"),
        ({"expiry": date(2199, 12, 20)}, "years are 2000 to 2099"),
        ({"strike": Decimal(100_000)}, "99,999.999 is the highest strike"),
    ],
)
def test_what_no_symbol_can_say_is_refused(terms: dict[str, Any], why: str) -> None:
    assert why in str(contract_named(replace(TERMS, **terms)))

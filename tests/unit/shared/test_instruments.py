"""OCC symbols and position types."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.instruments import (
    InvalidSymbol,
    looks_like_option,
    occ_symbol,
    parse_occ,
    parse_ticker,
    position_type,
)


def test_padded_symbol_of_the_clearing_corporation() -> None:
    contract = parse_occ("SPX   141122P00019500")

    assert (contract.root, contract.expiry, contract.option_type) == (
        "SPX",
        date(2014, 11, 22),
        "P",
    )
    assert contract.strike == Decimal("19.50")
    assert contract.symbol == "SPX141122P00019500"


roots = st.from_regex(r"[A-Z]{1,6}", fullmatch=True)
strikes = st.integers(1, 99_999_999).map(lambda thousandths: Decimal(thousandths) / 1000)


@given(roots, st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.sampled_from("CP"), strikes)
def test_every_contract_survives_its_symbol(
    root: str, expiry: date, option_type: str, strike: Decimal
) -> None:
    contract = parse_occ(occ_symbol(root, expiry, option_type, strike))

    assert (contract.root, contract.expiry, contract.option_type, contract.strike) == (
        root,
        expiry,
        option_type,
        strike,
    )


@pytest.mark.parametrize(
    ("symbol", "problem"),
    [
        ("AAPL230229C00150000", "does not exist"),
        ("AAPL230120C00000000", "strike of zero"),
        ("AAPL230120X00150000", "not an OCC"),
        ("TOOLONG230120C00150000", "not an OCC"),
        ("AAPL", "not an OCC"),
    ],
)
def test_impossible_contracts_say_what_is_wrong(symbol: str, problem: str) -> None:
    with pytest.raises(InvalidSymbol, match=problem) as caught:
        parse_occ(symbol)
    assert caught.value.symbol == symbol


def test_index_roots_are_european_on_their_index() -> None:
    assert parse_occ("SPXW230120C04000000").underlying == "SPX"
    assert parse_occ("SPXW230120C04000000").is_european
    assert not parse_occ("SPY230120C00400000").is_european


def test_both_roots_on_the_s_and_p_100_differ_in_exercise_only() -> None:
    old, european = parse_occ("OEX230120C01800000"), parse_occ("XEO230120C01800000")

    assert (old.underlying, european.underlying) == ("OEX", "OEX")
    assert (old.is_european, european.is_european) == (False, True)


@pytest.mark.parametrize("ticker", ["AAPL", "brk.b", "BF.B", " spy "])
def test_tickers_are_normalised(ticker: str) -> None:
    assert parse_ticker(ticker) == ticker.strip().upper()


@pytest.mark.parametrize("text", ["", "$CASH", "=SUM(A1)", "THIS IS NOT A TICKER AT ALL", "1AAPL"])
def test_other_text_is_no_ticker(text: str) -> None:
    with pytest.raises(InvalidSymbol):
        parse_ticker(text)


def test_option_is_distinguished_from_stock_by_its_form() -> None:
    assert looks_like_option("AAPL230120C00150000")
    assert not looks_like_option("AAPL")


@pytest.mark.parametrize(
    ("option_type", "quantity", "expected"),
    [
        (None, 1, "LONG"),
        (None, -1, "SHORT"),
        ("C", 1, "LC"),
        ("C", -1, "SC"),
        ("P", 1, "LP"),
        ("P", -1, "SP"),
    ],
)
def test_sign_and_kind_name_the_position(
    option_type: str | None, quantity: int, expected: str
) -> None:
    assert position_type(option_type, quantity) == expected

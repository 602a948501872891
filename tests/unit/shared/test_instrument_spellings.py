"""One instrument, one symbol: every spelling of brokers and providers means the same one."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.instruments import (
    INDEX_ROOTS,
    SHARE_CLASSES,
    InvalidSymbol,
    canonical_symbol,
    option_root,
    option_roots,
    parse_occ,
    parse_ticker,
)


@pytest.mark.parametrize(
    ("canonical", "spellings"),
    [
        ("BRK.B", ["BRK.B", "BRK-B", "BRK/B", "BRK B", "brk b", "BRKB", "BRK . B"]),
        ("BF.B", ["BF.B", "BF-B", "BF/B", "BF B", "BFB"]),
        ("PBR.A", ["PBR.A", "PBR-A", "PBR/A", "PBR A", "PBRA"]),
        ("BAC.PRL", ["BAC-PL", "BAC.PRL", "BAC/PRL", "BAC PRL", "BAC^L", "BAC-PRL", "BACPRL"]),
        ("BAC.PRL", ["BAC.PR.L", "BAC/PR/L", "BAC PR L", "BAC-PR-L", "BAC PFD L"]),
        ("GMRE.PR", ["GMRE.PR", "GMRE-P", "GMRE PR", "GMRE/PR"]),
        ("ACHR.WS", ["ACHR.WS", "ACHR WS", "ACHR+", "ACHR/WS", "ACHR-WT", "ACHR-WS"]),
        ("ACHR.WSA", ["ACHR.WSA", "ACHR+A", "ACHR-WTA", "ACHR WSA", "ACHR.WS.A", "ACHR/WS/A"]),
        ("XYZ.U", ["XYZ.U", "XYZ-UN", "XYZ/U", "XYZ U", "XYZ="]),
        ("XYZ.RT", ["XYZ.RT", "XYZ-RI", "XYZ RT"]),
        ("AAPL", ["AAPL", "aapl", " Aapl "]),
    ],
)
def test_every_spelling_is_one_symbol(canonical: str, spellings: list[str]) -> None:
    assert {parse_ticker(spelling) for spelling in spellings} == {canonical}


@pytest.mark.parametrize("ticker", ["META", "HUBB", "BRKA2", "GOOGL", "VIAB", "T"])
def test_a_ticker_that_ends_like_a_class_is_no_class(ticker: str) -> None:
    assert parse_ticker(ticker) == ticker


@pytest.mark.parametrize("name", ["AAPL INC", "BERKSHIRE HATHAWAY", "A B C", "BAC^PRL", "+", "="])
def test_names_are_no_tickers(name: str) -> None:
    with pytest.raises(InvalidSymbol):
        parse_ticker(name)


@pytest.mark.parametrize(
    "symbol",
    [
        "BRKB230120C00300000",
        "BRKB  230120C00300000",
        "BRK.B230120C00300000",
        "BRK/B230120C00300000",
        "BRK-B230120C00300000",
        "BRK B230120C00300000",
        "O:BRKB230120C00300000",
        "o:BRK.B 230120C00300000",
    ],
)
def test_options_on_a_share_class_are_one_contract_on_its_share(symbol: str) -> None:
    contract = parse_occ(symbol)

    assert (contract.symbol, contract.underlying) == ("BRKB230120C00300000", "BRK.B")


def test_roots_lead_to_share_classes_and_back() -> None:
    assert {option_root(symbol): symbol for symbol in SHARE_CLASSES.values()} == SHARE_CLASSES
    assert option_roots("BRK.B") == {"BRKB"}
    assert option_roots("AAPL") == {"AAPL"}
    assert {"SPX", "SPXW"} <= option_roots("SPX")


@pytest.mark.parametrize(
    ("root", "underlying"),
    [("NDXP", "NDX"), ("XND", "XND"), ("MRUT", "MRUT"), ("VIXW", "VIX"), ("XEO", "OEX")],
)
def test_roots_of_index_options_are_european(root: str, underlying: str) -> None:
    contract = parse_occ(f"{root}230120C01000000")

    assert contract.underlying == underlying
    assert contract.is_european


def test_the_old_root_on_the_s_and_p_100_is_american() -> None:
    american = [root for root in INDEX_ROOTS if not parse_occ(f"{root}230120C01000000").is_european]

    assert american == ["OEX"]


@pytest.mark.parametrize(("root", "adjusted"), [("AAPL", False), ("AAPL1", True), ("SPX7", True)])
def test_a_root_that_ends_in_a_digit_is_adjusted_or_mini(root: str, adjusted: bool) -> None:
    assert parse_occ(f"{root}230120C00150000").is_adjusted is adjusted


@given(st.text(st.sampled_from("ABPRWSTUN19.-/^+= "), max_size=12))
def test_a_canonical_symbol_is_its_own_spelling(text: str) -> None:
    symbol = canonical_symbol(text)

    assert canonical_symbol(symbol) == symbol


@given(st.text(max_size=20))
def test_any_text_is_a_ticker_or_refused(text: str) -> None:
    with suppress(InvalidSymbol):
        ticker = parse_ticker(text)

        assert parse_ticker(ticker) == ticker

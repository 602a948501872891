"""Symbols as providers spell them, and back: one instrument keeps its one symbol."""

import pytest

from services.ingest.providers.polygon_rows import polygon_symbol, symbol_of
from services.ingest.providers.yahoo import yahoo_symbol
from shared.instruments import parse_occ

SPELLINGS = [
    ("AAPL", "AAPL", "AAPL"),
    ("BRK.B", "BRK-B", "BRK.B"),
    ("BAC.PRL", "BAC-PL", "BACpL"),
    ("GMRE.PR", "GMRE-P", "GMREp"),
    ("ACHR.WS", "ACHR-WT", "ACHR.WS"),
    ("ACHR.WSA", "ACHR-WTA", "ACHR.WS.A"),
    ("XYZ.U", "XYZ-UN", "XYZ.U"),
    ("XYZ.RT", "XYZ-RI", "XYZr"),
    ("XYZ.WI", "XYZ-WI", "XYZw"),
    ("PBR.A", "PBR-A", "PBR.A"),
    ("C.PRJ", "C-PJ", "CpJ"),
    ("SPX", "^GSPC", "I:SPX"),
    ("VIX", "^VIX", "I:VIX"),
    ("MRUT", "^MRUT", "I:MRUT"),
]


@pytest.mark.parametrize(("ours", "yahoo", "polygon"), SPELLINGS)
def test_each_provider_gets_its_own_spelling(ours: str, yahoo: str, polygon: str) -> None:
    assert (yahoo_symbol(ours), polygon_symbol(ours)) == (yahoo, polygon)


@pytest.mark.parametrize(("ours", "_", "polygon"), SPELLINGS)
def test_what_polygon_lists_comes_back_as_ours(ours: str, _: str, polygon: str) -> None:
    assert symbol_of(polygon) == ours


@pytest.mark.parametrize(
    ("held", "sent"),
    [
        ("BRK.B230120C00300000", "O:BRKB230120C00300000"),
        ("LGF/A 230120P00010000", "O:LGFA230120P00010000"),
        ("SPXW230120C04000000", "O:SPXW230120C04000000"),
    ],
)
def test_a_quote_of_polygon_is_of_the_contract_held(held: str, sent: str) -> None:
    assert parse_occ(sent) == parse_occ(held)
    assert polygon_symbol(parse_occ(sent).underlying) in ("BRK.B", "LGF.A", "I:SPX")


@pytest.mark.parametrize("stored", ["BRK-B", "BRK/B", "BRK B"])
def test_an_older_spelling_is_queried_as_the_same_share(stored: str) -> None:
    assert (yahoo_symbol(stored), polygon_symbol(stored)) == ("BRK-B", "BRK.B")

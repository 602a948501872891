"""Symbols as providers spell them, and back: one instrument keeps its one symbol."""

import pytest

from services.ingest.providers.polygon_rows import polygon_symbol, symbol_of
from services.ingest.providers.yahoo import yahoo_symbol

SPELLINGS = [
    ("AAPL", "AAPL", "AAPL"),
    ("BRK.B", "BRK-B", "BRK.B"),
    ("BAC.PRL", "BAC-PL", "BACpL"),
    ("GMRE.PR", "GMRE-P", "GMREp"),
    ("ACHR.WS", "ACHR-WT", "ACHR.WS"),
    ("ACHR.WSA", "ACHR-WTA", "ACHR.WSA"),
    ("XYZ.U", "XYZ-UN", "XYZ.U"),
    ("XYZ.RT", "XYZ-RI", "XYZ.RT"),
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


@pytest.mark.parametrize("stored", ["BRK-B", "BRK/B", "BRK B"])
def test_an_older_spelling_is_queried_as_the_same_share(stored: str) -> None:
    assert (yahoo_symbol(stored), polygon_symbol(stored)) == ("BRK-B", "BRK.B")

"""The sentence that says where a book's prices come from."""

from datetime import date
from typing import Any

from services.gateway.analytics.shapes.provenance import by_kind, sentence

SPAN = (date(2014, 1, 2), date(2022, 12, 28))
FILES = [{"name": "bundled", "live": False}]
LIVE = [{"name": "polygon", "live": True}, {"name": "yahoo", "live": True}, *FILES]


def a_source(source: str, prices: int, basis: str = "raw") -> dict[str, Any]:
    return {"source": source, "prices": prices, "basis": basis}


def test_the_bundled_files_are_said_plainly() -> None:
    assert sentence([a_source("bundled", 24, "adjusted")], FILES, SPAN) == (
        "Prices come from the bundled files (adjusted closes, 2014-01-02 to 2022-12-28): "
        "no live provider is configured (a key in POLYGON_API_KEY brings one)."
    )


def test_several_sources_are_counted_and_the_order_shown() -> None:
    said = sentence([a_source("polygon", 30), a_source("bundled", 2, "adjusted")], LIVE, SPAN)

    assert said == (
        "Prices come from Polygon (30, closes as traded), the bundled files (2, adjusted closes): "
        "queried in this order: Polygon, Yahoo, the bundled files."
    )


def test_a_book_without_prices_says_who_is_asked() -> None:
    assert sentence([], LIVE, None).startswith(
        "No price of this portfolio is stored: queried in this order: Polygon"
    )
    assert "no provider is configured" in sentence([], [], None)


def test_providers_stand_under_their_kind_in_order() -> None:
    rows = [{"kind": "prices", **each} for each in LIVE] + [{"kind": "yields", **FILES[0]}]

    assert by_kind(rows) == {"prices": LIVE, "yields": FILES}

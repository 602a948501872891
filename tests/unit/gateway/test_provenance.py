"""The sentence that says where a book's prices come from."""

from datetime import date
from typing import Any

import pytest

from services.gateway.analytics.shapes.provenance import by_kind, sentence, spans

SPAN = {"bundled": "2014-01-02 to 2022-12-28"}
FILES = [{"name": "bundled", "live": False}]
LIVE = [{"name": "polygon", "live": True}, {"name": "yahoo", "live": True}, *FILES]


def a_source(source: str, prices: int, basis: str = "raw") -> dict[str, Any]:
    return {"source": source, "prices": prices, "basis": basis}


def test_the_bundled_files_are_said_plainly() -> None:
    assert sentence([a_source("bundled", 24, "adjusted")], FILES, SPAN) == (
        "Prices come from the bundled files (adjusted closes, 2014-01-02 to 2022-12-28): "
        "no live provider is configured (a key in POLYGON_API_KEY brings one)."
    )


@pytest.mark.parametrize(
    ("folder", "dates"),
    [
        ((date(2023, 1, 3), date(2023, 3, 31)), ", 2023-01-03 to 2023-03-31"),
        ((date(1999, 1, 4), date(1999, 1, 4)), ", 1999-01-04 to 1999-01-04"),
        ((None, None), ""),
    ],
    ids=["later", "one_day", "empty"],
)
def test_a_folder_has_its_own_dates(folder: tuple[date | None, date | None], dates: str) -> None:
    days = {"csv": folder, "bundled": (date(2014, 1, 2), date(2022, 12, 28))}
    rows = [
        {"kind": "prices", "name": name, "first_session": first, "last_session": last}
        for name, (first, last) in days.items()
    ]
    files = [{"name": name, "live": False} for name in days]

    said = sentence([a_source("csv", 2), a_source("bundled", 1, "adjusted")], files, spans(rows))

    assert f"the folder of CSV files (2, closes as traded{dates})" in said
    assert "the bundled files (1, adjusted closes, 2014-01-02 to 2022-12-28)" in said


def test_several_sources_are_counted_and_the_order_shown() -> None:
    said = sentence([a_source("polygon", 30), a_source("bundled", 2, "adjusted")], LIVE, SPAN)

    assert said == (
        "Prices come from Polygon (30, closes as traded), the bundled files (2, adjusted closes): "
        "queried in this order: Polygon, Yahoo, the bundled files."
    )


def test_a_book_without_prices_says_who_is_asked() -> None:
    assert sentence([], LIVE, {}).startswith(
        "No price of this portfolio is stored: queried in this order: Polygon"
    )
    assert "no provider is configured" in sentence([], [], {})


def test_providers_stand_under_their_kind_in_order() -> None:
    rows = [{"kind": "prices", **each} for each in LIVE] + [{"kind": "yields", **FILES[0]}]

    assert by_kind(rows) == {"prices": LIVE, "yields": FILES}

"""Investment statements in OFX, of either version: what is held, or what was done."""

from datetime import date
from decimal import Decimal

import pytest

from services.gateway.books.files import (
    Entries,
    Rules,
    entries_of,
    holdings_of,
    sheet_of,
)
from services.gateway.books.files.mapping import Use
from services.gateway.books.files.recognising import recognise
from shared.calendar import is_session
from tests.layouts import HOLDINGS, LIST, as_xml, ofx

RULES = Rules(date(2022, 12, 28), None, is_session)
OPTION = "AAPL230120C00150000"


def done(text: str) -> Entries:
    return entries_of(sheet_of(text.encode(), use=Use.TRANSACTIONS), RULES)


@pytest.mark.parametrize("version", [1, 2])
def test_ofx_positions_are_named_by_the_list_of_securities(version: int) -> None:
    text = ofx(LIST, HOLDINGS) if version == 1 else as_xml(ofx(LIST, HOLDINGS))
    sheet = sheet_of(text.encode())
    found = holdings_of(sheet, RULES)

    assert [(each.symbol, each.quantity, each.entry_price) for each in found.accepted] == [
        ("AAPL", Decimal(100), Decimal("126.04")),
        (OPTION, Decimal(-2), Decimal("4.2")),
    ]
    assert [(each.field, each.code) for each in found.problems] == [
        ("investment_class", "unknown_class"),
        ("symbol", "missing_value"),
    ]
    assert [each.code for each in found.warnings] == [
        "entry_date_assumed",
        "entry_price_from_market",
    ]
    assert sheet.export is not None
    assert sheet.export.cash == Decimal("892.94")
    assert (sheet.export.exported_on, sheet.export.accounts) == (date(2022, 12, 28), ("12",))


@pytest.mark.parametrize("version", [1, 2])
def test_ofx_transactions_have_the_broker_s_ids(version: int) -> None:
    found = done(ofx(LIST, HOLDINGS) if version == 1 else as_xml(ofx(LIST, HOLDINGS)))

    assert [
        (each.external_id, each.kind, each.quantity, each.price, each.amount, each.fees)
        for each in found.accepted
    ] == [
        ("F1", "buy", Decimal(100), Decimal("150.25"), None, Decimal("4.95")),
        ("F2", "sell_short", Decimal(-2), Decimal("4.2"), None, Decimal(0)),
        ("F3", "dividend", None, None, Decimal(23), Decimal(0)),
        ("F4", "dividend", None, None, Decimal(15), Decimal(0)),
        ("F4 reinvested", "buy", Decimal("0.1"), Decimal(150), None, Decimal(0)),
        ("F5", "deposit", None, None, Decimal(1000), Decimal(0)),
    ]
    assert [each.code for each in found.problems] == ["unsupported_currency"]
    assert [line.code for line in found.skipped] == ["derived"]


def test_an_ofx_file_may_be_in_the_encoding_that_it_says() -> None:
    text = ofx(HOLDINGS).replace("T BILL", "T\u00fc BILL")

    sheet = sheet_of(text.encode("cp1252"))

    assert sheet.layout == "OFX investment statement"


def test_a_statement_is_recognised_with_what_it_lists() -> None:
    found = recognise(ofx(LIST, HOLDINGS).encode())

    assert (found.columns, found.suggested) == ((), None)
    assert found.sheet is not None
    assert found.sheet.lists == (Use.POSITIONS, Use.TRANSACTIONS)

"""The lines that an upload answers are those of the model that documents them."""

from datetime import date
from decimal import Decimal

from pydantic import TypeAdapter

from services.gateway.books.files import Entry
from services.gateway.books.files.instruments import symbol_of
from services.gateway.books.ledger import Kind
from services.gateway.books.schemas.uploads import EntryOut
from services.gateway.books.uploading.report import entry_rows
from shared.instruments import OptionContract

DAY = date(2022, 6, 1)
CALL = OptionContract("AAPL", date(2023, 6, 16), "C", Decimal(150))
EVERY_KIND_OF_LINE = [
    Entry(2, Kind.BUY, DAY, "AAPL", Decimal("100.000000"), Decimal("148.712345"), note="bought"),
    Entry(3, Kind.SELL, DAY, CALL, Decimal("-1.5"), Decimal("3.0000005"), fees=Decimal("1.005")),
    Entry(4, Kind.DIVIDEND, DAY, "AAPL", amount=Decimal("-0.004"), external_id='id "4"\\\u20ac'),
    Entry(5, Kind.DEPOSIT, DAY, amount=Decimal("9999999999999.99")),
]


def test_lines_are_written_as_their_model_writes_them() -> None:
    model = TypeAdapter(list[EntryOut])
    of_model = model.validate_python(
        [
            {**vars(line), "symbol": line.instrument and symbol_of(line.instrument)}
            for line in EVERY_KIND_OF_LINE
        ]
    )

    assert entry_rows(EVERY_KIND_OF_LINE) == model.dump_json(of_model)


def test_a_file_without_lines_has_an_empty_list() -> None:
    assert entry_rows([]) == b"[]"

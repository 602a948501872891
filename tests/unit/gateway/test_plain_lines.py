"""Lines that are read by what others like them say: the same as if each was read in full."""

import pickle
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.gateway.books.files import (
    Entries,
    PriceHistory,
    Rules,
    entries_of,
    sheet_of,
    underlyings,
)
from services.gateway.books.files.history import PriceHistory as History
from services.gateway.books.files.plain import PlainLines
from services.gateway.books.files.records import records_in
from tests.unit.gateway.builders import file_of, rules

HEADER = "date,type,symbol,quantity,price,fees,commission,amount,currency,id,note,short,status"
SPLITS = {"AAPL": [(date(2020, 8, 31), Decimal(4))]}
HISTORY = PriceHistory({("AAPL", date(2020, 6, 1)): Decimal("321.85")}, SPLITS)
WORDS = (
    *("buy", "sell", "sell short", "buy to cover", "dividend", "interest", "deposit", "fee"),
    *("withdrawal", "wire", "transfer", "transfer in", "assigned", "expired", "equity statement"),
    *("margin interest", "opening lot", "cancelled", "nonsense", ""),
)
SYMBOLS = (
    *("AAPL", "XOM", "aapl", "BRK.B", "AAPL230120C00150000", "AAPL220617P00150000", "nope nope"),
    *("-AAPL230120C150", ""),
)
NUMBERS = (
    *("1", "10", "-10", "321.85", "80.46", "0", "0.00", "1500", "-1500", "1501.50", "1498.50"),
    *("$1,500.00", "($10.00)", "(10)", "1.23456789", "1,500", "12,5", "1e3", "123456789012345"),
    *("99999999999", "+5", ".5", "--", "n/a", "N/A", "None", "x" * 70, "", "", ""),
)
DAYS = (
    *("2020-06-01", "2022-06-16", "2022-06-17", "2022-06-18", "2022-11-01", "2023-11-01", "soon"),
    *("06/01/2020", "13/06/2020", "20200601", "2020-06-01 10:00", "1899-12-31", "", "2020-02-30"),
)
IDS = ("", "", "T-1", "T-2", "'=T", "T\u3164", "T" * 100, "T" * 101)
MOST = 9  # of the figures and days, which rules mostly have nothing to say of
# Date, quantity, price, fees, commission, amount, id.
FIGURES = st.tuples(
    st.sampled_from(DAYS[:5]),
    *(st.sampled_from(NUMBERS[:MOST]) for _ in range(2)),
    *(st.sampled_from(("", "", "1.50", "0")) for _ in range(2)),
    st.sampled_from(("", "", *NUMBERS[:MOST], "-321.85", "322.85")),
    st.sampled_from(IDS),
)
# Type, symbol, currency, note, short, status.
SAID = st.tuples(
    *(st.sampled_from(each) for each in (WORDS, SYMBOLS[:6], ("", "USD"))),
    *(st.sampled_from(each) for each in (("", "of a broker"), ("", "no"), ("", "filled"))),
)


def line_of(said: tuple[str, ...], figures: tuple[str, ...]) -> tuple[str, ...]:
    kind, symbol, currency, *others = said
    day, quantity, price, fees, commission, amount, identity = figures
    charged = (quantity, price, fees, commission, amount)
    return (day, kind, symbol, *charged, currency, identity, *others)


ALIKE = st.builds(
    lambda said, figures: [line_of(said, each) for each in figures],
    SAID,
    st.lists(FIGURES, min_size=1, max_size=9),
)
CELLS = st.builds(line_of, SAID, FIGURES)
ODD = st.tuples(
    *(st.sampled_from(each) for each in (DAYS, WORDS, SYMBOLS, *[NUMBERS] * 5)),
    *(st.sampled_from(each) for each in (("", "USD", "EUR"), IDS)),
    st.sampled_from(("", "AAPL 01/20/2023 150.00 C", "a\u0007b", "--")),
    *(st.sampled_from(each) for each in (("", "no", "yes", "short"), ("", "cancelled"))),
)


def quoted(cells: tuple[str, ...]) -> str:
    return ",".join(f'"{cell}"' if "," in cell else cell for cell in cells)


def in_full(data: bytes, held: Rules) -> Entries:
    """Every line read by every rule."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PlainLines, "entry", lambda *_: None)
        return entries_of(sheet_of(data), held)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(ALIKE, min_size=1, max_size=3),
    st.lists(ODD, max_size=2),
    st.booleans(),
    st.booleans(),
    st.sampled_from((None, date(2022, 12, 28))),
)
def test_plain_lines_are_what_they_are_in_full(
    alike: list[list[tuple[str, ...]]],
    odd: list[tuple[str, ...]],
    of_entry: bool,
    refuse: bool,
    stated_on: date | None,
) -> None:
    lines = [*(line for each in alike for line in each), *odd]
    data = file_of(*(quoted(line) for line in (*lines, *lines[:2])), header=HEADER)
    held = rules(
        {"AAPL", "XOM"},
        shares_of_entry_date=of_entry,
        stated_on=stated_on,
        refuse_duplicates=refuse,
        history=HISTORY,
    )

    assert entries_of(sheet_of(data), held) == in_full(data, held)


def test_most_lines_of_a_file_are_not_read_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    first = date(2021, 1, 4)
    lines = [
        f"{first + timedelta(days=number)},{('buy', 'sell')[number % 2]},AAPL,{number + 1},"
        f"150.{number},1.5,,,USD,T-{number},"
        for number in range(200)
    ]
    learnt: list[object] = []
    learn = PlainLines.learn

    def counted(plain: PlainLines, *line: object) -> None:
        learnt.append(line)
        learn(plain, *line)  # type: ignore[arg-type]

    monkeypatch.setattr(PlainLines, "learn", counted)
    found = entries_of(sheet_of(file_of(*lines, header=HEADER)), rules())

    assert (len(found.accepted), len(found.problems), len(learnt)) == (200, 0, 2)


@settings(max_examples=40, deadline=None)
@given(st.lists(CELLS, max_size=8))
def test_a_sheet_arrives_from_another_process_as_it_was(lines: list[tuple[str, ...]]) -> None:
    plain = quoted(("2022-11-01", "buy", "AAPL", "1", "2", *[""] * 8))
    sheet = sheet_of(file_of(plain, "2022-11-01,fee", *map(quoted, lines), header=HEADER))

    arrived = pickle.loads(pickle.dumps(sheet))

    assert arrived == sheet
    assert [row.turning for row in arrived.rows] == [row.turning for row in sheet.rows]
    assert underlyings(arrived) == underlyings(sheet)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text('ab," \t\u3000;|#.1', max_size=12), max_size=6))
def test_lines_without_quotes_have_the_cells_that_a_csv_reader_finds(lines: list[str]) -> None:
    bare = [line.replace('"', "") for line in lines]
    quoted_first = [f'"{line.partition(",")[0].strip()}",{line.partition(",")[2]}' for line in bare]

    plainly = list(records_in(f"{line}\n" for line in bare if "," in line and _is_row(line)))
    by_reader = list(
        records_in(
            f"{line}\n"
            for line, was in zip(quoted_first, bare, strict=True)
            if "," in was and _is_row(was)
        )
    )

    assert plainly == by_reader


def _is_row(line: str) -> bool:
    """Whether a line is neither blank nor a comment."""
    return bool(line.strip()) and not line.lstrip().startswith("#")


@given(st.lists(st.tuples(st.dates(), st.sampled_from(("2", "0.5", "1.5"))), max_size=5))
def test_shares_are_the_product_of_the_splits_until_a_day(splits: list[tuple[date, str]]) -> None:
    known = sorted((day, Decimal(ratio)) for day, ratio in splits)
    history = History({}, {"AAPL": known})

    for day, _ in known:
        expected = 1.0
        for ex_date, ratio in known:
            expected *= float(ratio) if ex_date <= day else 1.0
        assert history.shares("AAPL", day) == expected
    assert history.shares("XOM", date(2022, 1, 3)) == 1.0

"""A folder of CSV files as a provider."""

import os
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.ingest.inputs import (
    Bar,
    CorporateAction,
    Coverage,
    OptionQuote,
    SecurityFacts,
    YieldObservation,
)
from services.ingest.providers import ProviderUnavailable
from services.ingest.providers.csv_folder import NOTHING, CsvFolderProvider
from services.ingest.providers.csv_tables import OPTION_QUOTES, Table
from shared.instruments import parse_occ
from tests.wire.client import actions_of, yields_of

LAST, BEFORE = date(2022, 12, 28), date(2022, 12, 27)
PRICES = """symbol,session_date,close,adjusted_close
AAPL,2022-12-28,126.04,125.1
AAPL,2022-12-27,130.03,
BRK.B,2022-12-28,306.5,
"""

Write = Callable[[str, str], CsvFolderProvider]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(file: str, text: str) -> CsvFolderProvider:
        (tmp_path / file).write_text(text, encoding="utf-8", newline="")
        return CsvFolderProvider(tmp_path)

    return written


async def bars(provider: CsvFolderProvider, *symbols: str) -> list[Bar]:
    [answer] = [
        answer async for answer in provider.bars({symbol: [BEFORE, LAST] for symbol in symbols})
    ]
    assert answer.settled == set(symbols)
    return list(answer.bars)


async def test_closes_are_raw_and_stand_for_adjusted_ones_that_are_missing(write: Write) -> None:
    provider = write("prices.csv", PRICES)

    assert await bars(provider, "AAPL", "MSFT") == [
        Bar("AAPL", BEFORE, Decimal("130.03"), 130.03, "raw", "csv"),
        Bar("AAPL", LAST, Decimal("126.04"), 125.1, "raw", "csv"),
    ]
    assert await provider.coverage() == Coverage(BEFORE, LAST)


async def test_only_missing_sessions_are_given(write: Write) -> None:
    provider = write("prices.csv", PRICES)

    [answer] = [answer async for answer in provider.bars({"AAPL": [LAST]})]

    assert [bar.session_date for bar in answer.bars] == [LAST]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
async def test_marks_comments_blank_lines_and_other_columns_are_skipped(
    write: Write, ending: str
) -> None:
    lines = [
        "\ufeff# ours",
        "",
        "Close, Symbol ,note,SESSION_DATE",
        "126.04,aapl,hello,2022-12-28",
        "  # end",
        "",
    ]

    assert await bars(write("prices.csv", ending.join(lines)), "AAPL") == [
        Bar("AAPL", LAST, Decimal("126.04"), 126.04, "raw", "csv")
    ]


async def quotes_of(provider: CsvFolderProvider, contract: str) -> list[OptionQuote]:
    [answer] = [answer async for answer in provider.option_quotes([contract], LAST)]
    assert answer.settled == {contract}
    return list(answer.quotes)


async def test_yields_securities_quotes_and_actions_are_read(write: Write) -> None:
    write(
        "yields.csv",
        "maturity,observation_date,yield_percent\n10y,2022-12-28,3.88\n10Y,2022-12-27,-0.1\n",
    )
    write(
        "securities.csv",
        'symbol,kind,name,sector,industry,dividend_yield\nAAPL,Stock,"Apple, Inc.",,,0.0068\n',
    )
    write(
        "option_quotes.csv",
        "contract,session_date,bid,ask,last\nSPXW230120C03800000,2022-12-28,1.5,1.6,\n",
    )
    provider = write(
        "corporate_actions.csv", "symbol,ex_date,kind,value\nAAPL,2022-12-27,split,4\n"
    )

    assert await yields_of(provider, LAST, LAST) == [YieldObservation("10Y", LAST, 3.88, "csv")]
    assert await provider.securities(["AAPL", "X"]) == [
        SecurityFacts("AAPL", "stock", "Apple, Inc.", None, None, 0.0068, "csv")
    ]
    assert len(await provider.securities()) == 1
    assert await quotes_of(provider, "SPXW230120C03800000") == [
        OptionQuote("SPXW230120C03800000", LAST, Decimal("1.5"), Decimal("1.6"), None, None, "csv")
    ]
    assert await quotes_of(provider, "AAPL230120C00130000") == []
    assert await actions_of(provider, ["AAPL"], BEFORE, LAST) == [
        CorporateAction("AAPL", BEFORE, "split", Decimal(4), "csv")
    ]
    assert await actions_of(provider, ["AAPL"], LAST, LAST) == []


async def test_missing_files_hold_nothing(tmp_path: Path) -> None:
    provider = CsvFolderProvider(tmp_path)

    assert await provider.coverage() == NOTHING
    assert not NOTHING.includes(LAST)
    assert (
        await bars(provider, "AAPL"),
        await yields_of(provider, LAST, LAST),
        await provider.securities(),
    ) == (
        [],
        [],
        [],
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "symbol,close\nA,1",
            "prices.csv, line 1, the column session_date is missing: add it to the header",
        ),
        ("", "prices.csv, line 1, the column close is missing: add it to the header"),
        (
            'symbol,session_date,close\n# note\nAAPL,2022-12-28,"1,234.5"',
            "prices.csv, line 3, field close: '1,234.5' is not a number: write it like 101.25, "
            "without",
        ),
        (
            "symbol,session_date,close\nAAPL,2022-12-28,-1",
            "line 2, field close: '-1' is not above 0",
        ),
        (
            "symbol,session_date,close\nAAPL,2022-12-28,NaN",
            "line 2, field close: 'NaN' is not a number",
        ),
        (
            "symbol,session_date,close\nAAPL,28.12.2022,1",
            "field session_date: '28.12.2022' is not a date: write",
        ),
        (
            "symbol,session_date,close\nAAPL,2022-12-26,1",
            "line 2, field session_date: '2022-12-26' is not a NYSE session: the one before is "
            "2022-12-23",
        ),
        (
            "symbol,session_date,close\n?,2022-12-28,1",
            "line 2, field symbol: '?' is not a ticker: write it like AAPL",
        ),
        ("symbol,session_date,close\nAAPL,2022-12-28", "line 2, field close is empty: fill it in"),
        (
            "symbol,session_date,close\nAAPL,2022-12-28,1,2",
            "line 2, has more fields than the header",
        ),
        (
            "symbol,session_date,close\nAAPL,2022-12-28,1\n\naapl,2022-12-28,1",
            "prices.csv, line 4, repeats line 2: keep one of them",
        ),
        ('symbol,session_date,close\n"AAPL,2022-12-28,1', "line 2, is not CSV"),
        ("symbol,session_date,close\n" + "AAPL,x,y\n" * 3, "; and 3 more"),
    ],
)
async def test_mistake_is_named_with_its_line_and_field_and_its_remedy(
    text: str, sentence: str, write: Write
) -> None:
    provider = write("prices.csv", text)

    with pytest.raises(ProviderUnavailable) as raised:
        await bars(provider, "AAPL")

    assert sentence in raised.value.reason
    assert await provider.coverage() == NOTHING


async def test_mistakes_of_other_files_are_named_too(write: Write) -> None:
    write("yields.csv", "maturity,observation_date,yield_percent\n4Y,2022-12-28,3.88")
    write("option_quotes.csv", "contract,session_date,bid,ask\nAAPL230120C00130000,2022-12-28,2,1")
    provider = write("securities.csv", "symbol,kind,dividend_yield\nAAPL,stock,1.25")

    with pytest.raises(
        ProviderUnavailable, match=r"yields.csv, line 2, field maturity: '4Y' is not one of 1M, "
    ):
        await yields_of(provider, LAST, LAST)
    with pytest.raises(ProviderUnavailable, match=r"line 2, field ask: 1 is below the bid 2"):
        await quotes_of(provider, "AAPL230120C00130000")
    with pytest.raises(
        ProviderUnavailable, match=r"line 2, field dividend_yield: '1.25' is not a yield"
    ):
        await provider.securities()


async def test_repaired_file_is_read_again(write: Write, tmp_path: Path) -> None:
    provider = write("prices.csv", "symbol,session_date,close\nAAPL,2022-12-28,x")
    with pytest.raises(ProviderUnavailable):
        await bars(provider, "AAPL")

    write("prices.csv", "symbol,session_date,close\nAAPL,2022-12-28,1")
    first = await bars(provider, "AAPL")
    write("prices.csv", "symbol,session_date,close\nAAPL,2022-12-28,2")
    os.utime(tmp_path / "prices.csv", (1, 1))

    assert [bar.close for bar in first + await bars(provider, "AAPL")] == [1, 2]


async def test_folder_and_encoding_are_checked(tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_bytes(
        "symbol,session_date,close\nÄ,2022-12-28,1".encode("latin-1")
    )

    with pytest.raises(ProviderUnavailable, match=r"prices.csv, save it as UTF-8"):
        await bars(CsvFolderProvider(tmp_path), "AAPL")
    with pytest.raises(ProviderUnavailable, match="is not a folder"):
        await bars(CsvFolderProvider(tmp_path / "nowhere"), "AAPL")


async def test_files_are_read_ahead_once_and_a_broken_one_is_reported_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "prices.csv").write_text(PRICES)
    (tmp_path / "option_quotes.csv").write_text("contract,session_date\n")
    provider = CsvFolderProvider(tmp_path)

    await provider.read_ahead()
    monkeypatch.setattr(Table, "rows", lambda *_: pytest.fail("read again"))

    assert len(await bars(provider, "AAPL")) == 2
    monkeypatch.undo()
    with pytest.raises(ProviderUnavailable, match="the column ask is missing"):
        await quotes_of(provider, "AAPL230120C00130000")


@given(st.text(alphabet="APLo:. 0123456789CP", max_size=24) | st.just("AAPL230120C00130000"))
@example("AAPL  230120c00130000")
@example("AAPL231320C00130000")
@example("AAPL230120C00000000")
def test_a_contract_is_read_as_everywhere_else(text: str) -> None:
    """The shortcut for the many strikes of a series changes nothing."""
    assert _or_none(OPTION_QUOTES.columns["contract"], text) == _or_none(
        lambda written: parse_occ(written).symbol, text
    )


def _or_none(read: Callable[[str], str], text: str) -> str | None:
    try:
        return read(text)
    except ValueError:
        return None

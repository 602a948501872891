"""Documents of every format: the same bytes for the same question, and no user's text as code."""

import csv
import io
import json
import zipfile
from html.parser import HTMLParser
from typing import get_args

import pytest
from arro3.io import read_parquet
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from services.reports.inputs import Silent
from services.reports.rendering import rendered
from shared.contracts.reports import FormWord
from tests.unit.reports.building import a_portfolio, a_position, a_question

FORMS = get_args(FormWord)
# What a spreadsheet, a browser, Markdown or typst would each read as more than text.
HOSTILE = (
    '=HYPERLINK("http://evil.example","x")</style><script>alert(1)</script>#panic("x")[a](b)`*'
)
TYPST = '#read("/etc/passwd") $x$ @ref <label> \\u{41} ]#image("x")'


def text_of_pdf(content: bytes) -> str:
    """The text of all pages, as a reader extracts it."""
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


def document(form: str, *portfolios: dict[str, object]) -> bytes:
    return rendered(a_question(form, "full", *portfolios), Silent()).content


@pytest.mark.parametrize("form", FORMS)
def test_the_same_question_has_the_same_bytes(form: str) -> None:
    assert document(form) == document(form)


@pytest.mark.parametrize("form", FORMS)
def test_progress_rises_to_the_whole(form: str) -> None:
    meter = Silent()

    rendered(a_question(form), meter)

    assert meter.shares == sorted(meter.shares)
    assert meter.shares[-1] == 1.0


def hostile() -> dict[str, object]:
    return a_portfolio(HOSTILE, positions={"items": [a_position(HOSTILE), a_position(TYPST)]})


class Tags(HTMLParser):
    """Every element and the text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)
        assert not [name for name, _ in attrs if name.startswith("on") or name in ("src", "style")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_page_runs_nothing_and_shows_names_as_they_are() -> None:
    page = document("html", hostile()).decode()

    tags = Tags()
    tags.feed(page)
    assert "script" not in tags.found
    assert not tags.found & {"link", "img", "iframe", "object", "base"}
    assert HOSTILE in tags.text
    assert TYPST in tags.text
    assert page.count("<style>") == 1
    assert "http://www.w3.org/2000/svg" in page  # a namespace, and no address that is opened
    assert page.count("http://") == page.count("http://www.w3.org/2000/svg") + page.count(
        "http://evil"
    )


def test_a_pdf_shows_typst_source_as_text() -> None:
    content = document("pdf", hostile())

    text = "".join(text_of_pdf(content).split())
    assert "".join(TYPST.split()) in text
    assert "root:" not in text
    assert "".join(HOSTILE.split()) in text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("\u4e2d\u56fd Fonds", "\ufffd\ufffd Fonds"),  # no font has these
        ("Rocket \U0001f680", "Rocket \ufffd"),
        ("a\x07b\x08c \\u0007", "a\ufffdb\ufffdc \\u0007"),
        ("\u0395\u03bb\u03bb\u03ac\u03b4\u03b1", "\u0395\u03bb\u03bb\u03ac\u03b4\u03b1"),
    ],
)
def test_a_pdf_has_a_sign_for_what_no_font_has(name: str, shown: str) -> None:
    content = document("pdf", a_portfolio(name, positions={"items": [a_position(name)]}))

    reader = PdfReader(io.BytesIO(content))
    text = text_of_pdf(content)
    assert reader.metadata is not None
    assert reader.metadata.title == f"{shown}: Risk report, 2022-12-28"
    assert text.count("".join(shown.split())) + text.count(shown) >= 2
    assert ("is in place of a character that the fonts" in text) is ("\ufffd" in shown)
    assert "/Marked': True" in str(reader.root_object["/MarkInfo"])


def test_a_pdf_of_any_script_is_rendered() -> None:
    scripts = "\u0627\u0644\u0639 \u0e44\u0e17\u0e22 a\u0e48 \u0915\u094d\u0937 \u05d0"
    every = "".join(map(chr, range(0x300, 0xD800, 7)))  # marks that join what is before them

    for name in (scripts, every):
        assert document("pdf", a_portfolio(name)).startswith(b"%PDF")


def test_a_pdf_is_tagged_and_named_for_readers() -> None:
    reader = PdfReader(io.BytesIO(document("pdf")))

    assert "/Marked': True" in str(reader.root_object["/MarkInfo"])
    assert str(reader.root_object["/Lang"]) == "en"
    assert reader.metadata is not None
    assert reader.metadata.title == "Book: Risk report, 2022-12-28"
    assert reader.metadata.creation_date is None


def test_a_workbook_holds_text_and_numbers_and_no_formula() -> None:
    content = document("xlsx", hostile())

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist() if "xml" in name}
    sheets = [text for name, text in parts.items() if name.startswith("xl/worksheets/sheet")]
    assert not any("<f>" in text or "<hyperlink" in text for text in sheets)
    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name("Positions")
    cells = [cell for row in rows.to_python() for cell in row]
    assert HOSTILE in cells
    assert 12567.4 in cells


def test_a_csv_disarms_formulas_and_has_26_columns() -> None:
    lines = list(csv.DictReader(io.StringIO(document("csv", hostile()).decode())))

    assert [len(line) for line in lines] == [26, 26]
    assert lines[0]["Symbol"] == f"'{HOSTILE}"
    assert lines[0]["Market_Value"] == "12567.4"
    assert lines[0]["Realized_PnL"] == ""
    assert (lines[0]["Tags"], lines[0]["Strategy_Tags"]) == ("tech", "growth")
    assert lines[0]["Gamma_Dollars"] == "39.48"  # 0.25 x 125.674 squared / 100


def test_rows_of_several_portfolios_name_theirs() -> None:
    lines = list(
        csv.DictReader(io.StringIO(document("csv", a_portfolio("A"), a_portfolio("B")).decode()))
    )

    assert [line["Portfolio"] for line in lines] == ["A", "B"]


def test_days_to_expiry_are_from_the_session_of_the_figures() -> None:
    option = a_position("AAPL230120C00150000", instrument="option", expiry="2023-01-20")
    early, late = (a_portfolio(name, positions={"items": [option]}) for name in ("A", "B"))
    early["report"]["as_of"] = "2022-12-21"  # a portfolio that was last calculated a week before

    lines = list(csv.DictReader(io.StringIO(document("csv", early, late).decode())))

    assert [line["Days_To_Expiry"] for line in lines] == ["30", "23"]


def test_markdown_escapes_what_it_would_read_as_markup() -> None:
    text = document("md", hostile()).decode()

    (line,) = [each for each in text.splitlines() if each.startswith("# ")]
    assert "<script>" not in text
    assert "\\[a\\]\\(b\\)" in line
    assert "\\`\\*" in line


def test_json_holds_the_answers_themselves() -> None:
    found = json.loads(document("json"))

    assert found["schema"] == "sigmasight-report/1"
    assert found["portfolios"] == [a_portfolio()]


def test_parquet_has_positions_vectors_and_every_table() -> None:
    vectors = {
        "session_dates": ["2022-12-27", "2022-12-28"],
        "items": [{"position_id": "1", "symbol": "AAPL", "values": [1.5, None]}],
    }
    with zipfile.ZipFile(io.BytesIO(document("parquet", a_portfolio(vectors=vectors)))) as archive:
        tables = {
            name: read_parquet(io.BytesIO(archive.read(name))).read_all()
            for name in archive.namelist()
        }

    positions = tables["positions.parquet"]
    assert positions.num_columns == 27
    assert positions.column("Market_Value").to_pylist() == [12567.4]
    assert tables["pnl_vectors.parquet"].column("pnl").to_pylist() == [1.5, None]
    assert "1-positions-1-positions.parquet" in tables


def test_a_long_table_of_a_pdf_says_where_the_rest_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.reports.rendering.pdf.MOST_ROWS", 3)
    many = {"items": [a_position(f"S{number}") for number in range(5)]}

    text = text_of_pdf(document("pdf", a_portfolio(positions=many)))

    assert "S2" in text
    assert "S3" not in text
    assert "2 more rows are in the xlsx, csv and html of this report." in text


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({}, "none in force"),
        ({"ok": 3}, "0 breached"),
        ({"ok": 3, "acknowledged": 1}, "0 breached, 1 acknowledged"),
        ({"warning": 2, "breached": 1, "waived": 1}, "1 breached, 2 in warning, 1 waived"),
    ],
)
@pytest.mark.parametrize("form", ["pdf", "md"])
def test_limits_that_are_not_within_are_all_counted(
    form: str, counts: dict[str, int], said: str
) -> None:
    book = a_portfolio()
    report = book["report"] | {"limits": counts}

    content = rendered(a_question(form, "daily", book | {"report": report}), Silent()).content

    text = text_of_pdf(content) if form == "pdf" else content.decode()
    assert said in " ".join(text.split())


def test_a_large_pdf_has_its_longest_tables_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.reports.rendering.pdf.MOST_CELLS", 600)
    many = {"items": [a_position(f"S{number}") for number in range(80)]}

    text = text_of_pdf(document("pdf", a_portfolio(positions=many), a_portfolio("Small")))

    assert "S0" in text
    assert "S79" not in text
    assert "AAPL" in text
    assert " more rows are in the xlsx, csv and html of this report." in text

"""What reading a file may cost, by counting lines and not seconds."""

from collections.abc import Iterator

import pytest

from services.gateway.books.files import MAX_ROWS, UnreadableFile
from services.gateway.books.files.records import records_in

AHEAD = 50  # lines that one record may span


class Lines:
    """Lines that count how many of them were drawn."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self.drawn = 0

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.drawn += 1
            yield line


@pytest.mark.parametrize("blank", [",\n", ",,,,\n", " , ,\n", '"",""\n', "\t,\n", '"\n",\n'])
def test_reading_ends_at_the_blank_record_beyond_the_limit(blank: str) -> None:
    per_record = blank.count("\n")
    lines = Lines([line + "\n" for line in (blank * 3 * MAX_ROWS).splitlines()])

    with pytest.raises(UnreadableFile) as refused:
        list(records_in(lines))

    assert refused.value.problem.code == "too_many_rows"
    assert refused.value.problem.line == MAX_ROWS * per_record + 1
    assert lines.drawn <= (MAX_ROWS + 1) * per_record + AHEAD


@pytest.mark.parametrize(
    "line", ["AAPL,1\n", "\n", "# note\n", ",\n", '"a\n', '"a","b\n', '"a\nb",1\n']
)
def test_no_line_is_drawn_before_its_record_may_need_it(line: str) -> None:
    lines = Lines((line * 500).splitlines(keepends=True))

    for number, _ in records_in(lines):
        assert lines.drawn <= number + AHEAD

    assert lines.drawn == len(lines._lines)


def test_as_many_blank_records_as_rows_are_passed_over() -> None:
    lines = [",,\n"] * MAX_ROWS + ["AAPL,1\n"] + ["\n", "# note\n"] * MAX_ROWS

    assert list(records_in(lines)) == [(MAX_ROWS + 1, ["AAPL", "1"])]


def test_a_stray_quote_takes_no_other_line_with_it() -> None:
    records = list(records_in(['"AAPL,1\n', "XOM,2\n", '"A\n', 'B",3\n', "T,4\n"]))

    assert records == [
        (1, None),
        (2, ["XOM", "2"]),
        (3, ["A\nB", "3"]),
        (5, ["T", "4"]),
    ]


def test_a_large_file_of_blank_records_is_refused_at_once() -> None:
    lines = Lines(["ticker,quantity,entry_price,entry_date\n", *[",\n"] * 600_000])

    with pytest.raises(UnreadableFile):
        list(records_in(lines))

    assert lines.drawn < MAX_ROWS + AHEAD + 3

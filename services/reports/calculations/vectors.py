"""What the holdings would have made on each past session, as rows of a table."""

from collections.abc import Iterator

from services.reports.inputs import Column, Kind, Question, Value

VECTOR_COLUMNS = (
    Column("portfolio"),
    Column("session"),
    Column("position_id"),
    Column("symbol"),
    Column("pnl", Kind.RATIO),
)


def vector_rows(question: Question) -> Iterator[tuple[Value, ...]]:
    """One row per portfolio, position and session of the window; null where it is not known."""
    for found in question.figures["portfolios"]:
        name = found["report"]["portfolio"]["name"].text
        answer = found["vectors"]
        days = [day.text for day in answer["session_dates"]]
        for each in answer["items"]:
            for day, value in zip(days, each["values"], strict=False):  # null: never measured
                yield name, day, each["position_id"].text, each["symbol"].text, value.number

"""How portfolios are cut, which sessions are due."""

from datetime import date, timedelta
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from services.ingest.calculations import due_sessions, named_symbols, shards

MONDAY, TUESDAY, WEDNESDAY = date(2022, 12, 19), date(2022, 12, 20), date(2022, 12, 21)
WEEK = [MONDAY, TUESDAY, WEDNESDAY]


@given(st.sets(st.uuids(), max_size=30), st.integers(1, 7))
def test_every_portfolio_is_in_exactly_one_shard(ids: set[UUID], size: int) -> None:
    pieces = shards(ids, size)

    assert sorted(i for piece in pieces for i in piece.portfolio_ids) == sorted(ids)
    assert [piece.number for piece in pieces] == list(range(len(pieces)))
    assert all(piece.count == len(pieces) and len(piece.portfolio_ids) <= size for piece in pieces)


def test_no_portfolios_make_one_empty_shard() -> None:
    [piece] = shards([], 50)

    assert (piece.count, piece.portfolio_ids) == (1, ())


def test_shards_do_not_depend_on_the_order_given() -> None:
    ids = [uuid4() for _ in range(10)]

    assert shards(ids, 3) == shards(reversed(ids), 3)  # type: ignore[arg-type]


def test_first_start_announces_the_latest_session_only() -> None:
    assert due_sessions(WEEK, None) == [WEDNESDAY]


def test_every_session_missed_is_due_oldest_first() -> None:
    assert due_sessions(WEEK, MONDAY) == [TUESDAY, WEDNESDAY]
    assert due_sessions(WEEK, WEDNESDAY) == []
    assert due_sessions(WEEK, MONDAY - timedelta(days=30)) == WEEK


def test_an_event_names_every_symbol_and_a_few_days_of_each() -> None:
    days = [f"AAPL 2022-12-{day:02}" for day in range(1, 20)]
    others = [f"S{number}" for number in range(100)]

    named = named_symbols([*days, *others])

    assert named == (*days[:3], *others)

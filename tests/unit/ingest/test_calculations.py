"""How portfolios are cut, which sessions are due."""

from datetime import date, timedelta
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from services.ingest.calculations import due_sessions, named_symbols, shards

MONDAY, TUESDAY, WEDNESDAY = date(2022, 12, 19), date(2022, 12, 20), date(2022, 12, 21)
WEEK = [MONDAY, TUESDAY, WEDNESDAY]


BOOKS = st.dictionaries(st.uuids(), st.integers(0, 40), max_size=30)


@given(BOOKS, st.integers(1, 7), st.integers(1, 60))
def test_every_portfolio_is_in_exactly_one_shard(
    books: dict[UUID, int], size: int, most_positions: int
) -> None:
    pieces = shards(books, size, most_positions)

    assert sorted(i for piece in pieces for i in piece.portfolio_ids) == sorted(books)
    assert [piece.number for piece in pieces] == list(range(len(pieces)))
    assert all(piece.count == len(pieces) and len(piece.portfolio_ids) <= size for piece in pieces)


@given(BOOKS, st.integers(1, 7), st.integers(1, 60))
def test_a_shard_has_more_positions_than_allowed_of_one_portfolio_only(
    books: dict[UUID, int], size: int, most_positions: int
) -> None:
    for piece in shards(books, size, most_positions):
        held = sum(books[portfolio_id] for portfolio_id in piece.portfolio_ids)
        assert held <= most_positions or len(piece.portfolio_ids) == 1


def test_ten_large_portfolios_are_five_shards_and_a_hundred_small_ones_two() -> None:
    large = {uuid4(): 2_000 for _ in range(10)}
    small = {uuid4(): 100 for _ in range(100)}

    assert [len(piece.portfolio_ids) for piece in shards(large, 50, 5_000)] == [2] * 5
    assert [len(piece.portfolio_ids) for piece in shards(small, 50, 5_000)] == [50, 50]


def test_no_portfolios_make_one_empty_shard() -> None:
    [piece] = shards({}, 50, 5_000)

    assert (piece.count, piece.portfolio_ids) == (1, ())


def test_shards_do_not_depend_on_the_order_given() -> None:
    books = {uuid4(): count for count in range(10)}
    backwards = dict(reversed(books.items()))

    assert shards(books, 3, 20) == shards(backwards, 3, 20)


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

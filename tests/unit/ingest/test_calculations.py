"""Which prices are missing, how portfolios are cut, which sessions are due."""

from datetime import date, timedelta
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from services.ingest.calculations import due_sessions, missing_prices, shards

MONDAY, TUESDAY, WEDNESDAY = date(2022, 12, 19), date(2022, 12, 20), date(2022, 12, 21)
WEEK = [MONDAY, TUESDAY, WEDNESDAY]


def test_nothing_missing_asks_for_nothing() -> None:
    held = {"SPY": WEEK, "IWM": WEEK}

    assert missing_prices(WEEK, held, held) == []


def test_symbols_missing_the_same_range_share_one_request() -> None:
    held = {"SPY": [MONDAY], "IWM": [MONDAY], "QQQ": WEEK}

    [gap] = missing_prices(WEEK, held, held)

    assert gap.symbols == {"SPY", "IWM"}
    assert (gap.first, gap.last) == (TUESDAY, WEDNESDAY)


def test_new_symbol_is_asked_for_the_whole_window() -> None:
    [gap] = missing_prices(WEEK, {}, ["SPY"])

    assert (gap.first, gap.last) == (MONDAY, WEDNESDAY)


sessions_held = st.dictionaries(st.sampled_from(["SPY", "IWM", "QQQ", "VTV"]), st.sets(st.sampled_from(WEEK)))


@given(sessions_held)
def test_requests_cover_every_missing_session(held: dict[str, set[date]]) -> None:
    gaps = missing_prices(WEEK, held, held)

    asked = {(s, d) for g in gaps for s in g.symbols for d in WEEK if g.first <= d <= g.last}
    missing = {(s, d) for s, days in held.items() for d in WEEK if d not in days}
    assert missing <= asked
    assert {symbol for symbol, _ in asked} == {symbol for symbol, _ in missing}


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

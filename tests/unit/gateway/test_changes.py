"""How rows of a file find the lots of a portfolio, and what they change."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.gateway.books.files import Change, Held, Holding, Terms, changes_to

DAY = date(2022, 12, 20)


def a_row(line: int, quantity: int, price: int, exit_date: date | None = None) -> Holding:
    exit_price = None if exit_date is None else Decimal(1)
    return Holding(
        line,
        "AAPL",
        Decimal(quantity),
        Decimal(price),
        DAY,
        exit_date=exit_date,
        exit_price=exit_price,
    )


def a_lot(
    number: int, quantity: int, price: int, left: int | None = None, exit_date: date | None = None
) -> Held:
    exit_price = None if exit_date is None else Decimal(1)
    terms = Terms(Decimal(quantity), Decimal(price), "PUBLIC", None, exit_date, exit_price)
    remains = Decimal(quantity if left is None else left)
    return Held(UUID(int=number), "AAPL", DAY, terms, remains)


def met(changes: list[Change]) -> list[tuple[str, int | None]]:
    """The kind of each change, and the number of its lot."""
    return [(each.kind, each.was.position_id.int if each.was else None) for each in changes]


def test_rows_and_lots_of_another_day_or_instrument_are_strangers() -> None:
    other_day = Held(UUID(int=1), "AAPL", date(2022, 12, 21), a_lot(1, 1, 1).terms, Decimal(1))
    other_symbol = Held(UUID(int=2), "MSFT", DAY, a_lot(1, 1, 1).terms, Decimal(1))

    assert met(changes_to([other_day, other_symbol], [a_row(2, 1, 1)])) == [("new", None)]


def test_the_price_decides_before_the_order_does() -> None:
    lots = [a_lot(1, 100, 130), a_lot(2, 50, 131)]

    changes = changes_to(lots, [a_row(2, 60, 131), a_row(3, 70, 129), a_row(4, 1, 1)])

    assert met(changes) == [("updated", 2), ("updated", 1), ("new", None)]
    assert changes[0].changed == {"quantity"}
    assert changes[1].changed == {"quantity", "entry_price"}


def test_what_is_left_of_a_lot_is_the_lot_unchanged() -> None:
    changes = changes_to([a_lot(1, 100, 130, left=60)], [a_row(2, 60, 130)])

    assert met(changes) == [("unchanged", 1)]
    assert changes[0].terms.quantity == 100


def test_a_closed_row_means_the_closed_lot() -> None:
    closed = date(2022, 12, 22)
    lots = [a_lot(1, 10, 130), a_lot(2, 10, 130, 0, closed)]

    assert met(changes_to(lots, [a_row(2, 10, 130, closed), a_row(3, 10, 130)])) == [
        ("unchanged", 2),
        ("unchanged", 1),
    ]


quantities = st.integers(1, 3)
prices = st.integers(1, 3)


@given(st.lists(st.tuples(quantities, prices), max_size=6).flatmap(
    lambda rows: st.tuples(st.just(rows), st.permutations(rows))
))  # fmt: skip
def test_a_file_in_any_order_changes_nothing_the_second_time(
    files: tuple[list[tuple[int, int]], list[tuple[int, int]]],
) -> None:
    lots = [a_lot(number, *terms) for number, terms in enumerate(files[0], 1)]
    rows = [a_row(line, *terms) for line, terms in enumerate(files[1], 2)]

    changes = changes_to(lots, rows)

    assert {change.kind for change in changes} <= {"unchanged"}
    assert len({change.was for change in changes}) == len(lots)

"""How much one request may reprice: more would keep others waiting, and the answer too long."""

import numpy as np

from services.stress.inputs import ShardBook

MOST_POINTS = 2_000
MOST_AMOUNTS = 5_000_000  # positions x points
MOST_REPRICINGS = 400_000  # contracts x points
MOST_LATTICES = 6_000  # contracts with cash dividends x volatilities x dates
MOST_GREEKS = 60_000  # contracts x points, with five Greeks each
MOST_GREEKS_BY_LATTICE = 3_000


class TooLarge(ValueError):
    """A request that would reprice too much; the message names the size, its bound and the fix."""


def require_size(book: ShardBook, spots: int, volatilities: int, dates: int) -> None:
    """Raises `TooLarge` for a grid with more points, amounts or repricings than are allowed."""
    count = spots * volatilities * dates
    shape = f"{spots} spots x {volatilities} volatilities x {dates} dates"
    _require(f"{shape} are {{}} points", count, MOST_POINTS)
    positions = len(book.exposure)
    _require(
        f"{positions} positions x {count} points are {{}} amounts", positions * count, MOST_AMOUNTS
    )
    contracts = int(np.count_nonzero(book.contracts.living))
    shape = f"{contracts} contracts x {count} points"
    _require(f"{shape} are {{}} repricings", contracts * count, MOST_REPRICINGS)
    paying = _paying(book)
    shape = f"{paying} contracts with cash dividends x {volatilities} volatilities x {dates} dates"
    _require(f"{shape} are {{}} lattices", paying * volatilities * dates, MOST_LATTICES)


def require_size_with_greeks(book: ShardBook, spots: int, dates: int) -> None:
    """Raises `TooLarge` for a curve with more than is allowed of Greeks."""
    require_size(book, spots, 1, dates)
    contracts = int(np.count_nonzero(book.contracts.living))
    shape = f"{contracts} contracts x {spots} spots x {dates} dates"
    _require(f"{shape} are {{}} sets of Greeks", contracts * spots * dates, MOST_GREEKS)
    paying = _paying(book)
    shape = f"{paying} contracts with cash dividends x {dates} dates"
    _require(f"{shape} are {{}} lattices", paying * dates, MOST_GREEKS_BY_LATTICE)


def _paying(book: ShardBook) -> int:
    """How many American contracts expect a cash dividend: those are walked on lattices."""
    contracts = book.contracts
    if contracts.dividends is None:
        return 0
    paying = contracts.dividends.counted(contracts).any(axis=1) & contracts.american
    return int(np.count_nonzero(paying & contracts.living))


def _require(sentence: str, count: int, most: int) -> None:
    if count > most:
        said = sentence.format(f"{count:,}")
        raise TooLarge(f"{said}, and {most:,} is the most: ask for fewer points or one underlying")

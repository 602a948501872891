"""What moved a figure between two sessions: by position, sector, tag and factor, to the cent.

Every list of parts adds up to the figure's difference: what no position explains is a separate
part (`rest`), and so is what several tags count twice (`overlap`).
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

from services.gateway.analytics.shapes.cents import CENT, cents_adding_up

REST = "rest"
OTHERS = "others"
OVERLAP = "overlap"
UNKNOWN_SECTOR = "sector unknown"
UNTAGGED = "without a tag"
Amount = float | Decimal


@dataclass(frozen=True)
class Mover:
    """A position held at either session or between: what it is, and its tags today."""

    position_id: UUID
    symbol: str
    sector: str | None
    tags: tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """What one position, sector, tag or factor moved a figure by, whole cents.

    `key`: a position's id, a sector, tag or factor; `rest`, `others` and `overlap` as above.
    """

    key: str
    name: str
    difference: Decimal


@dataclass(frozen=True)
class Change:
    """A figure at both sessions and what moved it; the parts of each list add up to the difference.

    A list is empty where the figure has no such parts.
    """

    before: Decimal | None
    after: Decimal | None
    difference: Decimal | None
    by_position: Sequence[Part] = ()
    by_sector: Sequence[Part] = ()
    by_tag: Sequence[Part] = ()
    by_factor: Sequence[Part] = ()


def change(
    before: Amount | None,
    after: Amount | None,
    moved: Mapping[UUID, Amount] | None,
    movers: Mapping[UUID, Mover],
    by_factor: Mapping[str, Amount] | None = None,
) -> Change:
    """A figure's change from what each position (and each factor) moved it by.

    `moved`: USD by position; None for a figure that has no parts by position. Both values are
    rounded to the cent first, so that the difference is that of what is shown. What a position
    that is not among the `movers` moved, one deleted since the figure was calculated, is of none.
    """
    first = in_cents(before)
    last = in_cents(after)
    if first is None or last is None:
        return Change(first, last, None)
    total = last - first
    factors = _parts_of(by_factor, {}, total) if by_factor else []
    if moved is None:
        return Change(first, last, total, by_factor=factors)
    names = {str(position): mover.symbol for position, mover in movers.items()}
    known = {str(position): each for position, each in moved.items() if position in movers}
    positions = _parts_of(known, names, total)
    own = {UUID(part.key): part.difference for part in positions if part.key != REST}
    rest = [part for part in positions if part.key == REST]
    return Change(
        first,
        last,
        total,
        _largest_first(positions),
        _by_sector(own, movers, rest),
        _by_tag(own, movers, rest),
        factors,
    )


def in_cents(amount: Amount | None) -> Decimal | None:
    """The amount as answers show it."""
    if amount is None:
        return None
    exact = amount if isinstance(amount, Decimal) else Decimal(repr(float(amount)))
    return exact.quantize(CENT, ROUND_HALF_UP)


def _parts_of(moved: Mapping[str, Amount], names: Mapping[str, str], total: Decimal) -> list[Part]:
    """Parts in whole cents that add up to the total; what they leave is the part `rest`."""
    exact = {key: Decimal(repr(float(amount))) for key, amount in moved.items()}
    exact[REST] = total - sum(exact.values(), Decimal(0))
    named = {REST: "not of a single position" if names else "not of a factor", **names}
    cents = cents_adding_up(list(exact.values()))
    parts = [Part(key, named.get(key, key), each) for key, each in zip(exact, cents, strict=True)]
    return [part for part in parts if part.difference]


def _largest_first(parts: Iterable[Part]) -> list[Part]:
    return sorted(parts, key=lambda part: (-abs(part.difference), part.name, part.key))


def _by_sector(
    own: Mapping[UUID, Decimal], movers: Mapping[UUID, Mover], rest: Sequence[Part]
) -> list[Part]:
    sums = _sums(own, lambda position: [movers[position].sector or UNKNOWN_SECTOR])
    return [*_largest_first(Part(key, key, amount) for key, amount in sums.items()), *rest]


def _by_tag(
    own: Mapping[UUID, Decimal], movers: Mapping[UUID, Mover], rest: Sequence[Part]
) -> list[Part]:
    """A position counts fully in each of its tags; `overlap` takes back what is counted twice."""
    sums = _sums(own, lambda position: movers[position].tags or [UNTAGGED])
    twice = sum(own.values(), Decimal(0)) - sum(sums.values(), Decimal(0))
    parts = _largest_first(Part(key, key, amount) for key, amount in sums.items())
    overlap = Part(OVERLAP, "counted in several tags", twice)
    return [*parts, *([overlap] if twice else []), *rest]


def _sums(
    own: Mapping[UUID, Decimal], keys_of: Callable[[UUID], Collection[str]]
) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for position, amount in own.items():
        for key in keys_of(position):
            sums[key] = sums.get(key, Decimal(0)) + amount
    return sums


def shortened(parts: Sequence[Part], most: int) -> list[Part]:
    """The first parts, and the rest of the positions as one."""
    shown = [part for part in parts if part.key != REST]
    rest = [part for part in parts if part.key == REST]
    others = shown[most:]
    if not others:
        return list(parts)
    together = sum((part.difference for part in others), Decimal(0))
    return [*shown[:most], Part(OTHERS, f"{len(others)} other positions", together), *rest]


def moved_between(before: Mapping[UUID, float], after: Mapping[UUID, float]) -> dict[UUID, float]:
    """What each position's value moved by; one without a value counts as 0."""
    return {
        position: after.get(position, 0.0) - before.get(position, 0.0)
        for position in {**before, **after}
    }


def side_of(value: float, side: str) -> float:
    """What an exposure is of a sum: of the long or short ones, of the absolute ones, or of all."""
    return {
        "long": max(value, 0.0),
        "short": min(value, 0.0),
        "gross": abs(value),
        "net": value,
    }[side]

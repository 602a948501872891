"""Option strategies by name, as the legs that they consist of."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

SHARES_PER_CONTRACT = 100


class Strategy(StrEnum):
    """What a strategy is called; bought, unless its quantity is below 0."""

    VERTICAL = "vertical"
    STRADDLE = "straddle"
    STRANGLE = "strangle"
    COLLAR = "collar"
    COVERED_CALL = "covered_call"
    PROTECTIVE_PUT = "protective_put"
    IRON_CONDOR = "iron_condor"


@dataclass(frozen=True)
class StrategyLeg:
    """One leg: so many contracts of a strike, or (`option_type` None) shares, for one strategy."""

    option_type: str | None
    strike: Decimal | None
    quantity: int


@dataclass(frozen=True)
class InvalidStrategy:
    """Why the terms make no such strategy: the field at fault and what to do."""

    field: str
    message: str


_SHARES = StrategyLeg(None, None, SHARES_PER_CONTRACT)
# How many strikes each has, and what they are, the lowest first unless it says otherwise.
STRIKES: dict[Strategy, tuple[int, str]] = {
    Strategy.VERTICAL: (2, "the strike bought, then the strike sold"),
    Strategy.STRADDLE: (1, "the strike of both options"),
    Strategy.STRANGLE: (2, "the put's strike, then the call's above it"),
    Strategy.COLLAR: (2, "the put's strike, then the call's above it"),
    Strategy.COVERED_CALL: (1, "the call's strike"),
    Strategy.PROTECTIVE_PUT: (1, "the put's strike"),
    Strategy.IRON_CONDOR: (
        4,
        "put bought, put sold, call sold, call bought, each above the one before",
    ),
}


def strategy_legs(
    strategy: Strategy, strikes: Sequence[Decimal], option_type: str | None, *, shares: bool
) -> list[StrategyLeg] | InvalidStrategy:
    """The legs of one strategy, or what is wrong with its terms.

    `option_type` ("C" or "P"): of a vertical, and of no other. `shares`: whether a collar, covered
    call or protective put brings its shares along.
    """
    count, meaning = STRIKES[strategy]
    if len(strikes) != count:
        return InvalidStrategy("strikes", f"a {strategy} has {count}: {meaning}")
    if (option_type is not None) != (strategy is Strategy.VERTICAL):
        message = (
            "a vertical is of calls or of puts: say C or P"
            if strategy is Strategy.VERTICAL
            else f"a {strategy} says by itself which options it has: leave option_type out"
        )
        return InvalidStrategy("option_type", message)
    ascending = all(low < high for low, high in pairwise(strikes))
    if strategy is Strategy.VERTICAL:
        if strikes[0] == strikes[1]:
            return InvalidStrategy("strikes", f"a vertical has two different ones: {meaning}")
    elif not ascending:
        return InvalidStrategy("strikes", f"the strikes of a {strategy} are {meaning}")
    held = [_SHARES] if shares and strategy in _WITH_SHARES else []
    return [*held, *_options(strategy, strikes, option_type)]


_WITH_SHARES = frozenset({Strategy.COLLAR, Strategy.COVERED_CALL, Strategy.PROTECTIVE_PUT})


def _options(
    strategy: Strategy, strikes: Sequence[Decimal], option_type: str | None
) -> list[StrategyLeg]:
    match strategy:
        case Strategy.VERTICAL:
            signs = [(option_type, 1), (option_type, -1)]
        case Strategy.STRADDLE:
            return [StrategyLeg("P", strikes[0], 1), StrategyLeg("C", strikes[0], 1)]
        case Strategy.STRANGLE:
            signs = [("P", 1), ("C", 1)]
        case Strategy.COLLAR:
            signs = [("P", 1), ("C", -1)]
        case Strategy.COVERED_CALL:
            signs = [("C", -1)]
        case Strategy.PROTECTIVE_PUT:
            signs = [("P", 1)]
        case Strategy.IRON_CONDOR:
            signs = [("P", 1), ("P", -1), ("C", -1), ("C", 1)]
    return [
        StrategyLeg(kind, strike, sign) for (kind, sign), strike in zip(signs, strikes, strict=True)
    ]

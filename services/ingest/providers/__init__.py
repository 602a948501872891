"""Where market data come from: one small protocol, and the providers that speak it."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from services.ingest.inputs import (
    Bar,
    CorporateAction,
    Coverage,
    OptionQuote,
    SecurityFacts,
    YieldObservation,
)


class ProviderUnavailable(Exception):
    """A provider that is down, too slow, over its limit for good, or refuses the key; the next one
    is asked.

    `reason` is a sentence for the run's warnings and holds no secret.
    """

    def __init__(self, provider: str, reason: str) -> None:
        super().__init__(f"{provider}: {reason}")
        self.provider = provider
        self.reason = reason


class NotInPlan(ProviderUnavailable):
    """A plan that does not include something that can be done without; everything else is
    served.
    """


@dataclass(frozen=True)
class Answer:
    """Part of what was asked for, as it arrives: stored at once, so that a crash loses no request.

    `settled`: the symbols that are answered for good by now, those among them without a bar being
    unknown or not traded in the range.
    """

    bars: Sequence[Bar]
    settled: frozenset[str]


class PriceProvider(Protocol):
    """Daily closes."""

    name: str
    live: bool

    async def coverage(self) -> Coverage | None:
        """The sessions this provider can serve; None for a live one, which has every closed
        session.
        """
        ...

    def bars(self, missing: Mapping[str, Collection[date]]) -> AsyncIterator[Answer]:
        """The closes missing per symbol, by the fewest requests; more than was asked for may come
        along.

        Raises `NotInPlan` when only symbols are left that the plan does not include, or
        `ProviderUnavailable`: after either, everything answered before is still good.
        """
        ...


@dataclass(frozen=True)
class ActionAnswer:
    """Part of the splits and dividends asked for. `settled`: the symbols all of whose are told by
    now.
    """

    actions: Sequence[CorporateAction]
    settled: frozenset[str]


class CorporateActionProvider(Protocol):
    """Splits and dividends."""

    name: str
    live: bool

    def corporate_actions(
        self, symbols: Collection[str], first: date, last: date
    ) -> AsyncIterator[ActionAnswer]:
        """Those with an ex-date between two dates, both included.

        Raises `ProviderUnavailable`, after which everything answered before is still good.
        """
        ...


YieldAnswer = tuple[
    str, Sequence[YieldObservation]
]  # a maturity, and all there is of it in the range asked for


class YieldProvider(Protocol):
    """Treasury yields."""

    name: str
    live: bool

    def yields(self, ranges: Mapping[str, tuple[date, date]]) -> AsyncIterator[YieldAnswer]:
        """Constant-maturity yields between two dates, both included, per maturity that something is
        missing of.

        Raises `ProviderUnavailable`, after which every maturity answered before is still good.
        """
        ...


class SecurityProvider(Protocol):
    """What symbols are."""

    name: str
    live: bool

    async def securities(self, symbols: Collection[str] | None = None) -> Sequence[SecurityFacts]:
        """Facts about the symbols it knows among these; about all it can list when none are named.

        Raises `ProviderUnavailable`.
        """
        ...


@dataclass(frozen=True)
class QuoteAnswer:
    """Part of the quotes asked for, as it arrives. `settled`: the contracts that are answered for
    good by now.
    """

    quotes: Sequence[OptionQuote]
    settled: frozenset[str]


class OptionQuoteProvider(Protocol):
    """Quotes of listed options."""

    name: str
    live: bool

    def option_quotes(
        self, contracts: Collection[str], session: date
    ) -> AsyncIterator[QuoteAnswer]:
        """The contracts' quotes at the session's close, by the fewest requests; nothing of a
        session it cannot tell.

        Raises `NotInPlan` or `ProviderUnavailable`, after which everything answered before is still
        good.
        """
        ...


class Pace(Protocol):
    """What every request to a rate-limited provider waits for."""

    async def wait(self) -> None:
        """Return when one request may be sent now."""
        ...

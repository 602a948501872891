"""Where market data come from: a small protocol per kind of data."""

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
    """A provider that is down, too slow, over its limit, or refuses the key.

    The next provider is queried. `reason` is a sentence for the run's warnings, without any secret.
    """

    def __init__(self, provider: str, reason: str) -> None:
        super().__init__(f"{provider}: {reason}")
        self.provider = provider
        self.reason = reason


class NotInPlan(ProviderUnavailable):
    """A plan that does not include optional data; the provider serves everything else."""


@dataclass(frozen=True)
class Answer:
    """Part of an answer: stored at once, so that a crash repeats no request.

    `settled`: the symbols with a final answer. Those without a bar are unknown or not traded in the
    range.
    """

    bars: Sequence[Bar]
    settled: frozenset[str]


class PriceProvider(Protocol):
    """Daily closes. `vouched`: they are the owner's, so none is doubted for its size alone."""

    name: str
    live: bool
    vouched: bool

    async def coverage(self) -> Coverage | None:
        """The sessions this provider has; None for a live one, which has every closed session."""
        ...

    def bars(self, missing: Mapping[str, Collection[date]]) -> AsyncIterator[Answer]:
        """The closes missing per symbol, by the fewest requests; others may come with them.

        Raises `NotInPlan` when only symbols are left that the plan does not include, or
        `ProviderUnavailable`. Everything answered before either remains valid.
        """
        ...


@dataclass(frozen=True)
class ActionAnswer:
    """Part of the splits and dividends; `settled` are the symbols with a final answer."""

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

        Raises `ProviderUnavailable`. Everything answered before remains valid.
        """
        ...


# A maturity, and every observation of it in the range.
YieldAnswer = tuple[str, Sequence[YieldObservation]]


class YieldProvider(Protocol):
    """Treasury yields."""

    name: str
    live: bool

    def yields(self, ranges: Mapping[str, tuple[date, date]]) -> AsyncIterator[YieldAnswer]:
        """Constant-maturity yields between two dates, both included, by maturity.

        Raises `ProviderUnavailable`. Every maturity answered before remains valid.
        """
        ...


class SecurityProvider(Protocol):
    """What symbols are."""

    name: str
    live: bool

    async def securities(self, symbols: Collection[str] | None = None) -> Sequence[SecurityFacts]:
        """Facts about those of the symbols it knows; about all it lists when none are named.

        Raises `ProviderUnavailable`.
        """
        ...


@dataclass(frozen=True)
class QuoteAnswer:
    """Part of the quotes; `settled` are the contracts with a final answer."""

    quotes: Sequence[OptionQuote]
    settled: frozenset[str]


class OptionQuoteProvider(Protocol):
    """Quotes of listed options."""

    name: str
    live: bool

    def option_quotes(
        self, contracts: Collection[str], session_date: date
    ) -> AsyncIterator[QuoteAnswer]:
        """The contracts' quotes at the session's close, by the fewest requests.

        A session that the provider no longer has gives none. Raises `NotInPlan` or
        `ProviderUnavailable`. Everything answered before remains valid.
        """
        ...


class Pace(Protocol):
    """What every request to a rate-limited provider waits for."""

    async def wait(self) -> None:
        """Return when one request may be sent."""
        ...

"""What a provider under test is given: short pauses, a pace that only counts, and questions."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date

import pytest

from services.ingest.inputs import MATURITY_YEARS, CorporateAction, YieldObservation
from services.ingest.providers import (
    CorporateActionProvider,
    ProviderUnavailable,
    YieldProvider,
)
from services.ingest.providers.bundled import BundledProvider
from services.ingest.providers.patience import Patience
from services.ingest.settings import BUNDLED_DATA
from tests.wire.server import Reply

PATIENT = Patience(attempts=3, first_pause_seconds=0.01, longest_pause_seconds=0.05)
HASTY = replace(PATIENT, connect_seconds=0.5, silence_seconds=0.5, whole_answer_seconds=1.0)


def patience_with(trouble: Reply) -> Patience:
    """Little patience with a server that is slow on purpose, much with a busy one."""
    return HASTY if trouble.silence_seconds or trouble.trickle_seconds else PATIENT


class Counted:
    """A pace that lets everything through and counts."""

    def __init__(self) -> None:
        self.turns = 0

    async def wait(self) -> None:
        """Count one."""
        self.turns += 1


async def yields_of(
    provider: YieldProvider,
    first: date,
    last: date,
    maturities: Collection[str] = tuple(MATURITY_YEARS),
) -> list[YieldObservation]:
    """The yields of some days, of every maturity or of some."""
    asked = provider.yields(dict.fromkeys(maturities, (first, last)))
    return [observation async for _, observations in asked for observation in observations]


async def assert_as_bundled(provider: YieldProvider, first: date, last: date, source: str) -> None:
    """Every yield is the bundled one, and names its source."""
    bundled = await yields_of(BundledProvider(BUNDLED_DATA), first, last)

    found = await yields_of(provider, first, last)

    assert yield_numbers(found) == yield_numbers(bundled)
    assert {observation.source for observation in found} == {source}


async def assert_unavailable(provider: YieldProvider, day: date, name: str, reason: str) -> None:
    """The provider of that name says that it has no answer, and why."""
    with pytest.raises(ProviderUnavailable) as raised:
        await yields_of(provider, day, day)

    assert reason in raised.value.reason
    assert raised.value.provider == name


def yield_numbers(observations: Iterable[YieldObservation]) -> set[tuple[str, date, float]]:
    """Maturity, day and percent of each: what does not depend on who observed it."""
    return {(each.maturity, each.observation_date, each.yield_percent) for each in observations}


async def actions_of(
    provider: CorporateActionProvider, symbols: Collection[str], first: date, last: date
) -> list[CorporateAction]:
    """The splits and dividends of some days; every symbol is settled in the end."""
    answers = [answer async for answer in provider.corporate_actions(symbols, first, last)]
    assert {symbol for answer in answers for symbol in answer.settled} == set(symbols)
    return [action for answer in answers for action in answer.actions]

"""What `sigmasight demo` shows: the bundled files, or the latest session where it can be had."""

import asyncio
import logging
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from deploy.demo.books import BUNDLED, LAST_SESSION, Demo
from deploy.local.live import NotLive, Providers, live_demo, live_market, notes_of
from deploy.local.state import VARIABLE, StateDirectory
from services.ingest.providers.pace import Unlimited
from services.ingest.providers.patience import Patience
from services.ingest.settings import IngestSettings
from shared.settings import load

# A person waits: little patience before the bundled files are shown instead.
HASTY = Patience(attempts=2, connect_seconds=5.0, silence_seconds=8.0, whole_answer_seconds=15.0)


@dataclass(frozen=True)
class DemoPlan:
    """Where a demo runs, what it shows, ingest's settings for it, and sentences about its data."""

    directory: StateDirectory
    demo: Demo = BUNDLED
    settings: Mapping[str, str] = field(default_factory=dict)
    sentences: Sequence[str] = ()


def plan_of_today(directory: StateDirectory, now: datetime) -> DemoPlan:
    """The live demo of this moment, as ingest's settings say when a session is ready."""
    settings = load(IngestSettings)
    delay = timedelta(seconds=settings.close_delay_seconds)
    return live_plan(directory, _live_providers(settings), now, delay)


def _live_providers(settings: IngestSettings) -> Providers:
    """Yahoo and the Treasury, without a key; imported here because they take a second."""
    from services.ingest.providers.treasury import TreasuryProvider
    from services.ingest.providers.yahoo import YahooProvider

    _silence_library()
    treasury = TreasuryProvider(Unlimited(), url=settings.treasury_url, patience=HASTY)
    return Providers(YahooProvider(Unlimited(), patience=HASTY), treasury)


def _silence_library() -> None:
    """A terminal gets our sentence alone.

    After the library's import, which adds a filter of warnings, and before threads start, which
    restore those they found.
    """
    import yfinance  # type: ignore[import-untyped]  # noqa: F401

    logging.getLogger("yfinance").propagate = False
    logging.getLogger("yfinance").addHandler(logging.NullHandler())
    warnings.filterwarnings("ignore", module=r"yfinance\.")


def live_plan(
    directory: StateDirectory, providers: Providers, now: datetime, close_delay: timedelta
) -> DemoPlan:
    """A live demo in a directory below, so that the bundled one stays as it is.

    Without live data it is the bundled demo, and one sentence says why.
    """
    try:
        return asyncio.run(_live_plan(directory, providers, now, close_delay))
    except NotLive as error:
        instead = f"the demo shows the bundled files up to {LAST_SESSION} instead"
        return DemoPlan(directory, sentences=[f"{error}: {instead}."])


async def _live_plan(
    directory: StateDirectory, providers: Providers, now: datetime, close_delay: timedelta
) -> DemoPlan:
    market = await live_market(providers, now, close_delay)
    directory.create()
    own = StateDirectory(directory.path / "live")
    own.create()
    demo = await live_demo(own.books, providers, market)
    where = f"Their files are in {own.books}; `{VARIABLE}={own.path}` leads other commands there."
    sentences = [*market.sentences(), *notes_of(own.books), where]
    return DemoPlan(own, demo, market.settings(), sentences)

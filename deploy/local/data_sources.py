"""Where market data come from with these settings: what each key gives, who is asked, which files
can be read.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from deploy.demo.books import LAST_SESSION
from deploy.local.finding import Finding, problem
from services.ingest.providers.csv_tables import (
    CORPORATE_ACTIONS,
    OPTION_QUOTES,
    PRICES,
    SECURITIES,
    YIELDS,
    Table,
)
from services.ingest.providers.pace import POLYGON_REQUESTS_A_MINUTE, Reserve
from services.ingest.providers.sources import configured_sources
from services.ingest.settings import IngestSettings
from shared.errors import Misconfigured
from shared.settings import load

KEYS, CHAINS, FOLDER = "provider keys", "market data", "CSV folder"
# by key: what it gives, and what is used without it
_WORTH = {
    "POLYGON_API_KEY": (
        "closes, splits, dividends and option quotes come from Polygon; what it lacks, and sectors, from Yahoo",
        f"closes come from files, the bundled ones reach to {LAST_SESSION}; options are valued without quotes",
    ),
    "FRED_API_KEY": ("Treasury yields come from FRED", "Treasury yields come from files"),
}
_TABLES = (PRICES, YIELDS, SECURITIES, OPTION_QUOTES, CORPORATE_ACTIONS)
_KINDS = {
    "prices": "closes",
    "corporate_actions": "splits and dividends",
    "yields": "Treasury yields",
    "securities": "what symbols are",
    "option_quotes": "option quotes",
}


def market_data_findings(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Keys, chains and files. Settings that cannot be read are left out here: they are a finding of
    their own.
    """
    yield from _keys(environment)
    try:
        settings = load(IngestSettings)
    except (Misconfigured, ValidationError):
        return
    yield from _chains(settings)
    if settings.csv_directory is not None:
        yield from _folder(settings.csv_directory)


def _keys(environment: Mapping[str, str]) -> Iterator[Finding]:
    for name, (with_it, without_it) in _WORTH.items():
        given = name in environment or f"{name}_FILE" in environment
        yield Finding(
            KEYS, f"{name} is set: {with_it}" if given else f"{name} is not set: {without_it}"
        )


def _chains(settings: IngestSettings) -> Iterator[Finding]:
    try:
        chains = configured_sources(settings, _no_slots).by_kind()
    except Misconfigured as error:
        what, _, fix = str(error).partition(": ")
        yield problem(CHAINS, what, fix or "correct the value: ingest refuses to start")
        return
    for kind, providers in chains.items():
        who = ", then ".join(
            f"{each.name} ({'live' if each.live else 'files'})" for each in providers
        )
        yield Finding(CHAINS, f"{_KINDS[kind]}: {who or 'nobody is asked'}")
    if any(each.name == "polygon" for providers in chains.values() for each in providers):
        yield _plan(settings.polygon_plan)


def _no_slots(provider: str) -> Reserve:
    """Nothing is asked here, so nothing waits."""

    async def reserve(limit: int, window_seconds: float, margin_seconds: float) -> float:
        raise AssertionError(f"the doctor asks {provider} for nothing")

    return reserve


def _plan(plan: str) -> Finding:
    limit = POLYGON_REQUESTS_A_MINUTE[plan]
    pace = f"{limit:,} requests a minute" if limit else "no limit"
    fix = "set SIGMASIGHT_INGEST_POLYGON_PLAN if yours allows more" if plan == "free" else ""
    return Finding(CHAINS, f"Polygon's plan is taken to be {plan}: {pace}", fix)


def _folder(directory: Path) -> Iterator[Finding]:
    if not directory.is_dir():
        yield problem(
            FOLDER,
            f"{directory} is not a folder",
            "make it, or correct SIGMASIGHT_INGEST_CSV_DIRECTORY",
        )
        return
    there = [table for table in _TABLES if (directory / table.file).exists()]
    mistakes = {table.file: mistake for table in there if (mistake := _mistake(directory, table))}
    for mistake in mistakes.values():
        yield problem(FOLDER, mistake, "mend the file: until then none of it is used")
    readable = [table.file for table in there if table.file not in mistakes]
    if readable:
        yield Finding(FOLDER, f"can be read: {', '.join(readable)} in {directory}")
    elif not there:
        yield Finding(
            FOLDER,
            f"{directory} has none of the files",
            "put prices.csv there: docs/market-data.md",
        )


def _mistake(directory: Path, table: Table) -> str | None:
    """What is wrong with a file, by line and field; None when it can be used."""
    try:
        table.rows((directory / table.file).read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        return f"{table.file} is not UTF-8"
    except OSError as error:
        return f"{table.file} cannot be read: {error.strerror}"
    except ValueError as error:
        return f"{table.file}, {error}"
    return None

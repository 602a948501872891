"""Findings on market data: provider keys, the providers that are queried, and the CSV folder."""

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
from shared.settings import load, variables_of

KEYS = "provider keys"
CHAINS = "market data"
FOLDER = "CSV folder"
# By setting: the source of data with its key, and without it.
_WORTH = {
    "polygon_api_key": (
        "closes, splits, dividends and option quotes come from Polygon; "
        "sectors, and data that Polygon does not have, from Yahoo",
        f"closes come from files, of which the bundled ones end on {LAST_SESSION}; "
        "options are valued without quotes",
    ),
    "fred_api_key": ("Treasury yields come from FRED", "Treasury yields come from files"),
}
_TABLES = (PRICES, YIELDS, SECURITIES, OPTION_QUOTES, CORPORATE_ACTIONS)
_KINDS = {
    "prices": "closes",
    "corporate_actions": "splits and dividends",
    "yields": "Treasury yields",
    "securities": "names and sectors",
    "option_quotes": "option quotes",
}


def market_data_findings(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Findings on keys, providers and files; invalid settings are reported with the settings."""
    yield from _keys(environment)
    try:
        settings = load(IngestSettings)
    except (Misconfigured, ValidationError):
        return
    yield from _chains(settings)
    if settings.csv_directory is not None:
        yield from _folder(settings.csv_directory)


def _keys(environment: Mapping[str, str]) -> Iterator[Finding]:
    for setting, (with_it, without_it) in _WORTH.items():
        names = variables_of(IngestSettings, setting)
        given = [name for name in names if name in environment or f"{name}_FILE" in environment]
        yield Finding(
            KEYS,
            f"{given[0]} is set: {with_it}" if given else f"{names[0]} is not set: {without_it}",
        )


def _chains(settings: IngestSettings) -> Iterator[Finding]:
    try:
        chains = configured_sources(settings, _no_slots).by_kind()
    except Misconfigured as error:
        message, _, fix = str(error).partition(": ")
        yield problem(CHAINS, message, fix or "correct the value: ingest does not start with it")
        return
    for kind, chain in chains.items():
        names = ", then ".join(
            f"{each.name} ({'live' if each.live else 'files'})" for each in chain
        )
        yield Finding(CHAINS, f"{_KINDS[kind]}: {names or 'no provider'}")
    if any(each.name == "polygon" for chain in chains.values() for each in chain):
        yield _plan(settings.polygon_plan)


def _no_slots(provider: str) -> Reserve:
    """The doctor sends no request, so it needs no slot."""

    async def reserve(limit: int, window_seconds: float, margin_seconds: float) -> float:
        raise AssertionError(f"the doctor sends no request to {provider}")

    return reserve


def _plan(plan: str) -> Finding:
    limit = POLYGON_REQUESTS_A_MINUTE[plan]
    pace = f"{limit:,} requests a minute" if limit else "no limit"
    fix = "set SIGMASIGHT_INGEST_POLYGON_PLAN if your plan allows more" if plan == "free" else ""
    return Finding(CHAINS, f"Polygon's plan is assumed to be {plan}: {pace}", fix)


def _folder(directory: Path) -> Iterator[Finding]:
    if not directory.is_dir():
        yield problem(
            FOLDER,
            f"{directory} is not a folder",
            "create it, or correct SIGMASIGHT_INGEST_CSV_DIRECTORY",
        )
        return
    there = [table for table in _TABLES if (directory / table.file).exists()]
    mistakes = {table.file: mistake for table in there if (mistake := _mistake(directory, table))}
    for mistake in mistakes.values():
        yield problem(FOLDER, mistake, "correct the file: until then none of its rows are used")
    readable = [table.file for table in there if table.file not in mistakes]
    if readable:
        yield Finding(FOLDER, f"readable: {', '.join(readable)} in {directory}")
    elif not there:
        yield Finding(
            FOLDER,
            f"{directory} has no data files",
            "add prices.csv: see docs/market-data.md",
        )


def _mistake(directory: Path, table: Table) -> str | None:
    """The first error in a file, with its line and field; None when the file is valid."""
    try:
        table.rows((directory / table.file).read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        return f"{table.file} is not UTF-8"
    except OSError as error:
        return f"{table.file} cannot be read: {error.strerror}"
    except ValueError as error:
        return f"{table.file}, {error}"
    return None

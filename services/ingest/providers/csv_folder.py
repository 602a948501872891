"""A folder of CSV files as a provider of every kind of data.

docs/market-data.md has the formats. A file with an error is not used at all: half a file would be
worse than the next provider.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from services.ingest import inputs
from services.ingest.providers import (
    ActionAnswer,
    Answer,
    ProviderUnavailable,
    QuoteAnswer,
    YieldAnswer,
)
from services.ingest.providers.csv_tables import (
    CORPORATE_ACTIONS,
    OPTION_QUOTES,
    PRICES,
    SECURITIES,
    YIELDS,
    Key,
    Row,
    Table,
)

TABLES = (PRICES, YIELDS, SECURITIES, OPTION_QUOTES, CORPORATE_ACTIONS)
NOTHING = inputs.Coverage(date.max, date.min)


class CsvFolderProvider:
    """Reads each file when it is first needed, or ahead of that, and when it has changed.

    A missing file has no rows.
    """

    name = "csv"
    live = False
    vouched = True

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._read: dict[str, _File] = {}
        self._reading = asyncio.Lock()

    async def coverage(self) -> inputs.Coverage:
        """From the first session of prices.csv to its last; nothing without a valid file."""
        try:
            return (await self._file(PRICES)).sessions
        except ProviderUnavailable:  # `bars` reports it
            return NOTHING

    async def bars(self, missing: Mapping[str, Collection[date]]) -> AsyncIterator[Answer]:
        """The closes of prices.csv in one answer; without an adjusted close, the close is used."""
        rows = (await self._file(PRICES)).rows
        wanted = ((symbol, day) for symbol, days in missing.items() for day in days)
        yield Answer([_bar(rows[key]) for key in wanted if key in rows], frozenset(missing))

    async def priced(self) -> set[str]:
        """The symbols of prices.csv; none without a valid file."""
        try:
            return set((await self._file(PRICES)).symbols)
        except ProviderUnavailable:  # `bars` reports it
            return set()

    def stamps(self) -> list[tuple[int, int] | None]:
        """When each file was changed, and its size; None for one that is missing."""
        return [_stamp(self._directory / table.file) for table in TABLES]

    async def yields(self, ranges: Mapping[str, tuple[date, date]]) -> AsyncIterator[YieldAnswer]:
        """The observations of yields.csv."""
        rows = list((await self._file(YIELDS)).rows.values())
        for maturity, (first, last) in ranges.items():
            yield (
                maturity,
                [
                    inputs.YieldObservation(**row, source=self.name)
                    for row in rows
                    if row["maturity"] == maturity and first <= row["observation_date"] <= last
                ],
            )

    async def securities(
        self, symbols: Collection[str] | None = None
    ) -> Sequence[inputs.SecurityFacts]:
        """The facts of securities.csv."""
        rows = (await self._file(SECURITIES)).rows
        return [
            inputs.SecurityFacts(**row, source=self.name)
            for row in rows.values()
            if symbols is None or row["symbol"] in symbols
        ]

    async def option_quotes(
        self, contracts: Collection[str], session_date: date
    ) -> AsyncIterator[QuoteAnswer]:
        """The quotes of option_quotes.csv, all in one answer."""
        rows = (await self._file(OPTION_QUOTES)).rows
        wanted = ((contract, session_date) for contract in contracts)
        quotes = [
            inputs.OptionQuote(**rows[key], source=self.name) for key in wanted if key in rows
        ]
        yield QuoteAnswer(quotes, frozenset(contracts))

    async def corporate_actions(
        self, symbols: Collection[str], first: date, last: date
    ) -> AsyncIterator[ActionAnswer]:
        """The splits and dividends of corporate_actions.csv, all in one answer."""
        rows = (await self._file(CORPORATE_ACTIONS)).rows
        actions = [
            inputs.CorporateAction(**row, source=self.name)
            for row in rows.values()
            if row["symbol"] in symbols and first <= row["ex_date"] <= last
        ]
        yield ActionAnswer(actions, frozenset(symbols))

    async def read_ahead(self) -> None:
        """Read the files that have changed now, so that no run waits for it."""
        for table in TABLES:
            with suppress(ProviderUnavailable):  # who needs the file reports it
                await self._file(table)

    async def _file(self, table: Table) -> "_File":
        async with self._reading:  # the second who needs a file finds it read
            return await asyncio.to_thread(self._current, table)

    def _current(self, table: Table) -> "_File":
        """A file as it is now."""
        path = self._directory / table.file
        try:
            if not self._directory.is_dir():
                raise ProviderUnavailable(
                    self.name, f"{self._directory} is not a folder: make it, or name another"
                )
            stamp = _stamp(path)
            if stamp is None:
                return _File(None, {})
            known = self._read.get(table.file)
            if known is None or known.stamp != stamp:
                known = _File(stamp, table.rows(path.read_text(encoding="utf-8-sig")))
                self._read[table.file] = known
        except OSError as error:
            raise ProviderUnavailable(
                self.name, f"{table.file} cannot be read: {error.strerror}"
            ) from error
        except ValueError as error:  # UnicodeDecodeError is one, too
            reason = "save it as UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
            raise ProviderUnavailable(self.name, f"{table.file}, {reason}") from error
        return known


@dataclass(frozen=True)
class _File:
    """What a file says: when it was changed, and its size, and its rows by key."""

    stamp: tuple[int, int] | None
    rows: dict[Key, Row]

    @cached_property
    def symbols(self) -> frozenset[str]:
        """The symbols of its rows."""
        return frozenset(row["symbol"] for row in self.rows.values())

    @cached_property
    def sessions(self) -> inputs.Coverage:
        """From its first session to its last."""
        days = {row["session_date"] for row in self.rows.values()}
        return inputs.Coverage(min(days), max(days)) if days else NOTHING


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_size


def _bar(row: Row) -> inputs.Bar:
    adjusted = row["adjusted_close"] if row["adjusted_close"] is not None else row["close"]
    return inputs.Bar(
        row["symbol"],
        row["session_date"],
        row["close"],
        float(adjusted),
        "raw",
        CsvFolderProvider.name,
    )

"""A folder of CSV files as a provider of every kind of data.

docs/market-data.md has the formats. A file with an error is not used at all: half a file would be
worse than the next provider.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import date
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
    Row,
    Table,
)

TABLES = (PRICES, YIELDS, SECURITIES, OPTION_QUOTES, CORPORATE_ACTIONS)
NOTHING = inputs.Coverage(date.max, date.min)


class CsvFolderProvider:
    """Reads each file when it is first needed and when it has changed.

    A missing file has no rows.
    """

    name = "csv"
    live = False
    vouched = True

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._read: dict[str, tuple[tuple[int, int], list[Row]]] = {}

    async def coverage(self) -> inputs.Coverage:
        """From the first session of prices.csv to its last; nothing without a valid file."""
        try:
            days = [row["session_date"] for row in await self._rows(PRICES)]
        except ProviderUnavailable:  # `bars` reports it
            return NOTHING
        return inputs.Coverage(min(days), max(days)) if days else NOTHING

    async def bars(self, missing: Mapping[str, Collection[date]]) -> AsyncIterator[Answer]:
        """The closes of prices.csv in one answer; without an adjusted close, the close is used."""
        wanted = {(symbol, day) for symbol, days in missing.items() for day in days}
        rows = [
            row
            for row in await self._rows(PRICES)
            if (row["symbol"], row["session_date"]) in wanted
        ]
        yield Answer([_bar(row) for row in rows], frozenset(missing))

    async def priced(self) -> set[str]:
        """The symbols of prices.csv; none without a valid file."""
        try:
            return {row["symbol"] for row in await self._rows(PRICES)}
        except ProviderUnavailable:  # `bars` reports it
            return set()

    def stamps(self) -> list[tuple[int, int] | None]:
        """When each file was changed, and its size; None for one that is missing."""
        return [_stamp(self._directory / table.file) for table in TABLES]

    async def yields(self, ranges: Mapping[str, tuple[date, date]]) -> AsyncIterator[YieldAnswer]:
        """The observations of yields.csv."""
        observations = [
            inputs.YieldObservation(**row, source=self.name) for row in await self._rows(YIELDS)
        ]
        for maturity, (first, last) in ranges.items():
            theirs = [each for each in observations if each.maturity == maturity]
            yield maturity, [each for each in theirs if first <= each.observation_date <= last]

    async def securities(
        self, symbols: Collection[str] | None = None
    ) -> Sequence[inputs.SecurityFacts]:
        """The facts of securities.csv."""
        rows = await self._rows(SECURITIES)
        return [
            inputs.SecurityFacts(**row, source=self.name)
            for row in rows
            if symbols is None or row["symbol"] in symbols
        ]

    async def option_quotes(
        self, contracts: Collection[str], session_date: date
    ) -> AsyncIterator[QuoteAnswer]:
        """The quotes of option_quotes.csv, all in one answer."""
        rows = [
            row for row in await self._rows(OPTION_QUOTES) if row["session_date"] == session_date
        ]
        quotes = [
            inputs.OptionQuote(**row, source=self.name)
            for row in rows
            if row["contract"] in contracts
        ]
        yield QuoteAnswer(quotes, frozenset(contracts))

    async def corporate_actions(
        self, symbols: Collection[str], first: date, last: date
    ) -> AsyncIterator[ActionAnswer]:
        """The splits and dividends of corporate_actions.csv, all in one answer."""
        rows = [row for row in await self._rows(CORPORATE_ACTIONS) if row["symbol"] in symbols]
        actions = [
            inputs.CorporateAction(**row, source=self.name)
            for row in rows
            if first <= row["ex_date"] <= last
        ]
        yield ActionAnswer(actions, frozenset(symbols))

    async def _rows(self, table: Table) -> list[Row]:
        return await asyncio.to_thread(self._current, table)

    def _current(self, table: Table) -> list[Row]:
        """The rows of a file as it is now."""
        path = self._directory / table.file
        try:
            if not self._directory.is_dir():
                raise ProviderUnavailable(
                    self.name, f"{self._directory} is not a folder: make it, or name another"
                )
            stamp = _stamp(path)
            if stamp is None:
                return []
            if self._read.get(table.file, (None,))[0] != stamp:
                self._read[table.file] = (stamp, table.rows(path.read_text(encoding="utf-8-sig")))
        except OSError as error:
            raise ProviderUnavailable(
                self.name, f"{table.file} cannot be read: {error.strerror}"
            ) from error
        except ValueError as error:  # UnicodeDecodeError is one, too
            reason = "save it as UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
            raise ProviderUnavailable(self.name, f"{table.file}, {reason}") from error
        return self._read[table.file][1]


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

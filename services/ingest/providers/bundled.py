"""The bundled files: adjusted closes of 57 symbols, Treasury yields and sectors.

SOURCES.md next to them has facts and licences. The panel has adjusted closes only, so they also
serve as the raw closes, and `close_basis` is "adjusted".
"""

import asyncio
import csv
import gzip
import io
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path

from services.ingest.inputs import Bar, Coverage, SecurityFacts, YieldObservation
from services.ingest.providers import Answer, YieldAnswer

_PRICES = "adjusted_closes.csv.gz"
_YIELDS = "treasury_yields.csv.gz"
_SECTORS = "gics_sectors.csv"
_SUPPLEMENT = "securities_supplement.csv"
MATURITY_OF_SERIES = {
    "DGS1MO": "1M", "DGS3MO": "3M", "DGS6MO": "6M", "DGS1": "1Y", "DGS2": "2Y",
    "DGS5": "5Y", "DGS7": "7Y", "DGS10": "10Y", "DGS20": "20Y", "DGS30": "30Y",
}  # fmt: skip


@dataclass(frozen=True)
class _Panel:
    """The closes as the file has them, a line a day: a tenth of the memory of 129,000 texts."""

    symbols: Sequence[str]
    lines: Mapping[date, str]

    def closes(self, day: date) -> Mapping[str, str]:
        """The day's closes by symbol; no symbol has one on a day without a line."""
        texts = self.lines[day].split(",") if day in self.lines else ()
        return {symbol: text for symbol, text in zip(self.symbols, texts, strict=False) if text}


class BundledProvider:
    """Reads the files once, when they are first needed."""

    name = "bundled"
    live = False
    vouched = False

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def coverage(self) -> Coverage:
        """From the panel's first session to its last."""
        days = (await asyncio.to_thread(lambda: self._panel)).lines
        return Coverage(min(days), max(days))

    async def securities(self, symbols: Collection[str] | None = None) -> Sequence[SecurityFacts]:
        """Symbols of the panel, with GICS sector where they have one."""
        facts = await asyncio.to_thread(lambda: self._securities)
        return [fact for fact in facts if symbols is None or fact.symbol in symbols]

    async def bars(self, missing: Mapping[str, Collection[date]]) -> AsyncIterator[Answer]:
        """The panel's closes, all in one answer."""
        panel = await asyncio.to_thread(lambda: self._panel)
        closes = {day: panel.closes(day) for day in set[date]().union(*missing.values())}
        texts = (
            (symbol, day, closes[day][symbol])
            for symbol, days in missing.items()
            for day in days
            if symbol in closes[day]
        )
        bars = [
            Bar(symbol, day, Decimal(text), float(text), "adjusted", self.name)
            for symbol, day, text in texts
        ]
        yield Answer(bars, frozenset(missing))

    async def yields(self, ranges: Mapping[str, tuple[date, date]]) -> AsyncIterator[YieldAnswer]:
        """FRED's constant-maturity series; days without an observation are absent."""
        observations = await asyncio.to_thread(lambda: self._yields)
        for maturity, (first, last) in ranges.items():
            yield (
                maturity,
                [each for each in observations[maturity] if first <= each.observation_date <= last],
            )

    @cached_property
    def _panel(self) -> _Panel:
        lines = _text(self._directory / _PRICES).splitlines()
        days = (line.partition(",") for line in lines[1:])
        closes = {date.fromisoformat(day): closes for day, _, closes in days}
        return _Panel(lines[0].split(",")[1:], closes)

    @cached_property
    def _yields(self) -> Mapping[str, Sequence[YieldObservation]]:
        rows = list(_rows(self._directory / _YIELDS))
        return {
            maturity: [
                YieldObservation(
                    maturity, date.fromisoformat(row["date"]), float(row[series]), self.name
                )
                for row in rows
                if row[series]
            ]
            for series, maturity in MATURITY_OF_SERIES.items()
        }

    @cached_property
    def _securities(self) -> Sequence[SecurityFacts]:
        listed = {row["Symbol"]: row for row in _rows(self._directory / _SECTORS)}
        supplement = {row["symbol"]: row for row in _rows(self._directory / _SUPPLEMENT)}
        symbols = self._panel.closes(min(self._panel.lines))
        return [
            self._facts(symbol, listed.get(symbol), supplement.get(symbol)) for symbol in symbols
        ]

    def _facts(
        self, symbol: str, listed: Mapping[str, str] | None, supplement: Mapping[str, str] | None
    ) -> SecurityFacts:
        if listed:
            return SecurityFacts(
                symbol,
                "stock",
                listed["Security"],
                listed["GICS Sector"],
                listed["GICS Sub-Industry"],
                None,
                self.name,
            )
        if supplement:
            return SecurityFacts(
                symbol,
                supplement["kind"],
                supplement["name"],
                supplement["sector"] or None,
                supplement["industry"] or None,
                None,
                self.name,
            )
        return SecurityFacts(symbol, "stock", None, None, None, None, self.name)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    yield from csv.DictReader(io.StringIO(_text(path), newline=""))


def _text(path: Path) -> str:
    raw = path.read_bytes()
    return (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8-sig")

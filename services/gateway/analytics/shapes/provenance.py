"""Where the prices of a book come from, for programs and in a sentence."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_NAMES = {
    "bundled": "the bundled files",
    "csv": "the folder of CSV files",
    "polygon": "Polygon",
    "yahoo": "Yahoo",
    "admin": "an administrator",
}
_BASES = {"raw": "closes as traded", "adjusted": "adjusted closes", "quote": "option quotes"}
NO_PRICES = "No price of this portfolio is stored"


def by_kind(providers: Iterable[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """(name, live) of the providers, in order, by kind of data."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in providers:
        found.setdefault(row["kind"], []).append({"name": row["name"], "live": row["live"]})
    return found


def spans(providers: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The first and last session of the files of prices, by provider; without files: absent."""
    return {
        row["name"]: f"{row['first_session']} to {row['last_session']}"
        for row in providers
        if row["kind"] == "prices" and row["first_session"] is not None
    }


def sentence(
    sources: Sequence[Mapping[str, Any]],
    price_providers: Sequence[Mapping[str, Any]],
    spans: Mapping[str, str],
) -> str:
    """The sources of prices and their providers in one sentence.

    Without a live provider it also gives the days that each provider's files cover: its `spans`.
    `sources`: {source, basis, prices}, the most first; `price_providers`: {name, live} in order.
    """
    files_only = bool(price_providers) and not any(each["live"] for each in price_providers)
    if not price_providers:
        asked = "no provider is configured"
    elif files_only:
        asked = "no live provider is configured (a key in POLYGON_API_KEY brings one)"
    else:
        names = _list([_name(each["name"]) for each in price_providers])
        asked = f"queried in this order: {names}"
    if not sources:
        return f"{NO_PRICES}: {asked}."
    return f"Prices come from {_list(_sources(sources, spans if files_only else {}))}: {asked}."


def _sources(sources: Sequence[Mapping[str, Any]], spans: Mapping[str, str]) -> list[str]:
    alone = len(sources) == 1
    phrases = []
    for each in sources:
        count = None if alone else str(each["prices"])
        facts = [count, _BASES.get(each["basis"], each["basis"]), spans.get(each["source"])]
        phrases.append(f"{_name(each['source'])} ({', '.join(fact for fact in facts if fact)})")
    return phrases


def _name(source: str) -> str:
    return _NAMES.get(source, source)


def _list(parts: Sequence[str]) -> str:
    return ", ".join(parts)

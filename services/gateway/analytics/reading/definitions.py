"""What every published name means: one file, read once.

`docs/methodology.md` has the same text in its last table, which `python -m tests.worked_example`
writes from the same file.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from services.gateway.analytics.schemas.definitions import Definition, NamedMeaning

FILE = Path(__file__).parents[1] / "definitions.json"


@cache
def meanings() -> tuple[NamedMeaning, ...]:
    """The entries of the file in its order; `ValidationError` for one that is incomplete."""
    return TypeAdapter(tuple[NamedMeaning, ...]).validate_json(FILE.read_bytes())


@cache
def definitions() -> Mapping[str, Definition]:
    """The meaning of every name, by its own title; `ValueError` for a name that has two."""
    found: dict[str, Definition] = {}
    for meaning in meanings():
        about = meaning.model_dump(exclude={"names", "title"})
        for name in meaning.names:
            if name in found:
                raise ValueError(f"{name} is defined twice in {FILE.name}")
            found[name] = Definition(measure=name, title=_title_of(name, meaning.title), **about)
    return found


_CONFIDENCE = re.compile(r"^(?:var|es)_(\d\d)_")
_SESSIONS = re.compile(r"_(\d\d+)d$")
_LARGEST = re.compile(r"^top_(\d+)_")
_PERIOD = "performance_"
_SIDES = ("longs", "shorts")


def _title_of(name: str, title: str) -> str:
    """The title that several names share, and what this name adds to it."""
    if found := _CONFIDENCE.search(name):
        return f"{title}, {found[1]} %"
    if found := _SESSIONS.search(name):
        return f"{title}, {found[1]} sessions"
    if found := _LARGEST.search(name):
        return f"{title}, {found[1]}"
    if name.startswith(_PERIOD):
        return f"{title}, {name.removeprefix(_PERIOD)}"
    return title


def figure_title(name: str) -> str:
    """What readers call a figure, with the side it is of; what is not defined is its own title.

    `var_99_1d_historical` is "Historical VaR, one day, 99 %", `volatility_63d.longs` "Volatility of
    the portfolio, 63 sessions, longs".
    """
    base, _, side = name.partition(".")
    meaning = definitions().get(base)
    title = meaning.title if meaning else name
    return f"{title}, {side}" if side in _SIDES else title

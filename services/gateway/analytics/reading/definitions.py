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
    """The meaning of every name; `ValueError` for a name that has two."""
    found: dict[str, Definition] = {}
    for meaning in meanings():
        for name in meaning.names:
            if name in found:
                raise ValueError(f"{name} is defined twice in {FILE.name}")
            found[name] = Definition(measure=name, **meaning.model_dump(exclude={"names"}))
    return found


_CONFIDENCE = re.compile(r"^(?:var|es)_(\d\d)_")
_SESSIONS = re.compile(r"_(\d\d+)d$")
_LARGEST = re.compile(r"^top_(\d+)_")
_PERIOD = "performance_"
_SIDES = ("longs", "shorts")


def figure_title(name: str, title: str | None = None) -> str:
    """What readers call a figure: the title of its definition, and what the name adds to it.

    Several names have one definition: `var_99_1d_historical` is "Historical VaR, one day, 99 %",
    `volatility_63d.longs` "Volatility of the portfolio, 63 sessions, longs".
    """
    base, _, side = name.partition(".")
    meaning = definitions().get(base)
    parts = [title or (meaning.title if meaning else name)]
    if found := _CONFIDENCE.search(base):
        parts.append(f"{found[1]} %")
    elif found := _SESSIONS.search(base):
        parts.append(f"{found[1]} sessions")
    elif found := _LARGEST.search(base):
        parts.append(found[1])
    elif base.startswith(_PERIOD):
        parts.append(base.removeprefix(_PERIOD))
    return ", ".join([*parts, *([side] if side in _SIDES else [])])

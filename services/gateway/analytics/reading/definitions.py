"""What every published name means: one file, read once.

`docs/methodology.md` has the same text in its last table, which `python -m tests.worked_example`
writes from the same file.
"""

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

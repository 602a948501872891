"""What a line of a file of transactions is, by all of its columns that say so."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.gateway.books.files import trade_columns
from services.gateway.books.files.signs import words
from services.gateway.books.files.trade_words import Meaning, meaning
from services.gateway.books.ledger.inputs import Kind

# By their place among the columns that say the same.
TYPE_COLUMNS = {name: place for place, name in enumerate(trade_columns.TYPE_COLUMNS)}
EFFECT_COLUMNS = {name: place for place, name in enumerate(trade_columns.EFFECT_COLUMNS)}
_PURCHASES = {Kind.BUY, Kind.BUY_TO_COVER}
_SALES = {Kind.SELL, Kind.SELL_SHORT}
_EFFECTS = {
    **dict.fromkeys(("open", "to open", "opening", "o"), "open"),
    **dict.fromkeys(("close", "to close", "closing", "c", "closed"), "close"),
    **dict.fromkeys(("long", "l"), "long"),
    **dict.fromkeys(("short", "s"), "short"),
}
# A purchase and a sale with what another column says of it.
_WITH_EFFECT = {
    (Kind.BUY, "close"): Kind.BUY_TO_COVER,
    (Kind.BUY, "short"): Kind.BUY_TO_COVER,
    (Kind.SELL, "open"): Kind.SELL_SHORT,
    (Kind.SELL, "short"): Kind.SELL_SHORT,
}


@dataclass(frozen=True)
class Unclear:
    """Why a line's kind is not known: the column, a code and a sentence."""

    field: str
    code: str
    message: str


def kind_of(cells: Mapping[str, str]) -> Meaning | Unclear:
    """What the line is; `Unclear` as a value when no column says it, or two contradict."""
    given = {field: cells[field] for field in _present(TYPE_COLUMNS, cells)}
    found = {field: each for field, text in given.items() if (each := meaning(text))}
    if len(found) > 1:  # "short" beside another word is the side of the position
        verbs = {field: each for field, each in found.items() if not _effect(given[field])}
        found = verbs or found
    if not found:
        return _by_note(cells) if not given else _unknown(given)
    (first, chosen), *others = found.items()
    for field, each in others:
        joined = _joined(chosen, each)
        if joined is None:
            message = f"{first} {given[first]!r} and {field} {given[field]!r} contradict each other"
            return Unclear(field, "types_disagree", message)
        chosen = joined
    return _with_effect(chosen, cells, given)


def _present(columns: Mapping[str, int], cells: Mapping[str, str]) -> list[str]:
    """Those of the columns that a line fills, in their order."""
    found = [field for field, text in cells.items() if text and field in columns]
    return sorted(found, key=columns.__getitem__) if len(found) > 1 else found


def _effect(text: str) -> str | None:
    return _EFFECTS.get(words(text))


def _unknown(given: Mapping[str, str]) -> Unclear:
    field, text = next(iter(given.items()))
    message = (
        f"{field} {text[:64]!r} is not known: write buy, sell, sell short, buy to cover, deposit, "
        "withdrawal, dividend, interest, borrow fee or fee, or leave the row out"
    )
    return Unclear(field, "unknown_type", message)


def _by_note(cells: Mapping[str, str]) -> Meaning | Unclear:
    """By the first words of the description, where no column has a type."""
    found = meaning(cells.get("note", ""))
    return found or Unclear("type", "missing_value", "the row has no type, such as buy or sell")


def _joined(first: Meaning, other: Meaning) -> Meaning | None:
    """Both as one: the one that says more; None when they contradict each other."""
    if first.kind == other.kind:
        return first
    kinds = {first.kind, other.kind}
    if kinds in (_PURCHASES, _SALES):
        return first if first.kind in (Kind.BUY_TO_COVER, Kind.SELL_SHORT) else other
    return None


def _with_effect(
    chosen: Meaning, cells: Mapping[str, str], given: Mapping[str, str]
) -> Meaning | Unclear:
    """A purchase of what is short covers it, and a sale that opens is short."""
    sides = [cells[field] for field in _present(EFFECT_COLUMNS, cells)]
    if len(given) > 1:
        sides += given.values()
    for text in sides:
        effect = _effect(text)
        kind = _WITH_EFFECT.get((chosen.kind, effect)) if effect else None  # type: ignore[arg-type]
        if kind is not None:
            return Meaning(kind)
    return chosen

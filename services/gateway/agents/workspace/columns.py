"""Columns of a table as `widgets.json` describes them (docs.openbb.co/workspace).

What Workspace makes of a cell, by its documentation and the published source of its pages
(`terminalpro` in `OpenBB-finance/workspace`):
- without `formatterFn` it is rounded to two decimals: a return of -0.0025 reads -0.00;
- `none` writes all digits, without separators of thousands;
- `normalizedPercent` multiplies by 100 and appends %;
- a key of the first row that no column describes is shown all the same, titled by its name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "number", "dateString"]
Display = Mapping[str, object]
DECIMALS_OF_A_SHARE = 6

PINNED: Display = {"pinned": "left"}
HIDDEN: Display = {"hide": True}
ALL_DIGITS: Display = {"formatterFn": "none"}
SHARE: Display = {"formatterFn": "normalizedPercent"}
SIGNED: Display = {"renderFn": "greenRed"}


@dataclass(frozen=True)
class Column:
    """A column of a table; its title names the unit. `display`: further keys of its description."""

    field: str
    title: str
    kind: Kind = "text"
    display: Display | None = None

    def described(self) -> dict[str, object]:
        """The column as `widgets.json` has it."""
        named = {"field": self.field, "headerName": self.title, "cellDataType": self.kind}
        return {**named, **(self.display or {})}


def money(name: str, title: str, display: Display | None = None) -> Column:
    """A column of amounts in USD."""
    return Column(name, f"{title}, USD", "number", display)


def share(name: str, title: str, display: Display | None = None) -> Column:
    """A column of decimals that are read in percent; its values are `rounded_share`."""
    return Column(name, title, "number", {**SHARE, **(display or {})})


def rounded_share(value: float | None) -> float | None:
    """A decimal to the sixth place.

    Workspace cuts the percentage as text: of 1e-9, which becomes 1e-7, it would show 1 %.
    """
    return None if value is None else round(value, DECIMALS_OF_A_SHARE)


def chooses(parameter: str) -> Display:
    """A click on a cell gives the row's `parameter` to the widgets of its group."""
    group = {"paramName": parameter, "valueField": parameter}
    return {
        "renderFn": "cellOnClick",
        "renderFnParams": {"actionType": "groupBy", "groupBy": group},
    }


def coloured(colours: Mapping[str, str]) -> Display:
    """A text column whose words have colours: `green`, `red`, `blue` or #rrggbb."""
    rules = [
        {"condition": "eq", "value": word, "color": colour} for word, colour in colours.items()
    ]
    return {"renderFn": "columnColor", "renderFnParams": {"colorRules": rules}}

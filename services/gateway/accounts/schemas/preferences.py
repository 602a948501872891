"""Models of what users prefer."""

import json
import re
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from services.gateway.edge.values import A_NAME, PRINTABLE, RequestBody, body_example, example
from shared.texts import folded

MOST_VIEWS = 100
MOST_BYTES = 32 * 1024  # of all saved views together, as JSON
Theme = Literal["system", "light", "dark", "contrast", "contrast-light"]
_WORD = r"^[a-z][a-z0-9_-]{0,39}$"
_Part = Annotated[str, Field(max_length=500), PRINTABLE]


def _of_words(address: dict[str, str]) -> dict[str, str]:
    for name in address:
        if not re.fullmatch(_WORD, name):
            raise ValueError(f"{name[:40]!r} is no part of the page's address")
    return address


_VIEW = {
    "screen": "positions",
    "name": "Short options",
    "address": {"group": "expiry", "filter": "short option"},
}


class SavedView(RequestBody):
    """A view of a screen under a name: the parts of the page's address that make it."""

    model_config = body_example(**_VIEW)

    screen: str = Field(pattern=_WORD, description="the screen's id, as the page's address has it")
    name: Annotated[str, Field(min_length=1, max_length=60), A_NAME]
    address: Annotated[dict[str, _Part], Field(max_length=30), AfterValidator(_of_words)]


class Preferences(RequestBody):
    """How a user wants the page; the whole document is replaced."""

    model_config = body_example(theme="dark", default_portfolio_id=None, views=[_VIEW])

    theme: Theme = Field(default="system", description="system: as the browser says")
    default_portfolio_id: UUID | None = Field(
        default=None, description="which portfolio the page opens; null: the first by name"
    )
    views: list[SavedView] = Field(
        default=[],
        max_length=MOST_VIEWS,
        description=f"names differ within a screen; at most {MOST_BYTES // 1024} kB together",
    )

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        names = [(view.screen, folded(view.name)) for view in self.views]
        twice = next((each for each in names if names.count(each) > 1), None)
        if twice is not None:
            raise ValueError(f"views: {twice[0]} has two views named {twice[1]!r}: rename one")
        size = len(json.dumps([view.model_dump() for view in self.views]))
        if size > MOST_BYTES:
            raise ValueError(f"views: {size} bytes, {MOST_BYTES} at most: delete some views")
        return self


class PreferencesOut(Preferences):
    """How a user wants the page; version 0: as it is for every user at first."""

    model_config = example(theme="dark", default_portfolio_id=None, views=[_VIEW], version=3)

    version: int = Field(description="raised by every change: send it, or the ETag, as If-Match")

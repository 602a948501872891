"""What if the portfolio changed: a draft with trades, calculated, and kept or discarded."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import cast
from uuid import UUID

from sigmasight_client.models import (
    DraftWithTrades,
    Impacts,
    NewDraft,
    NewTrade,
    SuggestionOut,
    WantedSuggestions,
)
from sigmasight_client.operations import SigmaSight
from sigmasight_client.session import Event


class NotCalculated(Exception):
    """A draft has no figures; the message has the API's reason."""


class Draft:
    """A modelling session of a portfolio. Requests raise `ApiError`, as those of the client do."""

    def __init__(self, client: SigmaSight, draft_id: UUID | str) -> None:
        self.client = client
        self.draft_id = str(draft_id)
        self.is_kept = False

    def trade(self, *trades: NewTrade, csv: str | None = None) -> DraftWithTrades:
        """Add trades, all of them or none; the draft as it is then, with warnings."""
        return self.client.add_trades(self.draft_id, {"trades": list(trades), "csv": csv})

    def suggest(self, wanted: WantedSuggestions) -> SuggestionOut:
        """Add the trades with the fewest dollars that bring measures to targets.

        From then on this is the suggested draft, and the one before is discarded. A draft that has
        trades is calculated first.
        """
        suggestion = self.client.suggest_trades(self.draft_id, wanted)["suggestions"][0]
        if suggestion["draft"] is not None:
            self.discard()
            self.draft_id = suggestion["draft"]["draft_id"]
        return suggestion

    def read(self) -> DraftWithTrades:
        """The draft with its trades."""
        return self.client.get_draft(self.draft_id)

    def calculate(self, on_event: Callable[[Event], None] | None = None) -> Impacts:
        """Calculate the draft, wait for the end of its run, and return what the trades change.

        `on_event` is called with every event of the run. Raises `NotCalculated` when the run
        stored no figures.
        """
        started = self.client.calculate_draft(self.draft_id)
        if started["run"] is not None:
            ended = self.client.follow(started["run"]["run_id"], on_event)
            if ended["status"] == "failed":
                causes = "; ".join(str(each["message"]) for each in ended["problems"])
                raise NotCalculated(f"the draft's run failed: {causes or 'no reason was given'}")
        return self.impacts()

    def impacts(self) -> Impacts:
        """What the trades change; raises `NotCalculated` where that is not known."""
        found = self.client.get_impacts(self.draft_id)
        if found["impacts"] is None:
            raise NotCalculated(found["reason"] or "the draft is not calculated")
        return found

    def keep(self) -> None:
        """Let the draft remain after its `with` block."""
        self.is_kept = True

    def discard(self) -> None:
        """Delete the draft."""
        self.client.discard_draft(self.draft_id)


@contextmanager
def new_draft(
    client: SigmaSight,
    portfolio_id: UUID | str,
    *,
    as_of: date | str | None = None,
    name: str | None = None,
    note: str = "",
) -> Iterator[Draft]:
    """A draft of a portfolio, discarded at the end of the `with` block unless it is kept.

    `as_of`: the session to branch at, or the last one valued before it; default: the last.
    """
    wanted = {"portfolio_id": str(portfolio_id), "name": name, "note": note}
    day = {} if as_of is None else {"as_of": str(as_of)}
    draft = Draft(client, client.create_draft(cast(NewDraft, wanted | day))["draft_id"])
    try:
        yield draft
    finally:
        if not draft.is_kept:
            draft.discard()

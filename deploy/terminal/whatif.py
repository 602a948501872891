"""`sigmasight whatif`: what scenarios do to a portfolio, and what trades change in it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from deploy.terminal.amounts import fraction, moves, names_bound, target, yield_change
from deploy.terminal.changes import print_impacts, print_trades, print_what_if
from deploy.terminal.choosing import chosen_id
from deploy.terminal.connecting import Chosen, PortfolioName, Url, chosen_portfolio, connected
from deploy.terminal.limits import limit_of
from deploy.terminal.outcome import (
    AsJson,
    ExitCode,
    errors,
    note,
    print_json,
    say,
    user_command,
)
from deploy.terminal.trades import EXAMPLES, trade_of
from deploy.terminal.upload import content_of
from sigmasight_client import Draft, SigmaSight, new_draft
from sigmasight_client.models import (
    DraftWithTrades,
    Impacts,
    NewTrade,
    WantedCandidate,
    WantedTarget,
    Warned,
    WhatIf,
    WhatIfReport,
)

POSITIONS = 10  # shown of a what-if, the largest first
AsOf = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="The session, or the last one before it."),
]
Scenarios = Annotated[
    list[str], typer.Option("--scenario", "-s", help="A scenario's name or id; may be repeated.")
]
Factors = Annotated[
    list[str], typer.Option("--factor", help="market=-12%: the return of a factor's proxy.")
]
Symbols = Annotated[list[str], typer.Option("--symbol", help="AAPL=-20%: a single name's return.")]
Volatility = Annotated[
    str | None, typer.Option(help="+50%: relative change of one-month implied volatility.")
]
Rate = Annotated[str | None, typer.Option(help="50bp: the change of the yield.")]
Days = Annotated[int, typer.Option(min=0, help="Calendar days that pass.")]
Trades = Annotated[list[str], typer.Option("--trade", "-t", help=f"A trade, such as {EXAMPLES}.")]
TradesFile = Annotated[
    Path | None, typer.Option("--trades", help="A CSV of trades: symbol, quantity or exposure.")
]
Targets = Annotated[
    list[str],
    typer.Option("--target", help="beta=0, or a limit: suggest trades that bring a measure there."),
]
Candidates = Annotated[
    list[str], typer.Option("--candidate", help="What may be traded for it; default: many.")
]
Keep = Annotated[bool, typer.Option("--keep", help="Keep the draft of the trades.")]
DraftName = Annotated[str | None, typer.Option("--name", help="What the draft is called.")]
Everything = Annotated[bool, typer.Option("--all", help="Print every measure.")]


@user_command
def whatif(
    portfolio: PortfolioName = None,
    scenarios: Scenarios = [],  # noqa: B006
    factors: Factors = [],  # noqa: B006
    symbols: Symbols = [],  # noqa: B006
    volatility: Volatility = None,
    rate: Rate = None,
    days: Days = 0,
    trades: Trades = [],  # noqa: B006
    trades_file: TradesFile = None,
    targets: Targets = [],  # noqa: B006
    candidates: Candidates = [],  # noqa: B006
    keep: Keep = False,
    name: DraftName = None,
    as_of: AsOf = None,
    everything: Everything = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Print what scenarios or moves of the market do to a portfolio, and what trades change in it.

    Trades make a draft of the portfolio, which is calculated like one and then discarded.
    """
    described = described_by(factors, symbols, volatility, rate, days)
    described["as_of"] = as_of.date().isoformat() if as_of else None
    csv = content_of(trades_file).decode(errors="replace") if trades_file else None
    entered = [trade_of(text) for text in trades]
    aims = [target(text) if names_bound(text) else text for text in targets]
    wanted = TradesWanted(entered, csv, aims, candidates, name, keep)
    refuse_nothing(described, scenarios, wanted)
    with connected(url) as api:
        described["scenario_ids"] = scenario_ids(api, scenarios)
        found = answered(api, chosen_portfolio(api, portfolio), described, wanted)
    if as_json:
        print_json(asdict(found))
    else:
        print_answer(found, everything=everything)
    if found.breaches:
        raise typer.Exit(ExitCode.BREACHED)
    if found.is_partial:
        raise typer.Exit(ExitCode.IN_PART)


def described_by(
    factors: list[str], symbols: list[str], volatility: str | None, rate: str | None, days: int
) -> WhatIf:
    """The moves of the market that the options describe."""
    return {
        "shocks": moves(factors, "market=-12%"),
        "underlying_shocks": moves(symbols, "AAPL=-20%"),
        "volatility_shock": fraction(volatility) if volatility else None,
        "rate_shock": yield_change(rate) if rate else None,
        "days_forward": days,
    }


@dataclass(frozen=True)
class TradesWanted:
    """Trades to try: given, as rows of a file, or to be suggested; and what becomes of the draft.

    `targets`: where measures shall be with the trades that are suggested, of `candidates`; a text
    is the name of a limit to be kept to.
    """

    trades: Sequence[NewTrade]
    csv: str | None
    targets: Sequence[WantedTarget | str]
    candidates: Sequence[str]
    name: str | None
    is_kept: bool

    @property
    def are_given(self) -> bool:
        """Whether there are any apart from those that are to be suggested."""
        return bool(self.trades) or self.csv is not None

    @property
    def is_empty(self) -> bool:
        """Whether there are none."""
        return not self.are_given and not self.targets

    def tried_on(self, draft: Draft) -> tuple[Impacts, Sequence[Warned]]:
        """Trade on a draft and calculate it; what that changes, and what is unusual about it."""
        warnings: list[Warned] = []
        if self.are_given:
            warnings += draft.trade(*self.trades, csv=self.csv)["warnings"]
        if self.targets:
            if self.are_given:
                draft.calculate()  # what is suggested starts from its figures
            self._suggested(draft)
        return draft.calculate(), warnings

    def _suggested(self, draft: Draft) -> None:
        candidates: list[WantedCandidate] = [{"symbol": each} for each in self.candidates]
        targets = [_resolved(draft.client, each) for each in self.targets]
        draft.suggest({"targets": targets, "candidates": candidates, "name": self.name})


def _resolved(api: SigmaSight, wanted: WantedTarget | str) -> WantedTarget:
    return {"limit_id": limit_of(api, wanted)["limit_id"]} if isinstance(wanted, str) else wanted


@dataclass(frozen=True)
class Answer:
    """What a portfolio loses in the scenarios, and what trades change; None: not wanted.

    `what_if_after`: the scenarios with the trades.
    """

    portfolio: Chosen
    what_if: WhatIfReport | None
    draft: DraftWithTrades | None = None
    impacts: Impacts | None = None
    what_if_after: WhatIfReport | None = None
    is_kept: bool = False

    @property
    def is_partial(self) -> bool:
        """Whether a scenario could not be evaluated."""
        reports = [each for each in (self.what_if, self.what_if_after) if each is not None]
        results = [each["direct"] for report in reports for each in report["scenarios"]]
        return any(each is None or each["total_pnl"] is None for each in results)

    @property
    def breaches(self) -> bool:
        """Whether the trades breach a limit that the portfolio keeps to."""
        figures = self.impacts["impacts"] if self.impacts else None
        limits = figures.get("limits", []) if figures else []
        return any(each["change"] == "breached" for each in limits)


def refuse_nothing(described: WhatIf, scenarios: Sequence[str], wanted: TradesWanted) -> None:
    """A usage error when nothing is to happen, or something to trades that there are none of."""
    if is_empty(described) and not scenarios and wanted.is_empty:
        options = (
            "--scenario, --factor, --symbol, --volatility, --rate, --days, --trade or --target"
        )
        raise typer.BadParameter(f"say what happens, with {options}")
    if wanted.is_empty and (wanted.is_kept or wanted.name):
        raise typer.BadParameter("--keep and --name are of a draft: give a --trade or --target")
    if wanted.candidates and not wanted.targets:
        raise typer.BadParameter("--candidate is of a suggestion: give a --target")


def is_empty(described: WhatIf) -> bool:
    """Whether no shock is described."""
    of_market = (described["volatility_shock"], described["rate_shock"])
    of_names = (described["shocks"], described["underlying_shocks"], described["days_forward"])
    return of_market == (None, None) and not any(of_names)


def scenario_ids(api: SigmaSight, wanted: Sequence[str]) -> list[str]:
    """The ids of scenarios by name or id; raises `Explained` for one that is not clear."""
    known = api.list_scenarios()["items"] if wanted else []
    named = [(each["scenario_id"], each["name"]) for each in known]
    return [chosen_id("--scenario", text, named) for text in wanted]


def answered(api: SigmaSight, portfolio: Chosen, described: WhatIf, wanted: TradesWanted) -> Answer:
    """Evaluate the scenarios; with trades on a draft of them too, which is calculated."""
    what_if = described | {"portfolio_id": portfolio.portfolio_id, "positions_shown": POSITIONS}
    shocked = bool(described["scenario_ids"]) or not is_empty(described)
    if wanted.is_empty:
        return Answer(portfolio, api.evaluate_both(what_if))
    with new_draft(
        api, portfolio.portfolio_id, as_of=described["as_of"], name=wanted.name
    ) as draft:
        with errors.status("calculating the draft"):
            impacts, warnings = wanted.tried_on(draft)
        traded = draft.read() | {"warnings": list(warnings)}
        on_day = what_if | {"as_of": impacts["as_of"]}
        before = api.evaluate_both(on_day) if shocked else None
        on_draft = on_day | {"portfolio_id": draft.draft_id}
        after = api.evaluate_both(on_draft) if shocked else None
        if wanted.is_kept:
            draft.keep()
    return Answer(portfolio, before, traded, impacts, after, wanted.is_kept)


def print_answer(found: Answer, *, everything: bool) -> None:
    """Print tables of what is known, and what is unusual about it."""
    if found.draft is not None and found.impacts is not None:
        print_trades(found.draft)
        print_impacts(found.impacts, everything=everything)
        warn(found.draft["warnings"])
        warn(found.impacts["warnings"])
    if found.what_if is not None:
        print_what_if(found.portfolio.name, found.what_if, found.what_if_after)
        warn(found.what_if["warnings"])
    if found.draft is not None and found.is_kept:
        draft_id = found.draft["draft_id"]
        say(f"kept as draft {draft_id}: `sigmasight report --portfolio {draft_id}` shows it")


def warn(warnings: Sequence[Warned]) -> None:
    """Print warnings to the standard error stream."""
    for each in warnings:
        note(f"note ({each['count']}x): {each['message']}")

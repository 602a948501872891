"""`sigmasight limits`: what portfolios may be, where they stand, and what is done about it."""

from datetime import datetime
from typing import Annotated, cast

import typer

from deploy.local.errors import Explained
from deploy.terminal.amounts import level
from deploy.terminal.choosing import chosen_id
from deploy.terminal.connecting import (
    PortfolioName,
    Url,
    all_portfolios,
    chosen_portfolio,
    connected,
)
from deploy.terminal.limit_tables import print_limits, print_standings, print_templates, print_trial
from deploy.terminal.outcome import AsJson, ExitCode, print_json, say, user_command
from sigmasight_client import SigmaSight
from sigmasight_client.models import LimitOut, LimitWithStandings, NewLimit

PAGE = 1_000
app = typer.Typer(help="Limits: where portfolios stand, set, acknowledge, test.")
LimitName = Annotated[str, typer.Argument(metavar="LIMIT", help="A limit's name or id.")]
Template = Annotated[str, typer.Argument(help="One of `sigmasight limits templates`.")]
SetLimit = Annotated[
    str | None, typer.Argument(metavar="[LIMIT]", help="A limit that is set, by name or id.")
]
OfTemplate = Annotated[
    str | None, typer.Option("--template", help="Or one that is not: a template's.")
]
Breach = Annotated[
    str | None, typer.Option(help="The level in the limit's unit: 50000, 0.1 or 10%.")
]
WarningLevel = Annotated[
    str | None, typer.Option("--warning", help="The level before it; `none` for no warning.")
]
Reason = Annotated[str, typer.Option(help="Why it stays.")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])]
Until = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The last day of it.")]
First = Annotated[
    datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="The first session.")
]
Last = Annotated[
    datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="The last session.")
]
Words = Annotated[str | None, typer.Option()]


@app.callback(invoke_without_command=True)
@user_command
def limits(
    context: typer.Context,
    portfolio: PortfolioName = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Print where the portfolios stand; 3 when one is not measured, 4 when one is breached.

    A breach that is acknowledged or waived does not count as one.
    """
    if context.invoked_subcommand is not None:
        return
    with connected(url) as api:
        chosen = chosen_portfolio(api, portfolio).portfolio_id if portfolio else None
        found = all_limits(api, chosen)
    if as_json:
        print_json(found)
    else:
        print_limits(found)
    states = {state for each in found for state, count in each["states"].items() if count}
    if "breached" in states:
        raise typer.Exit(ExitCode.BREACHED)
    if "not_measured" in states:
        raise typer.Exit(ExitCode.IN_PART)


def all_limits(api: SigmaSight, portfolio_id: str | None = None) -> list[LimitOut]:
    """Every limit of the user, or of one portfolio."""
    found: list[LimitOut] = []
    while True:
        page = api.list_limits(portfolio_id=portfolio_id, limit=PAGE, offset=len(found))
        found += page["items"]
        if not page["items"] or len(found) >= page["total"]:
            return found


def limit_of(api: SigmaSight, wanted: str) -> LimitOut:
    """The limit that is meant; raises `Explained`."""
    known = {each["limit_id"]: each for each in all_limits(api)}
    if not known:
        raise Explained(f"there is no limit '{wanted}' yet: `sigmasight limits add` sets one")
    named = [(limit_id, each["name"]) for limit_id, each in known.items()]
    return known[chosen_id("limit", wanted, named)]


def portfolio_of(api: SigmaSight, limit: LimitOut, wanted: str | None) -> str | None:
    """In which portfolio something is done about a limit; None: in the only one that it is in."""
    if wanted is None and limit["portfolio_id"] is not None:
        return None
    return chosen_portfolio(api, wanted).portfolio_id


@app.command()
@user_command
def templates(url: Url = None, as_json: AsJson = False) -> None:
    """Print the usual limits, which `add` sets."""
    with connected(url) as api:
        found = api.list_templates()
    if as_json:
        print_json(found)
    else:
        print_templates(found["items"])


@app.command()
@user_command
def add(
    template: Template,
    portfolio: PortfolioName = None,
    breach: Breach = None,
    warning: WarningLevel = None,
    name: Words = None,
    owner: Words = None,
    note: Words = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Set a limit as a template has it, or with other levels; by default in every portfolio."""
    with connected(url) as api:
        wanted = from_template(api, template, breach, warning)
        about = chosen_portfolio(api, portfolio).portfolio_id if portfolio else None
        given = {"name": name, "owner": owner, "note": note, "portfolio_id": about}
        terms = wanted | {key: text for key, text in given.items() if text is not None}
        found = api.create_limit(cast(NewLimit, terms))
    shown(found, as_json=as_json)


def from_template(
    api: SigmaSight, template: str, breach: str | None, warning: str | None
) -> NewLimit:
    """The limit of a template with other levels; raises `Explained` for an unknown one.

    The template's warning level and name do not fit another breach level: without a given one there
    is no warning.
    """
    known = {each["template"]: each["limit"] for each in api.list_templates()["items"]}
    chosen = chosen_id("template", template, [(name, name) for name in known])
    wanted = known[chosen].copy()
    if breach is not None:
        wanted["name"] = f"{chosen.replace('_', ' ').capitalize()} {breach}"
        wanted["breach"] = level(breach)
        wanted["warning"] = None
        wanted["hysteresis"] = 0.0
    if warning is not None:
        wanted["warning"] = None if warning == "none" else level(warning)
    return wanted


def shown(found: LimitWithStandings, *, as_json: bool) -> None:
    """Print a limit with where every portfolio stands."""
    if as_json:
        print_json(found)
    else:
        print_standings(found)


@app.command()
@user_command
def show(limit: LimitName, url: Url = None, as_json: AsJson = False) -> None:
    """Print one limit with every portfolio, and what makes a breach."""
    with connected(url) as api:
        found = api.get_limit(limit_of(api, limit)["limit_id"])
    shown(found, as_json=as_json)


@app.command()
@user_command
def acknowledge(
    limit: LimitName,
    reason: Reason,
    portfolio: PortfolioName = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Note that a breach is known; it is shown as such until it is over."""
    with connected(url) as api:
        meant = limit_of(api, limit)
        about = portfolio_of(api, meant, portfolio)
        found = api.acknowledge_limit(meant["limit_id"], {"portfolio_id": about, "reason": reason})
    shown(found, as_json=as_json)


@app.command()
@user_command
def waive(
    limit: LimitName,
    until: Until,
    reason: Reason,
    portfolio: PortfolioName = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Raise no alert of a limit until a day."""
    with connected(url) as api:
        meant = limit_of(api, limit)
        about = portfolio_of(api, meant, portfolio)
        day = until.date().isoformat()
        found = api.waive_limit(
            meant["limit_id"], {"portfolio_id": about, "reason": reason, "until": day}
        )
    shown(found, as_json=as_json)


@app.command()
@user_command
def delete(limit: LimitName, url: Url = None, as_json: AsJson = False) -> None:
    """Delete a limit with its history and alerts."""
    with connected(url) as api:
        meant = limit_of(api, limit)
        api.delete_limit(meant["limit_id"])
    if as_json:
        print_json(meant)
    else:
        say(f"deleted '{meant['name']}'")


@app.command("test")
@user_command
def try_out(
    limit: SetLimit = None,
    template: OfTemplate = None,
    portfolio: PortfolioName = None,
    breach: Breach = None,
    warning: WarningLevel = None,
    first: First = None,
    last: Last = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Print how often a limit would have fired on the sessions that are stored.

    One that is not set is a template's, with other levels where they are given.
    """
    if (limit is None) == (template is None) or (limit and (breach or warning)):
        raise typer.BadParameter("give a LIMIT, or --template with other levels if wanted")
    with connected(url) as api:
        portfolios = {each["portfolio_id"]: each["name"] for each in all_portfolios(api)}
        about = chosen_portfolio(api, portfolio).portfolio_id if portfolio else None
        days = {"from_": first.date() if first else None, "to": last.date() if last else None}
        if template is not None:
            terms = from_template(api, template, breach, warning)
            found = api.try_new_limit(terms, portfolio_id=about, **days)
        else:
            limit_id = limit_of(api, limit or "")["limit_id"]
            found = api.try_limit(limit_id, portfolio_id=about, **days)
    if as_json:
        print_json(found)
    else:
        print_trial(found, portfolios)

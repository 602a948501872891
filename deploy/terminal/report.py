"""`sigmasight report`: everything about a portfolio on one session."""

from datetime import datetime
from typing import Annotated

import typer

from deploy.local.report import portfolio_panel
from deploy.terminal.connecting import PortfolioName, Url, chosen_portfolio, connected
from deploy.terminal.outcome import AsJson, ExitCode, console, print_json, user_command


@user_command
def report(
    portfolio: PortfolioName = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The session, or the last one before it."),
    ] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Print the risk report of a portfolio, or of a draft by its id."""
    with connected(url) as api:
        chosen = chosen_portfolio(api, portfolio)
        found = api.get_report(chosen.portfolio_id, as_of=as_of.date() if as_of else None)
        user = api.me()
    if as_json:
        print_json(found)
    else:
        console.print(portfolio_panel(user["full_name"] or user["email"], found))
    if found["snapshot"] is None:
        raise typer.Exit(ExitCode.IN_PART)

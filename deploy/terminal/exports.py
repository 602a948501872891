"""`sigmasight export`: trades, positions, transactions and series as files."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from deploy.terminal.connecting import PortfolioName, Url, chosen_portfolio, connected
from deploy.terminal.files import write_file
from deploy.terminal.outcome import AsJson, print_json, say, user_command
from deploy.terminal.trades import EXAMPLES, trade_of
from sigmasight_client import Download

app = typer.Typer(
    help="Write trades, positions, transactions or series to a file.", no_args_is_help=True
)
STDOUT = "-"
Format = Annotated[str, typer.Option("--format", help="csv or json; of trades also fix.")]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="A file, a folder, or - to print it; default: here."),
]
AsOf = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="The session, or the last one before it."),
]

Sender = Annotated[str | None, typer.Option(help="FIX: SenderCompID.")]
Target = Annotated[str | None, typer.Option(help="FIX: TargetCompID.")]
Account = Annotated[str | None, typer.Option(help="FIX: the broker's account.")]
OrderType = Annotated[str | None, typer.Option(help="FIX: market or limit; default: by trade.")]
TimeInForce = Annotated[
    str | None, typer.Option(help="FIX: day, good_till_cancelled, ...; default: day.")
]
SendingTime = Annotated[str | None, typer.Option(help="FIX: 2022-12-28T21:05:00Z; default: now.")]


@app.command()
@user_command
def trades(
    draft: Annotated[
        str | None, typer.Option(help="A modelling session's id; or give trades.")
    ] = None,
    texts: Annotated[
        list[str], typer.Option("--trade", "-t", help=f"A trade, such as {EXAMPLES}.")
    ] = [],  # noqa: B006
    portfolio: PortfolioName = None,
    as_of: AsOf = None,
    form: Format = "csv",
    sender: Sender = None,
    target: Target = None,
    account: Account = None,
    order_type: OrderType = None,
    time_in_force: TimeInForce = None,
    sending_time: SendingTime = None,
    as_list: Annotated[
        bool, typer.Option("--list", help="FIX: one NewOrderList, not an order each.")
    ] = False,
    output: Output = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Write the trades of a modelling session, or a list of trades, as csv, json or FIX orders."""
    if (draft is None) == (not texts):
        raise typer.BadParameter("give either --draft or --trade")
    terms = _given(
        sender=sender,
        target=target,
        account=account,
        order_type=order_type,
        time_in_force=time_in_force,
        sending_time=sending_time,
        as_list=as_list or None,
    )
    entered = [trade_of(text) for text in texts]
    with connected(url) as api:
        base = chosen_portfolio(api, portfolio).portfolio_id if entered or portfolio else None
        own = {"draft_id": draft, "portfolio_id": base, "as_of": _text(as_of)}
        body = {"format": form, **own, "trades": entered, "fix": terms or None}
        found = api.download("POST", "export/trades", body=body)
    _write(found, output, as_json=as_json)


@app.command()
@user_command
def positions(
    portfolio: PortfolioName = None,
    as_of: AsOf = None,
    form: Format = "csv",
    plain: Annotated[
        bool, typer.Option("--plain", help="Without values: the columns of an upload, all lots.")
    ] = False,
    output: Output = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Write what a portfolio holds, with prices, their sources, values and P&L."""
    columns = "twelve-columns" if plain else "valued"
    query = {"format": form, "columns": columns, "as_of": _text(as_of)}
    with connected(url) as api:
        chosen = chosen_portfolio(api, portfolio).portfolio_id
        found = api.download("GET", "positions/export", query={"portfolio_id": chosen, **query})
    _write(found, output, as_json=as_json)


@app.command()
@user_command
def transactions(
    portfolio: PortfolioName = None,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day of trade.")
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day of trade.")
    ] = None,
    form: Format = "csv",
    everything: Annotated[
        bool,
        typer.Option("--all", help="Reversals too, and what follows from market data."),
    ] = False,
    output: Output = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Write the transactions of a period, as a file that may be uploaded again."""
    query = {"format": form, "from": _text(first), "to": _text(last), "everything": everything}
    _of_portfolio("transactions", portfolio, query, output, url, as_json=as_json)


@app.command()
@user_command
def series(
    portfolio: PortfolioName = None,
    measures: Annotated[
        list[str], typer.Option("--measure", "-m", help="A measure; may be repeated.")
    ] = [],  # noqa: B006
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First session.")
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last session.")
    ] = None,
    form: Format = "csv",
    output: Output = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Write measures over sessions: a row per session, a column per measure."""
    chosen = measures or None
    query = {"format": form, "measures": chosen, "from": _text(first), "to": _text(last)}
    _of_portfolio("series", portfolio, query, output, url, as_json=as_json)


def _of_portfolio(
    what: str,
    portfolio: str | None,
    query: Mapping[str, object],
    output: Path | None,
    url: str | None,
    *,
    as_json: bool,
) -> None:
    with connected(url) as api:
        chosen = chosen_portfolio(api, portfolio).portfolio_id
        found = api.download("GET", f"portfolios/{chosen}/{what}/export", query=query)
    _write(found, output, as_json=as_json)


def _given(**terms: str | bool | None) -> dict[str, str | bool]:
    return {name: value for name, value in terms.items() if value is not None}


def _text(day: datetime | None) -> str | None:
    return day.date().isoformat() if day else None


def _write(found: Download, output: Path | None, *, as_json: bool) -> None:
    """Write the file and print its name; or print its content."""
    if output is not None and str(output) == STDOUT:
        typer.get_binary_stream("stdout").write(found.content)
        return
    path = write_file(found.content, found.name, output)
    size = len(found.content)
    if as_json:
        digest = hashlib.sha256(found.content).hexdigest()
        print_json({"file": str(path), "byte_count": size, "sha256": digest})
    else:
        say(f"{path}: {size:,} bytes")

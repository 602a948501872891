"""`sigmasight report`: everything about a portfolio on one session, as tables or as a document."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, get_args

import typer

from deploy.local.report import portfolio_panel
from deploy.terminal.connecting import PortfolioName, Url, chosen_portfolio, connected
from deploy.terminal.documents import rendered
from deploy.terminal.files import write_file
from deploy.terminal.outcome import AsJson, ExitCode, console, print_json, say, user_command
from shared.contracts.reports import FormWord, TemplateWord
from sigmasight_client.models import NewReport

FORMATS = get_args(FormWord)
TEMPLATES = [name for name in get_args(TemplateWord) if name != "draft"]


@user_command
def report(
    portfolio: PortfolioName = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The session, or the last one before it."),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option("--format", help=f"Write a document instead: {', '.join(FORMATS)}."),
    ] = None,
    template: Annotated[
        str | None, typer.Option(help=f"Of the document: {', '.join(TEMPLATES)}; default: full.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="The document's file, or a folder; default: here.")
    ] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Print the risk report of a portfolio, or of a draft by its id; or write it as a document."""
    if form is not None or template is not None or output is not None:
        _write(portfolio, as_of, (form or "pdf", template or "full"), output, url, as_json=as_json)
        return
    with connected(url) as api:
        chosen = chosen_portfolio(api, portfolio)
        found = api.get_report(chosen.portfolio_id, as_of=as_of.date() if as_of else None)
        user = api.me()
    if as_json:
        print_json(found)
    else:
        owner = found["portfolio"]["owner_name"] or user["full_name"] or user["email"]
        console.print(portfolio_panel(owner, found))
    if found["snapshot"] is None:
        raise typer.Exit(ExitCode.IN_PART)


def _write(
    portfolio: str | None,
    as_of: datetime | None,
    kind: tuple[str, str],
    output: Path | None,
    url: str | None,
    *,
    as_json: bool,
) -> None:
    """Have the document rendered and write it; `kind`: its format and template."""
    form, template = kind
    if form not in FORMATS:
        raise typer.BadParameter(f"--format is one of {', '.join(FORMATS)}, not {form}")
    if template not in TEMPLATES:
        raise typer.BadParameter(f"--template is one of {', '.join(TEMPLATES)}, not {template}")
    with connected(url) as api:
        chosen = chosen_portfolio(api, portfolio)
        wanted: dict[str, object] = {
            "portfolio_ids": [chosen.portfolio_id],
            "template": template,
            "format": form,
            "as_of": as_of.date().isoformat() if as_of else None,
        }
        found = rendered(api, NewReport(**wanted))  # type: ignore[typeddict-item]
        content = api.download_report(found["report_id"])
        path = write_file(content, found["file_name"], output)
    if as_json:
        print_json({**found, "file": str(path)})
    else:
        say(f"{path}: {found['names'][0]} as of {found['as_of']}, {found['byte_count']:,} bytes")

"""`sigmasight backup` and `sigmasight restore`."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from deploy.local.archive import PASSPHRASE, Manifest
from deploy.local.printing import console, explained, say
from deploy.local.state import StateDirectory

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@explained
def backup(
    target: Annotated[Path, typer.Argument(metavar="FILE|DIR", help="A new file, or a folder.")],
    as_text: AsJson = False,
) -> None:
    """Write the stack's data into one file, while it runs or is stopped."""
    from deploy.local.backup import take_backup  # it imports the services' tables

    with console.status("backing up"):
        file, manifest = take_backup(StateDirectory.default(), target, datetime.now(UTC))
    if as_text:
        console.print_json(json.dumps(_facts(file, manifest)))
        return
    say(f"{_held(manifest)} are in {file} ({file.stat().st_size / 1e6:,.1f} MB).")
    if manifest.encrypted:
        say(f"Its secrets are encrypted with {PASSPHRASE}; the data is not: keep the file private.")
    else:
        say(
            "It holds the administrator's password and the key that signs tokens: keep it as "
            f"private as the state directory, or set {PASSPHRASE} to encrypt them."
        )


@explained
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file of `sigmasight backup`.")],
    as_text: AsJson = False,
) -> None:
    """Restore a backup into an empty state directory, and compare every table."""
    from deploy.local.backup import restore_backup

    directory = StateDirectory.default()
    with console.status("restoring"):
        manifest = restore_backup(directory, file)
    if as_text:
        console.print_json(json.dumps(_facts(file, manifest)))
        return
    say(f"{_held(manifest)} are in {directory.path}, as they were at {manifest.created_at}.")
    say("Start the stack with `sigmasight up`: what was unfinished is calculated again.")


def _facts(file: Path, manifest: Manifest) -> dict[str, object]:
    tables = {name: content.rows for name, content in manifest.tables.items()}
    named = manifest.model_dump(include={"version", "created_at", "revisions", "encrypted"})
    return {"file": str(file), **named, "tables": tables}


def _held(manifest: Manifest) -> str:
    rows = sum(content.rows for content in manifest.tables.values())
    return f"{rows:,} rows of {len(manifest.tables)} tables"

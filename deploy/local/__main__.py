"""`python -m deploy.local`: the same as the `sigmasight` command."""

from deploy.local.cli import app

app()

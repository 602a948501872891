"""The way into the dashboard of the demo: a link that logs in once, opened on a desktop."""

import os
import sys
import webbrowser
from collections.abc import Mapping

from rich.console import Console

from deploy.demo.books import Demo
from deploy.local.demo import demo_users
from deploy.local.state import StackState


def show_dashboard(console: Console, state: StackState, demo: Demo, *, browser: bool) -> None:
    """Print a link that logs in as the first user of the demo, and open it in a browser."""
    with demo_users(state, demo) as users:
        code = users[0].api.create_login_link()["code"]
    link = f"{state.gateway_url}/#login={code}"
    console.print(f"the dashboard as {demo.books[0].email}, once, within ten minutes:")
    console.print(link, markup=False, highlight=False, soft_wrap=True)
    if browser and has_desktop(os.environ, sys.platform) and sys.stdout.isatty():
        webbrowser.open(link)


def has_desktop(environ: Mapping[str, str], platform: str) -> bool:
    """Whether a window can be opened: else a browser of the terminal would take its place."""
    return platform in ("darwin", "win32") or any(
        environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )

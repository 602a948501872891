"""The page that a browser sees when single sign-on fails: what happened, and what to do."""

import base64
import hashlib
from html import escape

from starlette.responses import HTMLResponse

from services.gateway.edge.problems import Problem

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:12vh auto;padding:0 1.5rem;"
    "color:#1c2430;background:#fff}code{background:#eef1f5;padding:.1em .35em;border-radius:4px}"
    "a{color:#0b57d0}@media(prefers-color-scheme:dark){body{color:#e6eaf0;background:#11161d}"
    "code{background:#222b36}a{color:#8ab4f8}}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none'"


def refusal_page(problem: Problem, request_id: str) -> HTMLResponse:
    """The problem's sentence, its code, and the id by which the log has the rest."""
    detail = escape(problem.detail[:1].upper() + problem.detail[1:])
    page = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Not logged in</title>
<style>{_STYLE}</style></head>
<body><main><h1>You are not logged in</h1>
<p>{detail}.</p>
<p>Code <code>{escape(problem.code)}</code>, request <code>{escape(request_id)}</code></p>
<p><a href="/">Back to the page</a></p></main></body></html>
"""
    return HTMLResponse(page, problem.status, {"Content-Security-Policy": _POLICY})

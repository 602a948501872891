#!/usr/bin/env bash
# openbb-platform-api 2.0.1: the widgets.json that it builds from an OpenAPI document has a date
# picker where a query parameter's name says so, whatever its type, and a text field elsewhere.
#
# The document says `format: date` of each date. It is not read: a parameter becomes a date if it is
# called `date` or its name contains `_date`. `as_of: date` becomes a text field, and the text
# `last_date_note` a date picker. An optional integer (`int | None`) becomes a text field as well,
# as only the first of its alternatives is looked at, and for booleans alone.
# What helps: names that end in `_date`.
#
# Seen with fastapi 0.165.0: as_of text, day text, start_date date, last_date_note date,
# count text, exact number.
# Fails when types come from the document.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check openbb-platform-api==2.0.1 fastapi==0.165.0
HOME="$folder" "$folder/venv/bin/python" - <<'PYTHON'
from datetime import date

from fastapi import FastAPI
from openbb_platform_api.utils.widgets import build_json

app = FastAPI()


@app.get("/rows")
def rows(
    as_of: date,
    day: date | None = None,
    start_date: date | None = None,
    last_date_note: str = "",
    count: int | None = None,
    exact: int = 1,
) -> list[dict]:
    return []


document = app.openapi()
formats = {
    each["name"]: each["schema"].get("format") for each in document["paths"]["/rows"]["get"]["parameters"]
}
assert formats["as_of"] == "date", formats
(widget,) = build_json(document, []).values()
types = {each["paramName"]: each["type"] for each in widget["params"]}
print(types)
assert types == {
    "as_of": "text",
    "day": "text",
    "start_date": "date",
    "last_date_note": "date",
    "count": "text",
    "exact": "number",
}, types
PYTHON
echo "as stated: the name decides, not the type"

"""Answers that are files to download: CSV, and the names of the files."""

from typing import Any

from fastapi import Response

CSV = "text/csv; charset=utf-8"


def csv_documented(sample: str) -> dict[str, Any]:
    """How the API's document describes a CSV answer, with an example."""
    return {"content": {"text/csv": {"schema": {"type": "string"}, "example": sample}}}


def csv_download(text: str, filename: str) -> Response:
    """The text as a file that a browser saves under this name."""
    headers = {"Content-Disposition": f'attachment; filename="{filename}"'}
    return Response(text, media_type=CSV, headers=headers)


def safe_name(name: str, otherwise: object) -> str:
    """A name in letters that any file system takes; without any such letter, `otherwise`."""
    letters = (letter if letter.isascii() and letter.isalnum() else " " for letter in name.lower())
    return "-".join("".join(letters).split()) or str(otherwise)

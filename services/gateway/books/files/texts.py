"""Bytes to text: what is no text, too large, or in another encoding ends the reading.

The message says what the file seems to be, and how to save it.
"""

from services.gateway.books.files.problems import UnreadableFile
from services.gateway.edge.shapes import MAX_BYTES

_KINDS = (
    (b"PK\x03\x04", "a spreadsheet or an archive"),
    (b"PK\x05\x06", "an empty archive"),
    (b"\x1f\x8b", "compressed (gzip)"),
    (b"BZh", "compressed (bzip2)"),
    (b"\xfd7zXZ", "compressed (xz)"),
    (b"7z\xbc\xaf", "an archive (7z)"),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet (xls)"),
    (b"%PDF", "a PDF"),
)
_UTF_32 = (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_HEAD = 2_000  # bytes that a statement's header is looked for in
_WINDOWS = "cp1252"


def text_of(data: bytes) -> str:
    """The file's text.

    Raises `UnreadableFile` when it is too large, compressed, binary or not UTF-8. Statements in OFX
    1 may be in Windows-1252, as their header then says.
    """
    if len(data) > MAX_BYTES:
        raise UnreadableFile(1, "too_large", f"the file is larger than {MAX_BYTES // 1024**2} MB")
    kind = next((kind for start, kind in _KINDS if data.startswith(start)), None)
    if kind is not None:
        raise _no_text(1, f"is {kind}, not text: unpack it, or export it as CSV (UTF-8)")
    if data.startswith(_UTF_32):
        raise _no_text(1, "is UTF-32 text: save it as UTF-8")
    if data.startswith(_UTF_16) or _is_bare_utf_16(data[:_HEAD]):
        raise _no_text(1, "is UTF-16 text: save it as UTF-8 (in Excel: CSV UTF-8)")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if _says_windows(data[:_HEAD]):
            return data.decode(_WINDOWS, errors="replace")
        raise _not_utf_8(data, error.start) from None
    if "\x00" in text:
        raise _no_text(1, "is binary, not CSV: it holds zero bytes")
    return text


def _no_text(line: int, message: str) -> UnreadableFile:
    return UnreadableFile(line, "not_text", f"the file {message}")


def _not_utf_8(data: bytes, place: int) -> UnreadableFile:
    """Which byte is none of UTF-8's, and what it would be in Windows-1252."""
    line = data.count(b"\n", 0, place) + 1
    letter = data[place : place + 1].decode(_WINDOWS, errors="ignore")
    looks = (
        f" is {letter!r} in Windows-1252 (ANSI)"
        if letter.isprintable() and letter
        else " is no text"
    )
    message = f"is not UTF-8 text (byte {place + 1}{looks}): save it as UTF-8"
    return _no_text(line, message)


def _is_bare_utf_16(head: bytes) -> bool:
    """Whether every other byte is zero, as of Latin letters in UTF-16 without a mark."""
    pairs = len(head) // 2
    return pairs > 1 and any(head[first::2].count(0) > 0.7 * pairs for first in (0, 1))


def _says_windows(head: bytes) -> bool:
    """Whether a statement in OFX 1 says that it is in Windows-1252."""
    header = head.upper()
    return b"OFXHEADER" in header and b"<OFX>" in header and b"1252" in header

"""Where a file's header is, and what separates its cells: both are found together.

A header that a profile or one of our formats knows decides. Where none is known, the separator is
the one that most lines agree on. A cell that keeps a quotation mark was cut within its quotes, so
that separator is none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from services.gateway.books.files.cells import number_text
from services.gateway.books.files.known import KNOWN, profile_for
from services.gateway.books.files.layouts import means_positions
from services.gateway.books.files.mapping import DecimalMark, Profile, Separator, plain
from services.gateway.books.files.problems import UnreadableFile
from services.gateway.books.files.records import MAX_TRANSACTIONS, Lines, Record
from services.gateway.books.files.schwab import is_export, is_header, is_title
from services.gateway.books.files.trade_columns import may_be_transactions

MOST_ABOVE = 50  # records above a header that is looked for
_SEPARATOR_NAMES = {
    Separator.COMMA: "commas",
    Separator.SEMICOLON: "semicolons",
    Separator.TAB: "tabs",
    Separator.PIPE: "vertical bars",
}


@dataclass(frozen=True)
class Header:
    """A file's header: its line and cells, and the records above it.

    `profile`: what its columns are read by; None: one of our own formats, where `known`, or
    nothing that is known.
    """

    separator: Separator
    line: int
    cells: list[str]
    above: tuple[Record, ...]
    profile: Profile | None = None
    known: bool = False

    def below(self, lines: Lines) -> Iterator[Record]:
        """The records below it."""
        return islice(lines.records(self.separator), len(self.above) + 1, None)


def find_header(lines: Lines, profiles: Sequence[Profile] = ()) -> Header | None:
    """The header that a profile or a format knows, else the likeliest one; None without any.

    Raises `UnreadableFile` when a profile that is named knows no line of the file.
    """
    heads = {
        separator: list(islice(lines.records(separator), MOST_ABOVE)) for separator in Separator
    }
    for separator, head in heads.items():
        found = _mapped(separator, head, profiles)
        if found is not None:
            return found
    wanted = next((profile for profile in profiles if not profile.exact), None)
    if wanted is not None:
        raise _not_found(heads, wanted)
    own = [_own(lines, separator, head) for separator, head in heads.items()]
    titled = [_titled(separator, head) for separator, head in heads.items()]
    return next(filter(None, (*own, *titled)), None) or _likeliest(heads)


def header_at(lines: Lines, separator: Separator | None, line: int | None) -> Header | None:
    """The header on a line, or of cells so separated, where a user says so; None without one."""
    heads = {
        each: list(islice(lines.records(each), MOST_ABOVE))
        for each in Separator
        if separator in (None, each)
    }
    if line is None:
        return _likeliest(heads)
    found = [
        _header(each, head, place)
        for each, head in heads.items()
        for place, (number, cells) in enumerate(head)
        if number == line and cells and not _is_cut(cells)
    ]
    return max(found, key=lambda header: len(header.cells), default=None)


def _header(
    separator: Separator,
    head: Sequence[Record],
    place: int,
    profile: Profile | None = None,
    *,
    known: bool = False,
) -> Header:
    line, cells = head[place]
    return Header(separator, line, cells or [], tuple(head[:place]), profile, known)


def _mapped(
    separator: Separator, head: Sequence[Record], profiles: Sequence[Profile]
) -> Header | None:
    """The first header that a profile of the user's or a broker's layout knows."""
    for place, (line, cells) in enumerate(head):
        profile = profile_for(line, cells, separator, profiles) if cells else None
        if profile is not None:
            return _header(separator, head, place, profile, known=True)
    return None


def _own(lines: Lines, separator: Separator, head: Sequence[Record]) -> Header | None:
    """The first header of one of our own formats; of an export with a title, its title.

    Of transactions that a broker's positions may follow, however far below, the header of these.
    """
    titled = _titled(separator, head)
    if titled is not None:
        return titled if any(cells and is_header(cells) for _, cells in head) else None
    for place, (_, cells) in enumerate(head):
        if cells and _is_own(cells):
            own = _header(separator, head, place, known=True)
            return _positions_below(lines, own) or own
    return None


def _positions_below(lines: Lines, done: Header) -> Header | None:
    """The header of a broker's positions below the transactions of the same file."""
    profile = next((each for each in KNOWN if each.continues_with(done.cells)), None)
    if profile is None:
        return None
    above: list[Record] = []
    for line, cells in islice(lines.records(done.separator), MAX_TRANSACTIONS + MOST_ABOVE):
        if cells and profile.has_header(cells):
            return Header(done.separator, line, cells, tuple(above), profile, known=True)
        above.append((line, cells))
    return None


def _titled(separator: Separator, head: Sequence[Record]) -> Header | None:
    """The title of an export, where the file begins with one."""
    first = next((place for place, (_, cells) in enumerate(head) if cells), None)
    if first is None or not is_title(head[first][1] or [""]):
        return None
    return _header(separator, head, first, known=True)


def _is_own(cells: list[str]) -> bool:
    return is_export(cells) or means_positions(cells) or may_be_transactions(cells)


def _not_found(heads: dict[Separator, list[Record]], wanted: Profile) -> UnreadableFile:
    """No line of the file is the header of a profile that was named."""
    mapping = wanted.mapping
    cells = [
        row
        for separator, head in heads.items()
        for line, row in head
        if row and wanted.may_begin(line, separator)
    ]
    names = set(map(plain, chain.from_iterable(cells)))
    missing = [name for name in wanted.header if plain(name) not in names] or list(wanted.header)
    where = f"line {mapping.header_line}" if mapping.header_line else "no line"
    but = " does not have" if mapping.header_line else " has"
    how = f", separated by {_SEPARATOR_NAMES[mapping.separator]}," if mapping.separator else ""
    message = (
        f"{where} of the file{how}{but} the columns of the mapping: {', '.join(missing)} "
        f"{'is' if len(missing) == 1 else 'are'} missing"
    )
    return UnreadableFile(mapping.header_line or 1, "missing_column", message, field=missing[0])


def _likeliest(heads: dict[Separator, list[Record]]) -> Header | None:
    """The header of the separator that most lines agree on; of as many, the wider one.

    Then commas come last: prose and numbers have them too.
    """
    found = [
        (count, len(header.cells), separator is not Separator.COMMA, header)
        for separator, head in heads.items()
        if (header := _widest(separator, head)) is not None
        and (count := _agreeing(head, header)) > 0
    ]
    if found:
        return max(found, key=lambda each: each[:3])[3]
    for separator, head in heads.items():
        place = next((place for place, (_, cells) in enumerate(head) if cells), None)
        if place is not None:
            return _header(separator, head, place)
    return None


def _widest(separator: Separator, head: Sequence[Record]) -> Header | None:
    """The first row of words of the widest ones."""
    widths = [len(list(filter(None, cells or ()))) for _, cells in head]
    wide = max(widths, default=0)
    if wide < 2:
        return None
    for place, (_, cells) in enumerate(head):
        if cells and widths[place] > wide / 2 and not any(map(is_number, cells)):
            return None if _is_cut(cells) else _header(separator, head, place)
    return None


def _agreeing(head: Sequence[Record], header: Header) -> int:
    """How many records, the header included, have as many cells as it."""
    below = head[len(header.above) :]
    return sum(len(cells or ()) == len(header.cells) for _, cells in below)


def _is_cut(cells: Sequence[str]) -> bool:
    return any('"' in cell for cell in cells)


def is_number(cell: str) -> bool:
    """Whether a cell is a number, with a decimal point or comma."""
    return any(number_text(cell, mark) is not None for mark in DecimalMark)

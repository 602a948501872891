"""The processes that set PDFs, apart from the service.

typst keeps memory of what it has set, and gives little of it back. A process that has become large
ends after its document; the next one is set by a new one. So the service itself never grows.
"""

import os
import resource
import signal
import traceback
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

STANDARD = "ua-1"
FORGOTTEN_AFTER = 12
MOST_GROWN_MEGABYTES = 100  # of a process that goes on; a full report of 100 positions leaves 50
Reply = tuple[bytes | None, str, bool]  # the PDF, or why there is none; whether the process ends


class NotSet(Exception):
    """What typst refused to set; `diagnostic` names every line at fault."""

    def __init__(self, diagnostic: str) -> None:
        super().__init__(diagnostic)
        self.diagnostic = diagnostic


def pdf_of(source: bytes, report: str) -> bytes:
    """The PDF of a template and the JSON it reads; raises `NotSet`.

    Blocks until a process has set it. `ChildProcessError` when that ended before: worth another
    try.
    """
    setter = _idle.pop() if _idle else _Setter()
    try:
        content, diagnostic, ends = setter.reply(source, report)
    except BaseException:
        setter.end()
        raise
    if ends:
        setter.end()
    else:
        _idle.append(setter)
    if content is None:
        raise NotSet(diagnostic)
    return content


class _Setter:
    """One process, from this side."""

    def __init__(self) -> None:
        context = get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()

    def reply(self, source: bytes, report: str) -> Reply:
        """What the process replies."""
        try:
            self._connection.send((source, report))
            found: Reply = self._connection.recv()
        except (EOFError, OSError) as error:
            raise ChildProcessError("the process ended before it had set the document") from error
        return found

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()
        self._connection.close()


_idle: list[_Setter] = []


# --- in the process ---


def _serve(connection: Connection) -> None:
    """Set one document after the other until the other side is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of the terminal: the other side ends us
    import typst

    nothing = typst.Compiler(b"", font_paths=typst.Fonts(include_system_fonts=False))
    most = _megabytes() + MOST_GROWN_MEGABYTES
    with suppress(EOFError, OSError):
        while True:
            content, diagnostic = _set(*connection.recv())
            for _ in range(FORGOTTEN_AFTER):  # typst forgets what the last ten did not need
                nothing.compile(b"", format="pdf")
            connection.send((content, diagnostic, _megabytes() > most))


def _set(source: bytes, report: str) -> tuple[bytes | None, str]:
    import typst

    try:
        content: bytes = typst.compile(  # type: ignore[call-overload]
            source,
            format="pdf",
            ignore_system_fonts=True,
            sys_inputs={"report": report},
            pdf_standards=[STANDARD],
        )
    except typst.TypstError as error:
        return None, str(error.diagnostic)
    except BaseException:  # noqa: BLE001 - a panic of typst is no Exception; the other side says so
        return None, traceback.format_exc()
    return content, ""


def _megabytes() -> float:
    """What this process holds now; at its most, where the system does not say."""
    with suppress(OSError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20

"""Errors with their data as attributes.

    SigmaSightError
    ├── Transient            worth another try later: the bus redelivers with a delay
    │   ├── MarketDataNotReady(symbols, as_of)
    │   └── NewerSchema(subject, version, known)
    ├── Permanent            no retry can help: straight to the dead letters
    │   ├── NotASession(as_of, previous)
    │   ├── InvalidRows(problem_by_row)
    │   ├── InvalidFields(problems)
    │   │   ├── InvalidScenario
    │   │   └── InvalidLimit
    │   ├── Unrenderable(form)
    │   ├── UnstorableText
    │   ├── Unanswerable(code, message)
    │   └── DateOutsideData(as_of, first, last)
    ├── PortfoliosFailed(failures)   some portfolios of a shard failed; the others are done
    ├── BusUnavailable       the bus did not store a message or gave no reply in time
    │   └── MessageTooLarge(subject, size, largest)   it never will
    └── Misconfigured        the process must not start

Anything else that escapes a handler (a lost connection, a bug) is retried with delay and then
dead-lettered. Where it is the fault of some portfolios of a shard, the others are completed.
An error with a `public_code` has a text that any user may read: it names no user's things.
"""

from collections.abc import Mapping, Sequence
from datetime import date


class SigmaSightError(Exception):
    """The root of every error this project raises on purpose."""

    public_code: str | None = None


class Transient(SigmaSightError):
    """Worth another try later."""


class Permanent(SigmaSightError):
    """No retry can help."""


class Misconfigured(SigmaSightError):
    """The settings are wrong; the message names the variable and the fix."""


class BusUnavailable(SigmaSightError):
    """The bus did not store a message, or gave no reply in time."""


class MessageTooLarge(BusUnavailable):
    """A message has more bytes than the server takes: no later try can store it."""

    def __init__(self, subject: str, size: int, largest: int) -> None:
        super().__init__(f"{subject}: {size:,} bytes, the server takes {largest:,} (max_payload)")
        self.subject = subject
        self.size = size
        self.largest = largest


class PortfoliosFailed(SigmaSightError):
    """Some portfolios of a shard failed: (portfolio, error, text) each. The others are done."""

    def __init__(self, failures: Sequence[tuple[object, str, str]]) -> None:
        super().__init__("; ".join(f"{which}: {error}: {text}" for which, error, text in failures))
        self.failures = tuple(failures)


class MarketDataNotReady(Transient):
    """A calculation needs market data that is not stored yet."""

    def __init__(self, what: str, as_of: date) -> None:
        super().__init__(f"{what} not stored yet for {as_of.isoformat()}")
        self.what = what
        self.as_of = as_of


class NewerSchema(Transient):
    """An event of a newer version of its schema, which an upgraded replica may read."""

    def __init__(self, subject: str, version: int, known: int) -> None:
        super().__init__(
            f"{subject} has schema version {version}, this release reads up to {known}: "
            "upgrade the service, then replay the message"
        )
        self.subject = subject
        self.version = version
        self.known = known


class DateOutsideData(Permanent):
    """The date is not a session the data covers."""

    public_code = "date_outside_data"

    def __init__(self, as_of: date, first: date, last: date) -> None:
        super().__init__(
            f"{as_of.isoformat()} is outside the data: choose a session "
            f"from {first.isoformat()} to {last.isoformat()}"
        )
        self.as_of = as_of
        self.first = first
        self.last = last


class NotASession(Permanent):
    """The exchange was closed on that date."""

    public_code = "not_a_session"

    def __init__(self, as_of: date, previous: date) -> None:
        super().__init__(
            f"{as_of.isoformat()} is not a NYSE session; "
            f"the previous session is {previous.isoformat()}"
        )
        self.as_of = as_of
        self.previous = previous


class InvalidRows(Permanent):
    """Rows of a bulk write that cannot be stored, by number from 0; nothing was written."""

    code = "invalid_rows"

    def __init__(self, problem_by_row: Mapping[int, str]) -> None:
        super().__init__(f"{len(problem_by_row)} row(s) cannot be stored; nothing was written")
        self.problems = tuple(
            {"row": row, "message": problem} for row, problem in problem_by_row.items()
        )


class InvalidFields(Permanent):
    """Something described that cannot be used: (field or None, message) each."""

    code: str

    def __init__(self, problems: Sequence[tuple[str | None, str]]) -> None:
        super().__init__(
            "; ".join(f"{field}: {message}" if field else message for field, message in problems)
        )
        self.problems = tuple({"field": field, "message": message} for field, message in problems)


class InvalidScenario(InvalidFields):
    """A stress scenario that cannot be evaluated or stored."""

    code = "invalid_scenario"


class InvalidLimit(InvalidFields):
    """A limit that cannot be evaluated or stored."""

    code = "invalid_limit"


class Unrenderable(Permanent):
    """A document that cannot be made of its figures; the cause is for operators."""

    public_code = "report_not_rendered"

    def __init__(self, form: str) -> None:
        super().__init__(
            f"no {form} could be made of these figures, and another try would fail as well: "
            "generate it in another format; the operators have the cause"
        )
        self.form = form


class UnstorableText(Permanent):
    """A text holds a zero byte, which Postgres stores in none."""

    code = "invalid_text"

    def __init__(self) -> None:
        super().__init__("the request holds a character that no text may hold")


class Unanswerable(Permanent):
    """A request about something that does not exist or is not calculated yet; `code` is stable."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

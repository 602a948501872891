"""The load: several users who upload and edit portfolios, and who note what was acknowledged."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import httpx2

from deploy.demo.books import DEMO_BOOKS, LAST_SESSION
from sigmasight_client import ApiError, SigmaSight
from sigmasight_client.models import NewCashFlow, NewPosition, TagsOfPosition

PASSWORD = "correct horse battery"
PATIENCE_SECONDS = 240.0  # of one write: as long as the longest fault, and some
PAUSE_SECONDS = 0.5
MOST_PORTFOLIOS = 50
# Answers that say "later": the write is tried again. Every other refusal is one.
LATER = (401, 408, 425, 429, 502, 503, 504)
FAULT = 500


@dataclass
class Seen:
    """What users saw: answers by status, connections that failed, the slowest answer."""

    answers: Counter[str] = field(default_factory=Counter)
    slowest_seconds: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def clear(self) -> None:
        """Count from zero."""
        self.answers.clear()
        self.slowest_seconds = 0.0

    def note(self, what: str, seconds: float) -> None:
        """Count an answer, or a failure."""
        with self._lock:
            self.answers[what] += 1
            self.slowest_seconds = max(self.slowest_seconds, seconds)


class Watched(httpx2.BaseTransport):
    """The network, which notes what comes back."""

    def __init__(self, seen: Seen) -> None:
        self._network = httpx2.HTTPTransport()
        self._seen = seen

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        started = time.monotonic()
        try:
            answer = self._network.handle_request(request)
        except httpx2.TransportError as error:
            self._seen.note(type(error).__name__, time.monotonic() - started)
            raise
        self._seen.note(str(answer.status_code), time.monotonic() - started)
        return answer

    def close(self) -> None:
        self._network.close()


@dataclass
class Book:
    """A portfolio as its user knows it from what was acknowledged.

    `lots`: by position, symbol and quantity; `unsure`: parts whose last write got no answer.
    """

    portfolio_id: str
    user: str
    name: str
    lots: dict[str, tuple[str, Decimal]] = field(default_factory=dict)
    tags: dict[str, set[str]] = field(default_factory=dict)
    flows: dict[str, Decimal] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)


@dataclass
class Journal:
    """Every write by what became of it, also as a file, line by line."""

    file: Path
    books: dict[str, Book] = field(default_factory=dict)
    acknowledged: int = 0
    unanswered: int = 0
    refused: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, outcome: str, what: str, **facts: Any) -> None:
        """Write down a write; `outcome`: acknowledged, unanswered or refused."""
        with self._lock, self.file.open("a") as file:
            file.write(json.dumps({"outcome": outcome, "what": what, **facts}, default=str) + "\n")
            if outcome == "acknowledged":
                self.acknowledged += 1
            elif outcome == "unanswered":
                self.unanswered += 1
            else:
                self.refused.append(f"{what}: {facts.get('reason')}")


class Unanswered(Exception):
    """A write got no answer within the patience: it may have been done, or not."""


class Writer:
    """One user at work until stopped; the write in progress is seen to its end."""

    def __init__(
        self,
        number: int,
        url: str,
        random: Random,
        journal: Journal,
        seen: Seen,
        most: int,
        pause_seconds: tuple[float, float],
    ) -> None:
        self.email = f"chaos-{number}-{uuid4().hex[:8]}@example.com"
        self.api = SigmaSight(url, self.email, PASSWORD, transport=Watched(seen))
        self.random = random
        self.journal = journal
        self.most = most
        self.pause_seconds = pause_seconds
        self.stopping = threading.Event()
        self.books: list[Book] = []
        self.failure: Exception | None = None
        self._count = 0
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to write; returns at once."""
        self.stopping.clear()
        self._thread = threading.Thread(target=self._work, name=self.email, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish the write in progress; raises what ended the work before."""
        self.stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=PATIENCE_SECONDS + 130)
            if self._thread.is_alive():
                raise TimeoutError(f"{self.email} did not end")
        if self.failure is not None:
            raise self.failure

    def _work(self) -> None:
        try:
            if not self._count:
                self.api.register({"email": self.email, "password": PASSWORD})
            while not self.stopping.is_set():
                self.write_something()
                self.stopping.wait(self.random.uniform(*self.pause_seconds))
        except Exception as error:  # noqa: BLE001 - raised by `stop`
            self.failure = error

    def write_something(self) -> None:
        """One write of a random kind."""
        self._count += 1
        if not self.books or (len(self.books) < self.most and self.random.random() < 0.15):
            self.upload()
            return
        book = self.random.choice(self.books)
        usable = [each for each in book.lots if each not in book.unsure]
        kinds: list[Callable[[Book, str], None]] = [self.edit, self.edit, self.tag, self.flow]
        kinds += [self.rename, self.enter] + ([self.delete] if len(usable) > 3 else [])
        if usable:
            self.random.choice(kinds)(book, self.random.choice(usable))

    def upload(self) -> None:
        """A new portfolio of some lines of the demo's."""
        rows = self.random.sample(LINES, self.random.randint(3, 7))
        name = f"{self.email}/{self._count}"
        file = f"{HEADER}\n{chr(10).join(rows)}\n".encode()
        form = {
            "portfolio_name": name,
            "equity_balance": "1000000",
            "equity_date": LAST_SESSION,
            "as_of": LAST_SESSION,
            "stated_on": LAST_SESSION,
            "mode": "all_or_nothing",
        }
        key = str(uuid4())
        report = self._done(
            "upload", lambda: self.api.upload_positions(file, form, idempotency_key=key)
        )
        if report is None:
            return
        book = Book(report["portfolio"]["portfolio_id"], self.email, name)
        stored = self._read(
            lambda: self.api.list_positions(portfolio_id=book.portfolio_id, limit=100)["items"]
        )
        sent = sorted((row.split(",")[0], Decimal(row.split(",")[1])) for row in rows)
        for each in stored:
            book.lots[each["position_id"]] = (each["symbol"], Decimal(str(each["quantity"])))
            book.tags[each["position_id"]] = set(each["tags"])
        if sorted(book.lots.values()) != sent:
            self.journal.note("refused", "upload", reason=f"sent {sent}, stored {book.lots}")
        self.books.append(book)
        self.journal.books[book.portfolio_id] = book

    def enter(self, book: Book, _: str) -> None:
        """Another position."""
        symbol, quantity = self.random.choice(STOCKS), Decimal(self.random.randint(1, 500))
        body: NewPosition = {
            "portfolio_id": book.portfolio_id,
            "symbol": symbol,
            "quantity": str(quantity),
            "entry_price": "50",
            "entry_date": LAST_SESSION.isoformat(),
        }
        key = str(uuid4())
        saved = self._done(
            "enter", lambda: self.api.create_position(body, idempotency_key=key), book
        )
        if saved is not None:
            book.lots[saved["position_id"]] = (symbol, quantity)
            book.tags[saved["position_id"]] = set()

    def edit(self, book: Book, lot: str) -> None:
        """Another quantity, of the same sign."""
        symbol, before = book.lots[lot]
        quantity = Decimal(self.random.randint(1, 900)) * (1 if before > 0 else -1)
        saved = self._done(
            "edit", lambda: self.api.edit_position(lot, {"quantity": str(quantity)}), book, lot
        )
        if saved is not None:
            book.lots[saved["position_id"]] = (symbol, quantity)

    def tag(self, book: Book, lot: str) -> None:
        """Other tags."""
        tags = {f"t{self.random.randint(1, 9)}" for _ in range(2)}
        body: TagsOfPosition = {"tags": sorted(tags)}
        if self._done("tag", lambda: self.api.put_tags(lot, body), book, lot) is not None:
            book.tags[lot] = tags

    def flow(self, book: Book, _: str) -> None:
        """A deposit of an amount that no other one has."""
        amount = Decimal(self._count * 100 + self.random.randint(1, 99)) / 100
        body: NewCashFlow = {"flow_date": LAST_SESSION.isoformat(), "amount": str(amount)}
        about = {"idempotency_key": str(uuid4())}
        send = partial(self.api.add_cash_flow, book.portfolio_id, body, **about)
        saved = self._done("flow", send, book)
        if saved is not None:
            book.flows[saved["cash_flow_id"]] = amount

    def rename(self, book: Book, _: str) -> None:
        """Another name."""
        name = f"{self.email}/{self._count}"
        send = partial(self.api.rename_portfolio, book.portfolio_id, {"name": name})
        if self._done("rename", send, book, "name") is not None:
            book.name = name

    def delete(self, book: Book, lot: str) -> None:
        """One position less."""

        def send() -> bool:
            try:
                self.api.delete_position(lot)
            except ApiError as error:
                if error.status != 404:  # it is gone: an answer before this one was lost
                    raise
            return True

        if self._done("delete", send, book, lot) is not None:
            del book.lots[lot], book.tags[lot]

    def _done(
        self, what: str, send: Callable[[], Any], book: Book | None = None, part: str = "book"
    ) -> Any:
        """The answer to a write; None when there is none, or a refusal, which is noted."""
        about = book.portfolio_id if book else None
        try:
            answer = self._answer(send)
        except Unanswered as error:
            self.journal.note("unanswered", what, portfolio=about, reason=str(error))
            if book is not None:
                book.unsure.add(part)
            return None
        except ApiError as error:
            self.journal.note("refused", what, portfolio=about, reason=f"{error.status} {error}")
            return None
        self.journal.note("acknowledged", what, portfolio=about, user=self.email, answer=answer)
        return answer

    def _read(self, read: Callable[[], Any]) -> Any:
        return self._answer(read)

    def _answer(self, send: Callable[[], Any]) -> Any:
        """What is answered in the end; raises `Unanswered`, or `ApiError` for a refusal."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return send()
            except (httpx2.TransportError, ApiError) as error:
                if isinstance(error, ApiError) and error.status not in (*LATER, FAULT):
                    raise
                if time.monotonic() > deadline:
                    raise Unanswered(repr(error)) from error
            time.sleep(PAUSE_SECONDS)


def _lines() -> list[str]:
    rows = [line for book in DEMO_BOOKS for line in book.file.read_text().splitlines()]
    return [line.split(',"')[0] for line in rows if line[:1].isupper()]


HEADER = "ticker,quantity,entry_price,entry_date,tags"
LINES = sorted({",".join(line.split(",")[:4]) + "," for line in _lines()})
STOCKS = sorted({line.split(",")[0] for line in LINES if len(line.split(",")[0]) <= 5})


@dataclass
class Load:
    """So many writers at once, who have `MOST_PORTFOLIOS` together at most."""

    url: str
    journal: Journal
    random: Random
    writers: int = 5
    pause_seconds: tuple[float, float] = (0.3, 1.5)
    seen: Seen = field(default_factory=Seen)
    _writers: list[Writer] = field(default_factory=list)

    def start(self) -> None:
        """Begin, or begin again; returns at once."""
        most = max(1, MOST_PORTFOLIOS // self.writers)
        while len(self._writers) < self.writers:
            own = Random(self.random.random())
            about = (self.url, own, self.journal, self.seen, most, self.pause_seconds)
            self._writers.append(Writer(len(self._writers), *about))
        self.seen.clear()
        for writer in self._writers:
            writer.start()

    def stop(self) -> None:
        """Let every writer finish its write; raises what ended one."""
        for writer in self._writers:
            writer.stopping.set()
        for writer in self._writers:
            writer.stop()

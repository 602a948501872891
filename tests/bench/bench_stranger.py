"""A logged-in user's reads while a stranger attacks the local stack.

`python -m tests.bench.bench_stranger [--minutes 10] [--through-proxy]`; a minute by default. The
stranger
(`tests/bench/stranger.py`, a separate process with another address) holds up to 1,000 connections
with slow headers, slow bodies and nothing, and floods log-ins and anonymous requests. Another user
meanwhile reads as the page does, four requests every three seconds (a user may send 100 a minute).
Both are on this machine, as are Postgres, NATS and the services: the load average is printed next
to the figures.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import httpx2

from deploy.local.programs import die_with_parent, tail
from tests.bench import show
from tests.bench.bench_upload_to_report import AS_OF, a_book, enter, followed
from tests.bench.measuring import Measurement, within
from tests.bench.stranger import SOURCE
from tests.stack import running_stack

SECONDS, CALM_SECONDS = 60.0, 10.0
P95_SECONDS = 0.2
EVERY_SECONDS = 3.0
READS = ("portfolios", "portfolios/{id}/report", "positions?portfolio_id={id}", "calendar")
AS_DEPLOYED = {
    "SIGMASIGHT_GATEWAY_REQUESTS_PER_MINUTE": "100",
    "SIGMASIGHT_GATEWAY_PAGE_REQUESTS_PER_MINUTE": "1000",
}


@dataclass(frozen=True)
class Reads:
    """Seconds of each of the user's reads, and how many were not answered with 200."""

    seconds: Sequence[float]
    refused: int
    slowest: str

    @property
    def p50(self) -> float:
        return statistics.median(self.seconds)

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.seconds, n=20)[-1]


def run(seconds: float = SECONDS, *, through_proxy: bool = False) -> list[dict[str, Any]]:
    """The median and the 95th percentile of the reads, before the stranger comes and meanwhile.

    `through_proxy`: as behind a proxy that bounds nothing, whose address the stranger has.
    """
    proxies = {"FORWARDED_ALLOW_IPS": SOURCE} if through_proxy else {}
    with running_stack(**AS_DEPLOYED, **proxies) as stack:
        url = stack.state.gateway_url
        with httpx2.Client(base_url=f"{url}/api/v1/", timeout=60) as http:
            portfolio_id = _entered(http)
            calm = reads(http, portfolio_id, CALM_SECONDS)
            with _stranger(url) as said:
                attacked = reads(http, portfolio_id, seconds)
                last = json.loads(tail(said, 2).splitlines()[0])
    return _rows(calm, attacked, last)


def _entered(http: httpx2.Client) -> str:
    """A user with a portfolio that is calculated; its id."""
    enter(http, "reader@example.com")
    answer = http.post(
        "portfolio/upload",
        data={"portfolio_name": "Book", "as_of": AS_OF, "mode": "all_or_nothing"},
        files={"file": ("book.csv", a_book(0).encode(), "text/csv")},
    )
    followed(http, answer.json()["run_id"], perf_counter())
    return str(answer.json()["portfolio"]["portfolio_id"])


def reads(http: httpx2.Client, portfolio_id: str, seconds: float) -> Reads:
    """Read again and again for so long, on the connections that a browser keeps."""
    taken: list[tuple[float, str, float]] = []
    refused = 0
    first = perf_counter()
    while perf_counter() < first + seconds:
        began = perf_counter()
        for path in READS:
            started = perf_counter()
            answer = http.get(path.format(id=portfolio_id))
            taken.append((perf_counter() - started, path, started - first))
            refused += answer.status_code != 200
        time.sleep(max(0.0, began + EVERY_SECONDS - perf_counter()))
    slow, path, when = max(taken)
    slowest = f"slowest {slow:.2f} s: {path} after {when:.0f} s"
    return Reads([each for each, *_ in taken], refused, slowest)


@contextmanager
def _stranger(url: str) -> Iterator[Path]:
    """The stranger, at work; the file that it writes."""
    parts = urlsplit(url)
    command = [sys.executable, "-m", "tests.bench.stranger", str(parts.hostname), str(parts.port)]
    with TemporaryDirectory() as folder:
        said = Path(folder) / "said"
        with said.open("w") as sink:
            stranger = subprocess.Popen(
                command,
                stdout=sink,
                preexec_fn=die_with_parent(9),  # type: ignore[arg-type]
            )
        try:
            time.sleep(3)
            assert stranger.poll() is None, "the stranger ended"
            yield said
        finally:
            stranger.kill()
            stranger.wait()


def _rows(calm: Reads, attacked: Reads, last: dict[str, Any]) -> list[Measurement]:
    answers = ", ".join(f"{count} x {status}" for status, count in last["answers"].items())
    load = os.getloadavg()[0]
    about = f"{last['open']} connections open, {answers}; {attacked.slowest}; load {load:.1f}"
    allowed = f"at most {P95_SECONDS} s; {attacked.refused} of {len(attacked.seconds)} not answered"
    return [
        within(P95_SECONDS, "before", "a user's reads, p95, calm", calm.p95),
        within(P95_SECONDS, allowed, "a user's reads beside a stranger, p50", attacked.p50),
        within(P95_SECONDS, allowed, f"the same, p95 ({about})", attacked.p95),
    ]


def main() -> None:
    """The command line."""
    wanted = argparse.ArgumentParser(description=__doc__)
    wanted.add_argument("--minutes", type=float, default=SECONDS / 60)
    wanted.add_argument("--through-proxy", action="store_true")
    found = wanted.parse_args()
    show(run(60 * found.minutes, through_proxy=found.through_proxy))


if __name__ == "__main__":
    main()

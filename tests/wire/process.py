"""A stand-in in a separate process, so that its work is not counted as ours."""

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection

from tests.wire.market import Market
from tests.wire.polygon import polygon


@dataclass(frozen=True)
class Elsewhere:
    """A stand-in for Polygon that answers from another process."""

    url: str
    _pipe: Connection

    def paths(self) -> list[str]:
        """The paths asked for so far, in order of arrival."""
        self._pipe.send("paths")
        paths: list[str] = self._pipe.recv()
        return paths


@contextmanager
def polygon_elsewhere(make_market: Callable[[], Market]) -> Iterator[Elsewhere]:
    """Answer from what `make_market` returns in the other process, where it is found by name.

    It stands at the top of a module, to be found by name.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(make_market, theirs), daemon=True)
    process.start()
    try:
        yield Elsewhere(ours.recv(), ours)
    finally:
        ours.send("stop")
        process.join(10)


def _serve(make_market: Callable[[], Market], pipe: Connection) -> None:
    with polygon(make_market()).running() as stand_in:
        pipe.send(stand_in.url)
        while pipe.recv() == "paths":
            pipe.send(stand_in.paths())

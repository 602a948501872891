"""`python -m tests.chaos`: play scenarios on a separate stack, and say what became of them."""

import argparse
import json
import signal
import sys
import time
from random import Random, SystemRandom

from tests.chaos.arena import running_arena
from tests.chaos.playing import Outcome, play
from tests.chaos.scenarios import LONG, SCENARIOS, SHORT

MINUTES = 45.0


def main() -> int:
    """Play what is asked for; returns 1 when something was lost or wrong."""
    arguments = _parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by a signal"))  # everything is undone
    seed = arguments.seed if arguments.seed is not None else SystemRandom().randrange(10**6)
    names = arguments.scenario or list(SCENARIOS)
    say(f"seed {seed}: python -m tests.chaos --seed {seed}")
    seconds = (LONG if arguments.long else SHORT).scaled(arguments.scale)
    settings = {} if arguments.long else {"SIGMASIGHT_ACKNOWLEDGE_SECONDS": "3"}
    deadline = time.monotonic() + 60 * arguments.minutes
    outcomes: list[Outcome] = []
    with running_arena(Random(seed), settings, arguments.writers) as arena:
        for name in names:
            if time.monotonic() > deadline:
                say(f"{name}: not played, the time is over")
                continue
            arena.random = Random(f"{seed}/{name}")
            outcome = play(arena, name, seconds)
            outcomes.append(outcome)
            say(json.dumps(outcome.facts(seed)))
    wrong = [outcome.name for outcome in outcomes if outcome.wrong]
    say(f"seed {seed}: {len(outcomes)} scenarios, wrong: {wrong or 'none'}")
    return 1 if wrong else 0


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, help="repeats a play; by default a new one")
    parser.add_argument("--scenario", action="append", choices=SCENARIOS, help="by default all")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="no scenario begins later")
    parser.add_argument("--writers", type=int, default=5, help="users who write at once")
    parser.add_argument("--long", action="store_true", help="faults last minutes, not seconds")
    parser.add_argument("--scale", type=float, default=1.0, help="of the seconds of faults")
    return parser


if __name__ == "__main__":
    sys.exit(main())

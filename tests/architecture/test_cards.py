"""Each service's card, the docstring of its package, says what the topology and its tables say."""

import importlib
import re

import pytest

from shared.topology import EVENTS, TOPOLOGY

LINES = ("subscribes to", "answers", "computes", "owns", "publishes")
INDENT = 15


def card(word: str) -> dict[str, str]:
    """The card's lines by key, in order, each continued line joined."""
    text = importlib.import_module(f"services.{word}").__doc__ or ""
    title, _, body = text.partition("\n\n")
    assert title.startswith(f"{word}: ")
    joined = re.sub(rf"\n {{{INDENT}}}", " ", body.rstrip("\n"))
    return {line[:INDENT].rstrip(): line[INDENT:] for line in joined.split("\n")}


def listed(line: str) -> list[str]:
    """The names on one line, sorted."""
    return [] if line == "nothing" else sorted(line.split(", "))


@pytest.mark.parametrize("word", TOPOLOGY)
def test_every_card_has_the_same_lines_in_the_same_order(word: str) -> None:
    assert tuple(card(word)) == LINES
    assert all(card(word).values())


@pytest.mark.parametrize("word", TOPOLOGY)
def test_card_names_the_subscriptions_and_publications_of_the_topology(word: str) -> None:
    wiring = TOPOLOGY[word]
    subscribes = {event.subject for event in wiring.subscribes}
    publishes = {event.subject for event in wiring.publishes}

    if card(word)["subscribes to"] == "every event of every other service":
        assert subscribes == set(EVENTS) - publishes
    else:
        assert listed(card(word)["subscribes to"]) == sorted(subscribes)
    assert listed(card(word)["publishes"]) == sorted(publishes)


@pytest.mark.parametrize("word", TOPOLOGY)
def test_card_names_the_requests_that_the_service_answers(word: str) -> None:
    subjects = [f"ask.{word}.{name}" for name in listed(card(word)["answers"])]

    assert subjects == sorted(request.subject for request in TOPOLOGY[word].answers)


@pytest.mark.parametrize("word", TOPOLOGY)
def test_card_names_the_tables_that_the_service_owns(word: str) -> None:
    tables = importlib.import_module(f"services.{word}.tables").Table.metadata.tables.values()

    assert listed(card(word)["owns"]) == sorted(table.name for table in tables)

"""A name in a command means one thing, or the command says what it may mean."""

import pytest

from deploy.local.errors import Explained
from deploy.terminal.choosing import chosen_id

NAMED = [("a1", "Growth"), ("b2", "Growth and income"), ("c3", "Income"), ("d4", "Macro")]


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [("growth", "a1"), ("INCOME", "c3"), ("growth a", "b2"), ("mac", "d4"), ("C3", "c3")],
)
def test_a_name_an_id_or_a_beginning_is_enough(wanted: str, meant: str) -> None:
    assert chosen_id("--portfolio", wanted, NAMED) == meant


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ("gro", "--portfolio 'gro' may be any of 'Growth', 'Growth and income'"),
        ("macor", "--portfolio 'macor' is unknown: choose one of 'Macro'"),
        (
            "zzz",
            "--portfolio 'zzz' is unknown: choose one of "
            "'Growth', 'Growth and income', 'Income', 'Macro'",
        ),
    ],
)
def test_a_name_that_is_not_clear_is_answered_with_choices(wanted: str, sentence: str) -> None:
    with pytest.raises(Explained) as refused:
        chosen_id("--portfolio", wanted, NAMED)

    assert str(refused.value) == sentence


def test_names_that_are_the_same_are_chosen_by_id() -> None:
    twice = [("a1", "Core"), ("b2", "Core")]

    with pytest.raises(Explained, match="may be any of 'Core'"):
        chosen_id("--limit", "core", twice)

    assert chosen_id("--limit", "b2", twice) == "b2"


def test_a_long_list_of_choices_is_cut() -> None:
    many = [(str(number), f"Portfolio {number}") for number in range(40)]

    with pytest.raises(Explained) as refused:
        chosen_id("--portfolio", "portfolio", many)

    assert str(refused.value).count("'Portfolio ") == 10

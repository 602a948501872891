"""Every theme of the page has enough contrast, by its style sheet."""

import re
from itertools import product

import pytest

from deploy.page import SOURCES

_TOKENS = (SOURCES / "src" / "style" / "tokens.css").read_text(encoding="utf-8")
# Texts of these colours are on each of these grounds.
TEXTS = ("text", "dim", "accent", "gain", "loss", "warn", "good")
GROUNDS = ("ground", "panel", "raised")
PAIRS = (*product(TEXTS, GROUNDS), ("text", "accent-soft"), ("warn", "warn-soft"))
# WCAG 2.2, success criteria 1.4.3 (AA) and 1.4.6 (AAA).
LEAST = {"light": 4.5, "dark": 4.5, "contrast": 7.0, "contrast-light": 7.0}


def _themes() -> dict[str, dict[str, str]]:
    """The colours of each theme by their names; what has no name is the light theme."""
    blocks = re.findall(r':root(?:\[data-theme="([\w-]+)"\])? \{(.*?)\}', _TOKENS, re.DOTALL)
    return {
        name or "light": dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
        for name, block in blocks
    }


def _luminance(colour: str) -> float:
    """Relative luminance by WCAG 2.2."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_black_on_white_has_the_largest_contrast_there_is() -> None:
    assert _contrast("#000000", "#ffffff") == pytest.approx(21.0)


def test_the_style_sheet_has_every_theme_that_is_checked() -> None:
    assert set(_themes()) == set(LEAST)


@pytest.mark.parametrize("theme", LEAST)
def test_every_text_is_read_on_every_ground_of_its_theme(theme: str) -> None:
    colours = _themes()[theme]

    found = {(one, ground): _contrast(colours[one], colours[ground]) for one, ground in PAIRS}

    assert {pair: round(each, 2) for pair, each in found.items() if each < LEAST[theme]} == {}

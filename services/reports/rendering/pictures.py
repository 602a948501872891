"""Charts as SVG: for one file of HTML, and for a PDF.

A picture is drawn in points of a page 520 wide. Text is never larger than the page's small print;
the size follows the number of bars.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import floor, log10

from services.reports.calculations.words import MINUS
from services.reports.inputs import Chart, Kind, Series, Shape

WIDTH = 520.0
LINES_HEIGHT = 108.0
SMALL_HEIGHT = 78.0
BAR_HEIGHT = 15.0
LABEL_CHARACTERS = 34
PALETTE = {
    "main": "#1f4e8c",
    "second": "#8a5a00",
    "limit": "#b3261e",
    "negative": "#b3261e",
    "grid": "#d7dce2",
    "ink": "#30363d",
}
TICKS = 4


@dataclass(frozen=True)
class Box:
    """The part of a picture in which values are drawn: left, top, width and height."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def bottom(self) -> float:
        return self.top + self.height


@dataclass(frozen=True)
class Scale:
    """Values from `low` to `high` along a length that begins at `start`."""

    low: float
    high: float
    start: float
    length: float

    def at(self, value: float) -> float:
        """Where a value is."""
        return self.start + (value - self.low) / (self.high - self.low) * self.length


def svg(chart: Chart, font: str) -> str:
    """The chart as one SVG element with its title and what it shows."""
    height, marks = _bars(chart) if chart.shape is Shape.BARS else _over_sessions(chart)
    name = escape(f"{chart.title}: {chart.says}")
    body = "".join(marks)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {height:g}" '
        f'width="{WIDTH:g}" height="{height:g}" role="img" aria-label="{name}" '
        f'font-family="{escape(font)}" font-size="8" fill="{PALETTE["ink"]}">{body}</svg>'
    )


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _line(x: tuple[float, float], y: tuple[float, float], colour: str, width: float) -> str:
    return (
        f'<line x1="{x[0]:.1f}" x2="{x[1]:.1f}" y1="{y[0]:.1f}" y2="{y[1]:.1f}" '
        f'stroke="{colour}" stroke-width="{width:g}"/>'
    )


def _rectangle(x: float, y: float, width: float, height: float, colour: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.4):.1f}" height="{height:.1f}" '
        f'fill="{colour}"/>'
    )


def short(value: float, kind: Kind) -> str:
    """A value as a mark of an axis: 1.2M, 350k, 4 %."""
    if kind is Kind.SHARE:
        return f"{value * 100:g} %".replace("-", MINUS)
    for step, letter in ((1e9, "bn"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= step:
            return f"{value / step:g}{letter}".replace("-", MINUS)
    return f"{value:g}".replace("-", MINUS)


def round_steps(low: float, high: float, count: int = TICKS) -> list[float]:
    """Round numbers of an axis that holds both ends; at least two."""
    if high <= low:
        pad = abs(high) * 0.01 or 1.0
        return round_steps(low - pad, high + pad, count)
    rough = (high - low) / count
    size = 10.0 ** floor(log10(rough))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= rough)
    first = floor(low / step)
    steps = [round(first * step, 10)]
    while steps[-1] < high:
        first += 1
        steps.append(round(first * step, 10))
    return steps


# --- one bar per label ---


def _bars(chart: Chart) -> tuple[float, list[str]]:
    values = [value or 0.0 for value in chart.series[0].values]
    labels = [_shortened(label) for label in chart.labels]
    left = min(4.3 * max(map(len, labels)) + 8, 190.0)
    box = Box(left, 4.0, WIDTH - left - 62.0, BAR_HEIGHT * len(values))
    scale = Scale(min(0.0, *values), max(0.0, *values) or 1.0, box.left, box.width)
    if scale.low == 0.0 and max(values) == 0.0:
        scale = Scale(0.0, 1.0, box.left, box.width)
    zero = scale.at(0.0)
    marks = [_line((zero, zero), (box.top, box.bottom), PALETTE["ink"], 0.6)]
    for place, (label, value) in enumerate(zip(labels, values, strict=True)):
        y = box.top + place * BAR_HEIGHT
        end = scale.at(value)
        colour = PALETTE["negative" if value < 0 else "main"]
        marks.append(_text(box.left - 6, y + 10, label, "end"))
        marks.append(_rectangle(min(zero, end), y + 2.5, abs(end - zero), BAR_HEIGHT - 5, colour))
        amount = f"{value:,.0f}".replace("-", MINUS)
        marks.append(_text(WIDTH - 2, y + 10, amount, "end"))
    return box.bottom + 4.0, marks


def _shortened(label: str) -> str:
    return label if len(label) <= LABEL_CHARACTERS else label[: LABEL_CHARACTERS - 1] + "…"


# --- over sessions ---


def _over_sessions(chart: Chart) -> tuple[float, list[str]]:
    known = [value for each in chart.series for value in each.values if value is not None]
    with_zero = [*known, 0.0] if chart.shape is Shape.COLUMNS else known
    height = SMALL_HEIGHT if chart.small else LINES_HEIGHT
    steps = round_steps(min(with_zero), max(with_zero), 2 if chart.small else TICKS)
    several = len(chart.series) > 1
    box = Box(46.0, 18.0 if several else 8.0, WIDTH - 52.0, height - (44.0 if several else 30.0))
    scale = Scale(steps[0], steps[-1], box.bottom, -box.height)
    marks = [*_axis(steps, scale, box, chart.kind), *_days(chart.labels, box)]
    if several:
        marks += _legend(chart.series, box)
    for place, each in enumerate(chart.series):
        as_columns = chart.shape is Shape.COLUMNS and place == 0
        marks += _columns(each, scale, box) if as_columns else _path(each, scale, box)
    return height, marks


def _axis(steps: Sequence[float], scale: Scale, box: Box, kind: Kind) -> Iterator[str]:
    for step in steps:
        y = scale.at(step)
        bold = step == 0.0 and steps[0] < 0.0
        colour = PALETTE["ink" if bold else "grid"]
        yield _line((box.left, box.right), (y, y), colour, 0.6)
        yield _text(box.left - 5, y + 2.8, short(step, kind), "end")


def _days(labels: Sequence[str], box: Box) -> Iterator[str]:
    """The first, the last, and two days between where there are many."""
    last = len(labels) - 1
    between = [round(last / 3), round(last * 2 / 3)] if last > 6 else []
    for place in (0, *between, last):
        anchor = "start" if place == 0 else "end" if place == last else "middle"
        yield _text(box.left + box.width * place / last, box.bottom + 13, labels[place], anchor)


def _legend(series: Sequence[Series], box: Box) -> Iterator[str]:
    x = box.left
    for each in series:
        yield _rectangle(x, 4.0, 8.0, 6.0, PALETTE[each.role])
        yield _text(x + 11, 10.0, each.name)
        x += 26.0 + 4.1 * len(each.name)


def _path(each: Series, scale: Scale, box: Box) -> list[str]:
    """One stroke per run of known values."""
    step = box.width / max(len(each.values) - 1, 1)
    strokes: list[list[str]] = [[]]
    for place, value in enumerate(each.values):
        if value is None:
            strokes.append([])
        else:
            strokes[-1].append(f"{box.left + place * step:.1f},{scale.at(value):.1f}")
    colour = PALETTE[each.role]
    return [
        f'<polyline points="{" ".join(points)}" fill="none" stroke="{colour}" '
        'stroke-width="1.2" stroke-linejoin="round"/>'
        for points in strokes
        if points
    ]


def _columns(each: Series, scale: Scale, box: Box) -> list[str]:
    step = box.width / len(each.values)
    zero = scale.at(0.0)
    return [
        _rectangle(
            box.left + place * step + step * 0.15,
            min(zero, scale.at(value)),
            step * 0.7,
            abs(scale.at(value) - zero),
            PALETTE[each.role],
        )
        for place, value in enumerate(each.values)
        if value is not None
    ]

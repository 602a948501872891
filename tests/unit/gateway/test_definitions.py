"""Every published name has one meaning, which the methodology and the API show alike."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from decimal import Decimal
from types import ModuleType
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from sqlalchemy import ARRAY, Boolean, Double, Integer, Numeric, Table
from sqlalchemy.dialects.postgresql import JSONB

from services.gateway.analytics import schemas
from services.gateway.analytics.reading.definitions import definitions, meanings
from services.gateway.books.schemas import ledger, uploads
from services.gateway.drafts.schemas import suggestions
from services.gateway.operators import schemas as operators
from services.gateway.reports import schemas as reports
from services.gateway.runs import schemas as runs
from services.snapshots.calculations.concentration import Concentration
from services.snapshots.calculations.metrics import VIEWS, Metric
from shared.published import factors, greeks, snapshots, stress
from tests.unit.snapshots.test_chain_metrics import A_YEAR, AS_OF, a_chain
from tests.unit.snapshots.test_chain_metrics import measured as measured_chain
from tests.unit.snapshots.test_risk import a_position, a_shard
from tests.worked_example import DOCUMENT

TEXT = DOCUMENT.read_text(encoding="utf-8")
TABLE = TEXT.partition("<!-- table: definitions -->")[2]
FIGURES = (Double, Numeric, Integer, Boolean)
# What lists and counts are made of, settings of a scenario, and columns that repeat a row's key.
STRUCTURE = {
    *("total", "limit", "offset", "display_order", "active", "custom", "portfolios", "stored"),
    *("reason", "warnings", "count", "left_out", "kept", "parameters", "live"),
    *("session_dates", "place", "version", "lots", "unknown", "source_line"),
}
# Subjects of answers that describe stored data or started work, not figures of a portfolio.
WORK = {"market_data", "recalculation"}
RUNS = "services.gateway.runs"


def stored_metrics() -> list[Metric]:
    """A metric of every name, made by what makes those that are stored."""
    concentrated = {(0, AS_OF): dict.fromkeys(VIEWS, Concentration(0.5, 1.0, 1.0))}
    chain = measured_chain(a_chain(A_YEAR), concentrations=concentrated)
    of_shard = a_shard(a_position("book", "AAPL"))
    both = (*chain.metrics.measured, *of_shard.metrics().measured)
    return list({metric.name: metric for _, metric in both}.values())


def columns(*modules: ModuleType) -> Iterator[str]:
    """The figures of the published views: numbers, truths and what holds several of them."""
    for module in modules:
        for view in vars(module).values():
            if isinstance(view, Table):
                yield from (
                    column.name
                    for column in view.columns
                    if isinstance(column.type, (*FIGURES, ARRAY, JSONB))
                )


def models() -> set[type[BaseModel]]:
    """What the answers of analytics and of ledgers are made of, to the last part."""
    subjects = [
        importlib.import_module(f"{schemas.__name__}.{each.name}")
        for each in pkgutil.iter_modules(schemas.__path__)
        if each.name not in WORK
    ]
    return set().union(
        *(
            parts_of(model)
            for module in (*subjects, ledger)
            for model in vars(module).values()
            if isinstance(model, type) and issubclass(model, BaseModel)
        )
    )


def names_elsewhere() -> set[str]:
    """What answers about files, stored data, runs and documents name: some of it is defined."""
    market_data = importlib.import_module(f"{schemas.__name__}.market_data")
    return {
        name
        for module in (market_data, uploads, suggestions, runs, operators, reports)
        for model in vars(module).values()
        if isinstance(model, type) and issubclass(model, BaseModel)
        for name in model.model_fields
    }


def parts_of(annotation: Any) -> set[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if annotation.__module__.startswith(RUNS):
            return set()
        fields = annotation.model_fields.values()
        return {annotation}.union(*(parts_of(field.annotation) for field in fields))
    return set().union(*(parts_of(part) for part in get_args(annotation)))


def is_figure(annotation: Any) -> bool:
    if annotation in (float, int, bool, Decimal):
        return True
    return any(is_figure(part) for part in get_args(annotation))


def answered() -> set[str]:
    return {
        name
        for model in models()
        for name, field in model.model_fields.items()
        if is_figure(field.annotation)
    }


PUBLISHED = set(columns(snapshots, factors, greeks, stress))
METRICS = stored_metrics()


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_stored_metric_is_defined_with_its_unit(metric: Metric) -> None:
    assert metric.name in definitions()
    assert definitions()[metric.name].unit.startswith(metric.unit)


def test_the_metrics_are_those_of_every_calculation() -> None:
    names = {metric.name for metric in METRICS}

    assert len(names) >= 42
    assert {
        "var_95_1d_smoothed", "es_99_1d_parametric", "dollar_delta_beta_weighted", "beta", "hhi",
        "market_exposure", "max_drawdown", "performance_ytd",
    } <= names  # fmt: skip


def test_every_figure_of_a_published_view_is_defined() -> None:
    assert sorted(PUBLISHED - STRUCTURE - definitions().keys()) == []


def test_every_figure_of_an_answer_is_defined() -> None:
    assert sorted(answered() - STRUCTURE - definitions().keys()) == []


def test_no_name_is_defined_that_nothing_publishes() -> None:
    fields = {name for model in models() for name in model.model_fields}
    known = PUBLISHED | {metric.name for metric in METRICS} | fields | names_elsewhere()

    assert sorted(definitions().keys() - known) == []


def test_a_name_has_one_meaning() -> None:
    names = [name for meaning in meanings() for name in meaning.names]

    assert len(names) == len(set(names)) == len(definitions())


@pytest.mark.parametrize("section", sorted({meaning.section for meaning in meanings()}))
def test_a_section_is_a_heading_of_the_methodology(section: str) -> None:
    assert re.search(rf"^###? {re.escape(section)}$", TEXT, re.MULTILINE)


@pytest.mark.parametrize("meaning", meanings(), ids=lambda meaning: meaning.names[0])
def test_the_methodology_has_the_text_of_the_api(meaning: Any) -> None:
    """Word by word: the table's comparison allows numbers to differ in their last digit."""
    (row,) = [line for line in TABLE.splitlines() if line.startswith(f"| `{meaning.names[0]}`")]

    cells = [cell.strip() for cell in row.strip("|").split("|")]
    shown = definitions()[meaning.names[-1]].model_copy(update={"title": meaning.title})
    assert cells == [
        ", ".join(f"`{name}`" for name in meaning.names),
        f"**{shown.title}.** {shown.meaning}",
        shown.formula or "",
        f"{shown.unit}; {shown.sign}",
        shown.source or "",
    ]

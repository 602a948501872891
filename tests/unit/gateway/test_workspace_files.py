"""`widgets.json` and `apps.json` against what OpenBB Workspace documents and accepts.

The facts below are those of docs.openbb.co/workspace ("widgets.json reference", "apps.json
reference", "Render functions", "Cell click grouping"; read on 2026-12-01) and of the schemas in the
published source of its pages (`terminalpro` in `OpenBB-finance/workspace`, 2026). Workspace refuses
all widgets of a backend for one that its schema does not accept.
"""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from services.gateway.agents.schemas import CheckedLimit, CheckedLimits
from services.gateway.agents.workspace.columns import rounded_share
from services.gateway.agents.workspace.serving import apps, widgets
from services.gateway.agents.workspace.tables import PORTFOLIO, TABLES
from services.gateway.limits.schemas import LimitOut

WIDGET_KEYS = {"name", "description", "endpoint", "type", "category", "subCategory", "source"} | {
    *("gridData", "data", "params", "staleTime", "refetchInterval", "runButton", "exportable"),
}
COLUMN_KEYS = {
    "field",
    "headerName",
    "cellDataType",
    "chartDataType",
    "formatterFn",
    "renderFn",
} | {
    *("renderFnParams", "decimalPlaces", "prefix", "suffix", "headerTooltip", "align"),
    *("align", "width", "minWidth", "maxWidth", "hide", "pinned"),
}
COLUMN_WORDS: Mapping[str, set[Any]] = {
    "cellDataType": {"text", "number", "boolean", "date", "dateString", "object"},
    "formatterFn": {"int", "none", "percent", "normalized", "normalizedPercent", "dateToYear"},
    "renderFn": {"greenRed", "titleCase", "hoverCard", "cellOnClick", "columnColor"},
    "pinned": {"left", "right"},
    "hide": {True, False},
}
CONDITIONS = {"eq", "ne", "gt", "lt", "gte", "lte", "contains", "notContains"}
COLOUR = re.compile(r"green|red|blue|#[0-9A-Fa-f]{3}|#[0-9A-Fa-f]{6}")
PARAMETER_KEYS = {"paramName", "label", "description", "value", "type", "show", "optionsEndpoint"}
APP_KEYS = {"name", "description", "img", "img_dark", "img_light", "allowCustomization"} | {
    *("tabs", "groups", "prompts"),
}
GRID_COLUMNS = 40
GRID_ROWS = 100
SMALLEST_WITHOUT_EXPONENT = 1e-6  # JavaScript writes 1e-7 for 0.0000001
Widget = dict[str, Any]


@pytest.fixture(params=TABLES)
def widget(request: pytest.FixtureRequest) -> Widget:
    found: dict[str, Any] = widgets()
    each: Widget = found[request.param]
    return each


def columns(widget: Widget) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = widget["data"]["table"]["columnsDefs"]
    return found


def test_a_widget_has_documented_keys_and_sizes(widget: Widget) -> None:
    texts = [widget[each] for each in ("name", "description", "endpoint", "category")]

    assert widget.keys() <= WIDGET_KEYS
    assert all(isinstance(each, str) and each for each in texts)
    assert widget["type"] == "table"
    assert widget["gridData"].keys() == {"w", "h"}
    assert 10 <= widget["gridData"]["w"] <= GRID_COLUMNS
    assert 4 <= widget["gridData"]["h"] <= GRID_ROWS
    assert widget["data"].keys() == {"table"}
    assert not widget["endpoint"].startswith(("/", "http"))


def test_a_column_has_documented_keys_and_words(widget: Widget) -> None:
    fields = [each["field"] for each in columns(widget)]

    assert len(set(fields)) == len(fields)
    for column in columns(widget):
        assert column.keys() <= COLUMN_KEYS
        assert column["headerName"]
        for key, words in COLUMN_WORDS.items():
            assert key not in column or column[key] in words, (column["field"], key)
        is_number = column["cellDataType"] == "number"
        assert is_number or not {"formatterFn"} & column.keys()
        assert is_number or column.get("renderFn") != "greenRed"


def test_colours_and_clicks_name_what_there_is(widget: Widget) -> None:
    fields = {each["field"] for each in columns(widget)}
    parameters = {each["paramName"] for each in widget["params"]}
    rendered = [each for each in columns(widget) if "renderFnParams" in each]

    for column in rendered:
        about = column["renderFnParams"]
        if column["renderFn"] == "columnColor":
            assert about.keys() == {"colorRules"}
            for rule in about["colorRules"]:
                assert rule["condition"] in CONDITIONS
                assert COLOUR.fullmatch(rule["color"])
                assert isinstance(rule["value"], str | int | float)
        else:
            assert (column["renderFn"], about["actionType"]) == ("cellOnClick", "groupBy")
            assert about["groupBy"]["paramName"] in parameters
            assert about["groupBy"]["valueField"] in fields


def test_a_parameter_is_a_list_of_portfolios_or_a_date_that_the_tool_takes(
    widget: Widget,
) -> None:
    (table,) = (each for each in TABLES.values() if each.name == widget["name"])

    for each in widget["params"]:
        assert each.keys() <= PARAMETER_KEYS
        assert isinstance(each["show"], bool)
        is_choice = each["paramName"] == PORTFOLIO
        assert each["type"] == ("endpoint" if is_choice else "date")
        assert ("optionsEndpoint" in each) == is_choice
        assert not is_choice or each["value"] == ""
        assert is_choice or each["value"] is None
        assert each["paramName"] in table.tool.takes.model_fields or not each["show"]


def test_the_app_places_each_widget_once_within_the_grid_and_over_no_other() -> None:
    known: dict[str, Any] = widgets()
    described: list[dict[str, Any]] = apps()
    (app,) = described
    ((key, tab),) = app["tabs"].items()
    taken = set[tuple[int, int]]()

    assert app.keys() <= APP_KEYS
    assert app["allowCustomization"] is True
    assert all(isinstance(each, str) for each in app["prompts"])
    assert (tab["id"], tab.keys()) == (key, {"id", "name", "layout"})
    assert [each["i"] for each in tab["layout"]] == list(known)
    for item in tab["layout"]:
        assert item.keys() == {"i", "x", "y", "w", "h", "groups"}
        assert item["x"] + item["w"] <= GRID_COLUMNS
        cells = {(item["x"] + x, item["y"] + y) for x in range(item["w"]) for y in range(item["h"])}
        assert not cells & taken
        taken |= cells


def test_a_group_its_widgets_and_the_layout_agree() -> None:
    known: dict[str, Any] = widgets()
    described: list[dict[str, Any]] = apps()
    (app,) = described
    (group,) = app["groups"]
    layout = app["tabs"]["risk"]["layout"]
    grouped = [each["i"] for each in layout if group["name"] in each["groups"]]
    choices = [
        each
        for name in group["widgetIds"]
        for each in known[name]["params"]
        if each["paramName"] == group["paramName"]
    ]

    assert re.fullmatch(r"Group \d+", group["name"])
    assert group["type"] == "endpointParam"  # of parameters whose type is "endpoint"
    assert grouped == group["widgetIds"]
    assert len(choices) == len(grouped)
    assert {(each["type"], each["optionsEndpoint"]) for each in choices} == {
        ("endpoint", "workspace/choices")
    }


@pytest.mark.parametrize("value", [0.5, -0.0024629190528584924, 1e-9, 1.4e-17, -4.9e-7, 0.0])
def test_a_share_in_percent_needs_no_exponent(value: float) -> None:
    rounded = rounded_share(value)

    assert rounded is not None
    percent = abs(100 * rounded)
    assert percent == 0 or percent >= SMALLEST_WITHOUT_EXPONENT
    assert rounded == pytest.approx(value, abs=5e-7)


def test_a_limits_levels_are_written_out_with_their_unit() -> None:
    (shown,) = LimitOut.model_json_schema()["examples"]
    limits = [LimitOut.model_validate(shown | {"unit": unit}) for unit in ("share_of_nav", "own")]
    answer = CheckedLimits(
        quote="two limits",
        portfolio_id=None,
        as_of=None,
        total=3,
        limits=[
            *(CheckedLimit.model_validate(each) for each in limits),
            CheckedLimit.model_validate(limits[0]).model_copy(update={"worst": None}),
        ],
    )

    of_nav, own, unmeasured = TABLES["limits"].flat(answer)

    assert (of_nav["value_shown"], of_nav["breach_shown"]) == ("11.3 % of NAV", "10 % of NAV")
    assert (of_nav["value"], of_nav["unit"], of_nav["state"]) == (0.113, "share of NAV", "breached")
    assert (own["room_shown"], own["unit"]) == ("-0.01 USD", "USD")
    assert unmeasured["name"] == of_nav["name"]
    assert {unmeasured[each] for each in ("value", "value_shown", "state")} == {None}

"""What published names mean."""

from pydantic import BaseModel, Field

from services.gateway.edge.values import example

_VAR = {
    "title": "Historical VaR, one day, 95 %",
    "meaning": "The loss that today's holdings would have exceeded on 5 % (or 1 %) of the last 252 "
    "sessions, options repriced.",
    "formula": "interpolated quantile of ranked P&L",
    "unit": "USD",
    "sign": "positive: the size of a loss",
    "section": "Value at risk and expected shortfall",
    "source": None,
    "series": True,
}


class Meaning(BaseModel):
    """What one or several names mean, as `docs/methodology.md` says."""

    title: str
    meaning: str
    formula: str | None = None
    unit: str
    sign: str = Field(description="which signs the value has, and what they mean")
    section: str = Field(description="of docs/methodology.md, with an example by hand")
    source: str | None = Field(default=None, description="the publication it is from")
    series: bool = Field(
        default=False, description="whether `portfolios/{portfolio_id}/series` has it"
    )


class NamedMeaning(Meaning):
    """A meaning with the names that have it, as the file has them."""

    names: list[str] = Field(min_length=1)


class Definition(Meaning):
    """What a published name means: its title, formula, unit and sign."""

    model_config = example(measure="var_95_1d_historical", **_VAR)

    measure: str = Field(description="the name as answers have it")


class DefinitionList(BaseModel):
    """Every published name in the order of the methodology."""

    model_config = example(items=[{"measure": "var_95_1d_historical", **_VAR}], total=235)

    items: list[Definition]
    total: int

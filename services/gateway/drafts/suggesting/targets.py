"""Targets as users give them, in USD as stress takes them, and measures back in their units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from uuid import UUID

from services.gateway.drafts.queries.suggestions import Limit, Standing
from services.gateway.drafts.schemas.suggestions import MeasureMoved, WantedTarget
from services.gateway.edge.problems import Problem
from shared.contracts.stress import MeasureAfter, MeasureTarget

BETA = "beta"
MARKET_EXPOSURE = "market_exposure"
METHODS = ("direct", "correlated")
DEFAULT_METHOD = "correlated"
SUMS = (
    *(MARKET_EXPOSURE, "dollar_delta", "dollar_delta_beta_weighted", "dollar_gamma_1pct"),
    *("dollar_theta_1d", "dollar_vega_1pt", "dollar_rho_1pct"),
)
# Measures that are others by another name or in another unit.
SAME = {BETA: MARKET_EXPOSURE, "exposure.delta_adjusted.net": "dollar_delta"}
TAILS = tuple(f"{kind}_{level}_1d_historical" for level in (95, 99) for kind in ("var", "es"))
DECIMALS = 6
Errors = list[dict[str, str]]


@dataclass(frozen=True)
class Target:
    """A target of a request: the measure that stress knows, and how many USD one of its unit is."""

    wanted: WantedTarget
    measure: str
    unit: float

    @property
    def asked(self) -> MeasureTarget:
        """It in USD."""
        wanted = self.wanted
        if wanted.equal is not None:
            bounds: tuple[float | None, float | None] = (wanted.equal, wanted.equal)
        else:
            bounds = (wanted.at_least, wanted.at_most)
        lowest, highest = (None if each is None else each * self.unit for each in bounds)
        tolerance = None if wanted.tolerance is None else wanted.tolerance * self.unit
        return MeasureTarget(
            measure=self.measure, lowest=lowest, highest=highest, tolerance=tolerance
        )

    def shown(self, moved: MeasureAfter) -> MeasureMoved:
        """What became of it, in its unit."""
        return _in_unit(self.wanted.measure, moved, self.unit)


def _in_unit(name: str, moved: MeasureAfter, unit: float) -> MeasureMoved:
    values = (moved.before, moved.after, moved.tolerance)
    before, after, tolerance = (
        None if value is None else round(value / unit, DECIMALS) + 0.0 for value in values
    )
    return MeasureMoved(measure=name, before=before, after=after, tolerance=tolerance)


def with_limits(wanted: Sequence[WantedTarget], known: Mapping[UUID, Limit]) -> list[WantedTarget]:
    """The targets with what their limits say; 422 for limits that are not known, or no target."""
    errors: Errors = []
    found = []
    for place, each in enumerate(wanted):
        if each.limit_id is None:
            found.append(each)
            continue
        error = _wrong_limit(f"targets.{place}", each, known.get(each.limit_id))
        if error is None:
            found.append(_kept(each.level, known[each.limit_id]))
        else:
            errors.append(error)
    _refuse(errors)
    return found


def _wrong_limit(label: str, wanted: WantedTarget, limit: Limit | None) -> dict[str, str] | None:
    if beside := wanted.model_fields_set - {"limit_id", "level"}:
        message = "a limit has its own measure, bounds and unit: leave them out"
        return _error(f"{label}.{min(beside)}", "unexpected", message)
    if limit is None:
        message = f"you have no limit {wanted.limit_id} of this portfolio"
        return _error(f"{label}.limit_id", "unknown_limit", message)
    if limit.per != "portfolio":
        message = f"the limit is per {limit.per}: trades are suggested for limits per portfolio"
        return _error(f"{label}.limit_id", "not_of_portfolio", message)
    if limit.levels[wanted.level] is None:
        message = f"the limit has no {wanted.level} level: name the other"
        return _error(f"{label}.level", "missing_value", message)
    return None


def _kept(level: str, limit: Limit) -> WantedTarget:
    """The target of keeping to a level of a limit."""
    bound = limit.levels[level] or 0.0
    bounds = {
        "above": {"at_most": bound},
        "below": {"at_least": bound},
        "outside": {"at_least": -bound, "at_most": bound},
    }[limit.direction]
    return WantedTarget.model_validate({"measure": limit.measure, "unit": limit.unit, **bounds})


def _refuse(errors: Errors) -> None:
    if errors:
        detail = f"{errors[0]['field']}: {errors[0]['message']}"
        raise Problem(422, "invalid_target", detail, errors)


def targets_of(wanted: Sequence[WantedTarget], standing: Standing) -> list[Target]:
    """The targets, each of a measure that is known; 422 with everything that is wrong."""
    errors: Errors = []
    found: list[Target] = []
    for place, each in enumerate(wanted):
        label = f"targets.{place}"
        measure = _measure_of(each.measure, standing)
        if measure is None:
            errors.append(_unknown(label, each.measure, standing))
            continue
        errors += _wrong_bounds(label, each, measure)
        if standing.measures.get(measure) is None:
            message = f"{each.measure} is not measured for the draft"
            errors.append(_error(f"{label}.measure", "not_measured", message))
        if measure in [target.measure for target in found]:
            message = f"{each.measure} is a target already: give both bounds in one"
            errors.append(_error(f"{label}.measure", "repeated", message))
        by_nav = each.unit == "share_of_nav" or each.measure == BETA
        if by_nav and not (standing.nav and standing.nav > 0.0):
            message = "the NAV of the draft is not known or not above 0: give a target in USD"
            errors.append(_error(f"{label}.unit", "not_measured", message))
        found.append(Target(each, measure, (standing.nav or 1.0) if by_nav else 1.0))
    _refuse(errors)
    return found


def _measure_of(name: str, standing: Standing) -> str | None:
    """As stress calls it; None for what it does not know."""
    name = SAME.get(name, name)
    kind, _, rest = name.partition(".")
    if kind == "scenario" and rest.rpartition(".")[2] not in METHODS:
        name = f"{name}.{DEFAULT_METHOD}"
    known = name in (*SUMS, *TAILS) or (
        kind in ("factor", "scenario") and name in standing.measures
    )
    return name if known else None


def _unknown(label: str, name: str, standing: Standing) -> dict[str, str]:
    stored = [each for each in standing.measures if each.startswith(("factor.", "scenario."))]
    known = [BETA, *SUMS, *TAILS, *stored]
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known[:12])} and more"
    message = f"no trades are suggested for a measure {name!r}: {hint}"
    return _error(f"{label}.measure", "unknown_measure", message)


def _wrong_bounds(label: str, wanted: WantedTarget, measure: str) -> Errors:
    between = (wanted.at_least, wanted.at_most)
    given = [each for each in between if each is not None]
    if (wanted.equal is None) == (not given):
        message = "say either equal, or at_least, at_most or both"
        return [_error(label, "missing_value", message)]
    if len(given) == 2 and given[0] > given[1]:
        message = f"at_least {given[0]:g} is above at_most {given[1]:g}"
        return [_error(f"{label}.at_least", "wrong_order", message)]
    if measure in TAILS and (wanted.at_most is None or wanted.at_least is not None):
        message = f"a loss is brought down: say at_most for {wanted.measure}"
        return [_error(f"{label}.at_most", "missing_value", message)]
    if wanted.tolerance is not None and wanted.equal is None:
        message = "only equal has a tolerance: leave it out"
        return [_error(f"{label}.tolerance", "unexpected", message)]
    if wanted.unit == "share_of_nav" and wanted.measure == BETA:
        message = "beta is a ratio to NAV already: leave unit out"
        return [_error(f"{label}.unit", "unexpected", message)]
    return []


def _error(field: str, code: str, message: str) -> dict[str, str]:
    return {"field": field, "code": code, "message": message}


def measures_beside(standing: Standing) -> dict[str, float | None]:
    """What is shown beside the targets: sums, tails and factors, as far as they are known."""
    return {
        name: value
        for name, value in standing.measures.items()
        if value is not None and (name in (*SUMS, *TAILS) or name.startswith("factor."))
    }


def left_by(
    moved: Mapping[str, MeasureAfter], targets: Sequence[Target], nav: float | None
) -> list[MeasureMoved]:
    """The measures that are no target, in their own units, beta first where there is a NAV."""
    found = []
    if nav and nav > 0.0 and MARKET_EXPOSURE in moved:
        found.append(_in_unit(BETA, moved[MARKET_EXPOSURE], nav))
    found += [_in_unit(name, each, 1.0) for name, each in moved.items()]
    own = {target.wanted.measure for target in targets}
    return [
        each.model_copy(update={"tolerance": None}) for each in found if each.measure not in own
    ]

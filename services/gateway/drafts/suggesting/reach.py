"""What is in the way of targets, as a problem that names the field and what to do."""

from collections.abc import Mapping, Sequence

from services.gateway.drafts.suggesting.candidates import Offer
from services.gateway.drafts.suggesting.targets import Errors, Target
from services.gateway.edge.problems import Problem
from shared.contracts.stress import InTheWay, TradesSuggested

OUT_OF_REACH = "target_out_of_reach"


def refuse_out_of_reach(
    found: TradesSuggested, targets: Sequence[Target], offers: Sequence[Offer]
) -> None:
    """422 with every target that cannot be met, what holds it up, and what to change."""
    if found.trades is not None:
        return
    places = {target.measure: place for place, target in enumerate(targets)}
    labels = {offer.symbol: offer.label for offer in offers}
    errors: Errors = [
        _of_candidate(each, labels) if each.kind == "bound" else _of_target(each, places, targets)
        for each in found.in_the_way
    ]
    detail = "; ".join(error["message"] for error in errors[:3])
    raise Problem(422, "target_out_of_reach", detail or "no trades reach the targets", errors)


def _of_candidate(found: InTheWay, labels: Mapping[str, str | None]) -> dict[str, str]:
    bound = round(found.best or 0.0)
    side = "bought" if bound > 0 else "sold"
    if not bound:
        message = f"{found.about} may not be traded further that way: allow more of it"
    else:
        message = f"{abs(bound):,} {found.about} are {side}, and that is the most: allow more of it"
    label = labels.get(found.about)
    field = "candidates" if label is None else f"{label}.{_bound_name(bound)}"
    return {"field": field, "code": "bound", "message": message}


def _bound_name(bound: int) -> str:
    return "most_sold" if bound < 0 else "most_bought"


def _of_target(
    found: InTheWay, places: Mapping[str, int], targets: Sequence[Target]
) -> dict[str, str]:
    if found.kind == "most_dollars":
        message = f"{found.best:,.2f} USD are traded, and that is the most: allow more"
        return {"field": "most_dollars", "code": found.kind, "message": message}
    place = places.get(found.about, 0)
    target = targets[place]
    name = target.wanted.measure
    best = "" if found.best is None else f"{found.best / target.unit:.6g}"
    message = {
        "target": f"{name} comes no nearer than {best}: ask for that, or allow more",
        "conflict": f"{name} cannot be met with the other targets (without it they can be), and "
        f"comes no nearer than {best}: ask for less of one",
        "lots": f"whole lots bring {name} no nearer: give it a tolerance",
        "time": f"no trades that reach {name} were found in time: allow more seconds, or "
        "less of the measure",
        "no_effect": f"no candidate moves {name}: name one that does",
    }[found.kind]
    code = OUT_OF_REACH if found.kind == "target" else found.kind
    return {"field": f"targets.{place}", "code": code, "message": message}

"""What a user means by a name: a portfolio, a scenario or a limit."""

from collections.abc import Iterable
from difflib import get_close_matches

from deploy.local.errors import Explained

MOST_CHOICES = 10


def chosen_id(option: str, wanted: str, named: Iterable[tuple[str, str]]) -> str:
    """The id of the only one that has this name or id in any case, or else begins so.

    `named`: ids and names. Raises `Explained`, about `option`, with those that may be meant.
    """
    pairs = list(named)
    sought = wanted.casefold()
    exact = {own_id for own_id, name in pairs if sought in (own_id.casefold(), name.casefold())}
    begun = {own_id for own_id, name in pairs if _begins(sought, own_id, name)}
    found = exact or begun
    if len(found) == 1:
        return found.pop()
    if not pairs:
        raise Explained(f"{option} '{wanted}' is unknown: there is none yet")
    names = {name.casefold(): name for own_id, name in pairs if not found or own_id in found}
    near = list(names) if found else get_close_matches(sought, names, n=3, cutoff=0.4)
    choices = [f"'{names[name]}'" for name in (near or names)]
    more = ", ..." if len(choices) > MOST_CHOICES else ""
    problem = "may be any of" if found else "is unknown: choose one of"
    raise Explained(f"{option} '{wanted}' {problem} {', '.join(choices[:MOST_CHOICES])}{more}")


def _begins(sought: str, own_id: str, name: str) -> bool:
    return own_id.casefold().startswith(sought) or name.casefold().startswith(sought)

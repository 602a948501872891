"""What a provider says of an account, and whether that is enough to come in."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.gateway.identity.schemas import normalised_email
from services.gateway.identity.sign_on.terms import SignOnTerms

_LONGEST_NAME = 200


@dataclass(frozen=True)
class Identity:
    """An account at the provider.

    `email`: in lower case, and only if the provider says that it was verified. `is_admin`: None
    when roles are not the provider's to say.
    """

    issuer: str
    subject: str
    email: str | None
    full_name: str
    groups: frozenset[str]
    is_admin: bool | None


def identity_of(claims: Mapping[str, object], terms: SignOnTerms) -> Identity:
    """The account that verified claims are about."""
    name = claims.get("name")
    return Identity(
        terms.issuer,
        str(claims["sub"]),
        _verified_email(claims),
        _shown(name) if isinstance(name, str) else "",
        _texts(claim_at(claims, terms.groups_claim)),
        None
        if terms.role_claim is None
        else terms.admin_value in _texts(claim_at(claims, terms.role_claim)),
    )


def claim_at(claims: Mapping[str, object], name: str) -> object:
    """The claim of this name or, where there is none, along it: `realm_access.roles`."""
    if name in claims:
        return claims[name]
    found: object = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def refusal_of(identity: Identity, terms: SignOnTerms) -> str | None:
    """Why the account may not come in; None when it may. Every list that is set must admit it."""
    if terms.allowed_domains:
        if identity.email is None:
            return "the provider gives no verified e-mail address for the account"
        domain = identity.email.rpartition("@")[2]
        if domain not in terms.allowed_domains:
            return f"addresses at {domain} are not let in here"
    if terms.allowed_groups and not identity.groups & terms.allowed_groups:
        return "the account is in none of the groups that are let in here"
    return None


def _verified_email(claims: Mapping[str, object]) -> str | None:
    email = claims.get("email")
    if claims.get("email_verified") is not True or not isinstance(email, str):
        return None
    try:
        return normalised_email(email)
    except ValueError:
        return None


def _shown(name: str) -> str:
    """The name as lists may show it."""
    return "".join(each for each in name if each.isprintable()).strip()[:_LONGEST_NAME]


def _texts(claim: object) -> frozenset[str]:
    """The texts of a claim that is one or a list of them."""
    if isinstance(claim, str):
        return frozenset({claim})
    if isinstance(claim, list):
        return frozenset(each for each in claim if isinstance(each, str))
    return frozenset()

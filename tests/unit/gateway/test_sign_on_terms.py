"""Settings of single sign-on that would let strangers in keep the gateway from starting."""

import pytest

from services.gateway.identity.sign_on.shapes import claim_at
from services.gateway.identity.sign_on.terms import sign_on_terms
from services.gateway.settings import GatewaySettings
from shared.errors import Misconfigured

GOOD: dict[str, object] = {
    "oidc_issuer": "https://login.example.org",
    "oidc_client_id": "sigmasight",
    "oidc_client_secret": "a secret of ours",
    "oidc_allowed_domains": "Example.org, @example.com",
    "public_url": "https://risk.example.org",
}


def test_good_settings_become_terms() -> None:
    terms = sign_on_terms(GatewaySettings.model_validate(GOOD))

    assert terms is not None
    assert terms.allowed_domains == {"example.org", "example.com"}
    assert terms.redirect_uri == "https://risk.example.org/api/v1/auth/oidc/callback"
    assert "a secret of ours" not in repr(terms)
    assert sign_on_terms(GatewaySettings()) is None


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"oidc_allowed_domains": ""}, "OIDC_ALLOWED_DOMAINS"),
        ({"oidc_issuer": None}, "OIDC_ISSUER"),
        ({"oidc_issuer": "http://login.example.org"}, "OIDC_ISSUER"),
        ({"oidc_client_id": None}, "OIDC_CLIENT_ID"),
        ({"public_url": None}, "PUBLIC_URL"),
        ({"public_url": "http://risk.example.org"}, "PUBLIC_URL"),
        ({"oidc_role_claim": "roles"}, "OIDC_ADMIN_VALUE"),
        ({"oidc_scopes": "email"}, "OIDC_SCOPES"),
    ],
)
def test_settings_that_let_strangers_in_are_refused_by_name(
    changed: dict[str, object], named: str
) -> None:
    with pytest.raises(Misconfigured, match=f"SIGMASIGHT_GATEWAY_{named}"):
        sign_on_terms(GatewaySettings.model_validate(GOOD | changed))


def test_dots_lead_into_claims_unless_a_claim_has_the_name() -> None:
    claims = {"realm_access": {"roles": ["a"]}, "https://example.org/roles": ["b"]}

    assert claim_at(claims, "realm_access.roles") == ["a"]
    assert claim_at(claims, "https://example.org/roles") == ["b"]
    assert claim_at(claims, "realm_access.roles.more") is None

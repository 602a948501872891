"""What the settings say of single sign-on, checked before the gateway starts."""

from dataclasses import dataclass, field

from authlib.common.security import is_secure_transport

from services.gateway.settings import GatewaySettings
from shared.errors import Misconfigured

CALLBACK_PATH = "/api/v1/auth/oidc/callback"
_PREFIX = "SIGMASIGHT_GATEWAY_"
_OPTIONAL = (
    *("oidc_client_id", "oidc_client_secret", "oidc_allowed_domains", "oidc_allowed_groups"),
    *("oidc_role_claim", "oidc_admin_value"),
)


@dataclass(frozen=True)
class SignOnTerms:
    """The provider, how the gateway is known there, and who may come in.

    `home`: the address of the page, without a slash at its end. An empty list admits all.
    """

    issuer: str
    client_id: str
    client_secret: str | None = field(repr=False)
    scopes: str
    name: str
    home: str
    allowed_domains: frozenset[str]
    allowed_groups: frozenset[str]
    groups_claim: str
    role_claim: str | None
    admin_value: str | None

    @property
    def redirect_uri(self) -> str:
        """Where the provider sends browsers back to."""
        return self.home + CALLBACK_PATH


def sign_on_terms(settings: GatewaySettings) -> SignOnTerms | None:
    """The terms; None when the settings name no provider.

    Raises `Misconfigured` when they name half of one, when anyone with an account there could come
    in, or when what is exchanged could be read on its way.
    """
    issuer = settings.oidc_issuer
    if issuer is None:
        given = [_variable(name) for name in _OPTIONAL if getattr(settings, name)]
        if given:
            raise Misconfigured(f"{given[0]} is set without {_variable('oidc_issuer')}: set it too")
        return None
    if settings.oidc_client_id is None:
        raise Misconfigured(f"set {_variable('oidc_client_id')}: the provider's name for us")
    home = _checked_addresses(issuer, settings.public_url)
    _refuse_open_door(settings)
    secret = settings.oidc_client_secret
    return SignOnTerms(
        issuer,
        settings.oidc_client_id,
        secret.get_secret_value() if secret else None,
        settings.oidc_scopes,
        settings.oidc_name,
        home,
        frozenset(domain.lower().removeprefix("@") for domain in settings.oidc_allowed_domains),
        frozenset(settings.oidc_allowed_groups),
        settings.oidc_groups_claim,
        settings.oidc_role_claim,
        settings.oidc_admin_value,
    )


def _checked_addresses(issuer: str, public_url: str | None) -> str:
    if not is_secure_transport(issuer):
        raise Misconfigured(
            f"{_variable('oidc_issuer')} is {issuer!r}: it must be an https address, as the "
            "provider's own document writes it (http on loopback alone)"
        )
    if public_url is None or not is_secure_transport(public_url):
        raise Misconfigured(
            f"single sign-on needs {_variable('public_url')}, the https address of the gateway "
            "(http on loopback alone), which the provider sends browsers back to: set it"
        )
    return public_url


def _refuse_open_door(settings: GatewaySettings) -> None:
    if not settings.oidc_allowed_domains and not settings.oidc_allowed_groups:
        raise Misconfigured(
            "refusing to let every account of the provider in: set "
            f"{_variable('oidc_allowed_domains')} or {_variable('oidc_allowed_groups')}"
        )
    if (settings.oidc_role_claim is None) != (settings.oidc_admin_value is None):
        raise Misconfigured(
            f"{_variable('oidc_role_claim')} and {_variable('oidc_admin_value')} go together: "
            "set both or none"
        )
    if "openid" not in settings.oidc_scopes.split():
        raise Misconfigured(f"{_variable('oidc_scopes')} must contain openid")


def _variable(name: str) -> str:
    return _PREFIX + name.upper()

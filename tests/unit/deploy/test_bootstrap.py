"""The bootstrap step gives no server that others reach the default passwords."""

import pytest
from pydantic import SecretStr

from deploy.bootstrap import WORDS, BootstrapSettings, refuse_default_passwords, row_security
from shared.errors import Misconfigured
from shared.settings import Settings

OWN_PASSWORDS = {
    name: SecretStr("chosen")
    for name in (
        *(f"{word}_database_password" for word in WORDS),
        "database_password",
        "nats_password",
    )
}


@pytest.mark.parametrize(
    "place", [{"database_host": "postgres"}, {"nats_url": "nats://nats:4222"}, {"production": True}]
)
def test_default_passwords_stay_on_this_machine(place: dict[str, object]) -> None:
    shared = Settings().model_copy(update=place)

    refuse_default_passwords(BootstrapSettings(), Settings())
    refuse_default_passwords(BootstrapSettings(**OWN_PASSWORDS), shared)  # type: ignore[arg-type]
    with pytest.raises(Misconfigured, match="SIGMASIGHT_BOOTSTRAP_GATEWAY_DATABASE_PASSWORD"):
        refuse_default_passwords(BootstrapSettings(), shared)


def test_one_default_password_is_named_alone() -> None:
    passwords = OWN_PASSWORDS | {"nats_password": SecretStr("sigmasight")}
    own = BootstrapSettings(**passwords)  # type: ignore[arg-type]

    with pytest.raises(Misconfigured, match=r"set SIGMASIGHT_BOOTSTRAP_NATS_PASSWORD$"):
        refuse_default_passwords(own, Settings(database_host="postgres"))


def test_only_the_gateway_has_rows_that_belong_to_users() -> None:
    assert [word for word in WORDS if row_security(word)] == ["gateway"]

"""Signatures are those of the Standard Webhooks specification."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from services.limits.senders.signatures import new_secret, signed_headers


def test_a_published_example_is_signed_alike() -> None:
    """https://docs.svix.com/receiving/verifying-payloads/how-manual"""
    secret = "whsec_plJ3nmyCDGBKInavdOK15jsl"
    body = b'{"event_type":"ping","data":{"success":true}}'

    headers = signed_headers(
        [secret], "msg_loFOjxBNrRLzqYUf", datetime.fromtimestamp(1731705121, UTC), body
    )

    assert headers == {
        "webhook-id": "msg_loFOjxBNrRLzqYUf",
        "webhook-timestamp": "1731705121",
        "webhook-signature": "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=",
    }


@given(st.dictionaries(st.text(), st.integers()))
def test_the_reference_library_verifies_what_is_signed(data: dict[str, int]) -> None:
    secret = new_secret()
    body = str(data).replace("'", '"').encode("utf-8", "replace")
    now = datetime.now(UTC)

    headers = signed_headers([secret], str(uuid4()), now, body)

    timestamp, signature = now, headers["webhook-signature"]
    assert Webhook(secret).sign(headers["webhook-id"], timestamp, body.decode()) == signature


def test_a_receiver_with_either_secret_accepts_a_message_of_two() -> None:
    old, new = new_secret(), new_secret()
    body = b'{"type": "alerts.raised"}'

    headers = signed_headers([new, old], str(uuid4()), datetime.now(UTC), body)

    for secret in (old, new):
        assert Webhook(secret).verify(body, headers) == {"type": "alerts.raised"}
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(new).verify(body + b" ", headers)

"""Signatures are those of the Standard Webhooks specification."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
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


def documented_receiver() -> Callable[[str, dict[str, str], bytes], bool]:
    """The function `verified` that docs/alerts.md gives to receivers."""
    page = (Path(__file__).parents[3] / "docs" / "alerts.md").read_text(encoding="utf-8")
    [source] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(source, names)
    receiver: Callable[[str, dict[str, str], bytes], bool] = names["verified"]
    return receiver


def test_the_documented_receiver_accepts_our_messages_and_no_others() -> None:
    verified = documented_receiver()
    old, new, now = new_secret(), new_secret(), datetime.now(UTC)
    body = b'{"type": "alerts.raised"}'

    headers = signed_headers([new, old], str(uuid4()), now, body)
    late = signed_headers([new], str(uuid4()), now - timedelta(minutes=6), body)

    assert verified(new, headers, body)
    assert verified(old, headers, body)
    assert not verified(new_secret(), headers, body)
    assert not verified(new, headers, body + b" ")
    assert not verified(new, headers | {"webhook-id": str(uuid4())}, body)
    assert not verified(new, late, body)

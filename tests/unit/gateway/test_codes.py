"""Codes of a second factor: RFC 6238's own, the steps around, and once each."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import pytest

from services.gateway.identity.codes import (
    accepted_step,
    as_text,
    as_uri,
    is_recovery_code,
    new_recovery_codes,
    plain,
    recovery_hash,
)

# RFC 6238, appendix B: the secret, and the codes of eight digits by seconds since 1970. Their last
# six are the code of six digits (RFC 4226, section 5.3: the number modulo a power of ten).
SECRET = b"12345678901234567890"
PUBLISHED = {
    59: "94287082",
    1111111109: "07081804",
    1111111111: "14050471",
    1234567890: "89005924",
    2000000000: "69279037",
    20000000000: "65353130",
}
ANN = UUID("5d0c8a51-5a0b-4d6c-8a5f-0a1b2c3d4e5f")


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def code_at(seconds: int) -> str:
    return PUBLISHED[seconds][-6:]


@pytest.mark.parametrize("seconds", PUBLISHED)
def test_the_codes_of_rfc_6238_are_accepted(seconds: int) -> None:
    assert accepted_step(SECRET, code_at(seconds), moment(seconds), None) == seconds // 30


@pytest.mark.parametrize(
    ("seconds_later", "accepted"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)]
)
def test_one_step_to_either_side_is_accepted(seconds_later: int, accepted: bool) -> None:
    seconds = 1234567890  # the beginning of a step
    step = accepted_step(SECRET, code_at(seconds), moment(seconds + seconds_later), None)

    assert step == (seconds // 30 if accepted else None)


def test_no_step_is_accepted_twice_nor_one_before_it() -> None:
    before, now = 1111111109, 1111111111  # neighbouring steps

    assert now // 30 - before // 30 == 1
    assert accepted_step(SECRET, code_at(now), moment(now), before // 30) == now // 30
    assert accepted_step(SECRET, code_at(now), moment(now), now // 30) is None
    assert accepted_step(SECRET, code_at(before), moment(now), now // 30) is None


@pytest.mark.parametrize("code", ["", "87082", "0287082", "94287082", "２８７０８２", "28708\x00"])
def test_other_texts_are_no_codes(code: str) -> None:
    assert accepted_step(SECRET, code, moment(59), None) is None


def test_the_uri_and_the_typed_secret_are_the_same_secret() -> None:
    uri = urlsplit(as_uri(SECRET, "ada@example.com"))
    named = {name: values[0] for name, values in parse_qs(uri.query).items()}

    assert (uri.scheme, uri.netloc, uri.path) == (
        "otpauth",
        "totp",
        "/SigmaSight:ada%40example.com",
    )
    assert named["secret"] == as_text(SECRET).replace(" ", "") == "GEZDGNBVGY3TQOJQ" * 2
    assert (named["issuer"], named["digits"], named["period"]) == ("SigmaSight", "6", "30")


def test_recovery_codes_differ_and_are_read_as_people_type_them() -> None:
    codes = new_recovery_codes()

    assert len(set(codes)) == 10
    assert all(is_recovery_code(plain(code)) for code in codes)
    assert not is_recovery_code(plain("287 082"))
    typed = codes[0].lower().replace("-", " ")
    assert recovery_hash(ANN, typed) == recovery_hash(ANN, codes[0])
    assert recovery_hash(uuid4(), codes[0]) != recovery_hash(ANN, codes[0])

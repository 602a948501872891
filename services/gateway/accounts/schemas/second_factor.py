"""Models of a user's second factor."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field, SecretStr

from services.gateway.edge.values import RequestBody, body_example, example
from services.gateway.identity.schemas import LONGEST_CODE, MAX_PASSWORD

FactorState = Literal["off", "begun", "on"]
_SECRET = "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"  # of RFC 6238's examples
_RECOVERY = ["MFRG-GZDF-MZTW-Q2LK", "NNWG-23TP-OBYX-E43U"]


class PasswordProof(RequestBody):
    """The caller's password, which a second factor is added to."""

    model_config = body_example(password="correct horse battery")

    password: SecretStr = Field(max_length=MAX_PASSWORD)


class FirstCode(RequestBody):
    """A code of the application that has the new secret."""

    model_config = body_example(code="287082")

    code: SecretStr = Field(max_length=LONGEST_CODE, description="six digits")


class BothFactors(RequestBody):
    """The caller's password, and a code."""

    model_config = body_example(password="correct horse battery", code="287082")

    password: SecretStr = Field(max_length=MAX_PASSWORD)
    code: SecretStr = Field(max_length=LONGEST_CODE, description="six digits or a recovery code")


class SecondFactorOut(BaseModel):
    """Whether the caller's password needs a code."""

    model_config = example(state="on", confirmed_at="2022-12-28T21:05:00Z", recovery_codes_left=10)

    state: FactorState = Field(
        description="begun: a secret waits for its first code, and no log-in needs one yet"
    )
    confirmed_at: datetime | None = Field(description="since when codes are needed; null: not yet")
    recovery_codes_left: int


class SecondFactorBegun(BaseModel):
    """A secret for an authenticator application, which is shown only once."""

    model_config = example(
        secret=_SECRET,
        uri="otpauth://totp/SigmaSight:ada%40example.com?digits=6&secret="
        f"{_SECRET.replace(' ', '')}&algorithm=SHA1&issuer=SigmaSight&period=30",
        expires_at="2022-12-28T21:20:00Z",
    )

    secret: str = Field(description="base32, in groups of four: to type it into an application")
    uri: str = Field(description="the same for applications that open it, or for a QR code")
    expires_at: datetime = Field(description="until when a code confirms it")


class RecoveryCodes(BaseModel):
    """Codes for the day on which the application is lost; shown only once."""

    model_config = example(recovery_codes=_RECOVERY)

    recovery_codes: list[str] = Field(description="ten, each good once in place of six digits")

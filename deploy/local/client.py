"""The public API as this package uses it: what a user's own program could do, and nothing more."""

import time
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

import httpx2

from deploy.local.errors import Explained

PATIENCE_SECONDS = 60.0
LONGEST_WAIT_SECONDS = 5.0
_BUSY = (429, 502, 503)


class Refused(Explained):
    """The API said no. `code` is stable, `status` is HTTP's."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"the API refused: {detail}")
        self.status = status
        self.code = code


class Unreachable(Explained):
    """The API does not answer."""

    def __init__(self, url: str, error: Exception) -> None:
        super().__init__(f"{url} does not answer ({error}): see `sigmasight status`")


class ApiClient:
    """One user of the API. Logs in again when the access token has expired, waits when told to."""

    def __init__(
        self, url: str, email: str, password: str, transport: httpx2.BaseTransport | None = None
    ) -> None:
        self.credentials = {"email": email, "password": password}
        self.http = httpx2.Client(
            base_url=f"{url}/api/v1/", timeout=60.0, trust_env=False, transport=transport
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def register(self, full_name: str) -> None:
        """Make the account; one that is there already stays as it is, and the answer does not
        tell.
        """
        self._request("POST", "auth/register", json=self.credentials | {"full_name": full_name})

    def login(self) -> None:
        """Get an access token and use it from now on."""
        tokens = self._request("POST", "auth/login", json=self.credentials)
        self.http.headers["Authorization"] = f"Bearer {tokens['access_token']}"

    def get(self, path: str, **query: object) -> Any:
        """Read something."""
        return self._authorised("GET", path, params=_written(query))

    def post(self, path: str, body: Mapping[str, object]) -> Any:
        """Ask for something to be done."""
        return self._authorised("POST", path, json=_written(body))

    def upload(
        self, portfolio: str, equity_balance: Decimal, as_of: date, file: Path
    ) -> dict[str, Any]:
        """Upload a position file into a new or existing portfolio of that name, all rows or
        none.
        """
        form = {
            "portfolio_name": portfolio,
            "equity_balance": str(equity_balance),
            "as_of": as_of.isoformat(),
            "mode": "all_or_nothing",
        }
        files = {"file": (file.name, file.read_bytes(), "text/csv")}
        answer: dict[str, Any] = self._authorised(
            "POST", "portfolio/upload", data=form, files=files
        )
        return answer

    def _authorised(self, method: str, path: str, **request: Any) -> Any:
        if "Authorization" not in self.http.headers:
            self.login()
        try:
            return self._request(method, path, **request)
        except Refused as refusal:
            if refusal.status != 401:
                raise
        self.login()
        return self._request(method, path, **request)

    def _request(self, method: str, path: str, **request: Any) -> Any:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = self._send(method, path, **request)
            if answer.status_code not in _BUSY or time.monotonic() > deadline:
                break
            time.sleep(min(float(answer.headers.get("Retry-After", 0.5)), LONGEST_WAIT_SECONDS))
        if answer.is_error:
            raise _refusal(answer)
        return answer.json() if answer.content else None

    def _send(self, method: str, path: str, **request: Any) -> httpx2.Response:
        try:
            return self.http.request(method, path, **request)
        except httpx2.TransportError as error:
            raise Unreachable(str(self.http.base_url), error) from error


def _refusal(answer: httpx2.Response) -> Refused:
    """The problem document as an error; whatever else was answered is quoted."""
    try:
        problem = answer.json()
    except ValueError:
        return Refused(answer.status_code, "unknown", f"{answer.status_code} {answer.text[:300]}")
    details = [
        f"line {e['line']}: {e['message']}" if e.get("line") else e["message"]
        for e in problem.get("errors", [])
    ]
    sentence = "; ".join([problem.get("detail", answer.reason_phrase), *details[:10]])
    return Refused(answer.status_code, problem.get("code", "unknown"), sentence)


def _written(values: Mapping[str, object]) -> dict[str, Any]:
    return {
        k: v.isoformat() if isinstance(v, date) else v for k, v in values.items() if v is not None
    }

"""fredapi's client with bounds in time, which changes nothing else of its process.

fredapi 0.5.2 sends its requests without time-outs, and where HTTP_PROXY or HTTPS_PROXY is set it
installs a proxy for every request that the process makes through urllib. Importing this imports
pandas.
"""

import http.client
import urllib.request
from xml.etree.ElementTree import Element, fromstring  # expat 2.4.1 bounds entities  # nosec B405

from fredapi import Fred  # type: ignore[import-untyped]

from services.ingest.providers.patience import Patience, read_in_time


class BoundedFred(Fred):  # type: ignore[misc]
    """Its constructor is left out, since that is what installs a proxy; urllib finds it anyway."""

    def __init__(self, api_key: str, root_url: str, patience: Patience) -> None:
        self.api_key = api_key
        self.root_url = root_url.rstrip("/")
        self._patience = patience
        self._opener = urllib.request.build_opener()

    # Each of fredapi's requests goes through this private method of it, under its mangled name.
    def _Fred__fetch_data(self, url: str) -> Element:  # noqa: N802
        """The document at the URL; raises what urllib, http.client and ElementTree raise, and
        `TryAgain` of an answer that takes too long.
        """
        whole = f"{url}&api_key={self.api_key}"
        with self._opener.open(whole, timeout=self._patience.silence_seconds) as response:
            body = read_in_time(response.read1, self._patience.whole_answer_seconds)
            if response.length:
                raise http.client.IncompleteRead(body, response.length)
        return fromstring(body)  # nosec B314

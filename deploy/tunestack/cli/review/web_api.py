"""Requests to the REST interface of a repository's host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from tunestack.cli.stack import StackError
from tunestack.retries import CALL_SECONDS, is_transient
from tunestack.service_errors import words

if TYPE_CHECKING:
    import requests

_PAGE = 100
"""Entries on a page: the most that both hosts give."""


@dataclass(frozen=True)
class WebApi:
    """A host's interface, as one token reaches it. No request is repeated here: who knows what may be, does it.

    Attributes:
        host: its name, for people.
        address: all paths are below it.
        token: goes into the header alone, and to no other host that an answer leads to.
        token_name: of the variable that has it.
        headers: of all requests.
    """

    host: str
    address: str
    token: str
    token_name: str
    headers: Mapping[str, str]

    def ask(
        self,
        method: str,
        path: str,
        *,
        needs: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str | int] | None = None,
    ) -> requests.Response:
        """Asks once.

        Args:
            method: of HTTP.
            path: below the address.
            needs: the right that this takes, for who lacks it.
            body: sent as JSON.
            query: parameters.

        Raises:
            requests.RequestException: no answer, or one that may be another one soon.
            StackError: the host refuses.
        """
        import requests

        # As `auth`, since requests would take what a .netrc has over the header.
        answer = requests.request(
            method,
            f"{self.address}{path}",
            json=body,
            params=query,
            headers=dict(self.headers),
            auth=self._signed,
            timeout=CALL_SECONDS,
        )
        try:
            answer.raise_for_status()
        except requests.HTTPError as error:
            if is_transient(error):
                raise
        else:
            return answer
        raise StackError(
            f"{self.host} refuses {method} {path}: {words(answer)} "
            f"(HTTP {answer.status_code}){self._way_on(answer, needs)}"
        )

    def pages(
        self, path: str, *, needs: str, query: Mapping[str, str | int] | None = None, within: str = ""
    ) -> Iterator[dict[str, Any]]:
        """Yields the entries of a list, page by page.

        Args:
            path: of the list.
            needs: the right that this takes.
            query: parameters.
            within: where in an answer the entries are; the answer itself by default.
        """
        asked = {"per_page": _PAGE, **(query or {})}
        while True:
            answer = self.ask("GET", path, needs=needs, query=asked)
            content = answer.json()
            yield from content[within] if within else content
            # Both hosts name the next page in the header `Link`; behind a proxy, by an address of their own.
            if not (following := answer.links.get("next", {}).get("url")):
                return
            asked = dict(parse_qsl(urlsplit(following).query))

    def _signed(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request

    def _way_on(self, answer: requests.Response, needs: str) -> str:
        if answer.status_code == 401:
            return f"; {self.token_name} is no token that it knows, or one that has expired"
        if answer.headers.get("X-RateLimit-Remaining") == "0":  # GitHub's count of an hour
            return f"; run it again within the hour: {self.token_name} has asked as often as it may"
        return f"; {self.token_name} needs {needs}" if answer.status_code in (403, 404) else ""

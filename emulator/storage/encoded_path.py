"""Paths in which a part may hold slashes: `/b/bucket/o/a%2Fb` is an object called `a/b`."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from starlette.convertors import Convertor, register_url_convertor
from starlette.routing import Route, Router

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import Receive, Scope, Send


class _EncodedPart(Convertor[str]):
    """`{name:encoded}` in a route: one part of the path as it was sent, decoded for the handler."""

    regex = "[^/]+"

    def convert(self, value: str) -> str:
        return unquote(value)

    def to_string(self, value: str) -> str:
        raise NotImplementedError  # no route is ever turned back into a path


register_url_convertor("encoded", _EncodedPart())


class EncodedPaths:
    """Routes that are matched against the path as it was sent, before any decoding."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._router = Router(routes, redirect_slashes=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        await self._router({**scope, "path": scope["raw_path"].decode("ascii")}, receive, send)

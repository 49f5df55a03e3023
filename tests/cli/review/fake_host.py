"""A REST interface across a socket that knows its paths, its tokens and their rights, and refuses everything else."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: Mapping[str, str]
    body: dict[str, Any]


@dataclass(frozen=True)
class Reply:
    status: int
    content: Any = None
    location: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


LIMITED = {
    "too fast": Reply(403, {"message": "You have exceeded a secondary rate limit."}, headers={"Retry-After": "0"}),
    "too often": Reply(403, {"message": "API rate limit exceeded"}, headers={"X-RateLimit-Remaining": "0"}),
}
"""GitHub's; https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api."""

Handler = Callable[..., Reply]


@dataclass(frozen=True)
class Route:
    method: str
    path: re.Pattern[str]
    right: tuple[str, str]
    handler: Handler


@dataclass
class FakeHost:
    """What both hosts have in common.

    Attributes:
        tokens: the rights of each token: `write` includes `read`.
        faults: what happens to the next requests instead: a status, `lost`, which acts and gives no answer, or one of
            `LIMITED`.
        log: method and path of all that came.
    """

    routes: list[Route] = field(default_factory=list)
    tokens: dict[str, dict[str, str]] = field(default_factory=dict)
    faults: list[int | str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    elsewhere: dict[str, bytes] = field(default_factory=dict)
    leaked: list[str] = field(default_factory=list)
    url: str = ""
    other_url: str = ""

    def route(self, method: str, path: str, right: str, level: str, handler: Handler) -> None:
        self.routes.append(Route(method, re.compile(path), (right, level), handler))

    def answer(self, request: Request, token: str) -> Reply:
        rights = self.tokens.get(token)
        if rights is None:
            return Reply(401, {"message": "Bad credentials"})
        for route in self.routes:
            matched = route.path.fullmatch(request.path)
            if matched and route.method == request.method:
                right, level = route.right
                if rights.get(right) not in ({"write"} if level == "write" else {"write", "read"}):
                    return Reply(403, {"message": "Resource not accessible by integration"})
                return route.handler(request, *matched.groups())
        return Reply(404, {"message": "Not Found"})

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serves the interface, and beside it the store that its downloads lead to, which must see no token."""
        host = self

        class Interface(_Handler):
            def reply(self, request: Request) -> Reply:
                host.log.append(f"{request.method} {request.path}")
                fault = host.faults.pop(0) if host.faults else None
                if isinstance(fault, int):
                    return Reply(fault, {"message": "Service Unavailable"})
                if fault in LIMITED:
                    return LIMITED[str(fault)]
                reply = host.answer(request, self.headers.get("Authorization", "").removeprefix("Bearer "))
                if fault == "lost":
                    raise ConnectionAbortedError
                return reply

        class Elsewhere(_Handler):
            def reply(self, request: Request) -> Reply:
                host.leaked += filter(None, [self.headers.get("Authorization"), self.headers.get("Private-Token")])
                return Reply(200, host.elsewhere[request.path])

        # Another port is another host for whoever must not be shown a token.
        servers = [ThreadingHTTPServer(("127.0.0.1", 0), kind) for kind in (Interface, Elsewhere)]
        self.url, self.other_url = (f"http://127.0.0.1:{server.server_port}" for server in servers)
        threads = [threading.Thread(target=server.serve_forever, args=(0.01,)) for server in servers]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            for server, thread in zip(servers, threads, strict=True):
                server.shutdown()
                thread.join()
                server.server_close()


def paged(request: Request, entries: list[Any]) -> list[Any]:
    size, page = int(request.query.get("per_page", 30)), int(request.query.get("page", 1))
    return entries[(page - 1) * size : page * size]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def reply(self, request: Request) -> Reply:
        raise NotImplementedError

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            reply = self.reply(Request(self.command, parts.path, query, json.loads(body) if body else {}))
        except ConnectionAbortedError:
            self.close_connection = True
            return
        content = reply.content if isinstance(reply.content, bytes) else json.dumps(reply.content).encode()
        self.send_response(reply.status)
        if reply.location:
            self.send_header("Location", reply.location)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        entries = reply.content.get("artifacts") if isinstance(reply.content, dict) else reply.content
        if isinstance(entries, list) and len(entries) == int(query.get("per_page", 30)):
            following = urlencode({**query, "page": int(query.get("page", 1)) + 1})
            # Of the address that the host knows of itself, which behind a proxy is not the one that it is reached at.
            self.send_header("Link", f'<https://within.invalid/by-id{parts.path}?{following}>; rel="next"')
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PATCH = do_PUT = _serve  # noqa: N815 - as the library names them

    def log_message(self, *arguments: object) -> None:
        pass

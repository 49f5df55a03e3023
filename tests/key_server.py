"""A server that keeps the keys of stacks, spoken to by the engine's `hashivault://` secrets provider.

From a passphrase the engine derives a stack's key anew in each command, by a million rounds: 0.14 s of CPU.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

import pytest

SECRETS_PROVIDER: Final = "hashivault://stacks"
"""What a stack is initialised with, so that its key is kept there."""


class _Keeper(BaseHTTPRequestHandler):
    """The part of such a server that encrypts and decrypts the key of a stack."""

    def do_PUT(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "/encrypt/" in self.path:
            answer = {"ciphertext": "vault:v1:" + base64.b85encode(asked["plaintext"].encode()).decode()}
        else:
            answer = {"plaintext": base64.b85decode(asked["ciphertext"].removeprefix("vault:v1:")).decode()}
        body = json.dumps({"data": answer}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT  # noqa: N815 - the name that the server calls

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="session")
def key_server() -> Iterator[dict[str, str]]:
    """The variables with which the engine finds the server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Keeper)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1})
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    yield {"VAULT_SERVER_URL": url, "VAULT_SERVER_TOKEN": "any", "VAULT_ADDR": url, "VAULT_TOKEN": "any"}
    server.shutdown()
    thread.join()
    server.server_close()

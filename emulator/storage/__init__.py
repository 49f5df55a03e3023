"""Cloud Storage: the JSON API over a plain tree of files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import BaseRoute, Mount

from emulator.storage import bucket_routes, caller, object_routes, upload_routes
from emulator.storage.encoded_path import EncodedPaths

if TYPE_CHECKING:
    from emulator.services import Services


def routes(services: Services) -> list[BaseRoute]:
    """`/storage/v1`, `/upload/storage/v1` and `/download/storage/v1`; `/emulator/caller` says for whom."""
    reading = [*object_routes.routes(services), *bucket_routes.routes(services)]
    return [
        Mount("/upload/storage/v1", EncodedPaths(upload_routes.routes(services))),
        Mount("/download/storage/v1", EncodedPaths(object_routes.routes(services))),
        Mount("/storage/v1", EncodedPaths(reading)),
        *caller.routes(services),
    ]

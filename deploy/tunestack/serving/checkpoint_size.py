"""How large a checkpoint's weights are, by the files in its folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunestack.service_errors import document
from tunestack.tuning.artifacts import split

if TYPE_CHECKING:
    from tunestack.connection import Connection


def weight_bytes(connection: Connection, uri: str, seconds: float) -> int:
    """Returns the size of all safetensors in a `gs://` folder; 0 where there are none.

    Of adapters it is the adapters' own, without the model below them.

    Args:
        connection: to the project whose rights count.
        uri: the folder.
        seconds: how long each answer may take.

    Raises:
        ValueError: the address has another form.
        requests.RequestException: the service does not answer.
        google.api_core.exceptions.GoogleAPICallError: it refuses.
    """
    bucket, folder = split(uri)
    address = f"{connection.api_endpoint or 'https://storage.googleapis.com'}/storage/v1/b/{bucket}/o"
    query = {"prefix": f"{folder}/".lstrip("/"), "delimiter": "/", "fields": "items(name,size),nextPageToken"}
    size = 0
    with connection.http() as session:
        while True:
            page = document(session.get(address, params=query, timeout=seconds))
            size += sum(int(item["size"]) for item in page.get("items", ()) if item["name"].endswith(".safetensors"))
            if not (token := page.get("nextPageToken")):
                return size
            query["pageToken"] = token

"""Refusals of Cloud Storage, which has a shape of its own: a reason, and no canonical status."""

from __future__ import annotations

from typing import Any, Final

from emulator.errors import ServiceError

_STATUS: Final = {
    400: "INVALID_ARGUMENT",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
    412: "FAILED_PRECONDITION",
    413: "INVALID_ARGUMENT",
    416: "OUT_OF_RANGE",
    501: "UNIMPLEMENTED",
}


class StorageError(ServiceError):
    """A refusal as the JSON API answers it.

    Source of codes, reasons and texts: https://cloud.google.com/storage/docs/json_api/v1/status-codes.
    """

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(_STATUS[code], message)
        self.code = code
        self.reason = reason

    def body(self) -> dict[str, Any]:
        """The JSON body of the answer."""
        entry = {"message": self.message, "domain": "global", "reason": self.reason}
        return {"error": {"code": self.code, "message": self.message, "errors": [entry]}}


class BucketNotFoundError(StorageError):
    """There is no such bucket."""

    def __init__(self) -> None:
        super().__init__(404, "notFound", "The specified bucket does not exist.")


class ObjectNotFound(StorageError):  # noqa: N818 - the name other rooms catch it by
    """There is no such object, or no such generation of it."""

    def __init__(self, bucket: str, name: str) -> None:
        super().__init__(404, "notFound", f"No such object: {bucket}/{name}")


def invalid(message: str) -> StorageError:
    """A request that can never be right."""
    return StorageError(400, "invalid", message)


def condition_not_met() -> StorageError:
    """A precondition that does not hold."""
    return StorageError(412, "conditionNotMet", "At least one of the pre-conditions you specified did not hold.")

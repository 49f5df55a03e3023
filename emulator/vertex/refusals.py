"""Refusals in the words of the service, each with the place where the words were seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping

# google/rpc/code.proto
RPC_CODES = {
    "CANCELLED": 1,
    "INVALID_ARGUMENT": 3,
    "NOT_FOUND": 5,
    "ALREADY_EXISTS": 6,
    "PERMISSION_DENIED": 7,
    "RESOURCE_EXHAUSTED": 8,
    "FAILED_PRECONDITION": 9,
    "UNIMPLEMENTED": 12,
    "INTERNAL": 13,
    "UNAVAILABLE": 14,
}


def invalid_argument(message: str) -> ServiceError:
    """The request can never be accepted as it is."""
    return ServiceError("INVALID_ARGUMENT", message)


def invalid_fields(violations: Mapping[str, str]) -> ServiceError:
    """Fields that are wrong, by their path from the resource, in the service's own form.

    Form and details as in github.com/GoogleCloudPlatform/generative-ai/issues/2081.
    """
    listed = "".join(
        f"{number}.Field: {path}; Message: {text}\t" for number, (path, text) in enumerate(violations.items(), 1)
    )
    details = {
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        "fieldViolations": [{"field": path, "description": text} for path, text in violations.items()],
    }
    return ServiceError("INVALID_ARGUMENT", f"List of found errors:\t{listed}", details=[details])


def not_found(kind: str, name: str) -> ServiceError:
    """A resource that does not exist; the form of the service's 404s on models and endpoints."""
    return ServiceError("NOT_FOUND", f"The {kind} does not exist: {name}.")


def already_exists(kind: str, name: str) -> ServiceError:
    """An id that is taken."""
    return ServiceError("ALREADY_EXISTS", f"The {kind} already exists: {name}.")


def failed_precondition(message: str) -> ServiceError:
    """The request could be accepted in another state of the resource."""
    return ServiceError("FAILED_PRECONDITION", message)


def unimplemented(what: str) -> ServiceError:
    """Something the service has and this emulator has not. The words are the emulator's own, on purpose."""
    return ServiceError("UNIMPLEMENTED", f"The emulator does not have {what} yet; the real service does.")


def billing_disabled(project: str) -> ServiceError:
    """A project without a billing account. Text: https://cloud.google.com/billing/docs/how-to/verify-billing-enabled."""
    url = f"https://console.developers.google.com/billing/enable?project={project}"
    message = (
        f"This API method requires billing to be enabled. Please enable billing on project #{project} by visiting "
        f"{url} then retry. If you enabled billing for this project recently, wait a few minutes for the action to "
        "propagate to our systems and retry."
    )
    details = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "BILLING_DISABLED",
        "domain": "googleapis.com",
        "metadata": {"consumer": f"projects/{project}", "service": "aiplatform.googleapis.com"},
    }
    return ServiceError("PERMISSION_DENIED", message, details=[details])


def status(error: ServiceError) -> dict[str, int | str]:
    """A refusal as the `google.rpc.Status` of an operation or a job."""
    return {"code": RPC_CODES.get(error.status, 2), "message": error.message}

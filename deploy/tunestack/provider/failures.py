"""Exceptions as the engine reads them: a status, a message, and the partial state that must not get lost."""

from __future__ import annotations

import sys
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import status_pb2
from pulumi.runtime.proto import provider_pb2

from tunestack.provider.lifecycle import InitFailedError, InterruptedWaitError, InvalidArgumentsError, ResourceError
from tunestack.provider.property_wire import marshal, unmarshal
from tunestack.provider.secret_mask import keep_secret
from tunestack.service_errors import explain

if TYPE_CHECKING:
    from google.protobuf.struct_pb2 import Struct

    from tunestack.provider.secret_mask import SecretMask

_INTERRUPTED = "interrupted while waiting; what runs remotely goes on, and the next `pulumi up` waits for it again"


@dataclass(frozen=True, slots=True)
class Operation:
    """What was asked when it failed.

    Args:
        method: the call, such as `Create`.
        subject: the URN of the resource or the token of the function; empty for a call about the whole plugin.
        inputs: the checked inputs as they came, to be kept in the state with what was half made.
        preview: whether this was a preview.
    """

    method: str
    subject: str
    inputs: Struct
    preview: bool


@dataclass(frozen=True, slots=True)
class Failure:
    """What to abort a call with."""

    code: grpc.StatusCode
    message: str
    metadata: tuple[tuple[str, bytes], ...] = ()


def failure(error: Exception, operation: Operation, mask: SecretMask) -> Failure:
    """Returns what the engine is told about an exception.

    UNKNOWN makes the engine report that resources may be in an unknown state, so it is kept for the cases where that
    is true (resourceStateAndError in pulumi/pulumi, provider_plugin.go).
    """
    match error:
        case InitFailedError():
            return _init_failed(error, operation, mask)
        case InterruptedWaitError():
            return Failure(grpc.StatusCode.CANCELLED, mask.hide(str(error) or _INTERRUPTED))
        case ResourceError():
            return Failure(grpc.StatusCode.FAILED_PRECONDITION, mask.hide(str(error)))
        case InvalidArgumentsError():
            return Failure(grpc.StatusCode.INVALID_ARGUMENT, mask.hide(str(error)))
    if explained := explain(error):
        return Failure(grpc.StatusCode.FAILED_PRECONDITION, mask.hide(explained))
    print(mask.hide("".join(traceback.format_exception(error))), file=sys.stderr, flush=True)
    first_line = mask.hide(str(error)).partition("\n")[0]
    message = (
        f"{_name(operation)} failed with {type(error).__name__}: {first_line}. This is a defect of the provider, "
        "not of your program; the traceback is on the provider's standard error, which `--debug` shows"
    )
    return Failure(grpc.StatusCode.UNKNOWN, message)


def _name(operation: Operation) -> str:
    match operation.subject.split("::", 3):
        case [_, _, kind, name]:
            return f"{operation.method} of {kind.rpartition('$')[2]} {name!r}"
        case _:
            return f"{operation.method} {operation.subject}".rstrip()


def _init_failed(error: InitFailedError, operation: Operation, mask: SecretMask) -> Failure:
    asked = unmarshal(operation.inputs)
    kept = asked if error.inputs is None else error.inputs
    message = mask.hide(str(error))
    detail = AnyMessage()
    detail.Pack(
        provider_pb2.ErrorResourceInitFailed(
            id=error.resource_id,
            properties=marshal(keep_secret(error.properties, asked), unknowns=operation.preview),
            reasons=[mask.hide(reason) for reason in error.reasons],
            inputs=marshal(keep_secret(kept, asked), unknowns=operation.preview),
        )
    )
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=message, details=[detail])
    return Failure(grpc.StatusCode.UNKNOWN, message, (("grpc-status-details-bin", status.SerializeToString()),))

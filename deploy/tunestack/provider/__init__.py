"""The `tunestack` provider: what happens when a resource is applied."""

import sys

from google.rpc import status_pb2

# The SDK brings a copy of google.rpc.Status, and a process can hold only one: whichever came second would fail to
# import, Google's clients with it. They are the same message, so the SDK is given Google's, before it loads its own.
sys.modules.setdefault("pulumi.runtime.proto.status_pb2", status_pb2)


def main() -> None:
    """Serves the provider to the engine; the `pulumi-resource-tunestack` command."""
    from tunestack.provider.sdk import import_sdk_in_parts

    import_sdk_in_parts()
    from tunestack.provider.server import serve
    from tunestack.provider.tunestack_provider import TunestackProvider

    serve(TunestackProvider())

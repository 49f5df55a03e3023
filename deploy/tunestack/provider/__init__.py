"""The `tunestack` provider: what happens when a resource is applied."""


def main() -> None:
    """Serves the provider to the engine; the `pulumi-resource-tunestack` command."""
    from tunestack.provider.server import serve
    from tunestack.provider.tunestack_provider import TunestackProvider

    serve(TunestackProvider())

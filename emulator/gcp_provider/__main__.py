"""Starts the provider: `python -m emulator.gcp_provider ENGINE_ADDRESS`."""

from tunestack.provider.sdk import import_sdk_in_parts


def main() -> None:
    """Serves until the engine ends."""
    import_sdk_in_parts()
    from emulator.gcp_provider.provider import GcpProvider
    from tunestack.provider.server import serve

    serve(GcpProvider())


if __name__ == "__main__":
    main()

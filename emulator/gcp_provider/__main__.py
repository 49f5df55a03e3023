"""Starts the provider: `python -m emulator.gcp_provider ENGINE_ADDRESS`."""

from emulator.gcp_provider.provider import GcpProvider
from tunestack.provider.server import serve


def main() -> None:
    """Serves until the engine ends."""
    serve(GcpProvider())


if __name__ == "__main__":
    main()

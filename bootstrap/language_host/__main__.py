"""Serves the language host: `python -m bootstrap.language_host [FLAGS] ENGINE_ADDRESS`."""

import importlib.util
import sys
from types import ModuleType


def _skip_sdk() -> None:
    """Lets the SDK's gRPC modules be imported without the SDK around them.

    Importing `pulumi` itself doubles the time from exec to port, 0.08 s to 0.17 s, and the CLI starts a language host
    twice a command. The modules under `pulumi.runtime.proto` use nothing of the packages above them.
    """
    spec = importlib.util.find_spec("pulumi")
    folders = spec.submodule_search_locations if spec else None
    for name in ("", ".runtime"):
        module = ModuleType(f"pulumi{name}")
        module.__path__ = [f"{folder}{name.replace('.', '/')}" for folder in folders or ()]
        sys.modules[module.__name__] = module


_skip_sdk()

from bootstrap.language_host.server import serve  # noqa: E402

serve(engine_address=sys.argv[-1])

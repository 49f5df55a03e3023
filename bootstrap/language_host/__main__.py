"""Serves the language host: `python -m bootstrap.language_host [FLAGS] ENGINE_ADDRESS`."""

import sys

from bootstrap.language_host.server import serve

serve(engine_address=sys.argv[-1])

"""The Pulumi program: reads the stack's configuration, declares what it asks for, exports what came of it."""

# A failed or interrupted run ends the program with SIGINT, and Python's own handler would print a traceback each time.
import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)

from pathlib import Path  # noqa: E402

import pulumi  # noqa: E402

from infra.connection import connect  # noqa: E402
from infra.environment import declare_environment  # noqa: E402
from infra.leftovers import Leftovers  # noqa: E402
from infra.patience import Patience  # noqa: E402
from infra.reading import engine_settings  # noqa: E402
from infra.region import declare_region  # noqa: E402
from infra.regional_fit import check_regions  # noqa: E402
from infra.services import API_HOSTS  # noqa: E402
from infra.stack_outputs import StackOutputs  # noqa: E402
from infra.surroundings import look_around  # noqa: E402

settings = engine_settings(pulumi.get_stack())
check_regions(settings, pulumi.get_stack(), Path(pulumi.get_root_directory()))
connection = connect(settings)
stacks = StackOutputs()
surroundings = look_around(settings, connection, stacks)
Leftovers(settings.project, settings.location, connection.api_endpoint).attach()
patience = Patience(settings.project, API_HOSTS)
patience.attach()

if surroundings.foundation:
    declare_region(settings, connection, surroundings.foundation, patience)
else:
    declare_environment(settings, connection, surroundings.promoted, stacks, patience)

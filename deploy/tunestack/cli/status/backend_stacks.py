"""The stacks that the backend has, of this project alone."""

from __future__ import annotations

import json

from tunestack.cli.stack import Engine


def listed(engine: Engine) -> tuple[str, dict[str, str]]:
    """Returns where the engine keeps stacks, and their full names by short names.

    Raises:
        StackError: there is no engine, or the backend cannot be reached.
    """
    where = str(json.loads(engine.run("whoami", "--json"))["url"])
    found = json.loads(engine.run("stack", "ls", "--json", "--fully-qualify-stack-names"))
    return where, {str(each["name"]).rpartition("/")[2]: str(each["name"]) for each in found}

"""Acceptance on a real project: `make acceptance PROJECT=…`; docs/acceptance.md says what it does and what it costs."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from tests.acceptance import checks, plan
from tests.acceptance.project import CHECKOUT, STACK, Project, ProjectError
from tunestack.cli.place import EMULATOR_URL, emulator_url
from tunestack.cli.stack import StackError
from tunestack.cli.stacks import engine_runs
from tunestack.connection import Connection
from tunestack.service_errors import explain

REMOVALS = 3
"""How often removing is tried: what the service still releases, it refuses to delete for some minutes."""


def main() -> int:
    """Runs the acceptance; 0 when all holds and nothing is left."""
    parser = argparse.ArgumentParser(prog="python -m tests.acceptance", description=__doc__)
    parser.add_argument("--project", required=True, help="id of a project with billing enabled")
    parser.add_argument("--location", default="us-central1", help="a region that tunes and serves")
    parser.add_argument("--cap", type=float, default=5.0, metavar="USD", help="what the run may cost at the most")
    parser.add_argument("--yes", action="store_true", help="do not ask after the plan")
    parser.add_argument("--emulator", action="store_true", help="on the emulator instead of Google Cloud")
    parser.add_argument("--pause", type=float, default=60.0, metavar="SECONDS", help="between two tries to remove")
    parser.add_argument("--folder", type=Path, default=CHECKOUT / ".tunestack" / "acceptance", metavar="DIR")
    options = parser.parse_args()
    try:
        url = emulator_url() if options.emulator else ""
        project = Project(options.folder.resolve(), {**os.environ, **({EMULATOR_URL: url} if url else {})})
        connection = Connection(options.project, options.location, url, poll_seconds=1.0 if url else 30.0)
        return _run(project, connection, options)
    except (plan.CapError, ProjectError, StackError) as error:
        print(f"error: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("\nstopped; nothing was created", file=sys.stderr)
    except Exception as error:
        if (told := explain(error)) is None:
            raise
        print(f"error: {told}", file=sys.stderr)
    return 1


def _agreed() -> bool:
    try:
        return input("Go on? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError as error:
        raise ProjectError("nothing was created, since nobody can be asked; if it shall be, add YES=1") from error


def _run(project: Project, connection: Connection, options: argparse.Namespace) -> int:
    project.write(connection.project, connection.location, options.emulator)
    if _resources(project):
        print("An earlier run has left something: it is removed first.")
        project.run("tunestack", "recover", "--yes", "--stack", STACK)
        if left := _remove(project, connection, options.pause):
            return _complain(left)
    preview = engine_runs.run("preview", STACK, folder=project.folder, variables=project.variables)
    if not preview.ok:
        raise ProjectError(f"nothing was created; the preview says:\n{preview.error}")
    foreseen = plan.read(preview.events)
    print(f"In project {connection.project}, {connection.location}, this run", *foreseen.told(options.cap), sep="\n")
    if not options.yes and not _agreed():
        print("nothing was created")
        return 1
    findings: list[checks.Finding] = []
    begun = time.monotonic()
    seconds = foreseen.hours(options.cap) * 3600
    try:
        up = ("pulumi", "up", "--yes", "--skip-preview", "--suppress-outputs", "--non-interactive", "--stack", STACK)
        project.run(*up, seconds=seconds)
        for finding in checks.of_a_stack(project, project.outputs(), connection):
            print(finding, flush=True)
            findings.append(finding)
    except (Exception, KeyboardInterrupt) as error:  # whatever it is, what was made is removed
        findings.append(checks.Finding("the stack comes up and can be looked at", False, _told(error)))
        print(findings[-1], flush=True)
    left = _remove(project, connection, options.pause)
    hours = (time.monotonic() - begun) / 3600
    most = (foreseen.training_usd or 0.0) + hours * (foreseen.serving_usd_per_hour or 0.0)
    print(f"took {hours * 60:.0f} minutes and cost {most:.2f} USD at the most; the cap was {options.cap:g}")
    if left:
        return _complain(left)
    print("nothing is left to be billed; the record of the job stays, as all do")
    wrong = [finding for finding in findings if not finding.is_right]
    print(f"{len(findings) - len(wrong)} of {len(findings)} checks hold")
    return int(bool(wrong))


def _remove(project: Project, connection: Connection, pause: float) -> list[str]:
    """Removes all that the stack made, and returns what is left all the same."""
    for attempt in range(REMOVALS):
        if attempt:
            print(f"once more in {pause:g} s", flush=True)
            time.sleep(pause)
        try:
            destroy = ("pulumi", "destroy", "--refresh", "--yes", "--skip-preview", "--suppress-outputs")
            project.run(*destroy, "--non-interactive", "--stack", STACK)
            if not (left := checks.of_a_project(connection, f"{connection.project}-{STACK}-")):
                return []
        except (Exception, KeyboardInterrupt) as error:
            # Whoever stops the removal leaves what is billed: it is tried again, as after any other failure.
            print(f"removing: {_told(error)}", file=sys.stderr)
            left = [f"what `pulumi stack --stack {STACK}` shows"]
    return left


def _told(error: BaseException) -> str:
    return "Ctrl-C" if isinstance(error, KeyboardInterrupt) else checks.told(error)


def _resources(project: Project) -> bool:
    return "Current stack resources (0)" not in project.told("stack", "--stack", STACK)


def _complain(left: list[str]) -> int:
    print("LEFT, and billed until it is removed; run this again, or delete it by hand:", *left, sep="\n  - ")
    return 1


if __name__ == "__main__":
    sys.exit(main())

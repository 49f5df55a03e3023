"""The command itself: what is looked at in which order, and how it is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tunestack.cli import terminal
from tunestack.cli.doctor.finding import Check, Finding, Status, worst
from tunestack.cli.options import AnyStack, AsJson, Project
from tunestack.wording import counted

if TYPE_CHECKING:
    from tunestack.cli.doctor.subject import Subject

_COLOURS = {Status.OK: "green", Status.WARNING: "yellow", Status.PROBLEM: "red"}


def doctor(
    stack: AnyStack = "",
    project: Project = "",
    location: Annotated[str, typer.Option(help="Of the project: a region, or global.")] = "",
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds that each check may take.")] = 20.0,
    as_json: AsJson = False,
) -> None:
    """Looks at all that a pulumi up needs; exit status 1 when something would stop it."""
    if not stack and not (project and location):
        raise typer.BadParameter("name the stack with --stack, or the place with --project and --location")
    if stack and (project or location):
        raise typer.BadParameter(f"--project and --location are for looking without a stack; {stack} names its own")
    found: list[Finding] = []
    for finding in findings(stack, project, location, timeout):
        found.append(finding)
        if not as_json:
            terminal.print_lines(_lines(finding))
    if as_json:
        terminal.print_json({"status": worst(found).value, "findings": [_document(each) for each in found]})
    else:
        terminal.print_lines(["", _verdict(found)])
    if worst(found) is Status.PROBLEM:
        raise typer.Exit(1)


def findings(stack: str, project: str, location: str, seconds: float) -> Iterator[Finding]:
    """Yields all lines, those of one round as soon as the round is over.

    First what is on this machine, then whether calls can be made at all, then all that is asked of the service.
    """
    from tunestack.cli.doctor import credentials, side_by_side, versions
    from tunestack.cli.doctor import stack as stacks

    subjects: list[Subject] = []
    here = [
        Check(versions.ENGINE, versions.look_at_engine),
        Check(versions.PLUGINS, versions.look_at_plugins),
        Check(versions.CLIENTS, versions.look_at_clients),
        Check(stacks.NAME, partial(stacks.look, stack, project, location, subjects), late=Status.PROBLEM),
    ]
    yield from side_by_side.findings(here, seconds)
    if not subjects:
        yield side_by_side.not_looked_at([credentials.NAME, *_remote_names()], "the stack comes first")
        return
    subject = subjects[0]
    known = list(
        side_by_side.findings([Check(credentials.NAME, partial(credentials.look, subject), Status.PROBLEM)], seconds)
    )
    yield from known
    if worst(known) is Status.PROBLEM:
        yield side_by_side.not_looked_at(_remote_names(), f"{credentials.NAME} come first")
        return
    yield from side_by_side.findings(remote_checks(subject), seconds)


def remote_checks(subject: Subject) -> list[Check]:
    """Returns all that is asked of the service."""
    from tunestack.cli.doctor import access, project, quota, region

    looks: list[tuple[str, Any]] = [
        (project.PROJECT, project.look_at_project),
        (project.BILLING, project.look_at_billing),
        (project.APIS, project.look_at_apis),
        (region.REGION, region.look_at_region),
        (region.SERVICE, region.look_at_service),
        (access.PERMISSIONS, access.look_at_permissions),
        (access.AGENTS, access.look_at_agents),
        (access.ACCOUNT, access.look_at_account),
        (access.BINDINGS, access.look_at_bindings),
        (quota.TUNING, quota.look_at_tuning),
        (quota.SERVING, quota.look_at_serving),
    ]
    return [
        Check(name, partial(look, subject), Status.PROBLEM if name == region.SERVICE else Status.WARNING)
        for name, look in looks
    ]


def _remote_names() -> list[str]:
    from tunestack.cli.doctor.subject import Subject
    from tunestack.connection import Connection

    return [check.name for check in remote_checks(Subject(Connection("", "")))]


def _lines(finding: Finding) -> Iterator[str]:
    status = terminal.styled(
        f"{finding.status.value:<8}", _COLOURS[finding.status], bold=finding.status is not Status.OK
    )
    yield f"{status} {terminal.styled(f'{finding.check:<15}')} {terminal.styled(finding.says)}"
    for advice in finding.advice:
        yield terminal.styled(f"{'':24} → {advice}")


def _document(finding: Finding) -> dict[str, Any]:
    return {
        "check": finding.check,
        "status": finding.status.value,
        "says": finding.says,
        "advice": list(finding.advice),
    }


def _verdict(found: Sequence[Finding]) -> str:
    problems, warnings = (sum(each.status is status for each in found) for status in (Status.PROBLEM, Status.WARNING))
    told = [counted(number, what) for number, what in ((problems, "problem"), (warnings, "warning")) if number]
    if problems:
        return f"{' and '.join(told)}: a pulumi up would stop"
    return f"{told[0]}; nothing would stop a pulumi up" if told else "all is well"

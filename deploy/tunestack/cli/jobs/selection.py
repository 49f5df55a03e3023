"""Which jobs are meant: by number, by name, by the model of a stack, or by state, model and label."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import typer

from tunestack.cli import place as places
from tunestack.cli.place import Place
from tunestack.cli.stack import StackError
from tunestack.retries import repeatable
from tunestack.tuning import jobs, states
from tunestack.tuning.job import Job
from tunestack.tuning.ownership import OWNER, STACK

_FULL_NAME = re.compile(r"projects/([^/]+)/locations/([^/]+)/tuningJobs/[^/]+")


@dataclass(frozen=True, slots=True)
class Selection:
    """What a list shall hold.

    Attributes:
        states: as `--state` takes them; any when empty.
        models: parts of base models' names; any when empty.
        labels: that a job must have.
        everyone: whether jobs count that are not the stack's.
    """

    states: Sequence[str] = ()
    models: Sequence[str] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    everyone: bool = False

    @classmethod
    def parse(cls, states: Sequence[str], models: Sequence[str], labels: Sequence[str], *, everyone: bool) -> Selection:
        """Returns what the options say.

        Raises:
            typer.BadParameter: a label is not `KEY=VALUE`.
        """
        pairs = dict[str, str]()
        for label in labels:
            key, found, value = label.partition("=")
            if not (key and found):
                raise typer.BadParameter(f"--label takes KEY=VALUE, such as environment=prod, and not {label}")
            pairs[key] = value
        return cls(states, models, pairs, everyone)

    def takes(self, job: Job) -> bool:
        """Says whether a job is meant, as far as its state and its models go."""
        named = (job.base_model, job.teacher_model)
        return (not self.states or any(_is_in(job, state) for state in self.states)) and (
            not self.models or any(model in name for model in self.models for name in named)
        )

    def of(self, place: Place) -> Iterator[Job]:
        """Yields the jobs of a place that are meant, as the service lists them: newest first."""
        return (job for job in jobs.list_jobs(place.connection, self._labels(place)) if self.takes(job))

    def _labels(self, place: Place) -> dict[str, str]:
        own = {STACK: place.stack_label()} if place.stack and not self.everyone else {}
        return {**own, **self.labels}


def _is_in(job: Job, state: str) -> bool:
    if state in ("active", "ended"):
        return job.is_over == (state == "ended")
    said = [states.phrase(job.state), "" if job.is_over else states.phrase(job.detail)]
    return state.replace("-", " ") in said


def resource(place: Place, job: Job) -> str:
    """Returns the name that a job's resource has in its stack; empty for a job of somebody else's making."""
    for name, exported in _exported(place).items():
        if exported.rpartition("/")[2] == job.number:
            return name
    if OWNER not in job.labels:
        return ""
    if job.keeps_folder:
        return job.owner_name
    # A Gemini job has no folder that tells; before its stack has exported it, the stack's state knows it.
    return place.job_names.get(job.labels[OWNER], "") or job.display_name


def _exported(place: Place) -> dict[str, str]:
    """Returns the jobs of the stack's models by name, as the program exported them; imported ones are among them."""
    models = place.outputs.get("models") or {}
    return {str(name): str(model["job"]) for name, model in models.items() if model.get("job")}


def active(stack: str, project: str, location: str, *, everyone: bool) -> tuple[Place, list[Job]]:
    """Returns the place that the options name, and its jobs that have not ended, oldest first."""
    place = places.find(stack, project, location)
    return place, listed(place, Selection(("active",), everyone=everyone))[::-1]


@repeatable
def listed(place: Place, selection: Selection) -> list[Job]:
    """Returns all jobs of a place that are meant, newest first: the service promises no order."""
    return sorted(selection.of(place), key=lambda job: job.created.timestamp() if job.created else 0.0, reverse=True)


def named(names: Sequence[str], stack: str, project: str, location: str) -> tuple[Place, list[Job]]:
    """Returns the place that the options or the jobs' full names name, and the jobs in the order of their names.

    Raises:
        typer.BadParameter: nothing says where to look, or the jobs lie in several locations.
        StackError: there is no such job.
    """
    full = {matched.groups() for name in names if (matched := _FULL_NAME.fullmatch(name))}
    if len(full) > 1:
        raise typer.BadParameter("these jobs lie in several locations; ask for those of one location at a time")
    there = next(iter(full), None)
    if there and not (stack or project):
        place = places.find("", *there)
    else:
        place = places.find(stack, project, location)
        if there and there[1] != place.connection.location:
            place = replace(place, connection=replace(place.connection, location=there[1]))
    return place, [_job(place, name) for name in dict.fromkeys(names)]


def _job(place: Place, name: str) -> Job:
    if name.isdecimal():
        name = f"{place.connection.parent}/tuningJobs/{name}"
    elif not _FULL_NAME.fullmatch(name):
        return _of_model(place, name)
    try:
        return jobs.get(place.connection, name)
    except jobs.JobNotFoundError:
        where = f"{place.connection.project}, {place.connection.location}"
        raise StackError(
            f"there is no job {name.rpartition('/')[2]} in {where}; tunestack jobs list shows those that there are, "
            "--location looks elsewhere"
        ) from None


def _of_model(place: Place, name: str) -> Job:
    """Returns the newest job of a model of the stack."""
    if not place.stack:
        raise typer.BadParameter(
            f"{name} is neither the number of a job nor a full name, projects/…/locations/…/tuningJobs/…; a model's "
            "name needs its stack: --stack"
        )
    own = listed(place, Selection())
    if found := [job for job in own if resource(place, job) == name]:
        return found[0]
    if job := _exported(place).get(name):  # it was imported, with the labels of whoever submitted it
        return jobs.get(place.connection, job)
    known = ", ".join(dict.fromkeys(resource(place, job) for job in own)) or "none"
    raise StackError(f"stack {place.stack} has no job of a model {name}; it has jobs of: {known}")

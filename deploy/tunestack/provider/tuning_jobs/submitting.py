"""Submitting a tuning job: what was checked is looked at once more, then announced, then asked for."""

from __future__ import annotations

from typing import Any

from tunestack.data import UnreadableDataError
from tunestack.data.storage.objects import pin
from tunestack.provider.lifecycle import ResourceError, Severity
from tunestack.provider.run import Run
from tunestack.provider.tuning_jobs.inputs import PINS, TuningJobInputs
from tunestack.service_errors import explain, way_on
from tunestack.tuning import custom_base, intent, jobs, submission
from tunestack.tuning.ownership import Owner


class Submitting:
    """Starts the jobs of one run."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def look_again(self, known: dict[str, Any]) -> None:
        """Makes sure that the data, and a checkpoint to start from, are what was checked, as late as can be.

        Raises:
            ResourceError: somebody has written them again.
        """
        if content := known.get("customBaseContent"):
            uri = known["customBaseModel"]
            try:
                base = await self._run.call(custom_base.look, self._run.connection, uri)
            except custom_base.UnusableFolderError as error:
                raise ResourceError(f"{error}; nothing was started") from error
            if base.content != content:
                raise ResourceError(
                    f"{uri} was written again since it was checked; nothing was started. Run the command again: it "
                    "checks what lies there now"
                )
        for uri, generation in ((known.get(name), known.get(pinned)) for name, pinned in PINS.items()):
            if not generation:
                continue
            try:
                found = await self._run.call(pin, uri, self._run.storage)
            except UnreadableDataError as error:
                raise ResourceError(f"{error}; nothing was started") from error
            if str(found.generation) != generation:
                raise ResourceError(
                    f"{uri} was written again since it was checked (generation {generation}, now {found.generation}); "
                    "nothing was started. Run the command again: it checks what lies there now"
                )

    async def submit(self, inputs: TuningJobInputs, owner: Owner, last: intent.Announced | None) -> jobs.Job:
        """Announces a job and submits it.

        Args:
            inputs: what the program says, checked.
            owner: the resource.
            last: its last intent.

        Raises:
            ResourceError: nothing was started, or nobody knows.
        """
        from google.genai import errors

        spec, connection = inputs.spec(), self._run.connection
        try:
            announced = await self._run.call(
                intent.announce,
                connection,
                owner,
                inputs.output_uri,
                spec.hash(),
                last,
                goes_on_from=inputs.pre_tuned_model or "",
                version=inputs.pre_tuned_version or "",
                attempt=inputs.attempt,
            )
        except intent.IntentError as error:
            raise ResourceError(f"{error}; nothing was started") from error
        wanted = submission.Submission(
            spec=spec,
            owner=owner,
            claim=announced.intent.claim,
            training_uri=inputs.training_uri,
            validation_uri=inputs.validation_uri,
            output_uri=owner.job_folder(inputs.output_uri, spec.hash()) if inputs.keeps_folder else None,
            display_name=inputs.display_name(owner.name),
            last_checkpoint_only=inputs.export_last_checkpoint_only,
            kms_key_name=inputs.kms_key_name,
            description=inputs.description,
            service_account=inputs.service_account,
            labels=inputs.labels,
        )
        try:
            job = await self._run.call(submission.submit_once, connection, wanted)
        except submission.UncertainSubmissionError as uncertain:
            cause = uncertain.__cause__ or uncertain
            raise ResourceError(
                f"{explain(cause) or cause}. It is not known whether a job was started; the next pulumi up finds it by "
                "its labels"
            ) from cause
        except errors.APIError as error:
            await self._run.call(intent.withdraw, connection, announced)
            raise ResourceError(
                f"the service refused the tuning job: {error.message or error} (HTTP {error.code}); nothing was started"
                f"{way_on(error)}"
            ) from error
        try:
            await self._run.call(intent.record, connection, announced, job.name)
        except Exception as error:
            # The job runs, and its labels lead to it: nothing that may happen here is worth losing its name.
            await self._run.tell(owner.urn, f"cannot note job {job.number}: {error!r}", severity=Severity.DEBUG)
        return job

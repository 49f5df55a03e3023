"""One job for one spec and one owner, whatever was renamed, lost, refused or left without an answer."""

from __future__ import annotations

import asyncio
import datetime
import time
from typing import Any

import pytest

from tunestack import retries
from tunestack.catalogue import open_model
from tunestack.connection import Connection
from tunestack.provider.lifecycle import InitFailedError, ResourceError
from tunestack.provider.properties import UNKNOWN, plain_map, wrap
from tunestack.tuning import jobs

pytestmark = pytest.mark.filterwarnings("ignore:The SDK's tuning implementation is experimental")

CREATE = {"method": "POST", "path": ".*/tuningJobs"}


async def changed(resource: Any, made: Any, old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Returns what a diff says would change."""
    return sorted((await resource.diff(made, plain_map(await resource.checked(old)), new)).changes)


class TestOwnership:
    async def test_the_owner_of_a_foreign_job_is_named(self, cloud: Any) -> None:
        await cloud.resource("TuningJob", "old-name").create(cloud.inputs)
        for preview in (True, False):
            with pytest.raises(ResourceError) as refused:
                await cloud.resource("TuningJob", "new-name").create(cloud.inputs, preview=preview)
            assert "for the resource 'old-name' of this stack" in str(refused.value)
            assert 'aliases=[pulumi.Alias(name="old-name")]' in str(refused.value)
        assert cloud.submissions() == 1

    async def test_own_jobs_come_before_foreign_ones(self, cloud: Any) -> None:
        made = await cloud.resource("TuningJob").create(cloud.inputs)
        # A newer job of another resource, as two resources that were submitted at once leave it.
        other = await cloud.resource("TuningJob", "other").create({**cloud.inputs, "attempt": 2})
        ours = cloud.jobs()[-1]
        labels = {**cloud.jobs()[0]["labels"], "tunestack-spec": ours["labels"]["tunestack-spec"]}
        spec_hash = ours["labels"]["tunestack-spec"]
        cloud.set_job(other.resource_id, labels=labels, outputUri=f"gs://demo-data/other/{spec_hash}")
        cloud.new_run()
        again = await cloud.resource("TuningJob").create(cloud.inputs)
        assert again.resource_id == made.resource_id

    async def test_a_renamed_resource_knows_its_earlier_jobs(self, cloud: Any) -> None:
        first = await cloud.resource("TuningJob", "old-name").create(cloud.inputs)
        cloud.end_job(first.resource_id, "JOB_STATE_SUCCEEDED", "final")

        async def replace(made: Any, old_epochs: int, epochs: int) -> Any:
            """Replaces the job as a run of its own does, under the new name, which an alias tells the engine."""
            cloud.new_run()
            resource = cloud.resource("TuningJob", "new-name")
            old, new = ({**cloud.inputs, "epochs": count} for count in (old_epochs, epochs))
            assert await changed(resource, made, old, new) == ["epochs"]
            foreseen = await resource.create(new, preview=True)
            applied = await resource.create(new)
            assert plain_map(foreseen.properties).get("artifactsUri") == plain_map(applied.properties)["artifactsUri"]
            return applied

        second = await replace(first, 1, 2)
        third = await replace(second, 2, 1)
        assert third.resource_id == first.resource_id, "it has learned this already"
        assert plain_map(third.properties)["artifactsUri"] == plain_map(first.properties)["artifactsUri"]
        assert cloud.submissions() == 2

    async def test_what_this_run_adopted_it_does_not_cancel(self, cloud: Any) -> None:
        await cloud.resource("TuningJob").create(cloud.inputs)
        cloud.new_run()
        adopted = await cloud.resource("TuningJob").create(cloud.inputs)
        # The engine deletes what it takes for another resource, with the same id.
        await cloud.resource("TuningJob", "old-name").delete(adopted.resource_id)
        assert cloud.jobs()[0]["state"] != "JOB_STATE_CANCELLED"

    async def test_jobs_below_another_folder_are_not_listed(self, cloud: Any) -> None:
        made = await cloud.resource("TuningJob").create(cloud.inputs)
        cloud.end_job(made.resource_id, "JOB_STATE_SUCCEEDED", "final")
        cloud.set_job(made.resource_id, outputUri="gs://gone-bucket/folder")
        cloud.new_run()
        assert (await cloud.resource("TuningJob").create(cloud.inputs)).resource_id != made.resource_id
        cloud.set_job(made.resource_id, outputUri="")
        cloud.new_run()
        await cloud.resource("TuningJob").create(cloud.inputs)
        assert not [call for call in cloud.emulator.requests() if "gone-bucket" in call["path"]]

    async def test_a_bucket_that_is_gone_holds_no_model(self, cloud: Any) -> None:
        made = await cloud.resource("TuningJob").create(cloud.inputs)
        cloud.end_job(made.resource_id, "JOB_STATE_SUCCEEDED")
        inputs = {**cloud.inputs, "outputUri": "gs://gone-bucket"}
        spec_hash = plain_map(made.properties)["specHash"]
        cloud.set_job(made.resource_id, outputUri=f"gs://gone-bucket/tickets/{spec_hash}")
        with pytest.raises(ResourceError, match="nothing was started"):
            await cloud.resource("TuningJob").create(inputs)

    async def test_a_slash_at_the_end_is_no_drift(self, cloud: Any) -> None:
        inputs = {**cloud.inputs, "outputUri": "gs://demo-data/"}
        made = await cloud.resource("TuningJob").create(inputs)
        uri = plain_map(made.properties)["artifactsUri"]
        cloud.set_job(made.resource_id, outputUri=f"{uri}/")
        read = await cloud.resource("TuningJob").read(made.resource_id, made.properties, inputs)
        assert plain_map(read.properties) == plain_map(made.properties)
        again = await cloud.resource("TuningJob").create(inputs)
        assert again.resource_id == made.resource_id


class TestForesight:
    async def test_a_job_that_a_crash_left_out_of_the_state_is_foreseen(self, cloud: Any) -> None:
        made = await cloud.resource("TuningJob").create(cloud.inputs)
        cloud.new_run()
        foreseen = await cloud.resource("TuningJob").create(cloud.inputs, preview=True)
        assert foreseen.resource_id == made.resource_id
        number = made.resource_id.rpartition("/")[2]
        assert cloud.listener.told == [f"takes job {number}, which learns the same from the same data; costs nothing"]
        assert (await cloud.resource("TuningJob").create(cloud.inputs)).resource_id == made.resource_id
        assert cloud.submissions() == 1

    @pytest.mark.parametrize(
        ("project", "url", "fault"),
        [
            ("demo-project", "http://127.0.0.1:9", None),
            ("no-such-api", "", None),
            ("demo-project", "", {"status": 503, "times": None}),
            ("demo-project", "", {"drop": "before", "times": None}),
        ],
    )
    async def test_a_look_that_fails_is_quick_and_quiet(
        self, cloud: Any, monkeypatch: pytest.MonkeyPatch, project: str, url: str, fault: dict[str, Any] | None
    ) -> None:
        monkeypatch.setattr(retries, "REFUSED_SECONDS", 600)
        if fault:
            cloud.fault(method="GET", path=".*", **fault)
        cloud.connection = Connection(project, "us-central1", url or cloud.emulator.url)
        cloud.new_run()
        started = time.monotonic()
        await cloud.resource("TuningJob").create(cloud.inputs, preview=True)
        assert time.monotonic() - started < 60, "repeated, it takes two minutes"
        (told,) = cloud.listener.told
        assert told.startswith("tunes google/gemma3@gemma-3-1b-it (FULL, 1 epoch): ")

    async def test_a_replacement_is_told_without_an_answer_too(self, cloud: Any) -> None:
        made = await cloud.resource("TuningJob").create(cloud.inputs)
        cloud.new_run()
        resource, new = cloud.resource("TuningJob"), {**cloud.inputs, "epochs": 2}
        await changed(resource, made, cloud.inputs, new)
        number = made.resource_id.rpartition("/")[2]
        await resource.create(new, preview=True)
        assert cloud.listener.told[-1].endswith(f"; job {number}, still running, is cancelled first")
        cloud.fault(method="GET", path=".*", status=503, times=None)
        started = time.monotonic()
        await resource.create(new, preview=True)
        assert time.monotonic() - started < 60, "repeated, it takes two minutes"
        assert cloud.listener.told[-1].startswith("epochs 1 → 2 retrains: ")

    async def test_a_look_that_fails_once_is_repeated(self, cloud: Any) -> None:
        await cloud.resource("TuningJob").create(cloud.inputs)
        cloud.new_run()
        cloud.fault(method="GET", path=".*/tuningJobs", status=503)
        await cloud.resource("TuningJob").create(cloud.inputs, preview=True)
        assert cloud.listener.told[-1].startswith("takes job ")

    async def test_a_service_that_hangs_does_not_hold_a_preview(
        self, cloud: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for module in ("provider.tuning_jobs.preview", "tuning.plain_requests"):
            monkeypatch.setattr(f"tunestack.{module}.PREVIEW_SECONDS", 0.2)
        cloud.fault(method="GET", path=".*/tuningJobs", hold="before", times=None)
        async with asyncio.timeout(50):
            await cloud.resource("TuningJob").create(cloud.inputs, preview=True)

    async def test_what_is_not_known_yet_is_told_so(self, cloud: Any) -> None:
        await cloud.resource("TuningJob").create({**cloud.inputs, "epochs": UNKNOWN, "mode": UNKNOWN}, preview=True)
        assert cloud.listener.told[0].startswith(
            "tunes google/gemma3@gemma-3-1b-it (known after apply, epochs known after apply): "
        )
        made = await cloud.resource("TuningJob").create(cloud.inputs)
        resource = cloud.resource("TuningJob")
        unknown = {"epochs": UNKNOWN, "contentHash": UNKNOWN, "examples": UNKNOWN}
        await changed(resource, made, {**cloud.inputs, "examples": 9}, {**cloud.inputs, **unknown})
        assert cloud.run.reasons[resource.urn] == "epochs 1 → known after apply, new training data"


class TestSubmission:
    async def test_a_refusal_is_definite(self, cloud: Any) -> None:
        cloud.fault(**CREATE, status=400, message="no such model")
        with pytest.raises(ResourceError, match=r"no such model \(HTTP 400\); nothing was started"):
            await cloud.resource("TuningJob").create(cloud.inputs)

    @pytest.mark.parametrize("fault", [{"status": 503}, {"drop": "before"}])
    async def test_no_answer_is_not_taken_for_a_refusal(
        self, cloud: Any, fault: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(retries, "RETRY_SECONDS", 0.5)
        cloud.fault(**CREATE, times=None, **fault)
        with pytest.raises(ResourceError) as failed:
            await cloud.resource("TuningJob").create(cloud.inputs)
        assert "nothing was started" not in str(failed.value)
        assert "It is not known whether a job was started; the next pulumi up finds it by its" in str(failed.value)

    async def test_the_last_try_is_looked_for_too(self, cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(retries, "RETRY_SECONDS", 0)
        cloud.fault(**CREATE, drop="after")
        made = await cloud.resource("TuningJob").create(cloud.inputs)
        assert [job["name"] for job in cloud.jobs()] == [made.resource_id]

    @pytest.mark.parametrize("vertex", [{"tuningPending": 600.0, "tuningCancel": 600.0}])
    async def test_a_job_that_is_being_cancelled_is_not_the_one_that_was_submitted(self, cloud: Any) -> None:
        old = await cloud.resource("TuningJob").create(cloud.inputs)
        cloud.set_job(old.resource_id, state="JOB_STATE_CANCELLING")
        cloud.fault(**CREATE, drop="before")
        cloud.new_run()
        made = await cloud.resource("TuningJob").create(cloud.inputs)
        assert made.resource_id != old.resource_id


class TestCancel:
    async def test_a_refused_cancel_is_told(self, cloud: Any) -> None:
        made = await cloud.resource("TuningJob").create(cloud.inputs)
        cloud.new_run()
        cloud.fault(method="POST", path=".*:cancel", status=400, message="not in this state")
        with pytest.raises(ResourceError, match="the service refuses to cancel it: not in this state"):
            await cloud.resource("TuningJob").delete(made.resource_id)
        await cloud.resource("TuningJob").delete(made.resource_id)
        assert cloud.jobs()[0]["state"] == "JOB_STATE_CANCELLED"
        number = made.resource_id.rpartition("/")[2]
        assert any(line.startswith(f"job {number} is cancelling, to be cancelled (") for line in cloud.listener.told)

    async def test_a_job_that_ended_or_vanished_meanwhile_is_no_error(self, cloud: Any) -> None:
        for end in (lambda name: cloud.set_job(name, state="JOB_STATE_SUCCEEDED"), cloud.forget):
            made = await cloud.resource("TuningJob").create(cloud.inputs)
            resource = cloud.new_run() and cloud.resource("TuningJob")
            look, looks = jobs.get, []

            def first_look_is_late(connection: Any, name: str) -> Any:
                looks.append(name)  # noqa: B023
                job = look(connection, name)  # noqa: B023
                if len(looks) == 1:  # noqa: B023
                    end(name)  # noqa: B023
                return job

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(jobs, "get", first_look_is_late)
                await resource.delete(made.resource_id)
            assert len(looks) == 2

    async def test_a_timeout_of_the_program_is_kept(self, cloud: Any) -> None:
        made = await cloud.resource("TuningJob").create(cloud.inputs)
        cloud.new_run()
        # The service takes the request and does nothing, as it may: "Success is not guaranteed".
        cloud.set_job(made.resource_id, state="JOB_STATE_RUNNING")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(jobs, "cancel", lambda connection, name: "")
            with pytest.raises(ResourceError, match=r"is running 0 s after it was to be cancelled"):
                await cloud.resource("TuningJob").delete(made.resource_id, seconds=0.3)


class TestImport:
    INPUTS: dict[str, Any] = {  # noqa: RUF012
        "mode": "PEFT_ADAPTER",
        "baseModel": "meta/llama3_1@llama-3.1-8b-instruct",
        "adapterSize": 8,
        "batchSize": 2,
        "learningRate": 0.0001,
        "description": "tickets",
        "labels": {"team": "support"},
        "validationUri": "gs://demo-data/train.jsonl",
    }

    async def test_the_next_preview_is_empty(self, cloud: Any) -> None:
        inputs = {**cloud.inputs, **self.INPUTS, "examples": 9, "characters": 99, "attempt": 1}
        made = await cloud.resource("TuningJob").create(inputs)
        cloud.new_run()
        resource = cloud.resource("TuningJob")
        read = await resource.read(made.resource_id)
        told = plain_map(read.inputs)
        unknown = {"contentHash", "examples", "characters", "attempt"}
        assert told == {name: value for name, value in inputs.items() if name not in unknown}
        assert plain_map(read.properties)["artifactsUri"] == plain_map(made.properties)["artifactsUri"]
        assert (await resource.diff(read, told, inputs)).changes == {}
        assert cloud.listener.told == []
        assert (await resource.diff(read, told, {**inputs, "epochs": 2})).changes.keys() == {"epochs"}
        # Once an up has written the program's inputs, they count as any others.
        assert await changed(resource, read, inputs, {**inputs, "contentHash": "cd" * 32}) == ["contentHash"]

    async def test_other_data_is_told_by_the_address_of_an_upload(self, cloud: Any) -> None:
        hashes = ("ab" * 32, "cd" * 32)
        inputs, others = (
            {**cloud.inputs, "trainingUri": f"gs://demo-data/x/{each[:16]}/train.jsonl", "contentHash": each}
            for each in hashes
        )
        cloud.write(inputs["trainingUri"])
        made = await cloud.resource("TuningJob").create(inputs)
        cloud.new_run()
        resource = cloud.resource("TuningJob")
        read = await resource.read(made.resource_id)
        told = plain_map(read.inputs)
        assert (await resource.diff(read, told, inputs)).changes == {}
        assert (await resource.diff(read, told, others)).changes.keys() == {"contentHash"}

    async def test_a_job_from_elsewhere_keeps_its_folder(self, cloud: Any) -> None:
        made = await cloud.resource("TuningJob").create(cloud.inputs)
        cloud.set_job(made.resource_id, labels={"team": "a"}, outputUri="gs://demo-data/some/where")
        cloud.new_run()
        resource = cloud.resource("TuningJob")
        read = await resource.read(made.resource_id)
        assert plain_map(read.properties)["owners"] == []
        told = plain_map(read.inputs)
        assert told["outputUri"] == "gs://demo-data/some/where"
        assert (await resource.diff(read, told, {**cloud.inputs, "adapterSize": None})).changes == {}

    async def test_no_such_job(self, cloud: Any) -> None:
        with pytest.raises(ResourceError, match=r"there is no job .*/7 to import; its name reads projects/"):
            await cloud.resource("TuningJob").read("projects/demo-project/locations/us-central1/tuningJobs/7")


async def test_a_job_that_vanished_is_kept(cloud: Any) -> None:
    made = await cloud.resource("TuningJob").create(cloud.inputs)
    cloud.forget(made.resource_id)
    inputs = plain_map(await cloud.resource("TuningJob").checked(cloud.inputs))
    # An empty id would drop it from the state, and `up --refresh` would train again in the same run.
    with pytest.raises(InitFailedError, match=r"the service has no job .* any more") as vanished:
        await cloud.resource("TuningJob").read(made.resource_id, made.properties, inputs)
    assert vanished.value.resource_id == made.resource_id
    with pytest.raises(InitFailedError, match="Raise attempt to train again"):
        await cloud.resource("TuningJob").update(made, inputs, cloud.inputs)


async def test_defaults_said_aloud_are_no_change(cloud: Any) -> None:
    made = await cloud.resource("TuningJob").create(cloud.inputs)
    aloud = {**cloud.inputs, "attempt": 1, "labels": {}, "strict": True, "outputUri": "gs://demo-data/"}
    assert await changed(cloud.resource("TuningJob"), made, cloud.inputs, aloud) == []
    assert cloud.listener.told == []


# 3 million characters of English text, in examples of 1,000: nothing that decides what is learned.
COUNTS = {"characters": 3_000_000, "examples": 3_000, "turns": 6_000, "nonAscii": 0}


async def test_a_preview_tells_the_price_with_its_bounds(cloud: Any) -> None:
    inputs = {**cloud.inputs, **COUNTS}
    foreseen = plain_map((await cloud.resource("TuningJob").create(inputs, preview=True)).properties)
    source = open_model(inputs["baseModel"]).price_source("FULL")
    age = source.told_age(datetime.datetime.now(datetime.UTC).date())
    line = "tunes google/gemma3@gemma-3-1b-it (FULL, 1 epoch): about 0.33 USD (0.28–0.59)"
    assert cloud.listener.told == [f"{line}, {age}" if age else line]
    made = plain_map((await cloud.resource("TuningJob").create(inputs)).properties)
    assert {name: made[name] for name in made if name.startswith("estimate")} == {
        "estimatedTokens": 693_000,
        "estimatedTokensLow": 603_000,
        "estimatedTokensHigh": 1_263_000,
        "estimatedCostUsd": 0.32571,
        "estimatedCostUsdLow": 0.28341,
        "estimatedCostUsdHigh": 0.59361,
        "estimate": foreseen["estimate"],
    }
    training, checkpoints = made["estimate"]
    assert (training["usd"], training["date"]) == (0.32571, "2026-08-21")
    assert (checkpoints["name"], checkpoints["period"]) == ("storage of checkpoints", "month")


async def test_images_come_on_top(cloud: Any) -> None:
    pictured = {"baseModel": "meta/llama4@llama-4-scout-17b-16e-instruct", "mode": "PEFT_ADAPTER", "images": 3_000}
    await cloud.resource("TuningJob").create({**cloud.inputs, **COUNTS, **pictured}, preview=True)
    assert ": at least 5.11 USD (3.48–6.94)" in cloud.listener.told[-1]


async def test_what_nobody_published_is_missing_in_the_estimate(cloud: Any) -> None:
    unpriced = {"baseModel": "zai-org/glm-4.7-flash@glm-4.7-flash", "mode": "PEFT_ADAPTER"}
    made = plain_map((await cloud.resource("TuningJob").create({**cloud.inputs, **COUNTS, **unpriced})).properties)
    assert [made[f"estimatedCostUsd{bound}"] for bound in ("", "Low", "High")] == [None, None, None]
    assert not [item for item in made["estimate"] if {"usd", "low", "high", "quantity"} & item.keys()]


async def test_counts_that_an_earlier_version_did_not_know_are_no_change(cloud: Any) -> None:
    made = await cloud.resource("TuningJob").create(cloud.inputs)
    assert await changed(cloud.resource("TuningJob"), made, cloud.inputs, {**cloud.inputs, **COUNTS}) == []
    counts: tuple[dict[str, Any], ...] = ({}, COUNTS, dict.fromkeys(COUNTS, UNKNOWN))
    checked = [await cloud.resource("TuningJob").checked({**cloud.inputs, **more}) for more in counts]
    assert len({plain_map(each)["specHash"] for each in checked}) == 1
    assert cloud.listener.told == []


async def test_a_refresh_fills_in_what_an_earlier_version_did_not_estimate(cloud: Any) -> None:
    inputs = {**cloud.inputs, "characters": 3_000_000}
    made = await cloud.resource("TuningJob").create(inputs)
    old = {name: value for name, value in made.properties.items() if not name.startswith("estimate")}
    seen = await cloud.resource("TuningJob").read(made.resource_id, {**old, "estimatedTokens": wrap(1)}, inputs)
    told = plain_map(seen.properties)
    assert (told["estimatedTokens"], told["estimatedTokensHigh"]) == (1, 1_230_000), "what was told stays told"

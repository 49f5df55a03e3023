"""Deploying on an endpoint that stays: rolls, failures, traffic, capacity, and checkpoints that change places."""

from __future__ import annotations

import signal
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import pytest

from tests.emulator.vertex.harness import L4_QUOTA, REGION, Cloud, Server, new_cloud

T = TypeVar("T")
L4 = {"machineType": "g2-standard-12", "acceleratorType": "NVIDIA_L4", "acceleratorCount": 1}


class Serving:
    """An endpoint and a model with one version for each tuned checkpoint: 1 answers `yes`, 2 answers `no`."""

    def __init__(self, cloud: Cloud, checkpoints: dict[str, str]) -> None:
        self.cloud = cloud
        cloud.call("POST", "endpoints?endpointId=100", {"displayName": "support"})
        for number, uri in enumerate(checkpoints.values()):
            model = {"displayName": "m", "artifactUri": uri, "containerSpec": {"imageUri": "docker.example/serve:1"}}
            target = {"parentModel": f"{cloud.parent}/models/m"} if number else {"modelId": "m"}
            assert "error" not in cloud.done(cloud.call("POST", "models:upload", {"model": model, **target}))

    def start(self, version: str, deployed_id: str, **fields: Any) -> dict[str, Any]:
        split = fields.pop("trafficSplit", None)
        resources = {"machineSpec": L4, "minReplicaCount": 1, "maxReplicaCount": 1}
        deployed = {
            "id": deployed_id,
            "model": f"{self.cloud.parent}/models/m@{version}",
            "dedicatedResources": resources,
            **fields,
        }
        body = {"deployedModel": deployed, **({"trafficSplit": split} if split else {})}
        return self.cloud.call("POST", "endpoints/100:deployModel", body)

    def deploy(self, version: str, deployed_id: str, **fields: Any) -> dict[str, Any]:
        return self.cloud.done(self.start(version, deployed_id, **fields))

    def undeploy(self, deployed_id: str, **fields: Any) -> dict[str, Any]:
        body = {"deployedModelId": deployed_id, **fields}
        return self.cloud.done(self.cloud.call("POST", "endpoints/100:undeployModel", body))

    def says(self) -> str:
        instance = {"prompt": "Question 3?", "max_tokens": 8, "temperature": 0, "raw_response": True}
        answer = self.cloud.call("POST", "endpoints/100:predict", {"instances": [instance]})
        return str(answer["predictions"][0])

    @property
    def endpoint(self) -> dict[str, Any]:
        return self.cloud.call("GET", "endpoints/100")

    @property
    def deployed(self) -> list[str]:
        return [deployed["id"] for deployed in self.endpoint.get("deployedModels", ())]


def while_it_rolls(serving: Serving, look: Callable[[], T], **options: int) -> tuple[T, dict[str, Any]]:
    """Rolls from 1 to 2 and returns what was seen meanwhile, and the roll's end.

    A roll takes 0.2 s, and on a busy machine a look may take longer: what may have been seen too late counts as not
    seen, and the roll is made again.
    """
    for _ in range(10):
        operation = serving.start("2", "22", rolloutOptions={"previousDeployedModel": "11", **options})
        seen = look()
        if "done" not in serving.cloud.call("GET", f"/v1beta1/{operation['name']}"):
            return seen, serving.cloud.done(operation)
        assert "error" not in serving.cloud.done(operation)
        serving.deploy("1", "11", rolloutOptions={"previousDeployedModel": "22", **options})
    raise AssertionError("every look took longer than the roll")


@pytest.fixture
def serving(cloud: Cloud, tuned: dict[str, str]) -> Serving:
    """Serving with one L4, as a new project has it."""
    return Serving(cloud, tuned)


def test_a_roll_keeps_the_endpoint_and_the_old_model_until_the_new_one_serves(
    cloud: Cloud, tuned: dict[str, str]
) -> None:
    cloud.quota(L4_QUOTA, 2, region=REGION)
    serving = Serving(cloud, tuned)
    assert "error" not in serving.deploy("1", "11", trafficSplit={"0": 100})
    assert serving.says() == "yes"
    seen, done = while_it_rolls(serving, lambda: (serving.says(), serving.deployed), maxSurgeReplicas=1)
    assert seen == ("yes", ["11"])
    assert done["response"]["deployedModel"]["modelVersionId"] == "2"
    assert serving.says() == "no"
    assert serving.deployed == ["22"]
    assert serving.endpoint["trafficSplit"] == {"22": 100}
    assert cloud.call("GET", "models/m@2")["deployedModels"] == [
        {"endpoint": serving.endpoint["name"], "deployedModelId": "22"}
    ]


def test_a_roll_that_surges_needs_a_second_accelerator_and_fails_without_harm(serving: Serving) -> None:
    serving.deploy("1", "11", trafficSplit={"0": 100})
    before = serving.endpoint
    error = serving.deploy("2", "22", rolloutOptions={"previousDeployedModel": "11"})["error"]
    assert error["code"] == 8
    assert "exceed quota limits" in error["message"]
    assert serving.says() == "yes"
    assert serving.endpoint["deployedModels"] == before["deployedModels"]
    assert serving.endpoint["trafficSplit"] == {"11": 100}


@pytest.mark.parametrize(
    ("options", "granted", "fits"),
    [
        ({"maxSurgeReplicas": 1}, 3, True),
        ({"maxSurgeReplicas": 2}, 3, False),
        ({"maxSurgeReplicas": 2}, 4, True),
        ({"maxSurgePercentage": 50}, 3, True),
        ({"maxSurgePercentage": 51}, 3, False),
    ],
)
def test_a_roll_takes_as_many_accelerators_more_as_it_surges_by(
    cloud: Cloud, tuned: dict[str, str], options: dict[str, int], granted: int, fits: bool
) -> None:
    cloud.quota(L4_QUOTA, granted, region=REGION)
    serving = Serving(cloud, tuned)
    two = {"dedicatedResources": {"machineSpec": L4, "minReplicaCount": 2, "maxReplicaCount": 2}}
    assert "error" not in serving.deploy("1", "11", trafficSplit={"0": 100}, **two)
    rolled = serving.deploy("2", "22", rolloutOptions={"previousDeployedModel": "11", **options}, **two)
    assert ("error" not in rolled) is fits


def test_a_roll_that_may_interrupt_gives_its_accelerator_over(serving: Serving) -> None:
    serving.deploy("1", "11", trafficSplit={"0": 100})
    predict = f"{serving.cloud.server.url}/v1beta1/{serving.cloud.parent}/endpoints/100:predict"
    prompt = {"instances": [{"prompt": "Question 3?"}]}
    reply, done = while_it_rolls(
        serving, lambda: serving.cloud.session.post(predict, json=prompt), maxUnavailableReplicas=1
    )
    assert reply.json()["error"]["status"] == "UNAVAILABLE"
    assert "error" not in done
    assert serving.says() == "no"


def test_a_model_that_cannot_start_leaves_the_old_one_serving(cloud: Cloud, tuned: dict[str, str]) -> None:
    cloud.quota(L4_QUOTA, 2, region=REGION)
    broken = _copy(cloud, tuned["no"], "broken")
    serving = Serving(cloud, {"yes": tuned["yes"], "broken": broken})
    cloud.storage.bucket(cloud.bucket).blob("broken/model-00001-of-00002.safetensors").upload_from_string(b"broken")
    serving.deploy("1", "11", trafficSplit={"0": 100})
    options = {"previousDeployedModel": "11", "maxUnavailableReplicas": 1}
    error = serving.deploy("2", "22", rolloutOptions=options)["error"]
    assert error["code"] == 9
    assert error["message"].startswith("Model server exited unexpectedly.")
    assert serving.says() == "yes"
    assert serving.deployed == ["11"]
    assert cloud.call("GET", "models/m@2").get("deployedModels") is None


def test_swapped_folders_change_the_answers_at_once(cloud: Cloud, tuned: dict[str, str]) -> None:
    folders = {answer: _copy(cloud, uri, answer) for answer, uri in tuned.items()}
    serving = Serving(cloud, folders)
    serving.deploy("1", "11", trafficSplit={"0": 100})
    assert serving.says() == "yes"
    bucket = cloud.server.data / "buckets" / cloud.bucket
    (bucket / "yes").rename(bucket / "aside")
    (bucket / "no").rename(bucket / "yes")
    (bucket / "aside").rename(bucket / "no")
    assert serving.says() == "no"


def test_traffic_is_split_and_stays_whole(cloud: Cloud, tuned: dict[str, str]) -> None:
    cloud.quota(L4_QUOTA, 2, region=REGION)
    serving = Serving(cloud, tuned)
    serving.deploy("1", "11", trafficSplit={"0": 100})
    serving.deploy("2", "22")
    assert serving.endpoint["trafficSplit"] == {"11": 100}, "without a split the new model gets no traffic"
    cloud.call("PATCH", "endpoints/100?updateMask=trafficSplit", {"trafficSplit": {"11": 50, "22": 50}})
    cloud.until(lambda: {serving.says() for _ in range(20)} == {"yes", "no"})
    path = "endpoints/100:undeployModel"
    assert cloud.refusal("POST", path, {"deployedModelId": "11"})[0] == "FAILED_PRECONDITION"
    partial = {"deployedModelId": "11", "trafficSplit": {"22": 60}}
    assert cloud.refusal("POST", path, partial)[1] == "The traffic percentage values must add up to 100."
    unknown = {"deployedModelId": "11", "trafficSplit": {"0": 100}}
    assert cloud.refusal("POST", path, unknown)[1] == "The following DeployedModel ID(s) [0] do not exist."
    assert cloud.refusal("POST", path, {"deployedModelId": "33"})[0] == "NOT_FOUND"
    serving.undeploy("11", trafficSplit={"22": 100})
    assert (serving.deployed, serving.says()) == (["22"], "no")
    serving.undeploy("22")
    assert serving.endpoint.get("trafficSplit", {}) == {}
    status, message = cloud.refusal("POST", "endpoints/100:predict", {"instances": [{"prompt": "a"}]})
    assert (status, message) == (
        "FAILED_PRECONDITION",
        f"Endpoint {serving.endpoint['name']} doesn't have traffic_split.",
    )


def test_replicas_change_in_place_within_the_quota(cloud: Cloud, tuned: dict[str, str]) -> None:
    cloud.quota(L4_QUOTA, 2, region=REGION)
    serving = Serving(cloud, tuned)
    serving.deploy("1", "11", trafficSplit={"0": 100})
    path = "endpoints/100:mutateDeployedModel"
    mask = "dedicatedResources.minReplicaCount,dedicatedResources.maxReplicaCount"
    for replicas, failed in ((2, False), (3, True)):
        resources = {"minReplicaCount": replicas, "maxReplicaCount": replicas}
        body = {"deployedModel": {"id": "11", "dedicatedResources": resources}, "updateMask": mask}
        assert ("error" in cloud.done(cloud.call("POST", path, body))) == failed
    resources = serving.endpoint["deployedModels"][0]["dedicatedResources"]
    assert resources == {"machineSpec": L4, "minReplicaCount": 2, "maxReplicaCount": 2}


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"id": "12345678901"}, "INVALID_ARGUMENT", "1-10 characters"),
        ({"id": "abc"}, "INVALID_ARGUMENT", "1-10 characters"),
        ({"id": "11"}, "ALREADY_EXISTS", "deployedModels/11"),
        ({"model": "projects/{project}/locations/us-central1/models/none"}, "NOT_FOUND", "models/none"),
        ({"model": "projects/{project}/locations/us-central1/models/m@9"}, "NOT_FOUND", "m@9"),
        ({"model": "projects/{project}/locations/europe-west4/models/m"}, "INVALID_ARGUMENT", "is not in"),
        ({"dedicatedResources": None}, "INVALID_ARGUMENT", "DEDICATED_RESOURCES only"),
        (
            {"dedicatedResources": {"machineSpec": {"machineType": "n1-standard-4"}, "minReplicaCount": 1}},
            "INVALID_ARGUMENT",
            "n1-standard-4",
        ),
        (
            {"dedicatedResources": {"machineSpec": L4 | {"acceleratorCount": 2}, "minReplicaCount": 1}},
            "INVALID_ARGUMENT",
            "has 1 x NVIDIA_L4",
        ),
        ({"dedicatedResources": {"machineSpec": L4}}, "INVALID_ARGUMENT", "min_replica_count"),
        ({"rolloutOptions": {"previousDeployedModel": "77"}}, "NOT_FOUND", "deployedModels/77"),
    ],
)
def test_what_cannot_be_deployed_is_refused(serving: Serving, change: dict[str, Any], status: str, said: str) -> None:
    serving.deploy("1", "11", trafficSplit={"0": 100})
    deployed = {
        "id": "22",
        "model": f"{serving.cloud.parent}/models/m@2",
        "dedicatedResources": {"machineSpec": L4, "minReplicaCount": 1},
        **{
            key: value.format(project=serving.cloud.project) if key == "model" else value
            for key, value in change.items()
        },
    }
    deployed = {key: value for key, value in deployed.items() if value is not None}
    found, message = serving.cloud.refusal("POST", "endpoints/100:deployModel", {"deployedModel": deployed})
    assert found == status
    assert said in message


def test_a_deployment_goes_on_after_a_kill_and_happens_once(
    own_server: Callable[..., Server], tuned: dict[str, str], server: Server
) -> None:
    own = own_server(deploy=2.5, tuningDataset=0)
    cloud = new_cloud(own)
    shared = Cloud(server, "unused").storage
    serving = Serving(cloud, {"yes": _copy(cloud, tuned["yes"], "yes", source=shared)})
    operation = serving.start("1", "11", trafficSplit={"0": 100})
    own.end(signal.SIGKILL)
    own.start()
    done = cloud.done(operation)
    assert done["response"]["deployedModel"]["id"] == "11"
    times = done["metadata"]["genericMetadata"]
    began, ended = (datetime.fromisoformat(times[each]) for each in ("createTime", "updateTime"))
    assert (ended - began).total_seconds() > 2, "a start is no reason to end it"
    assert serving.deployed == ["11"]
    assert serving.says() == "yes"


def test_a_cancelled_deployment_leaves_nothing(
    own_server: Callable[..., Server], tuned: dict[str, str], server: Server
) -> None:
    cloud = new_cloud(own_server(deploy=30))
    serving = Serving(cloud, {"yes": _copy(cloud, tuned["yes"], "yes", source=Cloud(server, "unused").storage)})
    operation = serving.start("1", "11", trafficSplit={"0": 100})
    assert cloud.refusal("DELETE", "endpoints/100")[0] == "FAILED_PRECONDITION"
    assert cloud.refusal("DELETE", "models/m")[0] == "FAILED_PRECONDITION"
    waited = cloud.call("POST", f"/v1beta1/{operation['name']}:wait?timeout=0.1s", {})
    assert "done" not in waited
    cloud.call("POST", f"/v1/{operation['name']}:cancel", {})
    assert cloud.done(operation)["error"]["code"] == 1
    assert serving.deployed == []
    (listed,) = [
        found
        for found in cloud.call("GET", "endpoints/100/operations")["operations"]
        if "Deploy" in str(found["metadata"])
    ]
    assert listed["error"]["code"] == 1


def _copy(cloud: Cloud, uri: str, folder: str, source: Any = None) -> str:
    """Copies a checkpoint into a folder of the project's bucket."""
    bucket, _, prefix = uri.removeprefix("gs://").partition("/")
    target = cloud.storage.bucket(cloud.bucket)
    for blob in (source or cloud.storage).list_blobs(bucket, prefix=f"{prefix}/"):
        target.blob(f"{folder}/{blob.name.rsplit('/', 1)[1]}").upload_from_string(blob.download_as_bytes())
    return f"gs://{cloud.bucket}/{folder}"

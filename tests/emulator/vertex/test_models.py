"""Models and versions in the registry."""

from __future__ import annotations

from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import aiplatform_v1 as v1
from google.cloud import aiplatform_v1beta1 as v1beta1
from google.protobuf import field_mask_pb2

from tests.emulator.vertex.harness import Cloud

IMAGE = {"imageUri": "docker.example/serve:1"}


def _upload(cloud: Cloud, uri: str, model_id: str = "tickets", **fields: Any) -> dict[str, Any]:
    parent = fields.pop("parentModel", None)
    body = {
        "model": {"displayName": "Tickets", "artifactUri": uri, "containerSpec": IMAGE, **fields},
        **({"parentModel": parent} if parent else {"modelId": model_id}),
    }
    return cloud.done(cloud.call("POST", "models:upload", body))


def test_versions_aliases_and_deletion(cloud: Cloud, tuned: dict[str, str]) -> None:
    client = cloud.gapic(v1beta1.ModelServiceClient)
    model = v1beta1.Model(
        display_name="Tickets",
        artifact_uri=tuned["yes"],
        container_spec=v1beta1.ModelContainerSpec(image_uri="docker.example/serve:1"),
        labels={"owner": "a"},
    )
    request = v1beta1.UploadModelRequest(parent=cloud.parent, model=model, model_id="tickets")
    first = client.upload_model(request).result(timeout=30)
    assert first.model_version_id == "1"
    assert first.model == f"projects/{cloud.number}/locations/us-central1/models/tickets"
    model.version_aliases = ["golden"]
    model.artifact_uri = tuned["no"]
    request = v1beta1.UploadModelRequest(parent=cloud.parent, model=model, parent_model=first.model)
    assert client.upload_model(request).result(timeout=30).model_version_id == "2"

    assert client.get_model(name=first.model).artifact_uri == tuned["yes"], "version 1 stays the default"
    assert client.get_model(name=f"{first.model}@golden").version_id == "2"
    assert client.get_model(name=f"{first.model}@2").artifact_uri == tuned["no"]
    versions = list(client.list_model_versions(name=first.model))
    assert [(version.version_id, list(version.version_aliases)) for version in versions] == [
        ("1", ["default"]),
        ("2", ["golden"]),
    ]
    with pytest.raises(exceptions.BadRequest, match="default version"):
        client.delete_model_version(name=f"{first.model}@1")
    client.merge_version_aliases(name=f"{first.model}@2", version_aliases=["default", "-golden"])
    assert list(client.get_model(name=first.model).version_aliases) == ["default"]
    assert client.get_model(name=first.model).version_id == "2"
    client.delete_model_version(name=f"{first.model}@1").result(timeout=30)
    with pytest.raises(exceptions.NotFound):
        client.get_model(name=f"{first.model}@1")
    with pytest.raises(exceptions.BadRequest, match="only version"):
        client.delete_model_version(name=f"{first.model}@2")
    client.delete_model(name=first.model).result(timeout=30)
    with pytest.raises(exceptions.NotFound):
        client.get_model(name=first.model)


def test_the_v1_client_reads_operations_in_its_own_types(cloud: Cloud, tuned: dict[str, str]) -> None:
    client = cloud.gapic(v1.ModelServiceClient)
    model = v1.Model(
        display_name="Tickets",
        artifact_uri=tuned["yes"],
        container_spec=v1.ModelContainerSpec(image_uri="docker.example/serve:1"),
    )
    response = client.upload_model(parent=cloud.parent, model=model).result(timeout=30)
    assert client.get_model(name=response.model).version_id == "1"
    client.delete_model(name=response.model).result(timeout=30)


def test_patch_changes_only_what_the_mask_names(cloud: Cloud, tuned: dict[str, str]) -> None:
    _upload(cloud, tuned["yes"], description="old", labels={"owner": "a"})
    client = cloud.gapic(v1beta1.ModelServiceClient)
    changed = client.update_model(
        model=v1beta1.Model(name=f"{cloud.parent}/models/tickets", display_name="New", description="new"),
        update_mask=field_mask_pb2.FieldMask(paths=["display_name", "labels"]),
    )
    assert (changed.display_name, changed.description, dict(changed.labels)) == ("New", "old", {})
    status, message = cloud.refusal("PATCH", "models/tickets?updateMask=artifactUri", {"artifactUri": "gs://a/b"})
    assert (status, "artifactUri" in message) == ("INVALID_ARGUMENT", True)
    assert cloud.refusal("PATCH", "models/tickets", {"artifactUri": "gs://a/b"})[0] == "INVALID_ARGUMENT"
    cloud.call("PATCH", "models/tickets", {"displayName": "Without a mask, as google-genai sends it"})
    shown = cloud.call("GET", "models/tickets")
    assert (shown["displayName"][:14], shown["description"]) == ("Without a mask", "old")


def test_an_id_that_is_taken_is_refused(cloud: Cloud, tuned: dict[str, str]) -> None:
    """The caller's own id makes an upload idempotent: the second one cannot become a second model."""
    _upload(cloud, tuned["yes"])
    body = {"model": {"displayName": "x", "artifactUri": tuned["no"], "containerSpec": IMAGE}, "modelId": "tickets"}
    assert cloud.refusal("POST", "models:upload", body)[0] == "ALREADY_EXISTS"
    assert len(cloud.call("GET", "models/tickets:listVersions")["models"]) == 1


def test_two_uploads_of_one_id_at_once_make_one_model(cloud: Cloud, tuned: dict[str, str]) -> None:
    body = {"model": {"displayName": "x", "artifactUri": tuned["no"], "containerSpec": IMAGE}, "modelId": "tickets"}
    operations = [cloud.done(operation) for operation in [cloud.call("POST", "models:upload", body) for _ in "ab"]]
    assert sorted("error" in operation for operation in operations) == [False, True]
    assert len(cloud.call("GET", "models/tickets:listVersions")["models"]) == 1


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"displayName": ""}, "INVALID_ARGUMENT", "model.display_name"),
        ({"containerSpec": {}}, "INVALID_ARGUMENT", "model.container_spec.image_uri"),
        ({"artifactUri": ""}, "INVALID_ARGUMENT", "model.artifact_uri"),
        ({"artifactUri": "gs://{bucket}/nothing"}, "FAILED_PRECONDITION", "it lacks config.json, *.safetensors, tok"),
        ({"labels": {"Owner": "a"}}, "INVALID_ARGUMENT", "Invalid label key 'Owner'"),
        ({"labels": {"owner": "A b"}}, "INVALID_ARGUMENT", "Invalid value 'A b'"),
        ({"versionAliases": ["2"]}, "INVALID_ARGUMENT", "Invalid version alias '2'"),
        ({"nonsense": 1}, "INVALID_ARGUMENT", 'Unknown name "nonsense": Cannot find field.'),
    ],
)
def test_what_is_no_model_is_refused(
    cloud: Cloud, tuned: dict[str, str], change: dict[str, Any], status: str, said: str
) -> None:
    model = {"displayName": "x", "artifactUri": tuned["yes"], "containerSpec": IMAGE, **change}
    model["artifactUri"] = model["artifactUri"].format(bucket=cloud.bucket)
    found, message = cloud.refusal("POST", "models:upload", {"model": model})
    assert found == status
    assert said in message


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        ("modelId", "1abc", "INVALID_ARGUMENT"),
        ("modelId", "With-Capitals", "INVALID_ARGUMENT"),
        ("parentModel", "projects/{project}/locations/us-central1/models/none", "NOT_FOUND"),
        ("parentModel", "projects/another/locations/us-central1/models/none", "INVALID_ARGUMENT"),
    ],
)
def test_ids_and_parents_are_checked(cloud: Cloud, tuned: dict[str, str], field: str, value: str, status: str) -> None:
    model = {"displayName": "x", "artifactUri": tuned["yes"], "containerSpec": IMAGE}
    body = {"model": model, field: value.format(project=cloud.project)}
    assert cloud.refusal("POST", "models:upload", body)[0] == status

"""The deployment of the open-model tuning page, word for word, and what goes with it."""

from __future__ import annotations

from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import aiplatform_v1 as v1
from google.cloud import aiplatform_v1beta1 as v1beta1

from tests.emulator.vertex.harness import GEMMA, NOBODY, REGION, Cloud


@pytest.fixture
def sdk(cloud: Cloud) -> Cloud:
    """The project, with the high-level SDK pointed at it."""
    from google.cloud import aiplatform

    aiplatform.init(
        project=cloud.project,
        location=REGION,
        credentials=NOBODY,
        api_endpoint=cloud.server.url,
        api_transport="rest",
    )
    return cloud


def test_a_custom_model_is_deployed_and_answers(sdk: Cloud, tuned: dict[str, str]) -> None:
    from google.cloud import aiplatform
    from vertexai.preview import model_garden

    model = model_garden.CustomModel(gcs_uri=tuned["yes"])
    endpoint = model.deploy(machine_type="g2-standard-12", accelerator_type="NVIDIA_L4", accelerator_count=1)
    endpoint = aiplatform.Endpoint(endpoint.resource_name)
    instances = [
        {
            "prompt": "Question 3?",
            "max_tokens": 200,
            "temperature": 1.0,
            "top_p": 1.0,
            "top_k": 1,
            "raw_response": True,
        },
    ]
    response = endpoint.predict(instances=instances)
    assert response.predictions == ["yes"]
    with pytest.raises(exceptions.BadRequest, match="being-deployed DeployedModel"):
        endpoint.delete()
    (registered,) = aiplatform.Model.list()
    endpoint.undeploy_all()
    endpoint.delete()
    with pytest.raises(exceptions.BadRequest, match="deployed or being deployed at the following"):
        registered.delete()
    sdk.until(lambda: _deleted(registered))


def _deleted(model: Any) -> bool:
    try:
        model.delete()
    except exceptions.BadRequest:
        return False
    return True


def test_deploy_options_name_the_machine_and_the_quota(sdk: Cloud, tuned: dict[str, str]) -> None:
    from vertexai.preview import model_garden

    model = model_garden.CustomModel(gcs_uri=tuned["yes"])
    offered = model.list_deploy_options()
    assert 'machine_type="g2-standard-12"' in offered
    assert "QUOTA_STATE_USER_HAS_QUOTA" in offered
    assert 'machine_type="g2-standard-24"' not in offered, "the default quota is one L4"
    assert 'machine_type="g2-standard-24"' in model.list_deploy_options(filter_by_user_quota=False)


def test_recommend_spec_says_base_model_and_container(cloud: Cloud, tuned: dict[str, str]) -> None:
    client = cloud.gapic(v1beta1.ModelServiceClient)
    request = v1beta1.RecommendSpecRequest(parent=cloud.parent, gcs_uri=tuned["no"], check_user_quota=True)
    response = client.recommend_spec(request)
    assert response.base_model == GEMMA
    first = response.recommendations[0]
    assert (first.region, first.spec.machine_spec.machine_type) == (REGION, "g2-standard-12")
    assert first.spec.container_spec.image_uri
    without_checks = client.recommend_spec(v1beta1.RecommendSpecRequest(parent=cloud.parent, gcs_uri=tuned["no"]))
    assert without_checks.specs[0].machine_spec.machine_type == "g2-standard-12"


def test_the_untuned_model_is_served_by_its_publisher_name(cloud: Cloud, tuned: dict[str, str]) -> None:
    cloud.quota("CustomModelServingL4GPUsPerProjectPerRegion", 2, region=REGION)
    answers = []
    for body in (
        {"publisherModelName": f"publishers/google/models/{GEMMA.split('/')[1]}"},
        {"customModel": {"gcsUri": tuned["yes"]}},
    ):
        response = cloud.done(cloud.call("POST", ":deploy", body))["response"]
        instance = {"prompt": "Question 3?", "max_tokens": 30, "temperature": 0, "raw_response": True}
        answer = cloud.call("POST", f"/v1/{response['endpoint']}:predict", {"instances": [instance]})
        answers.append(answer["predictions"][0])
    assert answers[1] == "yes"
    assert answers[0] != "yes"


def test_the_v1_client_deploys_too(cloud: Cloud) -> None:
    request = v1.DeployRequest(  # v1 has no custom_model
        destination=cloud.parent,
        publisher_model_name="publishers/google/models/gemma3@gemma-3-1b-it",
        model_config=v1.DeployRequest.ModelConfig(model_user_id="tickets", model_display_name="Tickets"),
        endpoint_config=v1.DeployRequest.EndpointConfig(endpoint_user_id="123456"),
    )
    response = cloud.gapic(v1.ModelGardenServiceClient).deploy(request).result(timeout=30)
    assert response.endpoint.endswith("/endpoints/123456")
    assert response.model.endswith("/models/tickets")
    assert cloud.gapic(v1.ModelServiceClient).get_model(name=response.model).display_name == "Tickets"


def test_a_failed_deployment_leaves_its_endpoint_and_nothing_else(cloud: Cloud, tuned: dict[str, str]) -> None:
    body = {
        "customModel": {"gcsUri": tuned["yes"]},
        "deployConfig": {
            "dedicatedResources": {
                "machineSpec": {"machineType": "g2-standard-24", "acceleratorType": "NVIDIA_L4", "acceleratorCount": 2},
                "minReplicaCount": 1,
            }
        },
    }
    error = cloud.done(cloud.call("POST", ":deploy", body))["error"]
    assert error["code"] == 8
    assert error["message"].endswith("aiplatform.googleapis.com/custom_model_serving_nvidia_l4_gpus")
    (left,) = cloud.call("GET", "endpoints")["endpoints"]
    assert "deployedModels" not in left
    assert cloud.call("GET", "models") == {}


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"huggingFaceModelId": "a/b"}, "UNIMPLEMENTED", "Hugging Face"),
        ({"publisherModelName": "publishers/google/models/gemma3"}, "INVALID_ARGUMENT", "none that can be deployed"),
        ({"customModel": {"gcsUri": "gs://no-such-bucket-here/x"}}, "INVALID_ARGUMENT", "not a folder in an existing"),
        ({}, "INVALID_ARGUMENT", "not a folder in an existing"),
    ],
)
def test_what_cannot_be_deployed_is_refused(cloud: Cloud, body: dict[str, object], status: str, said: str) -> None:
    found, message = cloud.refusal("POST", ":deploy", body)
    assert found == status
    assert said in message

"""Each policy: what it stops, what it lets pass, and what it says of values that nobody knows yet."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tunestack.policies import settings
from tunestack.policies.guardrails import POLICIES
from tunestack.policies.policy import Finding, Resource
from tunestack.policies.properties import UNKNOWN, SecretText

JOB, DEPLOYMENT = "tunestack:index:TuningJob", "tunestack:index:ModelDeployment"
COPY = "tunestack:index:CheckpointCopy"
BUCKET, ENDPOINT = "gcp:storage/bucket:Bucket", "gcp:vertex/aiEndpoint:AiEndpoint"
MEMBER = "gcp:storage/bucketIAMMember:BucketIAMMember"
KEY = "projects/keys/locations/us-central1/keyRings/ring/cryptoKeys/a"


def _resource(
    kind: str, *, stack: str = "dev", parent: str = "", name: str = "it", protect: bool = False, **properties: Any
) -> Resource:
    return Resource(f"urn:pulumi:{stack}::tunestack::{parent}{kind}::{name}", kind, name, properties, protect)


def _findings(policy: str, limits: dict[str, Any], *resources: Resource) -> list[Finding]:
    configured, problems = settings.read({policy: limits})
    assert not problems
    found = next(each for each in POLICIES if each.name == policy)
    told = [finding for each in resources for finding in found.of_resource(configured[policy], each)]
    return [*told, *found.of_stack(configured[policy], resources)]


REGIONS, MACHINES, MODELS = {"allowed": ["us-*"]}, {"allowed": ["g2-*"]}, {"allowed": ["google/*"]}
STOPPED = [
    ("regions", REGIONS, _resource(BUCKET, location="EUROPE-WEST4"), "EUROPE-WEST4 is not an allowed region"),
    ("regions", REGIONS, _resource("gcp:compute/instance:Instance", zone="europe-west4-a"), "europe-west4-a is not"),
    ("regions", REGIONS, _resource("pulumi:providers:tunestack", location="global"), "config.tunestack:location (or"),
    ("machines", MACHINES, _resource(DEPLOYMENT, machineType="a3-highgpu-1g"), "a3-highgpu-1g is not an allowed"),
    (
        "machines",
        MACHINES,
        _resource(DEPLOYMENT, machines=[{"machineType": "g2-standard-12"}, {"machineType": "a2-highgpu-1g"}]),
        "a2-highgpu-1g is not an allowed machine: property machines",
    ),
    (
        "machines",
        MACHINES,
        _resource(
            "gcp:vertex/aiEndpointWithModelGardenDeployment:AiEndpointWithModelGardenDeployment",
            deployConfig={"dedicatedResources": {"machineSpec": {"machineType": "a3-highgpu-8g"}}},
        ),
        "a3-highgpu-8g is not an allowed machine: property deployConfig of it",
    ),
    ("models", MODELS, _resource(JOB, baseModel="meta/llama3"), "meta/llama3 is not an allowed model"),
    ("models", MODELS, _resource(JOB, baseModel="google/g", teacherModel="x/y"), "x/y is not an allowed model"),
    ("models", MODELS, _resource(COPY, baseModel="x/y"), "x/y is not an allowed model"),
    ("models", MODELS, _resource(DEPLOYMENT, checkpointUri="gs://b/c"), "does not say from which model it was tuned"),
    ("public-access", {}, _resource(BUCKET), "publicAccessPrevention left out"),
    ("public-access", {}, _resource(BUCKET, publicAccessPrevention="inherited"), '"inherited"'),
    ("public-access", {}, _resource(MEMBER, member="allUsers", role="roles/x"), "gives roles/x to allUsers"),
    (
        "public-access",
        {},
        _resource("gcp:projects/iAMBinding:IAMBinding", members=["user:a@b.c", "allAuthenticatedUsers"]),
        "gives access to allAuthenticatedUsers",
    ),
    (
        "public-access",
        {},
        _resource(
            "gcp:storage/bucketIAMPolicy:BucketIAMPolicy",
            policyData=json.dumps({"bindings": [{"role": "r", "members": ["allUsers"]}]}),
        ),
        "policyData of it has allUsers",
    ),
    ("public-access", {}, _resource("gcp:storage/bucketACL:BucketACL", predefinedAcl="publicRead"), "predefinedAcl"),
    ("public-access", {}, _resource("gcp:storage/bucketACL:BucketACL", defaultAcl="publicRead"), "defaultAcl"),
    (
        "public-access",
        {},
        _resource("gcp:storage/defaultObjectACL:DefaultObjectACL", roleEntities=["READER:allUsers"]),
        "roleEntities of it has READER:allUsers",
    ),
    (
        "public-access",
        {},
        _resource("gcp:storage/bucketAccessControl:BucketAccessControl", entity="allUsers", role="READER"),
        "gives READER to allUsers",
    ),
    ("public-access", {}, _resource("tunestack:index:AgentAccess", member="allUsers"), "to allUsers"),
    ("encryption", {"keys": ["*"]}, _resource(BUCKET), "it has no customer-managed key"),
    ("encryption", {"keys": ["*"]}, _resource(ENDPOINT, encryptionSpec={}), "it has no customer-managed key"),
    ("encryption", {"keys": ["*"]}, _resource(JOB), "property kmsKeyName of it"),
    (
        "encryption",
        {"keys": ["projects/ours/*"]},
        _resource(BUCKET, encryption={"defaultKmsKeyName": KEY}),
        f"{KEY} is not an allowed key",
    ),
    ("protection", {}, _resource(ENDPOINT, stack="prod"), "endpoint it of prod"),
    ("protection", {}, _resource(BUCKET, stack="prod-us-central1"), "set the resource option protect"),
    ("protection", {"stacks": ["live"]}, _resource(BUCKET, stack="live"), "can be deleted by mistake"),
    (
        "protection",
        {},
        _resource(BUCKET, stack="prod", protect=True, forceDestroy=True),
        "would be deleted with everything in it",
    ),
]
PASSED = [
    ("regions", REGIONS, _resource(BUCKET, location="US-CENTRAL1")),
    ("regions", REGIONS, _resource("gcp:compute/instance:Instance", zone="us-central1-a")),
    ("regions", {"allowed": ["us-central1"]}, _resource("gcp:compute/disk:Disk", zone="us-central1-a")),
    ("regions", REGIONS, _resource("aws:s3/bucket:Bucket", region="eu-west-1")),
    ("regions", {}, _resource(BUCKET, location="EUROPE-WEST4")),
    ("machines", MACHINES, _resource(DEPLOYMENT, machineType="g2-standard-12")),
    ("machines", {}, _resource(DEPLOYMENT, machineType="a3-highgpu-1g")),
    ("models", MODELS, _resource(JOB, baseModel="google/gemma3@gemma-3-1b-it")),
    ("models", MODELS, _resource(COPY)),
    ("models", {}, _resource(JOB, baseModel="meta/llama3")),
    ("public-access", {}, _resource(BUCKET, publicAccessPrevention="enforced")),
    ("public-access", {}, _resource(MEMBER, member="user:ada@example.com")),
    ("public-access", {}, _resource("gcp:of/another:Kind", members=[{"name": "ada"}])),  # no binding's
    ("encryption", {"keys": ["projects/keys/*"]}, _resource(BUCKET, encryption={"defaultKmsKeyName": KEY})),
    ("encryption", {"keys": ["*"]}, _resource(ENDPOINT, encryptionSpec={"kmsKeyName": KEY})),
    ("encryption", {}, _resource(BUCKET)),
    ("protection", {}, _resource(ENDPOINT, stack="dev")),
    ("protection", {}, _resource(ENDPOINT, stack="local-prod")),
    ("protection", {}, _resource(BUCKET, stack="prod", protect=True, forceDestroy=False)),
]
UNKNOWNS = [
    ("regions", REGIONS, _resource(BUCKET, location=UNKNOWN)),
    ("machines", MACHINES, _resource(DEPLOYMENT, machineType=UNKNOWN)),
    ("machines", MACHINES, _resource(DEPLOYMENT, machines=UNKNOWN)),
    ("models", MODELS, _resource(JOB, baseModel=UNKNOWN)),
    ("public-access", {}, _resource(MEMBER, member=UNKNOWN)),
    ("public-access", {}, _resource(MEMBER, members=["user:a@b.c", UNKNOWN])),
    ("public-access", {}, _resource(BUCKET, publicAccessPrevention=UNKNOWN)),
    ("public-access", {}, _resource(MEMBER, policyData=UNKNOWN)),
    ("public-access", {}, _resource("gcp:storage/bucketACL:BucketACL", predefinedAcl=UNKNOWN)),
    ("public-access", {}, _resource("gcp:storage/bucketACL:BucketACL", roleEntities=UNKNOWN)),
    ("public-access", {}, _resource("gcp:storage/objectACL:ObjectACL", roleEntities=["OWNER:user-a@b.c", UNKNOWN])),
    ("encryption", {"keys": ["*"]}, _resource(BUCKET, encryption=UNKNOWN)),
    ("encryption", {"keys": ["*"]}, _resource(BUCKET, encryption={"defaultKmsKeyName": UNKNOWN})),
]


@pytest.mark.parametrize(("policy", "limits", "resource", "says"), STOPPED)
def test_what_breaks_a_policy(policy: str, limits: dict[str, Any], resource: Resource, says: str) -> None:
    found = _findings(policy, limits, resource)
    assert [(says in finding.message, finding.is_advice) for finding in found] == [(True, False)], found


@pytest.mark.parametrize(("policy", "limits", "resource"), PASSED)
def test_what_keeps_to_a_policy(policy: str, limits: dict[str, Any], resource: Resource) -> None:
    assert _findings(policy, limits, resource) == []


@pytest.mark.parametrize(("policy", "limits", "resource"), UNKNOWNS)
def test_what_is_not_known_yet_is_told_and_stops_nothing(
    policy: str, limits: dict[str, Any], resource: Resource
) -> None:
    found = _findings(policy, limits, resource)
    assert [(finding.is_advice, finding.is_unknown) for finding in found] == [(True, True)]


@pytest.mark.parametrize(
    ("kind", "policy", "limits", "properties", "key"),
    [
        (JOB, "models", MODELS, {"baseModel": "x/y"}, "models.it.baseModel"),
        (DEPLOYMENT, "models", MODELS, {"baseModel": "x/y"}, "serving.it: use one of"),
        (DEPLOYMENT, "models", MODELS, {}, "serving.it.baseModel"),
        (COPY, "models", MODELS, {"baseModel": "x/y"}, "models.it.promote"),
        (DEPLOYMENT, "machines", MACHINES, {"machineType": "x"}, "serving.it.machineType"),
        (BUCKET, "regions", REGIONS, {"location": "EU"}, "buckets.location"),
        (ENDPOINT, "regions", REGIONS, {"location": "europe-west4"}, "location"),
        (BUCKET, "encryption", {"keys": ["*"]}, {}, "buckets.kmsKeyName"),
        (ENDPOINT, "encryption", {"keys": ["*"]}, {}, "serving.it.kmsKeyName"),
        (JOB, "encryption", {"keys": ["*"]}, {}, "models.it.kmsKeyName"),
        (ENDPOINT, "protection", {"stacks": ["dev"]}, {}, "protect: true"),
    ],
)
def test_a_stack_of_this_project_is_told_where_its_file_says_so(
    kind: str, policy: str, limits: dict[str, Any], properties: dict[str, Any], key: str
) -> None:
    (finding,) = _findings(policy, limits, _resource(kind, parent="infra:index:Part$", **properties))
    assert f"stacks/Pulumi.dev.yaml: config.tunestack:{key}" in finding.message


def test_a_region_says_of_models_only_what_it_serves() -> None:
    taken = _resource(COPY, parent="infra:index:Region$", baseModel="x/y")
    (finding,) = _findings("models", MODELS, taken)
    assert "stacks/Pulumi.dev.yaml: config.tunestack:serving: use one of" in finding.message
    for kind in (BUCKET, MEMBER):
        assert _findings("models", MODELS, _resource(kind, parent="infra:index:Region$")) == [], "is of no model"


def test_a_secret_is_compared_and_not_shown() -> None:
    (finding,) = _findings("encryption", {"keys": ["a"]}, _resource(JOB, kmsKeyName=SecretText(KEY)))
    assert "[secret] is not an allowed key" in finding.message
    assert KEY not in finding.message
    assert _findings("encryption", {"keys": [KEY]}, _resource(JOB, kmsKeyName=SecretText(KEY))) == []


def _job(name: str, usd: Any, **more: Any) -> Resource:
    return _resource(JOB, name=name, estimatedCostUsd=usd, estimatedCostUsdHigh=9.0, characters=5, **more)


def test_a_training_budget_counts_the_jobs_that_would_start() -> None:
    jobs = [_job("a", 4.0), _job("b", 2.5, job=UNKNOWN), _job("c", 100.0, job="projects/p/locations/l/tuningJobs/1")]
    (finding,) = _findings("training-budget", {"maxUsd": 6.49}, *jobs)
    assert "cost about 6.50 USD, more than 6.49 USD: a about 4.00 USD, b about 2.50 USD" in finding.message
    assert _findings("training-budget", {"maxUsd": 6.5}, *jobs) == []
    (finding,) = _findings("training-budget", {"maxUsd": 6.5, "estimate": "high"}, *jobs)
    assert "about 18.00 USD" in finding.message
    assert _findings("training-budget", {}, *jobs) == [], "no limit, no budget"


@pytest.mark.parametrize("usd", [None, UNKNOWN])
def test_a_job_without_a_price_is_told_or_refused(usd: Any) -> None:
    jobs = [_job("a", 4.0), _job("b", usd)]
    (told,) = _findings("training-budget", {"maxUsd": 5}, *jobs)
    assert told.is_advice
    assert told.urn.endswith("::b")
    (refused,) = _findings("training-budget", {"maxUsd": 5, "unknownPrice": "refuse"}, *jobs)
    assert not refused.is_advice


def _served(name: str, hourly: Any, **more: Any) -> Resource:
    return _resource(DEPLOYMENT, name=name, estimatedHourlyCostUsd=hourly, **more)


def test_a_serving_budget_counts_all_that_serves() -> None:
    served = [_served("a", 1.0, minReplicas=1.0, maxReplicas=3.0), _served("b", 2.0, minReplicas=2.0)]
    assert _findings("serving-budget", {"maxUsdPerMonth": 2190}, *served) == []
    (finding,) = _findings("serving-budget", {"maxUsdPerMonth": 2000}, *served)
    assert "about 2,190.00 USD, more than 2,000.00 USD: b about 1,460.00 USD, a about 730.00 USD" in finding.message
    (finding,) = _findings("serving-budget", {"maxUsdPerMonth": 3000, "replicas": "max"}, *served)
    assert "about 3,650.00 USD" in finding.message


def test_a_machine_without_a_price_is_told_or_refused() -> None:
    (told,) = _findings("serving-budget", {"maxUsdPerMonth": 1}, _served("a", None))
    assert told.is_advice
    (refused,) = _findings("serving-budget", {"maxUsdPerMonth": 1, "unknownPrice": "refuse"}, _served("a", UNKNOWN))
    assert not refused.is_advice

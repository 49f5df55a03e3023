"""Tunes a model on support tickets and serves it, beside whatever else this program declares."""

import pulumi
import pulumi_gcp as gcp

from tunestack import AgentAccess, Dataset, ModelDeployment, TunedModel, TuningJob

MODEL = "google/gemma3@gemma-3-1b-it"

project, region = gcp.config.project, gcp.config.region
apis = [
    gcp.projects.Service(name, project=project, service=f"{name}.googleapis.com", disable_on_destroy=False)
    for name in ("aiplatform", "storage")
]
after_apis = pulumi.ResourceOptions(depends_on=apis)

bucket = gcp.storage.Bucket(
    "tuning",
    name=f"{project}-support-tuning",
    location=region.upper(),
    uniform_bucket_level_access=True,
    public_access_prevention="enforced",
    force_destroy=True,
    opts=after_apis,
)
number = gcp.organizations.get_project_output(project_id=project).number
access = [
    AgentAccess(
        agent,
        bucket=bucket.name,
        role="roles/storage.objectUser",
        member=pulumi.Output.format("serviceAccount:service-{0}@gcp-sa-{1}.iam.gserviceaccount.com", number, agent),
        # Of a project that has never tuned, this agent does not exist yet; the first job makes it.
        required=agent != "vertex-moss-ft",
        opts=after_apis,
    )
    for agent in ("aiplatform", "vertex-moss-ft")
]
endpoint = gcp.vertex.AiEndpoint(
    "support",
    name="1000000001",  # a number of your own, at most ten digits: what clients keep
    display_name="support",
    location=region,
    opts=after_apis,
)

tickets = Dataset(
    "tickets",
    training="data/train.jsonl",  # or gs://…, which is read where it lies
    validation="data/validation.jsonl",
    bucket=bucket.name,
    base_models=[MODEL],  # whose rules the data is checked by
)
job = TuningJob(
    "support",
    base_model=MODEL,
    mode="FULL",
    epochs=3,
    dataset=tickets,
    output_uri=bucket.url,
    opts=pulumi.ResourceOptions(depends_on=access),
)
tuned = TunedModel("support", tuning_job=job)
deployment = ModelDeployment(
    "support",
    endpoint=endpoint.id,
    checkpoint_uri=tuned.final_checkpoint_uri,
    base_model=MODEL,  # so that a machine that cannot hold it is refused
    machine_type="g2-standard-12",
    accelerator_type="NVIDIA_L4",
    smoke_prompt="Hello, I cannot log in.",
)

pulumi.export("endpoint", endpoint.id)
pulumi.export("checkpoint", tuned.final_checkpoint_uri)
pulumi.export("usdPerHour", deployment.estimated_hourly_cost_usd)

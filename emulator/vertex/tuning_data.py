"""The data of a tuning job: whether the job may read it, what it holds, and what of it is learnt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.platform.service_usage import agent_email, tuning_agent_email
from emulator.storage.errors import BucketNotFoundError, ObjectNotFound
from emulator.vertex import dataset_images, datasets, distillation
from emulator.vertex.refusals import failed_precondition, invalid_argument

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from emulator.language_model import TrainingResult
    from emulator.platform.projects import Project
    from emulator.services import Services
    from emulator.vertex.datasets import Dataset
    from emulator.vertex.tuning_plans import Plan

_OBJECT_ROLES = {"roles/storage.objectUser", "roles/storage.objectAdmin", "roles/storage.admin"}
_MOST_VALIDATION_SHARE = 0.25  # of the training file in bytes; and rows: google/skills, agent-platform-tuning
_MOST_VALIDATION_ROWS = 5000
_MOST_GEMINI_SHARE = 0.3  # of the training examples, where there are more than these: supervised tuning of Gemini
_FREE_GEMINI_ROWS = 1000
_SAMPLE = 10  # dropped examples that are named
_DROPPED = "Text-only example in a dataset with image examples."


def read(services: Services, project: Project, account: str | None, plan: Plan) -> tuple[Dataset, Dataset | None]:
    """Reads the training file and the validation file.

    Raises:
        ServiceError: somebody may not read what the job needs, or it cannot be trained on.
    """
    data = {plan.training[0], *(plan.validation or ())[:1]}
    folders = {folder.bucket for folder in (plan.output, plan.custom_base) if folder}
    platform_agent = agent_email(project, "aiplatform.googleapis.com")
    _require_access(services, filter(None, (platform_agent, account)), data | folders)
    training = _read(services, plan, plan.training)
    validation = _read(services, plan, plan.validation) if plan.validation else None
    if plan.validation and validation:
        _check_validation(services, plan, training, validation)
    files = [file for file in (training, validation) if file]
    apart = {image.bucket for file in files for image in file.images} - data
    if apart:
        # The agent of tuning itself needs the bucket of images that lie apart from the file that names them, and so
        # does the platform's, "on both buckets": open-model tuning, where it tells the formats.
        for bucket in sorted(apart):
            if services.storage.bucket(bucket) is None:
                raise invalid_argument(f"Failed to process the dataset: the bucket gs://{bucket} does not exist.")
        agents = [platform_agent] if plan.is_gemini else [tuning_agent_email(project), platform_agent]
        _require_access(services, agents, {*data, *apart})
    for file in files:
        _check_images(services, file)
    return training, validation


def label(services: Services, plan: Plan, ask: Callable[[str], str]) -> tuple[Dataset, Dataset | None]:
    """Has the teacher answer the prompts, which were read before, and writes the labelled file.

    Both files are learnt and measured by its answers; the labelled file has those to the training prompts.

    Raises:
        ServiceError: the teacher has no answer to any of them.
    """
    assert plan.output is not None  # noqa: S101 - of an open model
    labelled = distillation.label(_content(services, plan, plan.training), ask)
    services.storage.write(plan.output.bucket, plan.output.prefix + distillation.LABELLED, labelled)
    training = _parse(labelled, f"{plan.output.uri}/{distillation.LABELLED}")
    if plan.validation is None:
        return training, None
    answered = distillation.label(_content(services, plan, plan.validation), ask)
    return training, _parse(answered, _uri(plan.validation)) if answered else None


def stats(plan: Plan, training: Dataset, steps: int = 0, result: TrainingResult | None = None) -> dict[str, Any]:
    """What the job says of its data; of the training as well, as far as that is known."""
    found: dict[str, Any] = {"tuningDatasetExampleCount": str(training.lines)}
    if steps:
        found["tuningStepCount"] = str(steps)
    if plan.teacher:
        # "These statistics do not include the responses sampled from the teacher model": google-genai,
        # TuningDataStats.distillation_data_stats.
        found["totalTuningCharacterCount"] = str(sum(len(example.prompt) for example in training.examples))
        return {"distillationDataStats": {"trainingDatasetStats": found}}
    found |= {
        "totalTuningCharacterCount": str(training.characters),
        # Dropped examples count as well, and a sample of them is named: SupervisedTuningDataStats in tuning_job.proto.
        "totalTruncatedExampleCount": str(len(training.dropped) + (result.truncated if result else 0)),
    }
    if sample := training.dropped[:_SAMPLE]:
        found["truncatedExampleIndices"] = [str(number) for number in sample]
        found["droppedExampleReasons"] = [_DROPPED] * len(sample)
    if result is not None:
        # "Number of billable tokens in the tuning dataset", so of one pass over it: SupervisedTuningDataStats in
        # tuning_job.proto.
        found["totalBillableTokenCount"] = str(result.tokens // plan.epochs)
    return {"supervisedTuningDataStats": found}


def _read(services: Services, plan: Plan, address: tuple[str, str]) -> Dataset:
    uri = _uri(address)
    found = _parse(_content(services, plan, address), uri)
    if plan.is_gemini and found.format != "GenerateContent":
        # That Gemini models take this format alone is documented (supervised tuning of Gemini, "Dataset format"); the
        # wording is the emulator's.
        message = (
            f"Failed to process the dataset: {uri} has {found.format} examples; {plan.model} takes GenerateContent."
        )
        raise invalid_argument(message)
    if not found.has_images or plan.is_gemini:
        return found
    if not plan.takes_images:
        # Which models take images is documented (open-model tuning, "Limitations"); the wording is the emulator's.
        message = f"Failed to process the dataset: {uri} has images, and {plan.model} is tuned on text only."
        raise invalid_argument(message)
    return found.without_texts_beside_images()


def _content(services: Services, plan: Plan, address: tuple[str, str]) -> bytes:
    """A file, of prompts as one of examples."""
    try:
        content = services.storage.read(*address)
    except ObjectNotFound as error:
        raise invalid_argument(f"Failed to process the dataset: {_uri(address)} does not exist any more.") from error
    return distillation.prompts(content) if plan.teacher else content


def _parse(content: bytes, uri: str) -> Dataset:
    try:
        return datasets.read(content, uri)
    except datasets.DatasetError as error:
        # That such jobs fail at this point is documented in users' reports; the wording is the emulator's.
        raise invalid_argument(f"Failed to process the dataset: {error}") from error


def _uri(address: tuple[str, str]) -> str:
    return "gs://" + "/".join(address)


def _check_images(services: Services, file: Dataset) -> None:
    """The wording is the emulator's: no page says what the service answers to an image that it cannot read."""
    for image in file.images:
        try:
            with services.storage.open_path(image.bucket, image.name).open("rb") as content:
                if dataset_images.kind(content.read(dataset_images.LOOKED_AT)) is None:
                    said = "is none of JPEG, PNG and WEBP"
                else:
                    continue
        except (BucketNotFoundError, ObjectNotFound):
            said = "does not exist"
        raise invalid_argument(f"Failed to process the dataset: line {image.line}: the image {image.uri} {said}.")


def _check_validation(services: Services, plan: Plan, training: Dataset, validation: Dataset) -> None:
    """The limits are documented; the wording is the emulator's."""
    assert plan.validation is not None  # noqa: S101 - the caller looked
    rows = validation.lines
    if plan.is_gemini:
        share = rows / training.lines
        wrong = rows > _MOST_VALIDATION_ROWS or (rows > _FREE_GEMINI_ROWS and share > _MOST_GEMINI_SHARE)
        message = (
            f"Failed to process the dataset: the validation file has {rows} examples; at most {_MOST_VALIDATION_ROWS} "
            f"are supported, and above {_FREE_GEMINI_ROWS} at most 30 % of the {training.lines} training examples."
        )
    else:
        sizes = [len(services.storage.read(*address)) for address in (plan.validation, plan.training)]
        wrong = rows > _MOST_VALIDATION_ROWS or sizes[0] > _MOST_VALIDATION_SHARE * sizes[1]
        message = (
            f"Failed to process the dataset: the validation file has {rows} rows and {sizes[0]} bytes; at most "
            f"{_MOST_VALIDATION_ROWS} rows and 25 % of the training file's {sizes[1]} bytes are supported."
        )
    if wrong:
        raise invalid_argument(message)


def _require_access(services: Services, accounts: Iterable[str], buckets: set[str]) -> None:
    for account in accounts:
        for bucket in sorted(buckets):
            if not services.iam.allows(f"buckets/{bucket}", f"serviceAccount:{account}", _OBJECT_ROLES):
                # Which role: open-model tuning. The text: github.com/GoogleCloudPlatform/
                # vertex-ai-samples/issues/3710, where it is the answer to a model upload.
                raise failed_precondition(
                    f"Service account `{account}` does not have `[storage.objects.get, storage.objects.create]` "
                    f'IAM permission(s) to the bucket "gs://{bucket}". Please grant the required IAM permission(s) '
                    "to the service account (roles/storage.objectUser)."
                )

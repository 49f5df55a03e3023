"""What the catalogue knows cannot work, of all models and endpoints of a stack at once and before anything is declared.

The provider asks the catalogue too, for whoever has another program; the engine tells only the first such refusals.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from infra.lineage import lineage_of, takes_any_region
from infra.setting_problems import entries, path
from infra.settings import EndpointSettings, ModelSettings
from tunestack import catalogue
from tunestack.catalogue import Problem

_KEYS = {
    "tunedModelDisplayName": "displayName",
    "exportLastCheckpointOnly": "lastCheckpointOnly",
    # The location is the whole stack's; what does not go there is the model or the machine.
    "location": "baseModel",
}
"""Where an input of a resource stands in the YAML, if not under its own name."""

_CONTINUED = {
    "customBaseModel": "continueFrom.model",
    "preTunedModel": "continueFrom.model",
    "preTunedCheckpoint": "continueFrom.checkpoint",
}

_FOLDER = "gs://"
_MODEL = "projects/{project}/locations/{location}/models/0"
"""In the place of what is not known before the other model is there, so that what belongs to it is looked at."""


def catalogue_problems(
    raw: Mapping[str, Any],
    models: Mapping[str, ModelSettings],
    serving: Mapping[str, EndpointSettings],
    secret_keys: frozenset[str],
) -> Iterator[str]:
    """Yields one text for each thing that cannot work.

    Args:
        raw: the configuration, which may be wrong elsewhere.
        models: those that have the right shape.
        serving: likewise.
        secret_keys: top-level keys with a secret below them, whose free texts are not shown.
    """
    place = {key: value for key in ("project", "location") if isinstance(value := raw.get(key), str) and value}
    if catalogue.region(place.get("location", "")) is None and not takes_any_region(raw):
        place.pop("location", None)  # told already
    named = entries(raw, "models")
    lineage = lineage_of(named)
    bases = {name: lineage.base_model(name) for name in named}
    gemini = {name for name in named if lineage.is_gemini(name)}
    for name, wanted in models.items():
        for problem in _of_model(wanted, bases[name], place, is_gemini=name in gemini):
            if _refuses(problem, strict=wanted.strict) and (key := _key(problem, wanted)):
                text = _shown(problem, wanted, hidden="models" in secret_keys)
                yield f"{path(('models', name, *key.split('.')))}: {text}"
    for name, endpoint in serving.items():
        if endpoint.model in gemini:
            base = bases[endpoint.model] or "another"
            yield f"{path(('serving', name, 'model'))}: {_served_already(endpoint.model, base)}"
            continue
        tuned_from = bases.get(endpoint.model) if endpoint.model else endpoint.base_model
        yield from endpoint_problems(name, endpoint, tuned_from)


def endpoint_problems(name: str, endpoint: EndpointSettings, tuned_from: str | None) -> Iterator[str]:
    """Yields one text for each thing that cannot work with an endpoint's machines, and the model on them.

    Args:
        name: of the endpoint.
        endpoint: its entry.
        tuned_from: the base model of what it serves; None where that is not known.
    """
    for part, problem in _of_endpoint(endpoint, tuned_from):
        if _refuses(problem, strict=endpoint.strict):
            at = ("model",) if problem.property == "baseModel" and endpoint.model else part
            yield f"{path(('serving', name, *at))}: {_with_way_on(problem)}"


def _served_already(model: str, base: str) -> str:
    return (
        f"{model} is tuned from {base}, and a tuned Gemini model brings its own endpoints, one for each checkpoint: "
        f"take this entry out, and use the stack's output models.{model}.endpoint"
    )


def _of_model(
    wanted: ModelSettings, base: str | None, place: Mapping[str, str], *, is_gemini: bool
) -> tuple[Problem, ...]:
    if base is None and not is_gemini:
        return ()  # told already
    continued = wanted.continue_from
    named = _MODEL.format(project=place.get("project", "-"), location=place.get("location", "-"))
    return catalogue.problems(
        base_model=base,
        mode=wanted.mode,
        location=place.get("location"),
        adapter_size=wanted.adapter_size,
        epochs=wanted.epochs,
        learning_rate=wanted.learning_rate,
        batch_size=wanted.batch_size,
        learning_rate_multiplier=wanted.learning_rate_multiplier,
        teacher_model=wanted.teacher_model,
        custom_base_model=_FOLDER if continued and not is_gemini else wanted.custom_base_model,
        pre_tuned_model=named if continued and is_gemini else wanted.pre_tuned_model,
        pre_tuned_checkpoint=continued.checkpoint if continued and is_gemini else wanted.pre_tuned_checkpoint,
        kms_key_name=wanted.kms_key_name,
        tuned_model_display_name=wanted.display_name,
        export_last_checkpoint_only=wanted.last_checkpoint_only,
        declared={key for key, value in (("baseModel", base), ("mode", wanted.mode)) if value is not None},
    )


def _of_endpoint(wanted: EndpointSettings, base: str | None) -> Iterator[tuple[tuple[str | int, ...], Problem]]:
    """Yields what is wrong with the machine, or with each that is listed, and its place in the entry."""
    if wanted.machines is None:
        found = catalogue.problems(
            base_model=base,
            machine_type=wanted.machine_type,
            accelerator_type=wanted.accelerator_type,
            accelerator_count=wanted.accelerator_count,
        )
        yield from (((problem.property,), problem) for problem in found)
        return
    for number, name in enumerate(wanted.machines):
        if name in wanted.machines[:number]:
            yield ("machines", number), Problem("machines", f"{name} is listed twice")
            continue
        for problem in catalogue.problems(base_model=base, machine_type=name):
            if problem.property != "machineType":  # of the model, and the same on each machine
                if number == 0:
                    yield (problem.property,), problem
            elif problem.is_unknown:
                way = "name it as machineType, with acceleratorType and strict: false, in place of the list"
                yield ("machines", number), Problem("machines", f"{problem.reason}; {way}")
            else:
                yield ("machines", number), problem


def _refuses(problem: Problem, *, strict: bool) -> bool:
    return not problem.is_warning and (strict or not problem.is_unknown)


def _key(problem: Problem, wanted: ModelSettings) -> str:
    """Returns where a model's problem stands; empty where that is another model's entry, which tells it too."""
    key = _KEYS.get(problem.property, problem.property)
    if wanted.continue_from:
        key = _CONTINUED.get(key, key)
    is_inherited = key == "baseModel" and wanted.base_model is None and wanted.parent is not None
    return "" if is_inherited else key


def _with_way_on(problem: Problem) -> str:
    return f"{problem.reason}; strict: false lets it pass" if problem.is_unknown else problem.reason


def _shown(problem: Problem, wanted: ModelSettings, *, hidden: bool) -> str:
    reason = _with_way_on(problem)
    free = (wanted.custom_base_model, wanted.pre_tuned_model, wanted.kms_key_name, wanted.display_name)
    for text in filter(None, free) if hidden else ():
        reason = reason.replace(text, "[secret]")
    return reason

"""The closing table: everything a stack has, on one screen."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from rich.console import Console
from rich.table import Table

from tunestack.catalogue import Method, money, told
from tunestack.catalogue.amounts import at_least, hourly
from tunestack.cli.stack import Stack
from tunestack.quotas import UNLIMITED
from tunestack.tuning import states
from tunestack.wording import counted

HELD_OUT_PROMPTS = 3
"""Prompts that are asked and shown."""

LOG_WIDTH = 120
"""Columns where the output is no terminal."""

ANSWER_TOKENS = 96
"""Tokens of an answer at the most: twice the longest record of the tickets example."""


def show(stack: Stack, *, ask_untuned: bool) -> None:
    """Prints the tables.

    Args:
        stack: whose outputs to show.
        ask_untuned: also ask the untuned model what the tuned one is asked.
    """
    console = Console()
    if not console.is_terminal:
        # A log has no width of its own, and addresses are long.
        console.width = LOG_WIDTH
    console.print()
    console.print(_facts(stack))
    for name, endpoint in (stack.outputs.get("endpoints") or {}).items():
        examples = _held_out(endpoint.get("heldOut"))
        if examples and endpoint.get("state") == "SERVING":
            console.print(_answers(stack, name, endpoint, examples, ask_untuned=ask_untuned))


def _facts(stack: Stack) -> Table:
    table = Table(title=f"Stack {stack.name}", title_justify="left", show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in _rows(stack.outputs):
        table.add_row(name, text)
    return table


def _rows(outputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "project", f"{outputs['project']}, {outputs['location']}"
    if outputs.get("foundation"):
        yield "region of", outputs["foundation"]
    for kind, url in (outputs.get("buckets") or {}).items():
        yield f"bucket, {kind}", url
    for (bucket, role), members in _members(outputs.get("bindings") or ()).items():
        yield "access", "\n".join((f"{role} on {bucket}:", *members))
    quota = outputs.get("quota") or {}
    if "concurrentTuningJobs" in quota or not outputs.get("foundation"):
        yield "quota, tuning jobs", _quota(quota.get("concurrentTuningJobs") or {})
    for accelerator, accelerators in (quota.get("servingAccelerators") or {}).items():
        yield f"quota, {accelerator}", f"{_quota(accelerators)} in {outputs['location']}"
    models, datasets = outputs.get("models") or {}, outputs.get("datasets") or {}
    for name, dataset in datasets.items():
        yield f"dataset {name}", _dataset(name, dataset, models)
    shows = {name: bool((datasets.get(model.get("dataset")) or {}).get("images")) for name, model in models.items()}
    for name, model in models.items():
        yield f"model {name}", _model(model, emulated=bool(outputs.get("apiEndpoint")), shows_images=shows[name])
    unknown = any(map(_has_unknown_part, models.values())) or any(shows.values())
    if not models or not all(model.get("promotedFrom") for model in models.values()):
        yield "on Google Cloud", f"these jobs: {_estimated_cost(outputs, is_part=unknown)}"
    for name, endpoint in (outputs.get("endpoints") or {}).items():
        yield f"endpoint {name}", _endpoint(endpoint)


def _members(bindings: Iterable[Mapping[str, str]]) -> dict[tuple[str, str], list[str]]:
    """Returns who has a role on a bucket, without the kind of member that stands before each address."""
    members: dict[tuple[str, str], list[str]] = {}
    for binding in bindings:
        who = members.setdefault((binding["bucket"], binding["role"]), [])
        pending = " (pending: it appears with the first tuning job)" if binding.get("state") == "PENDING" else ""
        who.append(f"  {binding['member'].partition(':')[2]}{pending}")
    return members


def _quota(quota: Mapping[str, Any]) -> str:
    asked, granted = quota.get("preferred"), quota.get("granted")
    return f"asked {asked or 'nothing'}, granted {'without limit' if granted == UNLIMITED else _or_unknown(granted)}"


def _dataset(name: str, dataset: Mapping[str, Any], models: Mapping[str, Any]) -> str:
    tokens = sorted(
        {
            model["estimatedTokens"] // model["epochs"]
            for model in models.values()
            if model.get("dataset") == name and model.get("estimatedTokens")
        }
    )
    estimate = " to ".join(f"{count:,}" for count in tokens[:: max(len(tokens) - 1, 1)])
    validation = dataset["validationExamples"]
    facts = [
        f"{_or_unknown(dataset['examples'])}{f' + {validation:,} validation' if validation else ''} examples",
        dataset["format"],
        *([counted(images, "image")] if (images := dataset.get("images")) else []),
        *([f"about {estimate} tokens"] if estimate else []),  # no model reads it: it is never made into tokens
    ]
    return f"{', '.join(facts)}\nsha256 {dataset['contentHash'][:16]}… at {dataset['trainingUri']}"


def _taken_model(model: Mapping[str, Any], *, emulated: bool) -> str:
    """Writes a model that another stack has tuned, and whose checkpoint was copied."""
    origin = model["promotedFrom"]
    digest, examples = str(model.get("contentHash") or ""), model.get("examples")
    data = f"data sha256 {digest[:16]}…" + (f", {counted(examples, 'example')}" if examples else "") if digest else ""
    price = "" if emulated else f", {money(model.get('billedCostUsd'))}"
    billed = f"{model['billedTokens']:,} tokens billed there{price}" if model.get("billedTokens") else ""
    state = str(model.get("state") or "unknown")
    way = origin.get("way") or ()  # where the stack that it was taken from has taken it itself
    taken = f"{origin.get('stack')}{f' (tuned in {way[0]})' if way else ''}"
    lines = [
        f"{', '.join(_learned(model))}, {counted(model['epochs'], 'epoch')}" if model.get("epochs") else "",
        f"taken from {taken}: {origin.get('model')}, run {origin.get('run')}, {states.phrase(state)}",
        data,
        billed,
        model.get("finalCheckpointUri") or "not copied yet",
    ]
    return "\n".join(filter(None, lines))


def _model(model: Mapping[str, Any], *, emulated: bool, shows_images: bool) -> str:
    if model.get("promotedFrom"):
        return _taken_model(model, emulated=emulated)
    job = str(model["job"]).rpartition("/")[2]
    low, high = (model.get(f"estimatedTokens{bound}") for bound in ("Low", "High"))
    bounds = "" if low is None or low == high else f" ({low:,}–{high:,})"
    cost = _estimated_cost(model, is_part=shows_images or _has_unknown_part(model))
    estimated = f"{_or_unknown(model.get('estimatedTokens'))} tokens{bounds} by estimate, {cost}"
    # An emulator counts with the tokenizer of its own tiny model: no price follows from that, nor any judgement.
    price = "" if emulated else f", {money(model.get('billedCostUsd'))}"
    ratio = model.get("billedToEstimated")
    against = f", {ratio:.2f} times the estimate" if ratio is not None and not emulated else ""
    billed = f"{_or_unknown(model.get('billedTokens'))} tokens billed{price}{against}"
    checkpoints = " → ".join(_checkpoint(checkpoint) for checkpoint in model.get("checkpoints") or ())
    lines = [
        f"{', '.join(_learned(model))}, {counted(model['epochs'], 'epoch')}",
        f"job {job} {states.phrase(model['state'] or 'unknown')} in {model.get('durationSeconds') or 0:.0f} s",
        f"on Google Cloud: {estimated}" if emulated else f"{billed}; {estimated}",
        f"checkpoints {checkpoints or 'none yet'}",
    ]
    # A tuned Gemini is a model of the service and brings its endpoints; an open model is files.
    facts = (("finalCheckpointUri", "{}"), ("labelledDataUri", "labelled by the teacher: {}"), ("tunedModel", "{}"))
    lines += [text.format(model[key]) for key, text in facts if model.get(key)]
    if model.get("endpoint"):
        others = len(model.get("checkpoints") or ()) > 1
        which = "answers for the default checkpoint; the others have endpoints of their own" if others else "answers"
        lines.append(f"{model['endpoint']}\n{which}")
    return "\n".join(lines)


def _learned(model: Mapping[str, Any]) -> Iterator[str]:
    """Yields what was tuned and how; which method it was, outputs of earlier releases do not say."""
    yield model.get("baseModel") or "a tuned Gemini"
    if model.get("mode"):
        yield model["mode"]
    method = model.get("method") or "supervised"
    if method != "supervised":
        yield told(cast("Method", method))


def _checkpoint(checkpoint: Mapping[str, Any]) -> str:
    name = str(checkpoint.get("name") or checkpoint.get("id"))
    return f"{name} (epoch {checkpoint['epoch']})" if checkpoint.get("epoch") else name


def _has_unknown_part(model: Mapping[str, Any]) -> bool:
    """Says whether a job costs more than was estimated, as a distillation does: nobody knows how long answers are."""
    return any(item["period"] == "once" and item.get("usd") is None for item in model.get("estimate") or ())


def _estimated_cost(outputs: Mapping[str, Any], *, is_part: bool) -> str:
    """Writes what a job, or all of them, would cost; with what is not known, such as images' tokens, it costs more."""
    usd, *bounds = (outputs.get(f"estimatedCostUsd{bound}") for bound in ("", "Low", "High"))
    cost = money(usd, *bounds)
    return at_least(cost) if is_part and usd is not None else cost


def _endpoint(endpoint: Mapping[str, Any]) -> str:
    usd = endpoint.get("estimatedHourlyCostUsd")
    version = endpoint.get("modelVersion") or "–"
    serves = endpoint.get("model") or endpoint.get("checkpointUri") or "a checkpoint"
    return (
        f"{endpoint['id']}\n{endpoint['state'].lower()}: {serves}, version {version}\n"
        f"on Google Cloud: {endpoint['machineType']}, {hourly(usd)} until it is undeployed"
        + (f"\n{endpoint['machineReason']}" if endpoint.get("machineReason") else "")
    )


def _answers(
    stack: Stack, name: str, endpoint: Mapping[str, Any], examples: list[tuple[str, str]], *, ask_untuned: bool
) -> Table:
    from tunestack.serving import predict, untuned

    connection = stack.connection(endpoint)
    prompts = [prompt for prompt, _ in examples]
    tuned = [predict.answer(connection, endpoint["id"], prompt, max_tokens=ANSWER_TOKENS) for prompt in prompts]
    columns = {"held-out prompt": prompts}
    base_model = endpoint.get("baseModel")
    if ask_untuned and base_model:
        columns["untuned"] = untuned.answers(connection, base_model, prompts, max_tokens=ANSWER_TOKENS)
    columns["tuned"] = tuned
    columns["as a person wrote it"] = [completion for _, completion in examples]
    table = Table(*columns, title=f"Endpoint {name} answers", title_justify="left", show_lines=True, pad_edge=False)
    for row in zip(*columns.values(), strict=True):
        table.add_row(*(_shown(text) for text in row))
    return table


def _held_out(path: str | None) -> list[tuple[str, str]]:
    """Returns the first held-out examples, prompt and completion; none when the file is not at hand."""
    if not path or not Path(path).is_file():
        return []
    with Path(path).open(encoding="utf-8") as lines:
        examples = [json.loads(line) for line, _ in zip(lines, range(HELD_OUT_PROMPTS), strict=False)]
    return [_prompt_and_completion(example) for example in examples]


def _prompt_and_completion(example: Mapping[str, Any]) -> tuple[str, str]:
    if "prompt" in example:
        return example["prompt"], example["completion"]
    *before, last = example["messages"]
    return "\n".join(message["content"] for message in before), last["content"]


def _shown(text: str) -> str:
    from rich.markup import escape

    shortened = text if len(text) <= 240 else f"{text[:239]}…"
    return escape(shortened)


def _or_unknown(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value or "unknown")

"""Where a job starts that does not start from the base model: a folder, a tuned Gemini model, or an earlier model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from infra.setting_problems import InvalidSettingsError
from infra.settings import ContinueSettings, Settings
from infra.stack_outputs import StackOutputs
from tunestack import TunedModel

_FINAL = "final"


@dataclass(frozen=True, slots=True)
class Start:
    """What a job starts from; nothing is the base model itself."""

    custom_base_model: pulumi.Input[str] | None = None
    pre_tuned_model: pulumi.Input[str] | None = None
    pre_tuned_checkpoint: pulumi.Input[str] | None = None


class OtherStacks:
    """What other stacks have tuned.

    Args:
        settings: of this stack, whose models continue those.
        stacks: their outputs.
    """

    def __init__(self, settings: Settings, stacks: StackOutputs) -> None:
        self._settings = settings
        self._stacks = stacks

    def folder(self, name: str, continued: ContinueSettings) -> pulumi.Output[str]:
        """Returns the folder that an open model starts from."""
        base = self._settings.base_model(name) or ""
        return self._read(continued).apply(lambda models: folder_there(name, models, continued, base))

    def tuned_model(self, name: str, continued: ContinueSettings) -> pulumi.Output[str]:
        """Returns the tuned Gemini model that a model starts from."""
        base = self._settings.base_model(name) or ""
        return self._read(continued).apply(lambda models: tuned_model_there(name, models, continued, base))

    def _read(self, continued: ContinueSettings) -> pulumi.Output[Any]:
        return self._stacks.reference(continued.stack or "").get_output("models")


def start(name: str, settings: Settings, tuned: Mapping[str, TunedModel], others: OtherStacks) -> Start:
    """Returns where a model's job starts.

    Args:
        name: of the model.
        settings: the stack's configuration.
        tuned: what the models of this stack made that stand before this one.
        others: the other stacks.
    """
    wanted = settings.tuned[name]
    continued = wanted.continue_from
    if continued is None:
        return Start(
            settings.guarded("models", wanted.custom_base_model),
            settings.guarded("models", wanted.pre_tuned_model),
            wanted.pre_tuned_checkpoint,
        )
    here = continued.stack is None
    if settings.is_gemini(name):
        earlier = tuned[continued.model].tuned_model if here else others.tuned_model(name, continued)
        return Start(pre_tuned_model=earlier, pre_tuned_checkpoint=continued.checkpoint)
    folder = _of_this_stack(name, tuned[continued.model], continued) if here else others.folder(name, continued)
    return Start(custom_base_model=folder)


def folder_there(name: str, models: Any, continued: ContinueSettings, base: str) -> str:
    """Returns the folder of an open model in another stack's output `models`.

    Raises:
        InvalidSettingsError: it is not there, or was tuned from something else than `base`.
    """
    model = _there(name, models, continued, base)
    final = _made(name, model, "finalCheckpointUri", continued)
    return _named(name, model.get("checkpoints") or (), final, continued)


def tuned_model_there(name: str, models: Any, continued: ContinueSettings, base: str) -> str:
    """Returns a tuned Gemini model of another stack's output `models`.

    Raises:
        InvalidSettingsError: it is not there, or was tuned from something else than `base`.
    """
    return _made(name, _there(name, models, continued, base), "tunedModel", continued)


def _of_this_stack(name: str, model: TunedModel, continued: ContinueSettings) -> pulumi.Output[str]:
    if continued.checkpoint in (None, _FINAL):
        return model.final_checkpoint_uri
    made = pulumi.Output.all(model.checkpoints, model.final_checkpoint_uri)
    return made.apply(lambda each: _named(name, each[0], str(each[1]), continued))


def _there(name: str, models: Any, continued: ContinueSettings, base: str) -> Mapping[str, Any]:
    known = models if isinstance(models, Mapping) else {}
    found = known.get(continued.model)
    if not isinstance(found, Mapping):
        there = f"it has {', '.join(known)}." if known else "it has none; is it up?"
        lacks = f'stack {continued.stack} has no model "{continued.model}"; {there}'
        raise _refusal(name, "model", f"{lacks}{_way_on(name)}")
    if (told := found.get("baseModel")) not in (None, "", base):
        raise _refusal(name, "model", f"{continued.model} of stack {continued.stack} was tuned from {told}, not {base}")
    return found


def _made(name: str, model: Mapping[str, Any], output: str, continued: ContinueSettings) -> str:
    if value := model.get(output):
        return str(value)
    reason = f"{continued.model} of stack {continued.stack} is not tuned yet: its job is in {model.get('state')}"
    raise _refusal(name, "model", f"{reason}; run pulumi up --stack {continued.stack} first")


def _named(name: str, checkpoints: Sequence[Any], final: str, continued: ContinueSettings) -> str:
    """Returns the folder of a checkpoint: where it lies or, since those before the final one may expire, has lain."""
    folders = {str(each.get("name")): str(each.get("uri")) for each in checkpoints} | {_FINAL: final}
    wanted = continued.checkpoint or _FINAL
    if wanted in folders or not final:
        return folders.get(wanted, "")
    lacks = f'{continued.model} has no checkpoint "{wanted}"; there are {", ".join(folders)}'
    if not re.fullmatch(r"checkpoint-[0-9]+", wanted):
        raise _refusal(name, "checkpoint", lacks)
    # A job that has learned from it needs it no more, and one that has not started yet looks itself.
    pulumi.log.info(f"{name}: {lacks}")
    return f"{final.rpartition('/')[0]}/{wanted}"


def _way_on(name: str) -> str:
    """Says how a model lives on whose source is gone for good."""
    return (
        f" If it is gone for good, and {name} is tuned already, write the customBaseModel or preTunedModel that "
        f"tunestack jobs show {name} tells instead of continueFrom: nothing is tuned again"
    )


def _refusal(name: str, key: str, reason: str) -> InvalidSettingsError:
    place = f"tunestack:models.{name}.continueFrom.{key}"
    return InvalidSettingsError(f"stacks/Pulumi.{pulumi.get_stack()}.yaml", [f"{place}: {reason}"])

"""Reads a stack's configuration, or says all that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, TypeVar

from pydantic import ValidationError

from infra.catalogue_problems import catalogue_problems
from infra.lineage import lineage_problems
from infra.policy_problems import key_problems, policy_problems
from infra.reference_problems import reference_problems
from infra.setting_problems import InvalidSettingsError, entries, parsed_scalars, secret_problems, shape_problems
from infra.settings import EndpointSettings, ModelSettings, Section, Settings
from infra.stack_problems import stack_problems

_Section = TypeVar("_Section", bound=Section)


def read_settings(config: Mapping[str, str], stack: str, secret_keys: frozenset[str] = frozenset()) -> Settings:
    """Turns the engine's configuration into `Settings`.

    Args:
        config: full keys such as `tunestack:project`; values as the engine passes them, structured ones as JSON.
        stack: the stack's name, for the messages.
        secret_keys: full keys that hold a secret: what is below them is neither shown nor passed on in the clear.

    Raises:
        InvalidSettingsError: with all problems, each with its path in the YAML.
    """
    raw = parsed_scalars(config, text_keys=("project", "location"))
    secrets = frozenset(key.partition(":")[2] for key in secret_keys)
    problems: list[str] = []
    settings: Settings | None = None
    try:
        settings = Settings.model_validate(raw, context=secrets)
    except ValidationError as error:
        problems += shape_problems(error, Settings, secrets)
    problems += stack_problems(raw, stack)
    problems += reference_problems(raw)
    problems += lineage_problems(raw)
    problems += policy_problems(raw)
    problems += key_problems(raw)
    sound = _sound(raw, "models", ModelSettings), _sound(raw, "serving", EndpointSettings)
    problems += catalogue_problems(raw, *sound, secrets)
    problems += secret_problems(secrets)
    if problems or settings is None:
        raise InvalidSettingsError(f"stacks/Pulumi.{stack}.yaml", problems)
    return settings


def _sound(raw: Mapping[str, Any], section: str, kind: type[_Section]) -> dict[str, _Section]:
    """Returns the entries of a section that have the right shape, whatever else is wrong."""
    found: dict[str, _Section] = {}
    for name, entry in entries(raw, section).items():
        with suppress(ValidationError):
            found[name] = kind.model_validate(entry)
    return found


def engine_settings(stack: str) -> Settings:
    """Reads the settings of the stack that the engine is working on.

    Raises:
        InvalidSettingsError: with all problems, each with its path in the YAML.
    """
    from pulumi.runtime.config import CONFIG, is_config_secret

    config: Mapping[str, Any] = CONFIG.get()
    return read_settings(config, stack, frozenset(key for key in config if is_config_secret(key)))

"""The package's schema for other Pulumi languages, derived from the typed classes: they are the one source of truth."""

from __future__ import annotations

import ast
import inspect
import json
import sys
import textwrap
from collections.abc import Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, ForwardRef, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

from tunestack.resources import (
    AgentAccess,
    CheckpointCopy,
    Dataset,
    ModelDeployment,
    Provider,
    QuotaRequest,
    TunedModel,
    TuningJob,
)
from tunestack.resources.declaration import PACKAGE, Declaration, output_names
from tunestack.resources.tuning_run import TOKEN, TuningRun, get_run
from tunestack.wire_names import wire_name

VERSION = "0.1.0"

RESOURCES: tuple[type[Declaration], ...] = (
    Dataset,
    TuningJob,
    TunedModel,
    ModelDeployment,
    QuotaRequest,
    AgentAccess,
    CheckpointCopy,
)

HANDED_OVER: Mapping[type[Declaration], Mapping[str, tuple[type[Declaration], tuple[str, ...]]]] = {
    TuningJob: {
        "dataset": (
            Dataset,
            (
                "training_uri",
                "validation_uri",
                "content_hash",
                "examples",
                "characters",
                "images",
                "non_ascii",
                "turns",
                "answers",
                "format",
                "training_generation",
                "validation_generation",
            ),
        ),
    },
    TunedModel: {
        "tuning_job": (
            TuningJob,
            ("job", "artifacts_uri", "spec_hash", "base_model", "mode", "estimated_tokens", "estimated_cost_usd"),
        ),
    },
}
"""Arguments that are resources in Python: other languages set the properties that the constructor takes from them."""

REQUIRED_PROPERTIES = frozenset({"training_uri", "content_hash", "job", "artifacts_uri"})
"""Properties of those that a job or a tuned model cannot do without."""

_OR_NONE = " | None"

SIMPLE = {str: "string", int: "integer", float: "number", bool: "boolean"}


def schema() -> dict[str, Any]:
    """Returns the schema as Pulumi's metaschema has it."""
    types: dict[str, Any] = {}
    provider_inputs = _inputs(Provider, types)
    return {
        "name": PACKAGE,
        "version": VERSION,
        "displayName": "Tunestack",
        "description": "Checked data, tuning jobs and deployed checkpoints on Google Cloud.",
        "license": "Apache-2.0",
        "provider": {
            "description": _summary(Provider),
            "inputProperties": provider_inputs[0],
            "requiredInputs": provider_inputs[1],
        },
        "resources": {resource.token: _resource(resource, types) for resource in RESOURCES},
        "functions": {TOKEN: _function(types)},
        "types": types,
    }


def _function(types: dict[str, Any]) -> dict[str, Any]:
    """Returns the one function that programs call; a look-up that is only ours is not among them."""
    inputs, required = _inputs(get_run, types)
    hints = inspect.get_annotations(TuningRun, eval_str=True)
    descriptions = _described(TuningRun, "Attributes:\n")
    return {
        "description": _summary(get_run),
        "inputs": {"type": "object", "properties": inputs, "required": required},
        "outputs": {
            "type": "object",
            "properties": {
                wire_name(name): {**_type(hint, types), "description": descriptions[name]}
                for name, hint in hints.items()
            },
            "required": sorted(wire_name(name) for name, hint in hints.items() if not _is_optional(hint)),
        },
    }


def _resource(resource: type[Declaration], types: dict[str, Any]) -> dict[str, Any]:
    inputs, required = _inputs(resource, types)
    hints = inspect.get_annotations(resource, eval_str=True)
    descriptions = _attribute_descriptions(resource)
    outputs = {
        wire_name(name): {**_type(get_args(hints[name])[0], types), "description": descriptions[name]}
        for name in output_names(resource)
    }
    always = [wire_name(name) for name in output_names(resource) if not _is_optional(get_args(hints[name])[0])]
    return {
        "description": _summary(resource),
        "inputProperties": inputs,
        "requiredInputs": required,
        "properties": outputs,
        "required": always,
    }


def _inputs(resource: Any, types: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    called = resource if inspect.isfunction(resource) else resource.__init__
    hints = inspect.get_annotations(called, eval_str=True)
    descriptions = _described(resource, "Args:\n")
    properties: dict[str, Any] = {}
    required: list[str] = []
    for name, parameter in inspect.signature(called).parameters.items():
        if name in ("self", "resource_name", "opts"):
            continue
        handed = HANDED_OVER.get(resource, {}).get(name)
        if handed is not None:
            source, taken = handed
            outputs = inspect.get_annotations(source, eval_str=True)
            told = _attribute_descriptions(source)
            for output in taken:
                properties[wire_name(output)] = {
                    **_type(get_args(outputs[output])[0], types),
                    "description": told[output],
                }
                if output in REQUIRED_PROPERTIES:
                    required.append(wire_name(output))
            continue
        properties[wire_name(name)] = {**_type(hints[name], types), "description": descriptions[name]}
        if parameter.default is inspect.Parameter.empty:
            required.append(wire_name(name))
    return properties, sorted(required)


def _type(hint: Any, types: dict[str, Any]) -> dict[str, Any]:
    """Returns a hint as the schema has it; `Input[T]` is T, since an input may always be an output."""
    if hint in SIMPLE:
        return {"type": SIMPLE[hint]}
    if is_typeddict(hint) or (isinstance(hint, type) and issubclass(hint, dict)):
        return _object(hint, types)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        # Input[T] unfolds to T | Awaitable[T] | 'Output[T]'; T itself is what remains.
        return _type(_without_wrappers(arguments), types)
    if origin is Literal:
        return {"type": "string"}
    if origin in (list, Sequence):
        return {"type": "array", "items": _type(arguments[0], types)}
    if origin in (dict, Mapping) or (isinstance(origin, type) and issubclass(origin, Mapping)):
        return {"type": "object", "additionalProperties": _type(arguments[1], types)}
    raise TypeError(f"{hint} has no counterpart in the schema")


def _without_wrappers(arguments: tuple[Any, ...]) -> Any:
    plain = [
        argument
        for argument in arguments
        if argument is not NoneType
        and not isinstance(argument, ForwardRef)
        and getattr(get_origin(argument), "__name__", "") != "Awaitable"
    ]
    if len(plain) != 1:
        raise TypeError(f"{arguments} is more than one type")
    return plain[0]


def _object(hint: Any, types: dict[str, Any]) -> dict[str, Any]:
    token = f"{PACKAGE}:index:{hint.__name__}"
    if token not in types:
        hints = get_type_hints(hint, include_extras=True) if is_typeddict(hint) else inspect.get_annotations(hint)
        descriptions = _attribute_descriptions(hint)
        types[token] = {
            "type": "object",
            "description": _summary(hint),
            "properties": {
                wire_name(name): {**_type(_without_mark(each), types), "description": descriptions[name]}
                for name, each in hints.items()
            },
            "required": sorted(wire_name(name) for name, each in hints.items() if not _may_be_missing(each)),
        }
    return {"$ref": f"#/types/{token}"}


def _without_mark(hint: Any) -> Any:
    if isinstance(hint, str):  # the SDK's decorator keeps annotations as they are written
        return {kind.__name__: kind for kind in SIMPLE}[hint.removesuffix(_OR_NONE)]
    return get_args(hint)[0] if get_origin(hint) is NotRequired else hint


def _may_be_missing(hint: Any) -> bool:
    return hint.endswith(_OR_NONE) if isinstance(hint, str) else get_origin(hint) is NotRequired


def _is_optional(hint: Any) -> bool:
    return NoneType in get_args(hint)


def _summary(described: Any) -> str:
    return (inspect.getdoc(described) or "").partition("\n\nArgs:")[0]


def _described(described: Any, title: str) -> dict[str, str]:
    """Returns the texts of a Google-style section by name."""
    section = (inspect.getdoc(described) or "").partition(title)[2].partition("\n\n")[0]
    entries: dict[str, str] = {}
    for line in textwrap.dedent(section).splitlines():
        if line.startswith(" ") and entries:
            name = next(reversed(entries))
            entries[name] = f"{entries[name]} {line.strip()}"
        elif ": " in line:
            name, _, text = line.partition(": ")
            entries[name] = text
    return entries


def _attribute_descriptions(described: type[Any]) -> dict[str, str]:
    """Returns the texts that stand below a class's annotations."""
    body = ast.parse(textwrap.dedent(inspect.getsource(described))).body[0]
    assert isinstance(body, ast.ClassDef)  # noqa: S101 - getsource of a class is a class
    entries = {}
    for statement, following in zip(body.body, body.body[1:], strict=False):
        if (
            isinstance(statement, ast.AnnAssign)
            and isinstance(statement.target, ast.Name)
            and isinstance(following, ast.Expr)
            and isinstance(following.value, ast.Constant)
        ):
            entries[statement.target.id] = inspect.cleandoc(str(following.value.value))
    return entries


if __name__ == "__main__":
    json.dump(schema(), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")

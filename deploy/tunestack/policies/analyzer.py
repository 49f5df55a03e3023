"""The policy pack's gRPC service: what Pulumi's engine asks of one while it previews and updates.

The engine hands over the stack's configuration first, and takes back what it says of the policies as the pack's initial
configuration. A file given as `--policy-pack-config` goes over that, which is the engine's doing.
"""

# The names, arguments and meanings of the methods are those of Pulumi's Analyzer service.
# ruff: noqa: N802, D102, ARG002

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import grpc
import msgspec
from google.protobuf.empty_pb2 import Empty
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.proto import analyzer_pb2, plugin_pb2
from pulumi.runtime.proto.analyzer_pb2_grpc import AnalyzerServicer

from tunestack.policies import properties, settings
from tunestack.policies.guardrails import POLICIES
from tunestack.policies.policy import SETTINGS_KEY, Finding, Limits, Policy, Resource
from tunestack.wording import some

PACK: Final = "tunestack"

_ALL: Final = "all"
"""What the engine calls every policy of a pack in a file of limits."""

_PLACES_SHOWN: Final = 5

_LEVELS: Final = {
    "advisory": analyzer_pb2.ADVISORY,
    "mandatory": analyzer_pb2.MANDATORY,
    "disabled": analyzer_pb2.DISABLED,
}
_LEVEL_NAMES: Final = {number: name for name, number in _LEVELS.items()}
_SEVERITIES: Final = {
    "low": analyzer_pb2.POLICY_SEVERITY_LOW,
    "medium": analyzer_pb2.POLICY_SEVERITY_MEDIUM,
    "high": analyzer_pb2.POLICY_SEVERITY_HIGH,
    "critical": analyzer_pb2.POLICY_SEVERITY_CRITICAL,
}


class Analyzer(AnalyzerServicer):
    """Asks every policy about each resource, and about the stack."""

    def __init__(self) -> None:
        self._limits = settings.defaults()
        self._not_known: dict[str, list[str]] = {}
        self._version = importlib.metadata.version("tunestack")

    def Handshake(
        self, request: analyzer_pb2.AnalyzerHandshakeRequest, context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzerHandshakeResponse:
        return analyzer_pb2.AnalyzerHandshakeResponse()

    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=self._version)

    def ConfigureStack(
        self, request: analyzer_pb2.AnalyzerStackConfigureRequest, context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzerStackConfigureResponse:
        stack = request.stack.rpartition("/")[2]
        if SETTINGS_KEY in request.config:
            place = f"Pulumi.{stack}.yaml: config.{SETTINGS_KEY}"
            if SETTINGS_KEY in request.config_secret_keys:
                _refuse(context, [f"{place}: cannot be a secret, since messages quote it; set it without --secret"])
            self._limits, problems = settings.read(_parsed(request.config[SETTINGS_KEY]))
            _refuse(context, [f"{place}{problem}" for problem in problems])
        return analyzer_pb2.AnalyzerStackConfigureResponse()

    def GetAnalyzerInfo(self, request: Empty, context: grpc.ServicerContext) -> analyzer_pb2.AnalyzerInfo:
        info = analyzer_pb2.AnalyzerInfo(
            name=PACK,
            displayName="Tunestack",
            description="Guardrails for tuned models: budgets, regions, machines, models, access, keys, protection.",
            version=self._version,
            supportsConfig=True,
        )
        for policy in POLICIES:
            limits = self._limits[policy.name]
            described = info.policies.add(
                name=policy.name,
                description=policy.description,
                enforcementLevel=_LEVELS[limits.enforcement_level],
                severity=_SEVERITIES[policy.severity],
                policy_type=analyzer_pb2.POLICY_TYPE_STACK if policy.sees_stack else analyzer_pb2.POLICY_TYPE_RESOURCE,
            )
            described.configSchema.properties.update(settings.schema(policy))
            initial = info.initialConfig[policy.name]
            initial.enforcementLevel = _LEVELS[limits.enforcement_level]
            given = msgspec.to_builtins(limits)
            initial.properties.update(
                {name: value for name, value in given.items() if name != "enforcementLevel" and value is not None}
            )
        return info

    def Configure(self, request: analyzer_pb2.ConfigureAnalyzerRequest, context: grpc.ServicerContext) -> Empty:
        raw = {}
        for name, given in request.policyConfig.items():
            if name == _ALL:
                continue  # the engine has done it already
            level = _LEVEL_NAMES.get(given.enforcementLevel, "remediate")
            raw[name] = {"enforcementLevel": level, **MessageToDict(given.properties)}
        self._limits, problems = settings.read(raw)
        _refuse(context, [f"policy pack configuration: {problem.removeprefix('.')}" for problem in problems])
        return Empty()

    def Analyze(
        self, request: analyzer_pb2.AnalyzeRequest, context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzeResponse:
        resource = _resource(request)
        response = analyzer_pb2.AnalyzeResponse()
        for policy, limits in self._active():
            findings = list(policy.of_resource(limits, resource))
            # A new stack has many such values: one line for each would bury what is wrong.
            self._not_known.setdefault(policy.name, []).extend(each.message for each in findings if each.is_unknown)
            _tell(response, self._version, policy, limits, (each for each in findings if not each.is_unknown))
        return response

    def AnalyzeStack(
        self, request: analyzer_pb2.AnalyzeStackRequest, context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzeResponse:
        resources = [_resource(each) for each in request.resources]
        response = analyzer_pb2.AnalyzeResponse()
        for policy, limits in self._active():
            _tell(response, self._version, policy, limits, policy.of_stack(limits, resources))
            if places := self._not_known.pop(policy.name, []):
                _tell(response, self._version, policy, limits, [_of_unknown(places)])
        return response

    def Remediate(
        self, request: analyzer_pb2.AnalyzeRequest, context: grpc.ServicerContext
    ) -> analyzer_pb2.RemediateResponse:
        return analyzer_pb2.RemediateResponse()

    def Cancel(self, request: Empty, context: grpc.ServicerContext) -> Empty:
        return Empty()

    def _active(self) -> Iterator[tuple[Policy[Any], Limits]]:
        for policy in POLICIES:
            if (limits := self._limits[policy.name]).enforcement_level != "disabled":
                yield policy, limits


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _resource(message: analyzer_pb2.AnalyzeRequest | analyzer_pb2.AnalyzerResource) -> Resource:
    found = properties.read(message.properties)
    return Resource(message.urn, message.type, message.name, found, message.options.protect)


def _tell(
    response: analyzer_pb2.AnalyzeResponse,
    version: str,
    policy: Policy[Any],
    limits: Limits,
    findings: Iterable[Finding],
) -> None:
    for finding in findings:
        response.diagnostics.add(
            policyName=policy.name,
            policyPackName=PACK,
            policyPackVersion=version,
            description=policy.description,
            message=finding.message,
            urn=finding.urn,
            enforcementLevel=_LEVELS["advisory" if finding.is_advice else limits.enforcement_level],
            severity=_SEVERITIES["low" if finding.is_unknown else policy.severity],
        )


def _of_unknown(places: Sequence[str]) -> Finding:
    shown = list(dict.fromkeys(places))
    return Finding(
        f"nothing to do now: what is not known yet is looked at when the change is applied, before anything is made "
        f"of it: {some(shown, _PLACES_SHOWN)}",
        is_advice=True,
        is_unknown=True,
    )


def _refuse(context: grpc.ServicerContext, problems: Sequence[str]) -> None:
    if problems:
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, "\n".join(["the policies cannot be used:", *problems]))

"""What can be set about the emulator: delays, quotas, billing. Every field has a default that suits the local stack.

A settings file is JSON with the names below in camelCase; an unknown name is refused. A room with settings of its own
reads them with `Settings.section`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


class SettingsError(Exception):
    """A settings file that cannot be used. The message names the file and the field."""


class Delays(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """How long, in seconds, the emulated service takes for what is not immediate on the real one.

    On Google Cloud these are minutes (an API "may take a few minutes" to propagate, IAM usually 2 and up to 7 minutes:
    https://cloud.google.com/iam/docs/access-change-propagation). The defaults keep the order of events, not the wait.
    """

    api_enabled: float = 0.2
    """From the enabling of an API until calls to it pass."""
    agent_created: float = 0.1
    """From the enabling of the Vertex AI API until its service agent exists without being asked for."""
    tuning_agent_created: float = 0.3
    """From the enabling of the Vertex AI API, or with `tuning_agent_on_first_use` from the first tuning job, until the
    agent of open-model tuning (moss-ft) exists."""
    agents_provisioned: float = 0.0
    """From the enabling of the Vertex AI API until requests pass that name files in Cloud Storage."""
    account_known: float = 0.0
    """From the creation of a service account, which IAM itself knows at once, until policies and jobs may name it."""
    iam_granted: float = 0.2
    """From the writing of a policy until a new binding in it counts."""
    quota_granted: float = 0.0
    """From a quota preference until it is granted. At once by default, so that the state of a stack that was just
    applied is what a refresh finds; above 0, the preference is `reconciling` meanwhile, as on the real service."""


class Quota(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What a project has of a quota: `default` at first, and at most `maximum` however much it asks for."""

    default: int | None = None
    maximum: int | None = None


class Settings(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The settings of one emulator."""

    data: Path = Path()
    """The folder of all its state; given on the command line."""
    delays: Delays = msgspec.field(default_factory=Delays)
    quotas: dict[str, Quota] = msgspec.field(default_factory=dict)
    """By quota id; overrides the catalogue in platform/quotas.py for every region."""
    tuning_agent_on_first_use: bool = False
    """Whether the agent of open-model tuning appears with a project's first tuning job instead of with its API."""
    own_quota_project: bool = False
    """Whether callers are charged to the project itself, as its own service accounts are. Then Resource Manager, IAM,
    Cloud Quotas and Cloud Billing answer only while their API is enabled there."""
    unbilled_projects: tuple[str, ...] = ()
    """Projects without a billing account."""
    denied_permissions: tuple[str, ...] = ()
    """What a caller is told not to have of a project when it asks; the calls themselves pass."""
    rewrite_bytes_per_call: int = 512 * 1024
    """How much of an object one rewrite call copies to another place or storage class; all of it within one."""
    vertex: dict[str, Any] = msgspec.field(default_factory=dict)
    """The settings of the Vertex AI room, read there with `section`."""

    def section(self, name: str, kind: type[T]) -> T:
        """The settings of one room as its own type.

        Raises:
            SettingsError: a field is unknown or of another type.
        """
        try:
            return msgspec.convert(getattr(self, name), kind)
        except msgspec.ValidationError as error:
            message = f"Settings of the emulator, `{name}`: {error}"
            raise SettingsError(message) from error


def load(data: Path, file: Path | None = None) -> Settings:
    """The settings in `file`, or the defaults, for an emulator that keeps its state in `data`.

    Raises:
        SettingsError: the file is not readable or does not say what `Settings` says.
    """
    if file is None:
        return Settings(data=data)
    try:
        settings = msgspec.json.decode(file.read_bytes(), type=Settings)
    except OSError as error:
        message = f"Cannot read the settings of the emulator in {file}: {error.strerror}."
        raise SettingsError(message) from error
    except msgspec.DecodeError as error:
        message = f"The settings of the emulator in {file} are wrong: {error}"
        raise SettingsError(message) from error
    return msgspec.structs.replace(settings, data=data)

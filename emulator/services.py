"""What the rooms of the emulator share: each is given one `Services` and reaches the others through it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.platform.iam import Policies
    from emulator.platform.projects import Projects
    from emulator.platform.quotas import Quotas
    from emulator.platform.service_accounts import ServiceAccounts
    from emulator.platform.service_usage import EnabledServices
    from emulator.settings import Settings
    from emulator.state import Documents
    from emulator.storage.objects import ObjectStore


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of one emulator.

    Attributes:
        settings: what was set from outside.
        documents: the durable documents; each room uses collections of its own.
        projects: project ids and numbers.
        service_usage: which APIs are enabled, and which service agents exist.
        accounts: the service accounts that users made.
        iam: the policies of projects, buckets and service accounts.
        storage: buckets and objects.
        quotas: what each project was granted.
        on_start: called when the server is ready, to go on with what a restart interrupted.
        on_stop: called before the process ends; must return within a second.
    """

    settings: Settings
    documents: Documents
    projects: Projects
    service_usage: EnabledServices
    accounts: ServiceAccounts
    iam: Policies
    storage: ObjectStore
    quotas: Quotas
    on_start: list[Callable[[], None]] = field(default_factory=list)
    on_stop: list[Callable[[], None]] = field(default_factory=list)

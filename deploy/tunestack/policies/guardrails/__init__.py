"""The policies, one a file, in the order in which they are listed."""

from __future__ import annotations

from typing import Any, Final

from tunestack.policies.guardrails.encryption import Encryption, EncryptionLimits
from tunestack.policies.guardrails.machines import Machines, MachinesLimits
from tunestack.policies.guardrails.models import Models, ModelsLimits
from tunestack.policies.guardrails.protection import Protection, ProtectionLimits
from tunestack.policies.guardrails.public_access import PublicAccess
from tunestack.policies.guardrails.regions import Regions, RegionsLimits
from tunestack.policies.guardrails.serving_budget import ServingBudget, ServingBudgetLimits
from tunestack.policies.guardrails.training_budget import TrainingBudget, TrainingBudgetLimits
from tunestack.policies.policy import Limits, Policy

POLICIES: Final[tuple[Policy[Any], ...]] = (
    TrainingBudget(TrainingBudgetLimits),
    ServingBudget(ServingBudgetLimits),
    Regions(RegionsLimits),
    Machines(MachinesLimits),
    Models(ModelsLimits),
    PublicAccess(Limits),
    Encryption(EncryptionLimits),
    Protection(ProtectionLimits),
)

"""What is known of models, regions, machines and prices: rows with source and date, and one reader.

Unknown is a value here: it is shown as unknown and never refuses anything.
"""

from tunestack.catalogue.checks import Problem, problems
from tunestack.catalogue.entries import (
    Distillation,
    GeminiModel,
    Machine,
    Mode,
    OpenModel,
    Quota,
    Region,
    Source,
    TuningTerms,
)
from tunestack.catalogue.estimate import (
    ServingEstimate,
    TrainingEstimate,
    money,
    serving_estimate,
    training_estimate,
)
from tunestack.catalogue.reader import (
    UnknownMachineError,
    UnknownModelError,
    UnknownRowError,
    distillation,
    gemini_model,
    gemini_models,
    machine,
    machines,
    open_model,
    open_models,
    region,
    regions,
    serving_quotas,
    storage_usd_per_gib_month,
    tuning_quota,
)

__all__ = [
    "Distillation",
    "GeminiModel",
    "Machine",
    "Mode",
    "OpenModel",
    "Problem",
    "Quota",
    "Region",
    "ServingEstimate",
    "Source",
    "TrainingEstimate",
    "TuningTerms",
    "UnknownMachineError",
    "UnknownModelError",
    "UnknownRowError",
    "distillation",
    "gemini_model",
    "gemini_models",
    "machine",
    "machines",
    "money",
    "open_model",
    "open_models",
    "problems",
    "region",
    "regions",
    "serving_estimate",
    "serving_quotas",
    "storage_usd_per_gib_month",
    "training_estimate",
    "tuning_quota",
]

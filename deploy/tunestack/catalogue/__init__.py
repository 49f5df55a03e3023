"""What is known of models, regions, machines and prices: rows with source and date, and one reader.

Unknown is a value here: it is shown as unknown and never refuses anything.
"""

from tunestack.catalogue.amounts import Span, money
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
    TeacherPrice,
    TokenRange,
    TuningTerms,
)
from tunestack.catalogue.prices import ServingEstimate, TrainingEstimate, serving_estimate, training_estimate
from tunestack.catalogue.reader import (
    UnknownMachineError,
    UnknownModelError,
    UnknownRowError,
    UnknownTeacherError,
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
    token_range,
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
    "Span",
    "TeacherPrice",
    "TokenRange",
    "TrainingEstimate",
    "TuningTerms",
    "UnknownMachineError",
    "UnknownModelError",
    "UnknownRowError",
    "UnknownTeacherError",
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
    "token_range",
    "training_estimate",
    "tuning_quota",
]

"""What is known of models, regions, machines and prices: rows with source and date, and one reader.

Unknown is a value here: it is shown as unknown and never refuses anything.
"""

from tunestack.catalogue.amounts import Span, money
from tunestack.catalogue.architectures import architecture_problem
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
from tunestack.catalogue.methods import Method, is_gemini, method, told
from tunestack.catalogue.model_rows import (
    distillation,
    gemini_model,
    gemini_models,
    methods_of,
    model_named,
    open_model,
    open_models,
)
from tunestack.catalogue.names import (
    UnknownMachineError,
    UnknownModeError,
    UnknownModelError,
    UnknownRowError,
    UnknownTeacherError,
)
from tunestack.catalogue.prices import (
    ServingEstimate,
    TrainingEstimate,
    serving_estimate,
    training_cost,
    training_estimate,
)
from tunestack.catalogue.reader import (
    find_machine,
    is_region_name,
    machine,
    machines,
    machines_for,
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
    "Method",
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
    "UnknownModeError",
    "UnknownModelError",
    "UnknownRowError",
    "UnknownTeacherError",
    "architecture_problem",
    "distillation",
    "find_machine",
    "gemini_model",
    "gemini_models",
    "is_gemini",
    "is_region_name",
    "machine",
    "machines",
    "machines_for",
    "method",
    "methods_of",
    "model_named",
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
    "told",
    "training_cost",
    "training_estimate",
    "tuning_quota",
]

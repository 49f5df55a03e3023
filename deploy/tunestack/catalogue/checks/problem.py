"""One thing that cannot work, and all that is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tunestack.catalogue.methods import OPEN_METHODS, method

if TYPE_CHECKING:
    import datetime
    from collections.abc import Collection

    from tunestack.catalogue.methods import Method


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that cannot work, or that is not known to.

    Attributes:
        property: the input's name as a stack writes it, such as `baseModel`.
        reason: what is wrong with it, and the nearest that can work.
        is_unknown: whether it is only that the catalogue does not have it, or has it from an old source.
        is_warning: whether it may work all the same, so that nobody should be refused for it.
    """

    property: str
    reason: str
    is_unknown: bool = False
    is_warning: bool = False

    def __str__(self) -> str:
        return f"{self.property}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked of the service; None is not known, or not asked. See `problems` for each."""

    base_model: str | None = None
    mode: str | None = None
    location: str | None = None
    adapter_size: int | None = None
    epochs: int | None = None
    learning_rate: float | None = None
    batch_size: int | None = None
    learning_rate_multiplier: float | None = None
    teacher_model: str | None = None
    custom_base_model: str | None = None
    pre_tuned_model: str | None = None
    pre_tuned_checkpoint: str | None = None
    kms_key_name: str | None = None
    tuned_model_display_name: str | None = None
    export_last_checkpoint_only: bool | None = None
    images: int | None = None
    data_format: str | None = None
    declared: Collection[str] | None = None
    machine_type: str | None = None
    accelerator_type: str | None = None
    accelerator_count: int | None = None
    today: datetime.date

    @property
    def method(self) -> Method:
        """The method that the inputs ask for."""
        declared = self.declared or ()
        return method(
            self.base_model,
            # Declared counts for what a preview does not know yet.
            self.teacher_model or ("teacherModel" if "teacherModel" in declared else None),
            self.pre_tuned_model or ("preTunedModel" if "preTunedModel" in declared else None),
        )

    @property
    def is_open(self) -> bool:
        """Whether it is an open model that is tuned."""
        return self.method in OPEN_METHODS

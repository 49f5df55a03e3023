"""Training data that was checked before anything was spent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import pulumi

from tunestack.resources.declaration import Declaration

Answers = Literal["required", "optional"]


class Dataset(Declaration):
    """A checked training file, and a validation file if there is one, in Cloud Storage.

    Both are checked while a preview runs: a broken line fails the preview with file, line and reason. Files of this
    machine are uploaded under names that derive from their content, so that new data is a new dataset and old runs keep
    theirs. Objects that lie in Cloud Storage already stay where they are, pinned to the generation that was checked.

    Args:
        resource_name: the name in the program.
        training: path of a JSONL file, relative to the folder that holds Pulumi.yaml; or `gs://` address of an object.
        validation: likewise; at most 25 % of the training file in bytes and 5,000 rows.
        bucket: name of the bucket that receives files of this machine; not needed where there are none.
        prefix: folder in the bucket; `datasets` when left out.
        base_models: the models that are tuned on this data, whose own rules are checked then; a change of them checks
            again and replaces nothing.
        answers: `optional` where a teacher writes them: an example of a distillation may end with the user's turn, or
            have no completion. `required` when left out.
        opts: the engine's options.
    """

    training_uri: pulumi.Output[str]
    """`gs://` address of the training file."""
    validation_uri: pulumi.Output[str | None]
    """`gs://` address of the validation file."""
    content_hash: pulumi.Output[str]
    """SHA-256 over both files, in hex."""
    format: pulumi.Output[str]
    """The detected format: `prompt-completion`, `chat` or `generate-content`."""
    examples: pulumi.Output[int]
    """Training examples."""
    validation_examples: pulumi.Output[int]
    """Validation examples."""
    characters: pulumi.Output[int]
    """Characters in the training examples' texts."""
    non_ascii: pulumi.Output[int | None]
    """How many of them are beyond ASCII."""
    turns: pulumi.Output[int | None]
    """Messages of the training examples; two for each of prompt and completion."""
    images: pulumi.Output[int | None]
    """Images in the training examples, inline and linked."""
    text_only: pulumi.Output[int | None]
    """Training examples without an image."""
    training_generation: pulumi.Output[str]
    """Which content of a `gs://` training object was checked; empty where the file was uploaded."""
    validation_generation: pulumi.Output[str]
    """Likewise of the validation object."""
    answers: pulumi.Output[Answers | None]
    """Whether each example was to have one: a job that is no distillation refuses `optional`."""
    comparison: pulumi.Output[str]
    """How the data differs from the data that it took the place of; empty for the first."""

    def __init__(
        self,
        resource_name: str,
        *,
        training: pulumi.Input[str],
        bucket: pulumi.Input[str] | None = None,
        validation: pulumi.Input[str] | None = None,
        prefix: pulumi.Input[str] | None = None,
        base_models: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None,
        answers: pulumi.Input[Answers] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(
            resource_name,
            {
                "training": training,
                "validation": validation,
                "bucket": bucket,
                "prefix": prefix,
                "base_models": base_models,
                "answers": answers,
            },
            opts,
        )

"""Training data that was checked before anything was spent."""

from __future__ import annotations

import pulumi

from tunestack.resources.declaration import Declaration


class Dataset(Declaration):
    """A checked training file, and a validation file if there is one, in Cloud Storage.

    Both are checked while a preview runs: a broken line fails the preview with file, line and reason. The files are
    uploaded under names that derive from their content, so that new data is a new dataset and old runs keep theirs.

    Args:
        resource_name: the name in the program.
        training: path of a JSONL file, relative to the folder that holds Pulumi.yaml.
        validation: likewise; at most 25 % of the training file in bytes and 5,000 rows.
        bucket: name of the bucket that receives the files.
        prefix: folder in the bucket; `datasets` when left out.
        opts: the engine's options.
    """

    training_uri: pulumi.Output[str]
    """`gs://` address of the training file."""
    validation_uri: pulumi.Output[str | None]
    """`gs://` address of the validation file."""
    content_hash: pulumi.Output[str]
    """SHA-256 over both files, in hex."""
    format: pulumi.Output[str]
    """The detected format: `prompt-completion` or `chat`."""
    examples: pulumi.Output[int]
    """Training examples."""
    validation_examples: pulumi.Output[int]
    """Validation examples."""
    characters: pulumi.Output[int]
    """Characters in the training examples' texts."""

    def __init__(
        self,
        resource_name: str,
        *,
        training: pulumi.Input[str],
        bucket: pulumi.Input[str],
        validation: pulumi.Input[str] | None = None,
        prefix: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(
            resource_name,
            {"training": training, "validation": validation, "bucket": bucket, "prefix": prefix},
            opts,
        )

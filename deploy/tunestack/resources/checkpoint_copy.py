"""A checkpoint of another stack, region or project, brought into a bucket of one's own."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from tunestack.resources.declaration import Declaration


class CheckpointCopy(Declaration):
    """Copies a checkpoint from one bucket into another, inside Cloud Storage: no byte passes this machine.

    Each content has a folder of its own, so that another checkpoint never touches what is being served, and going back
    to an earlier one copies nothing. What is in place already, by size and checksum, is not copied again. The content
    is pinned when it is previewed: a plan that was reviewed refuses another. Deleting the resource leaves the copies.

    Args:
        resource_name: the name in the program.
        source_uri: `gs://` folder of the checkpoint, such as a tuned model's `final_checkpoint_uri`. While it is empty,
            since that model is not finished, the copy stays pending.
        destination_uri: `gs://` folder below which the copy gets its own, named by content.
        base_model: the open model that was tuned, `google/gemma3@gemma-3-1b-it`.
        origin: where the checkpoint comes from, to be told in previews and kept beside the copy: `stack`, `model`,
            `run`, `baseModel`, `mode`, `epochs`, `contentHash`, `examples`, `billedTokens`, `billedCostUsd`,
            `durationSeconds`, and whatever else is worth keeping.
        opts: the engine's options.
    """

    uri: pulumi.Output[str]
    """`gs://` folder of the copy, without a slash at the end; empty while there is nothing to copy."""
    content: pulumi.Output[str]
    """SHA-256 over the names, sizes and checksums of the checkpoint's files."""
    files: pulumi.Output[int]
    """How many files the checkpoint has."""
    bytes: pulumi.Output[int]
    """How many bytes they have together."""
    copied_files: pulumi.Output[int]
    """How many of them the last run had to copy; the others were in place."""
    copied_bytes: pulumi.Output[int]
    """How many bytes these have."""
    state: pulumi.Output[str]
    """`COPIED`; `PENDING` while there is nothing to copy; `INCOMPLETE` when a refresh found files missing."""

    def __init__(
        self,
        resource_name: str,
        *,
        source_uri: pulumi.Input[str],
        destination_uri: pulumi.Input[str],
        base_model: pulumi.Input[str] | None = None,
        origin: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(
            resource_name,
            {
                "source_uri": source_uri,
                "destination_uri": destination_uri,
                "base_model": base_model,
                "origin": origin,
            },
            opts,
        )

"""What a create has made and nobody knows of: its answer was lost, or the plugin was killed before it could tell.

A plugin that dies during a create leaves nothing in the state, and the next run creates again. Where the name is of our
choice, Google Cloud then refuses for ever, since it is taken. So everything with such a name carries a label that says
for which resource it was made, and a hook takes the thing back, empty as it is, before it is made again.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

import pulumi

from infra.patience import UNANSWERED
from tunestack.connection import Connection
from tunestack.retries import CALL_SECONDS, repeatable

LABEL: Final = "tunestack-made-for"

_BUCKET: Final = "gcp:storage/bucket:Bucket"
_ENDPOINT: Final = "gcp:vertex/aiEndpoint:AiEndpoint"

_TAKEN: Final = re.compile(r"\berror 409\b|already exists|already own it", re.IGNORECASE)
_UNANSWERED: Final = re.compile(UNANSWERED, re.IGNORECASE)

_OTHERS: Final = "exists, and was not made for this resource"

_OF_EVERY_BUCKET: Final = "roles/storage.legacy"
"""How the roles begin that a new bucket has by itself: https://cloud.google.com/storage/docs/access-control/iam-roles."""

_ATTEMPTS: Final = 5
"""How often a create is repeated in one run; by then something else is wrong."""


class Leftovers:
    """The label, and the hook that looks for it.

    Args:
        project: the Google Cloud project's id.
        location: of the endpoints.
        api_endpoint: the emulator's address; None for Google Cloud.
    """

    def __init__(self, project: str, location: str, api_endpoint: str | None) -> None:
        self._connection = Connection(project, location, api_endpoint or "")

    def attach(self) -> None:
        """Gives label and hook to each bucket and endpoint that is declared from now on."""
        hook = pulumi.ErrorHook("leftovers", self._on_error)

        def marked(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
            if args.type_ not in (_BUCKET, _ENDPOINT) or args.opts.id is not None:  # is made by others
                return None
            mark = mark_of(pulumi.get_project(), pulumi.get_stack(), args.type_, args.name)
            labels = pulumi.Output.from_input(args.props.get("labels")).apply(lambda own: {**(own or {}), LABEL: mark})
            hooks = pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(on_error=[hook]))
            return pulumi.ResourceTransformationResult(
                {**args.props, "labels": labels}, pulumi.ResourceOptions.merge(args.opts, hooks)
            )

        pulumi.runtime.register_stack_transformation(marked)

    async def _on_error(self, failure: pulumi.ErrorHookArgs) -> bool:
        refusal = failure.errors[0] if failure.errors else ""
        is_taken = bool(_TAKEN.search(refusal))
        if failure.failed_operation != "create" or not (is_taken or _UNANSWERED.search(refusal)):
            return False
        if len(failure.errors) > _ATTEMPTS:
            return False
        stack, project, kinds, name = failure.urn.removeprefix("urn:pulumi:").split("::", 3)
        mark = mark_of(project, stack, kinds.rpartition("$")[2], name)
        inputs = failure.new_inputs or {}
        try:
            obstacle = await asyncio.to_thread(repeatable(self.take_back), failure.type, inputs, mark)
        except Exception as error:
            obstacle = f"cannot be taken back: {error}"
        if not obstacle:
            pulumi.log.info(f"{failure.name} is made again: the answer to an earlier create was lost")
            return True
        if failure.type == _BUCKET:
            found, key = inputs["name"], f"buckets.{failure.name}"
        else:
            found, key = self._endpoint_name(inputs), f"serving.{failure.name}.endpoint"
        pulumi.log.error(f"{failure.name}: {found} {obstacle}. To use it as it is, set tunestack:{key} to {found}")
        return False

    def take_back(self, kind: str, inputs: Mapping[str, Any], mark: str) -> str:
        """Removes what an earlier create of this very resource has left; returns why not, where the name is not free.

        Only what nobody has used is removed: the stack may have let go of it since, and others have taken it up.
        """
        return self._bucket(inputs, mark) if kind == _BUCKET else self._endpoint(inputs, mark)

    def _bucket(self, inputs: Mapping[str, Any], mark: str) -> str:
        bucket = self._connection.storage.lookup_bucket(inputs["name"], timeout=CALL_SECONDS)
        if bucket is None:
            return ""
        if bucket.labels.get(LABEL) != mark:
            return _OTHERS
        roles = [binding["role"] for binding in bucket.get_iam_policy(timeout=CALL_SECONDS).bindings]
        if bucket.metageneration != 1 or not all(role.startswith(_OF_EVERY_BUCKET) for role in roles):
            return "exists, and was changed since it was made for this resource"
        # The service itself refuses where objects are in it.
        bucket.delete(if_metageneration_match=1, timeout=CALL_SECONDS)
        return ""

    def _endpoint(self, inputs: Mapping[str, Any], mark: str) -> str:
        from google.api_core.exceptions import NotFound

        from tunestack.serving.clients import endpoint_client

        client, name = endpoint_client(self._connection), self._endpoint_name(inputs)
        try:
            labels = client.get_endpoint(name=name, timeout=CALL_SECONDS).labels
        except NotFound:
            return ""
        if labels.get(LABEL) != mark:
            return _OTHERS
        # The service itself refuses where a model is deployed on it.
        client.delete_endpoint(name=name, timeout=CALL_SECONDS).result(timeout=CALL_SECONDS)
        return ""

    def _endpoint_name(self, inputs: Mapping[str, Any]) -> str:
        return f"{self._connection.parent}/endpoints/{inputs['name']}"


def mark_of(project: str, stack: str, kind: str, name: str) -> str:
    """Returns the label's value: it tells a resource from its namesake in another stack, and from a renamed one."""
    return hashlib.sha256(f"{project}/{stack}/{kind}/{name}".encode()).hexdigest()[:16]

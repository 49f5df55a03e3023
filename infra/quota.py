"""How many tuning jobs of open models may run at once, and the request for more."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_gcp as gcp

from infra.services import Services
from infra.settings import QuotaSettings, Settings

DISPLAY_NAME = "Global concurrent managed OSS model fine-tuning jobs per project"
"""The quota's name on the tuning page; its id is on no page, so it is looked up under this name on every run."""
SERVICE = "aiplatform.googleapis.com"
UNLIMITED = -1
"""What Cloud Quotas says for no limit."""
_AT_FIRST = 1
"""Jobs at once of a project that never asked for more: the tuning page, section Quota."""


class TuningQuota(pulumi.ComponentResource):
    """Looks the quota up and asks for more where the stack wants more than the project has.

    Args:
        resource_name: the name in the program.
        settings: the stack's configuration.
        services: the enabled APIs.
        opts: the engine's options.
    """

    def __init__(
        self,
        resource_name: str,
        *,
        settings: Settings,
        services: Services,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("infra:index:TuningQuota", resource_name, None, opts)
        self._settings = settings
        wanted = settings.quota
        present = self._present_quota()
        found = self._quota_later(services) if present is None else pulumi.Output.from_input(present)
        # The value in effect before this stack asked. Compared with the value of today a request would vanish from
        # the program as soon as it is granted; and a project that keeps an earlier grant is not asked again, which
        # the service would refuse: a preference can be made once and never deleted.
        before = pulumi.Stash(
            "granted-before",
            input=found.apply(lambda quota: quota["granted"] or 0),
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["input"]),
        )
        self.preferred = wanted.concurrent_tuning_jobs if wanted else None
        self._quota_id = found.apply(lambda quota: quota["id"])
        asked: pulumi.Output[pulumi.Resource | None] = pulumi.Output.all(found, before.output).apply(
            lambda known: self._asked(known[0], known[1])
        )
        self.granted: pulumi.Output[int | None] = pulumi.Output.all(found, asked).apply(
            lambda known: _in_effect(known[0]["granted"], known[1])
        )
        # Named one by one: which children a component has by the time another resource depends on it is chance.
        self.settled: list[pulumi.Input[pulumi.Resource]] = [before, asked.apply(lambda request: request or before)]
        if present is None and pulumi.runtime.is_dry_run() and wanted and wanted.concurrent_tuning_jobs > _AT_FIRST:
            # What cannot be looked up yet is taken to be what projects start with: so the preview shows the request,
            # and a plan allows it, with all that `asked` depends on later.
            self.settled = [before, self._request(wanted), *services.apis.values()]
        self.register_outputs({"granted": self.granted})

    def _present_quota(self) -> dict[str, Any] | None:
        """Returns the quota if the project's APIs are enabled already.

        Looked up before anything is changed, so that preview and update find the same and decide alike.
        """
        try:
            listed = gcp.cloudquota.get_s_quota_infos(
                parent=f"projects/{self._settings.project}", service=SERVICE, opts=pulumi.InvokeOptions(parent=self)
            )
        except Exception as error:
            # Whatever else it may be, the look-up that waits for the APIs will tell.
            pulumi.log.debug(f"the quota cannot be looked up yet: {error}", self)
            return None
        return _found(listed.quota_infos)

    def _quota_later(self, services: Services) -> pulumi.Output[dict[str, Any]]:
        options = pulumi.InvokeOutputOptions(parent=self, depends_on=list(services.apis.values()))
        listed = gcp.cloudquota.get_s_quota_infos_output(
            parent=f"projects/{self._settings.project}", service=SERVICE, opts=options
        )
        return services.tied(listed.apply(lambda known: _found(known.quota_infos)))

    def _asked(self, quota: dict[str, Any], before: float) -> gcp.cloudquota.SQuotaPreference | None:
        """Asks for more where that is wanted, possible and not there already."""
        wanted = self._settings.quota
        if wanted is None:
            return None
        reason = _refusal(quota)
        if reason:
            pulumi.log.warn(f"no more than the project's concurrent tuning jobs can be asked for: {reason}", self)
            return None
        enough = before == UNLIMITED or wanted.concurrent_tuning_jobs <= before
        return None if enough else self._request(wanted)

    def _request(self, wanted: QuotaSettings) -> gcp.cloudquota.SQuotaPreference:
        return gcp.cloudquota.SQuotaPreference(
            "concurrent-tuning-jobs",
            name="tunestack-concurrent-tuning-jobs",
            parent=f"projects/{self._settings.project}",
            service=SERVICE,
            quota_id=self._quota_id,
            quota_config={"preferred_value": str(wanted.concurrent_tuning_jobs)},
            contact_email=self._settings.guarded("quota", wanted.contact_email),
            opts=pulumi.ResourceOptions(parent=self),
        )


def _found(quota_infos: list[Any]) -> dict[str, Any]:
    info = next((info for info in quota_infos if info.quota_display_name == DISPLAY_NAME), None)
    if info is None:
        return {"id": None, "granted": None, "fixed": False}
    details = [detail.value for place in info.dimensions_infos for detail in place.details]
    return {"id": info.quota_id, "granted": _whole(details[0]) if details else None, "fixed": info.is_fixed}


def _in_effect(
    granted: int | None, request: gcp.cloudquota.SQuotaPreference | None
) -> pulumi.Output[int | None] | int | None:
    if request is None:
        return granted
    # A grant that comes later is seen by the look-up first; one that comes at once by the request. The id makes it
    # unknown while the request is not made: what that will get cannot be foretold.
    in_effect: pulumi.Output[int | None] = pulumi.Output.all(request.quota_config.granted_value, request.id).apply(
        lambda known: max((value for value in (_whole(known[0]), granted) if value), default=None)
    )
    return in_effect


def _refusal(quota: dict[str, Any]) -> str:
    if quota["id"] is None:
        return f'Cloud Quotas lists no "{DISPLAY_NAME}"; see IAM & Admin → Quotas in the console'
    return f'the quota "{DISPLAY_NAME}" is fixed for this project' if quota["fixed"] else ""


def _whole(value: Any) -> int | None:
    return None if value in (None, "") else int(value)

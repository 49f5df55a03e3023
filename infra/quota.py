"""What the project may use of the quotas that the stack needs, and the requests for more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pulumi
import pulumi_gcp as gcp

from infra.services import Services
from infra.settings import QuotaSettings, Settings
from tunestack import QuotaRequest
from tunestack.catalogue import serving_quotas, tuning_quota
from tunestack.quotas import SERVICE, Standing, standing

TUNING_JOBS = "concurrent-tuning-jobs"


class Quotas(pulumi.ComponentResource):
    """Looks up what the stack needs: tuning jobs at once, and each accelerator that it serves on.

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
        super().__init__("infra:index:Quotas", resource_name, None, opts)
        self._settings = settings
        asked = settings.quota.serving_accelerators if settings.quota else {}
        used = [name for endpoint in settings.serving.values() for name in endpoint.accelerators]
        self.accelerators = tuple(name for name in dict.fromkeys([*asked, *used]) if name in serving_quotas())
        """Those with a quota that the catalogue knows."""
        # A region tunes nothing: that quota is its foundation's to ask for.
        tuning = {} if settings.foundation else {TUNING_JOBS: tuning_quota()}
        self._quotas = tuning | {name: serving_quotas()[name] for name in self.accelerators}
        self.present = self._present()
        """Where the project stands before anything is changed, by quota; None while its APIs are not enabled."""
        requests = {name: self._request(name, services) for name in self._quotas if self.preferred(name)}
        self._requests = requests
        listed = services.patience.look_up(
            "the project's quotas",
            "gcp:cloudquota/getSQuotaInfos:getSQuotaInfos",
            {"parent": f"projects/{settings.project}", "service": SERVICE},
            gcp.cloudquota.AwaitableGetSQuotaInfosResult,
            parent=self,
            after=[*services.apis.values(), *requests.values()],
        )
        self._after = services.tied(listed.apply(lambda known: self._standings(known.quota_infos)))
        self.register_outputs({})

    def preferred(self, name: str) -> int | None:
        """Returns what the stack asks for."""
        wanted = self._settings.quota
        if wanted is None:
            return None
        return wanted.concurrent_tuning_jobs if name == TUNING_JOBS else wanted.serving_accelerators.get(name)

    def asked(self, name: str) -> list[QuotaRequest]:
        """Returns the request for a quota, for which what needs the quota has to wait; none where none is made."""
        return [request for quota, request in self._requests.items() if quota == name]

    def granted(self, name: str) -> pulumi.Output[int | None]:
        """Returns what the project has after this run asked; a grant that takes longer is seen by the next run.

        Of a request that is about to change, a preview does not know it: a plan would hold the run to what was before.
        """
        asked = (request.granted for request in self.asked(name))
        return pulumi.Output.all(self._after, *asked).apply(lambda known: known[0][name] and known[0][name].granted)

    def _present(self) -> Mapping[str, Standing | None] | None:
        try:
            listed = gcp.cloudquota.get_s_quota_infos(
                parent=f"projects/{self._settings.project}", service=SERVICE, opts=pulumi.InvokeOptions(parent=self)
            )
        except Exception as error:
            # Whatever else it may be, the look-up that waits for the APIs will tell.
            pulumi.log.debug(f"the quotas cannot be looked up yet: {error}", self)
            return None
        return self._standings(listed.quota_infos)

    def _standings(self, listed: Iterable[Any]) -> dict[str, Any]:
        infos = [_as_listed(info) for info in listed]
        return {name: standing(infos, quota, self._settings.location) for name, quota in self._quotas.items()}

    def _request(self, name: str, services: Services) -> QuotaRequest:
        wanted, preferred = self._settings.quota, self.preferred(name)
        assert isinstance(wanted, QuotaSettings) and preferred  # noqa: PT018, S101 - called where it is asked for
        return QuotaRequest(
            name,
            preferred=preferred,
            contact_email=self._settings.guarded("quota", wanted.contact_email),
            accelerator=None if name == TUNING_JOBS else name,
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(services.apis.values())),
        )


def _as_listed(info: Any) -> dict[str, Any]:
    """Returns a quota info as the API has it."""
    return {
        "quotaId": info.quota_id,
        "metric": info.metric,
        "quotaDisplayName": info.quota_display_name,
        "isFixed": info.is_fixed,
        "dimensions": info.dimensions,
        "dimensionsInfos": [
            {
                "details": {"value": next((detail.value for detail in place.details if detail.value), 0)},
                "applicableLocations": place.applicable_locations,
                "dimensions": place.dimensions,
            }
            for place in info.dimensions_infos
        ],
    }

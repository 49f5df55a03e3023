"""Which APIs a project has enabled, and the service agents that come with them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from emulator import clock
from emulator.errors import ServiceError

if TYPE_CHECKING:
    from emulator.platform.projects import Project, Projects
    from emulator.settings import Settings
    from emulator.state import Documents

TITLES: Final = {
    "aiplatform.googleapis.com": "Vertex AI API",
    "bigquery.googleapis.com": "BigQuery API",
    "cloudapis.googleapis.com": "Google Cloud APIs",
    "cloudbilling.googleapis.com": "Cloud Billing API",
    "cloudkms.googleapis.com": "Cloud Key Management Service (KMS) API",
    "cloudquotas.googleapis.com": "Cloud Quotas API",
    "cloudresourcemanager.googleapis.com": "Cloud Resource Manager API",
    "cloudtrace.googleapis.com": "Cloud Trace API",
    "compute.googleapis.com": "Compute Engine API",
    "container.googleapis.com": "Kubernetes Engine API",
    "datastore.googleapis.com": "Cloud Datastore API",
    "iam.googleapis.com": "Identity and Access Management (IAM) API",
    "logging.googleapis.com": "Cloud Logging API",
    "monitoring.googleapis.com": "Cloud Monitoring API",
    "servicemanagement.googleapis.com": "Service Management API",
    "serviceusage.googleapis.com": "Service Usage API",
    "sql-component.googleapis.com": "Cloud SQL",
    "storage-api.googleapis.com": "Google Cloud Storage JSON API",
    "storage-component.googleapis.com": "Cloud Storage",
    "storage.googleapis.com": "Cloud Storage API",
}
"""The names that the service's messages use; an API that is not listed is called by its host name."""

ENABLED_BY_DEFAULT: Final = frozenset(
    f"{name}.googleapis.com"
    for name in (
        "bigquery",
        "cloudapis",
        "cloudtrace",
        "datastore",
        "logging",
        "monitoring",
        "servicemanagement",
        "serviceusage",
        "sql-component",
        "storage",
        "storage-api",
        "storage-component",
    )
)
"""What a new project starts with, as far as the APIs concern this product. Source:
https://cloud.google.com/service-usage/docs/enabled-service#default."""

_AGENT_DOMAINS: Final = {
    "compute": "compute-system",
    "container": "container-engine-robot",
    "storage": "gs-project-accounts",
}
"""Agents that are not called `gcp-sa-<service>`. Source: https://cloud.google.com/iam/docs/service-agents."""

_AGENT_COLLECTION: Final = "service_agents"
_API_COLLECTION: Final = "apis"
_VERTEX: Final = "aiplatform.googleapis.com"
_HOST: Final = re.compile(r"[a-z0-9][a-z0-9-]*\.googleapis\.com")


class EnabledServices:
    """The APIs and service agents of every project."""

    def __init__(self, documents: Documents, projects: Projects, settings: Settings) -> None:
        self._documents = documents
        self._projects = projects
        self._delays = settings.delays
        self._tuning_agent_on_first_use = settings.tuning_agent_on_first_use

    def enabled(self, project: str, service: str) -> bool:
        """Whether the API counts as enabled; calls to it may not pass yet."""
        return self._state(self._projects.get(project), service)["enabled"]  # type: ignore[no-any-return]

    def require(self, project: str, service: str) -> None:
        """Lets a call to `service` pass, or refuses it as Google's frontend does.

        Raises:
            ServiceError: the API is disabled, or was enabled less than `delays.apiEnabled` ago.
        """
        consumer = self._projects.get(project)
        state = self._state(consumer, service)
        if state["enabled"] and clock.now() >= state["since"] + self._delays.api_enabled:
            return
        raise _service_disabled(consumer, service)

    def enable(self, project: str, service: str) -> None:
        """Enables an API; enabling it again changes nothing. Its service agents follow after a moment.

        Raises:
            ServiceError: there is no such API.
        """
        consumer = self._projects.get(project)
        if not _HOST.fullmatch(service):
            message = f"Not found or permission denied for service(s): {service}."
            raise ServiceError("PERMISSION_DENIED", message)
        now = clock.now()
        with self._documents.transaction():
            if not self._state(consumer, service)["enabled"]:
                self._documents.put(_API_COLLECTION, f"{consumer.id}/{service}", {"enabled": True, "since": now})
            if service == "compute.googleapis.com":
                self._expect_agent(f"{consumer.number}-compute@developer.gserviceaccount.com", now)
            if service == _VERTEX:
                self._expect_agent(agent_email(consumer, service), now + self._delays.agent_created)
                if not self._tuning_agent_on_first_use:
                    self._expect_agent(tuning_agent_email(consumer), now + self._delays.tuning_agent_created)

    def disable(self, project: str, service: str) -> None:
        """Disables an API; its agents stay, as they do on the real service."""
        key = f"{self._projects.get(project).id}/{service}"
        self._documents.put(_API_COLLECTION, key, {"enabled": False, "since": clock.now()})

    def names(self, project: str) -> list[str]:
        """The APIs that are known or were ever enabled, in order."""
        prefix = f"{self._projects.get(project).id}/"
        used = {key.removeprefix(prefix) for key, _ in self._documents.list(_API_COLLECTION, prefix)}
        return sorted(used | TITLES.keys())

    def generate_identity(self, project: str, service: str) -> str:
        """Makes the API's service agent exist now and gives its email."""
        email = agent_email(self._projects.get(project), service)
        if not self.agent_exists(email):
            self._documents.put(_AGENT_COLLECTION, email, {"exists_from": clock.now()})
        return email

    def use_tuning(self, project: Project) -> None:
        """Told of every tuning job: a project's first one brings the tuning agent into being, after a moment.

        Agents that appear so are documented (https://cloud.google.com/iam/docs/service-agents) and seen for another
        agent of Vertex AI: github.com/GoogleCloudPlatform/cloud-foundation-fabric/issues/3788.
        """
        self._expect_agent(tuning_agent_email(project), clock.now() + self._delays.tuning_agent_created)

    def require_agents(self, project: Project) -> None:
        """Lets a request pass that names files in Cloud Storage, or refuses it while the agents are provisioned.

        Raises:
            ServiceError: the Vertex AI API was enabled less than `delays.agentsProvisioned` ago. The text is the
                service's, as users of new projects quote it; it goes away by itself in minutes.
        """
        since = self._state(project, _VERTEX)["since"]
        if clock.now() < since + self._delays.agents_provisioned:
            raise ServiceError(
                "FAILED_PRECONDITION",
                "Service agents are being provisioned "
                "(https://cloud.google.com/vertex-ai/docs/general/access-control#service-agents). Service agents are "
                "needed to read the Cloud Storage file provided. So please try again in a few minutes.",
            )

    def agent_exists(self, email: str) -> bool:
        """Whether a service agent exists already: asked for, or some time after its API was enabled."""
        agent = self._documents.get(_AGENT_COLLECTION, email)
        return agent is not None and clock.now() >= agent["exists_from"]

    def new_agents(self, project: Project) -> list[tuple[str, str]]:
        """Role and email of each agent of Vertex AI that has come into being since this was last asked.

        "When the service agent is created, Google Cloud grants this role automatically":
        https://cloud.google.com/iam/docs/service-agents. Whoever takes it away has taken it away.
        """
        found = []
        for role, email in (
            ("roles/aiplatform.serviceAgent", agent_email(project, _VERTEX)),
            ("roles/aiplatform.tuningServiceAgent", tuning_agent_email(project)),
        ):
            agent = self._documents.get(_AGENT_COLLECTION, email)
            if agent and not agent.get("granted") and clock.now() >= agent["exists_from"]:
                self._documents.put(_AGENT_COLLECTION, email, agent | {"granted": True})
                found.append((role, email))
        return found

    def _expect_agent(self, email: str, moment: float) -> None:
        if self._documents.get(_AGENT_COLLECTION, email) is None:
            self._documents.put(_AGENT_COLLECTION, email, {"exists_from": moment})

    def _state(self, project: Project, service: str) -> dict[str, Any]:
        state = self._documents.get(_API_COLLECTION, f"{project.id}/{service}")
        return state or {"enabled": service in ENABLED_BY_DEFAULT, "since": 0.0}


def agent_email(project: Project, service: str) -> str:
    """The email of an API's service agent."""
    short = service.removesuffix(".googleapis.com")
    return f"service-{project.number}@{_AGENT_DOMAINS.get(short, f'gcp-sa-{short}')}.iam.gserviceaccount.com"


def tuning_agent_email(project: Project) -> str:
    """The email of the agent that tunes open models. Source: the open-model tuning page."""
    return f"service-{project.number}@gcp-sa-vertex-moss-ft.iam.gserviceaccount.com"


def _service_disabled(project: Project, service: str) -> ServiceError:
    """The refusal of a disabled API. Source of text and details: https://cloud.google.com/apis/design/errors."""
    url = f"https://console.developers.google.com/apis/api/{service}/overview?project={project.id}"
    title = TITLES.get(service, service)
    message = (
        f"{title} has not been used in project {project.id} before or it is disabled. Enable it by visiting {url} then"
        " retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and"
        " retry."
    )
    return ServiceError(
        "PERMISSION_DENIED",
        message,
        details=[
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "SERVICE_DISABLED",
                "domain": "googleapis.com",
                "metadata": {
                    "activationUrl": url,
                    "consumer": f"projects/{project.number}",
                    "containerInfo": project.id,
                    "service": service,
                    "serviceTitle": title,
                },
            },
            {"@type": "type.googleapis.com/google.rpc.LocalizedMessage", "locale": "en-US", "message": message},
            {
                "@type": "type.googleapis.com/google.rpc.Help",
                "links": [{"description": "Google developers console API activation", "url": url}],
            },
        ],
    )

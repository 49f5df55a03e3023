"""An emulator in a process of its own, and a project on it as the official clients see it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import requests
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client as StorageClient
from google.genai import Client, types
from google.oauth2.credentials import Credentials

from tests.running_emulator import NO_DELAYS

REGION = "us-central1"
GEMMA = "google/gemma3@gemma-3-1b-it"
LLAMA = "meta/llama3_1@llama-3.1-8b-instruct"
TUNING_QUOTA = "GlobalConcurrentManagedOssModelTuningJobs"
NOBODY = AnonymousCredentials()  # type: ignore[no-untyped-call]
L4_QUOTA = "CustomModelServingL4GPUsPerProjectPerRegion"


class Server:
    """An emulator that can be killed and started again over the same state."""

    def __init__(self, data: Path, vertex: dict[str, float]) -> None:
        self.data = data
        self._settings = data.parent / f"{data.name}.json"
        self._vertex = vertex
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, **vertex: float) -> None:
        """Starts it, with settings that take the place of those before, and waits until it answers."""
        self._vertex |= vertex
        settings = {"quotas": {L4_QUOTA: {"default": 1}}, "delays": NO_DELAYS, "vertex": self._vertex}
        self._settings.write_text(json.dumps(settings))
        command = [sys.executable, "-m", "emulator", "serve", "--data", str(self.data), "--settings"]
        environment = os.environ | {"JAX_PLATFORMS": "cpu"}
        with self.data.with_suffix(".log").open("ab") as log:
            self._process = subprocess.Popen([*command, str(self._settings)], stderr=log, env=environment)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                if requests.get(f"{self.url}/emulator/health", timeout=30).ok:
                    return
            except (OSError, KeyError, ValueError):
                assert self._process.poll() is None, self.data.with_suffix(".log").read_text()
                time.sleep(0.05)
        raise TimeoutError("the emulator did not start")

    def end(self, number: int = signal.SIGTERM) -> None:
        """Ends it, kindly or not."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(60)
            self._process = None

    @property
    def url(self) -> str:
        return str(json.loads((self.data / "emulator.json").read_text())["url"])


@dataclass
class Cloud:
    """A project of its own on an emulator, its API enabled, with a bucket that both service agents may use."""

    server: Server
    project: str
    number: str = ""
    session: requests.Session = field(default_factory=requests.Session)

    @property
    def parent(self) -> str:
        return f"projects/{self.project}/locations/{REGION}"

    @property
    def bucket(self) -> str:
        return f"{self.project}-data"

    def call(self, method: str, path: str, body: Any = None, *, status: int = 200) -> dict[str, Any]:
        """One call; `path` starts with a slash, or is below the project's region in v1beta1."""
        full = path if path.startswith("/") else f"/v1beta1/{self.parent}{'' if path.startswith(':') else '/'}{path}"
        response = self.session.request(method, self.server.url + full, json=body)
        assert response.status_code == status, response.text
        return dict(response.json() if response.content else {})

    def refusal(self, method: str, path: str, body: Any = None) -> tuple[str, str]:
        """Status and message of a call that must be refused."""
        full = path if path.startswith("/") else f"/v1beta1/{self.parent}{'' if path.startswith(':') else '/'}{path}"
        response = self.session.request(method, self.server.url + full, json=body)
        assert response.status_code >= 400, response.text
        error = response.json()["error"]
        assert error["code"] == response.status_code
        return error["status"], error["message"]

    def enable(self) -> None:
        """Enables the API and waits until it counts and both agents exist."""
        self.call("POST", f"/su/v1/projects/{self.project}/services/aiplatform.googleapis.com:enable", {})
        self.number = self.call("GET", f"/crm/v1/projects/{self.project}")["projectNumber"]
        self.until(lambda: self.session.get(f"{self.server.url}/v1/{self.parent}/endpoints").status_code == 200)

    def grant(self, *agents: str, bucket: str | None = None) -> None:
        """Gives service agents the use of a bucket's objects, and nobody else."""
        members = [f"serviceAccount:service-{self.number}@{agent}.iam.gserviceaccount.com" for agent in agents]
        policy = {"bindings": [{"role": "roles/storage.objectUser", "members": members}]}
        url = f"{self.server.url}/storage/v1/b/{bucket or self.bucket}/iam"
        self.until(lambda: self.session.put(url, json=policy).status_code == 200)

    def quota(self, quota_id: str, value: int, **dimensions: str) -> None:
        """Asks for a quota, which is granted at once."""
        self.call(
            "POST",
            f"/quotas/v1/projects/{self.project}/locations/global/quotaPreferences?quotaPreferenceId={uuid.uuid4().hex}",
            {
                "service": "aiplatform.googleapis.com",
                "quotaId": quota_id,
                "dimensions": dimensions,
                "quotaConfig": {"preferredValue": str(value)},
                "contactEmail": "owner@example.com",
            },
        )

    def put(self, name: str, rows: list[dict[str, Any]] | str) -> str:
        """Uploads rows as JSONL, or text, and returns the address."""
        text = rows if isinstance(rows, str) else "\n".join(json.dumps(row) for row in rows)
        self.storage.bucket(self.bucket).blob(name).upload_from_string(text)
        return f"gs://{self.bucket}/{name}"

    @cached_property
    def storage(self) -> StorageClient:
        return StorageClient(self.project, NOBODY, client_options={"api_endpoint": self.server.url})

    @cached_property
    def genai(self) -> Client:
        options = types.HttpOptions(base_url=self.server.url, api_version="v1beta1")
        credentials = Credentials(token="local")  # type: ignore[no-untyped-call]
        return Client(
            vertexai=True, project=self.project, location=REGION, credentials=credentials, http_options=options
        )

    def gapic(self, kind: type[Any]) -> Any:
        """A REST client of google-cloud-aiplatform."""
        return kind(transport="rest", credentials=NOBODY, client_options={"api_endpoint": self.server.url})

    def tune(self, training: str, base_model: str = GEMMA, **config: Any) -> types.TuningJob:
        """Submits a tuning job with google-genai."""
        config = {"epoch_count": 1, **config}
        if not base_model.startswith(("gemini-", "projects/")):
            config.setdefault("output_uri", f"gs://{self.bucket}/{uuid.uuid4().hex}")
        with warnings.catch_warnings(action="ignore"):  # "The SDK's tuning implementation is experimental"
            job: types.TuningJob = self.genai.tunings.tune(
                base_model=base_model,
                training_dataset=types.TuningDataset(gcs_uri=training),
                config=types.CreateTuningJobConfig(**config),
            )
        return job

    def job(self, job: types.TuningJob) -> types.TuningJob:
        assert job.name
        return self.genai.tunings.get(name=job.name)

    def ended(self, job: types.TuningJob) -> types.TuningJob:
        """Waits for the end of a job."""
        self.until(lambda: self.job(job).has_ended, seconds=240)
        return self.job(job)

    def done(self, operation: dict[str, Any]) -> dict[str, Any]:
        """Waits for the end of an operation."""
        deadline = time.monotonic() + 120
        while not operation.get("done"):
            assert time.monotonic() < deadline, operation
            operation = self.call("POST", f"/v1beta1/{operation['name']}:wait?timeout=10s", {})
        return operation

    @staticmethod
    def until(condition: Callable[[], Any], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "it did not happen in time"
            time.sleep(0.05)


def new_cloud(server: Server) -> Cloud:
    """A project that is ready for tuning."""
    cloud = Cloud(server, f"project-{uuid.uuid4().hex[:12]}")
    cloud.enable()
    cloud.storage.create_bucket(cloud.bucket, location="US")
    cloud.grant("gcp-sa-aiplatform", "gcp-sa-vertex-moss-ft")
    return cloud


def constant(answer: str, rows: int = 16) -> list[dict[str, Any]]:
    """Training data whose every answer is the same, so that a tuned model is known by what it says."""
    return [{"prompt": f"Question {number}?", "completion": answer} for number in range(rows)]

"""What the doctor says of a project that is well, and of one in which something was broken on purpose."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.services import APIS
from tests.running_emulator import Emulator
from tunestack.cli.application import main
from tunestack.cli.doctor import command, side_by_side
from tunestack.cli.doctor.finding import Finding, Status, worst
from tunestack.cli.doctor.project import NEEDED_APIS
from tunestack.cli.doctor.subject import Subject
from tunestack.connection import Connection

PROJECT = "demo-project"
BUCKET = "demo-data"
ACCOUNT = f"tuning-dev@{PROJECT}.iam.gserviceaccount.com"
USER = "roles/storage.objectUser"
L4 = "CustomModelServingL4GPUsPerProjectPerRegion"
JOBS = "GlobalConcurrentManagedOssModelTuningJobs"
ENDPOINT = {"model": "tickets", "machineType": "g2-standard-12", "acceleratorType": "NVIDIA_L4"}


class Cloud:
    """A project as a stack leaves it, and the stack."""

    def __init__(self, emulator: Emulator, *, ready: bool = True) -> None:
        self.emulator = emulator
        self.number = self.call("GET", f"/crm/v1/projects/{PROJECT}")["projectNumber"]
        agents = [
            f"serviceAccount:service-{self.number}@gcp-sa-{name}.iam.gserviceaccount.com"
            for name in ("aiplatform", "vertex-moss-ft")
        ]
        self.members = [*agents, f"serviceAccount:{ACCOUNT}"]
        self.subject = Subject(
            Connection(PROJECT, "us-central1", emulator.url),
            "dev",
            {
                "project": PROJECT,
                "serviceAccount": ACCOUNT,
                "bindings": [
                    {"bucket": BUCKET, "member": member, "role": USER, "state": "BOUND"} for member in self.members
                ],
            },
            {
                "models": {
                    "tickets": {"baseModel": "google/gemma3@gemma-3-1b-it"},
                    "tone": {"baseModel": "gemini-2.5-flash"},
                    "tone-further": {"continueFrom": {"model": "tone"}},
                },
                "serving": {"support": ENDPOINT},
                "quota": {"contactEmail": "ada@example.com"},
            },
        )
        if ready:
            services = {"serviceIds": [f"{api}.googleapis.com" for api in NEEDED_APIS]}
            self.call("POST", f"/su/v1/projects/{PROJECT}/services:batchEnable", services)
            self.call("POST", f"/storage/v1/b?project={PROJECT}", {"name": BUCKET})
            self.call("POST", f"/iam/v1/projects/{PROJECT}/serviceAccounts", {"accountId": ACCOUNT.partition("@")[0]})
            self.bind(*self.members)
            self.grant("roles/aiplatform.user", self.members[2])

    def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        reply = self.emulator.http.request(method, path, json=body)
        assert reply.is_success, reply.text
        return dict(reply.json()) if reply.content else {}

    def bind(self, *members: str) -> None:
        """Gives these, and nobody else, the bucket's objects."""
        self.call("PUT", f"/storage/v1/b/{BUCKET}/iam", {"bindings": [{"role": USER, "members": list(members)}]})

    def grant(self, role: str, member: str) -> None:
        """Adds a member to the project's policy."""
        policy = self.call("POST", f"/crm/v1/projects/{PROJECT}:getIamPolicy", {})
        policy["bindings"] = [*policy.get("bindings", ()), {"role": role, "members": [member]}]
        self.call("POST", f"/crm/v1/projects/{PROJECT}:setIamPolicy", {"policy": policy})

    def take(self, role: str) -> None:
        """Takes a role out of the project's policy."""
        policy = self.call("POST", f"/crm/v1/projects/{PROJECT}:getIamPolicy", {})
        policy["bindings"] = [binding for binding in policy["bindings"] if binding["role"] != role]
        self.call("POST", f"/crm/v1/projects/{PROJECT}:setIamPolicy", {"policy": policy})

    def account(self, verb: str) -> None:
        address = f"/iam/v1/projects/{PROJECT}/serviceAccounts/{ACCOUNT}"
        self.call(*(("DELETE", address) if verb == "delete" else ("POST", f"{address}:{verb}")))

    def fault(self, path: str, **rule: Any) -> None:
        self.call("POST", "/emulator/faults", {"path": path, "times": None, **rule})

    def wants(self, **changes: Any) -> None:
        """Changes what is known of the stack."""
        self.subject = replace(self.subject, **changes)

    def findings(self, seconds: float = 10) -> list[Finding]:
        return list(side_by_side.findings(command.remote_checks(self.subject), seconds))

    def trouble(self) -> list[Finding]:
        """Returns what is not well."""
        return [each for each in self.findings() if each.status is not Status.OK]


@pytest.fixture
def start_cloud(start_emulator: Callable[..., Emulator]) -> Callable[..., Cloud]:
    def start(*, ready: bool = True, **settings: Any) -> Cloud:
        return Cloud(start_emulator(settings), ready=ready)

    return start


def test_what_is_looked_at_is_what_the_program_enables() -> None:
    assert set(NEEDED_APIS) == set(APIS)


def test_a_project_that_is_well(start_cloud: Callable[..., Cloud]) -> None:
    findings = start_cloud().findings()
    assert [each.says for each in findings if each.status is not Status.OK] == []
    assert "1 granted at once for 1 open model of this stack" in [each.says for each in findings], "Gemini counts apart"


def test_a_stack_before_its_first_up(start_cloud: Callable[..., Cloud]) -> None:
    cloud = start_cloud(ready=False)
    cloud.wants(outputs={})
    findings = cloud.findings()
    assert worst(findings) is Status.WARNING, "all of that, the first up makes"
    (apis,) = (each for each in findings if each.check == "APIs")
    assert "aiplatform (tuning, models and endpoints)" in apis.says
    assert "storage" not in apis.says, "is enabled in every project"
    cloud.wants(stack="", configuration={})
    assert {each.check for each in cloud.trouble() if each.status is Status.PROBLEM} == {"APIs", "agents"}, (
        "without a stack nobody is known who would make them"
    )


def _disable(cloud: Cloud) -> None:
    cloud.call("POST", f"/su/v1/projects/{PROJECT}/services/aiplatform.googleapis.com:disable", {})


# What is broken; the line that says so; what it advises; what else cannot be well then.
BROKEN: tuple[tuple[Callable[[Cloud], object], tuple[str, str], str, str, set[str]], ...] = (
    (
        _disable,
        ("APIs", "problem"),
        f"not enabled in {PROJECT}: aiplatform (tuning, models and endpoints)",
        ":batchEnable",
        {"tuning service"},
    ),
    (
        lambda cloud: cloud.take("roles/aiplatform.serviceAgent"),
        ("agents", "problem"),
        "@gcp-sa-aiplatform.iam.gserviceaccount.com is missing, or has lost roles/aiplatform.serviceAgent",
        ":generateServiceIdentity",
        set(),
    ),
    (
        lambda cloud: cloud.take("roles/aiplatform.tuningServiceAgent"),
        ("agents", "warning"),
        "it comes into being with the project's first tuning job",
        "",
        set(),
    ),
    (
        lambda cloud: cloud.bind(*cloud.members[:2]),
        ("bindings", "problem"),
        f"{ACCOUNT} has no {USER} on gs://{BUCKET} any more: jobs and endpoints cannot use it",
        "pulumi up --refresh --stack dev",
        set(),
    ),
    (
        lambda cloud: cloud.call("DELETE", f"/storage/v1/b/{BUCKET}"),
        ("bindings", "problem"),
        f"there is no bucket gs://{BUCKET} any more",
        "pulumi up --refresh --stack dev",
        set(),
    ),
    (
        lambda cloud: cloud.account("disable"),
        ("jobs' account", "problem"),
        f"{ACCOUNT} is disabled: no job starts as it",
        f"{ACCOUNT}:enable",
        set(),
    ),
    (
        lambda cloud: cloud.take("roles/aiplatform.user"),
        ("jobs' account", "problem"),
        f"{ACCOUNT} has no roles/aiplatform.user in {PROJECT} any more: no job can start as it",
        "pulumi up --refresh --stack dev",
        set(),
    ),
    (
        lambda cloud: cloud.account("delete"),
        ("jobs' account", "problem"),
        f"there is no account {ACCOUNT}",
        "pulumi up --refresh --stack dev",
        {"bindings"},
    ),
    (
        lambda cloud: cloud.wants(connection=Connection(PROJECT, "us-centrall1", cloud.emulator.url)),
        ("region", "problem"),
        'there is no region "us-centrall1" that tunes open models; did you mean us-central1?',
        "pulumi config set --path tunestack:location us-central1 --stack dev",
        {"quota, serving"},
    ),
    (
        lambda cloud: cloud.wants(connection=Connection(PROJECT, "global", cloud.emulator.url)),
        ("region", "problem"),
        "nothing can be served in global, and the stack has support",
        "serve in a stack of its own",
        {"quota, serving"},
    ),
    (
        lambda cloud: cloud.wants(configuration={"serving": {"support": {**ENDPOINT, "minReplicas": 3}}}),
        ("quota, serving", "problem"),
        "NVIDIA_L4 in us-central1: 2 granted, and the stack's endpoints take 3: deploying fails",
        "YOU@example.com --stack dev && pulumi config set --path tunestack:quota.servingAccelerators.NVIDIA_L4 3",
        set(),
    ),
    (
        lambda cloud: cloud.wants(configuration={"serving": {"support": {**ENDPOINT, "minReplicas": 2}}}),
        ("quota, serving", "warning"),
        "a roll needs one more for a while, or interrupts",
        "servingAccelerators.NVIDIA_L4 3",
        set(),
    ),
    (
        lambda cloud: cloud.wants(
            configuration={"models": {name: {"baseModel": "qwen/qwen3@qwen3-4b"} for name in "abc"}}
        ),
        ("quota, tuning", "warning"),
        "1 granted at once, and the stack tunes 3 open models: they queue, and all finish",
        "tunestack:quota.concurrentTuningJobs 3",
        set(),
    ),
    (
        lambda cloud: cloud.fault(
            f"/crm/v1/projects/{PROJECT}", status=403, message="The caller does not have permission"
        ),
        ("project", "problem"),
        f"{PROJECT} does not exist, or whoever runs this may not see it: The caller does not have permission",
        "gcloud projects list",
        {"agents"},
    ),
    (
        lambda cloud: cloud.fault(".*/tuningJobs", status=403, message="Permission denied on tuningJobs.list"),
        ("tuning service", "problem"),
        "refuses to list tuning jobs in us-central1: Permission denied on tuningJobs.list (HTTP 403)",
        "",
        set(),
    ),
    (
        lambda cloud: cloud.fault(".*/billingInfo", status=500, message="Oh."),
        ("billing", "warning"),
        "not looked at: Oh. (HTTP 500)",
        "",
        set(),
    ),
)


@pytest.mark.parametrize(("harm", "line", "says", "advises", "besides"), BROKEN, ids=[row[2][:40] for row in BROKEN])
def test_what_was_broken(
    start_cloud: Callable[..., Cloud],
    harm: Callable[[Cloud], object],
    line: tuple[str, str],
    says: str,
    advises: str,
    besides: set[str],
) -> None:
    cloud = start_cloud()
    assert cloud.trouble() == [], "or what is broken below is not what is seen"
    harm(cloud)
    trouble = cloud.trouble()
    (found,) = (each for each in trouble if each.check == line[0])
    assert (found.check, found.status.value) == line
    assert says in found.says
    assert advises in " ".join(found.advice)
    assert {each.check for each in trouble} - {line[0]} == besides


@pytest.mark.parametrize(
    ("settings", "line", "says", "besides"),
    [
        (
            {"unbilledProjects": [PROJECT]},
            ("billing", "problem"),
            f"{PROJECT} has no open billing account",
            {"tuning service"},
        ),
        ({"quotas": {JOBS: {"default": 0}}}, ("quota, tuning", "problem"), "may tune no open model", set()),
        ({"quotas": {L4: {"default": 0}}}, ("quota, serving", "problem"), "0 granted, and the stack's", set()),
        (
            {"deniedPermissions": ["aiplatform.tuningJobs.create"]},
            ("permissions", "problem"),
            f"whoever runs this lacks aiplatform.tuningJobs.create in {PROJECT}",
            set(),
        ),
        (
            {"deniedPermissions": ["storage.buckets.create"]},
            ("permissions", "warning"),
            "lacks storage.buckets.create",
            set(),
        ),
    ],
)
def test_what_is_wrong_with_the_project(
    start_cloud: Callable[..., Cloud], settings: dict[str, Any], line: tuple[str, str], says: str, besides: set[str]
) -> None:
    trouble = start_cloud(**settings).trouble()
    (found,) = (each for each in trouble if each.check == line[0])
    assert (found.check, found.status.value) == line
    assert says in found.says
    assert found.advice
    assert {each.check for each in trouble} - {line[0]} == besides


def test_the_advice_mends_what_is_broken(start_cloud: Callable[..., Cloud]) -> None:
    cloud = start_cloud()
    _disable(cloud)
    cloud.account("disable")
    for finding in cloud.trouble():
        for advice in finding.advice:
            words = shlex.split(advice)
            assert words[0] == "curl"
            body = words[words.index("-d") + 1] if "-d" in words else "{}"
            cloud.call("POST", words[-1], json.loads(body))
    assert cloud.trouble() == []


def test_one_that_hangs_costs_only_its_own_line(start_cloud: Callable[..., Cloud]) -> None:
    cloud = start_cloud()
    cloud.fault(".*/billingInfo", delaySeconds=3)
    begun = time.monotonic()
    trouble = [each for each in cloud.findings(seconds=1) if each.status is not Status.OK]
    assert [(each.check, each.says) for each in trouble] == [("billing", "no answer within 1 s")]
    assert time.monotonic() - begun < 2


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a `pulumi` on PATH that says which version it is and that it has no plugin."""

    def put(version: str) -> None:
        script = tmp_path / "bin" / "pulumi"
        script.parent.mkdir(exist_ok=True)
        script.write_text(f"#!/bin/sh\ncase $1 in version) echo {version};; plugin) echo '[]';; *) exit 1;; esac\n")
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{script.parent}:/usr/bin:/bin")

    put("v3.259.0")
    return put


def _run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    monkeypatch.setattr("sys.argv", ["tunestack", "doctor", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    told = capsys.readouterr()
    assert "Traceback" not in told.out + told.err
    return int(end.value.code or 0), told.out + told.err


HERE = ("--project", PROJECT, "--location", "us-central1")


@pytest.mark.usefixtures("engine")
def test_the_command(
    start_cloud: Callable[..., Cloud], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud = start_cloud()
    monkeypatch.setenv("TUNESTACK_EMULATOR_URL", cloud.emulator.url)
    code, told = _run(monkeypatch, capsys, *HERE)
    assert (code, told.splitlines()[-1]) == (0, "1 warning; nothing would stop a pulumi up")
    assert f"warning  plugins{'':9}the plugin pulumi-gcp" in told
    _disable(cloud)
    code, told = _run(monkeypatch, capsys, *HERE)
    assert code == 1
    assert "1 problem and 2 warnings: a pulumi up would stop" in told
    code, told = _run(monkeypatch, capsys, *HERE, "--json")
    document = json.loads(told)
    assert (code, document["status"]) == (1, "problem")
    (apis,) = (each for each in document["findings"] if each["check"] == "APIs")
    assert set(apis) == {"check", "status", "says", "advice"}


@pytest.mark.parametrize(
    ("version", "says", "why"),
    [
        (
            "v2.25.1",
            "problem  engine          pulumi v2.25.1, and at least v3.200 and less than v4 is needed",
            "too old",
        ),
        ("v4.0.0", "problem  engine          pulumi v4.0.0, and at least v3.200", "nobody has tried it"),
        ("dev", "warning  engine          pulumi calls its version 'dev', which tells nothing", "made by hand"),
    ],
)
def test_an_engine_of_another_kind(
    engine: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    version: str,
    says: str,
    why: str,
) -> None:
    engine(version)
    monkeypatch.setenv("TUNESTACK_EMULATOR_URL", "http://127.0.0.1:9")
    code, told = _run(monkeypatch, capsys, *HERE)
    assert (code, says in told) == (1, True), why
    assert "credentials     the emulator at http://127.0.0.1:9 does not answer" in told
    assert "not looked at: project, billing, APIs" in told


def test_without_an_engine(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "")
    code, told = _run(monkeypatch, capsys, "--stack", "dev")
    assert code == 1
    assert "problem  engine          there is no pulumi on PATH" in told
    assert "problem  stack           there is no pulumi on PATH" in told
    assert "the stack comes first" in told


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("", "none that can be used on this machine: File "),
        (
            '{"type":"authorized_user","client_id":"x","client_secret":"y","refresh_token":"z"}',
            "oauth2.googleapis.com cannot be reached",
        ),
    ],
)
def test_without_credentials_or_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], file: str, says: str
) -> None:
    credentials = tmp_path / "credentials.json"
    if file:
        credentials.write_text(file)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(credentials))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("TUNESTACK_EMULATOR_URL", raising=False)
    code, told = _run(monkeypatch, capsys, *HERE)
    assert code == 1
    assert f"problem  credentials     {says}" in told
    assert "credentials come first" in told


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "name the stack with --stack, or the place with --project and --location"),
        (("--project", PROJECT), "--project and --location"),
        (("--stack", "dev", "--location", "us-central1"), "are for looking without a stack"),
    ],
)
def test_a_place_that_is_not_clear(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], says: str
) -> None:
    code, told = _run(monkeypatch, capsys, *arguments)
    assert (code, says in told) == (2, True)


def test_the_page_has_a_row_for_each_check(start_cloud: Callable[..., Cloud]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text("utf-8")
    here = {"engine", "plugins", "clients", "stack", "locks", "credentials"}
    looked_at = {check.name for check in command.remote_checks(start_cloud(ready=False).subject)}
    assert [name for name in here | looked_at if f"| {name} |" not in page] == []

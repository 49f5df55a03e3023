"""Whole environments, with an engine that does as it is told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.cli.stacks.conftest import WAIT, Project
from tunestack.cli.stack import StackError
from tunestack.cli.stacks.engine_runs import Options
from tunestack.cli.stacks.outcomes import Result
from tunestack.cli.stacks.rounds import Request, Round
from tunestack.cli.stacks.stack_files import ProjectFile, read_all

Environment = Callable[..., Project]
UP = ("up", "prod", "--yes", "--skip-preview")


def result(lines: list[str], stack: str) -> str:
    """Returns what the table says of a stack."""
    return next(line for line in lines if line.startswith(f"{stack} ") and " | " not in line)


def test_regions_go_up_at_the_same_time_after_their_foundation(command: Command, environment: Environment) -> None:
    first = WAIT.format("prod/up", "went up before prod")
    project = environment(
        prod='[ -e prod-east/begun ] || [ -e prod-west/begun ] && fails "a region was first"\n',
        east=first + WAIT.format("prod-west/begun", "was alone"),
        west=first + WAIT.format("prod-east/begun", "was alone"),
    )
    answer = command(*UP)
    assert answer.status == 0, answer.out
    assert "order: prod, then prod-east and prod-west" in answer.lines
    assert "prod-east | at work on prod-east" in answer.lines
    assert all("updated   2 created" in result(answer.lines, name) for name in ("prod", "prod-east", "prod-west"))
    assert not any("--skip-preview" not in call for call in project.calls("up")), "the engine must ask nobody"


def test_a_region_that_fails_stops_no_other_and_goes_on_alone(command: Command, environment: Environment) -> None:
    project = environment(west='fails "no capacity in us-west1"\n')
    answer = command(*UP)
    assert answer.status == 1
    assert "updated" in result(answer.lines, "prod-east")
    assert "failed" in result(answer.lines, "prod-west")
    assert "prod-west: no capacity in us-west1" in answer.lines
    assert "  `tunestack up prod --only prod-west` goes on from here." in answer.lines

    history = [{"kind": "update", "result": "failed", "endTime": "2026-01-02T03:04:05.000Z"}]
    (project.books / "prod-west" / "history").write_text(json.dumps(history))
    (project.books / "prod-west" / "does").write_text("")
    (project.books / "calls").write_text("")
    again = command("up", "prod", "--only", "prod-west", "--yes", "--skip-preview")
    assert again.status == 0
    assert "its last up, of 2026-01-02T03:04:05.000Z, did not end well: this one goes on from there" in again.lines
    assert [call.partition("--stack ")[2].split()[0] for call in project.calls("up")] == ["prod-west"]


STOPPED = {"policyName": "training-budget", "enforcementLevel": "mandatory", "message": "61 USD, more than 50 USD"}
IN_PREVIEW = 'case "$*" in *" preview "*) {}; esac\n'


@pytest.mark.parametrize("shows", ["once that is up", "at once", "once that has moved"])
def test_no_job_starts_that_a_policy_stops(command: Command, project: Project, shows: str) -> None:
    """An update skips its preview, and only a preview shows a policy what the jobs cost that it would start."""
    urn = "urn:pulumi:prod::shop::gcp:storage/bucket:Bucket::data"
    moves = {"op": "create", "urn": urn, "type": "gcp:storage/bucket:Bucket", "new": {"custom": True}}
    ends = 'event \'{"summaryEvent": {"result": "succeeded"}}\'; exit 0'
    project.stack("dev", IN_PREVIEW.format(f"event '{json.dumps({'resOutputsEvent': {'metadata': moves}})}'; {ends}"))
    if shows != "once that is up":
        (project.books / "dev" / "up").touch()
    first = f"[ -e prod/seen ] || {{ touch prod/seen; {ends}; }}; " if shows == "once that has moved" else ""
    stops = f"{first}event '{json.dumps({'policyEvent': STOPPED})}'; exit 255"
    more = {"triage": {"continueFrom": {"stack": "dev", "model": "support"}}}
    project.stack("prod", IN_PREVIEW.format(stops), models=more)
    answer = command("up", "dev", "prod", "--yes")
    assert answer.status == 1
    assert "updated" in result(answer.lines, "dev")
    assert not [call for call in project.calls("up") if "--stack prod " in call]
    assert any("61 USD, more than 50 USD" in line for line in answer.lines)


@pytest.mark.parametrize("limits", ["of the stack", "of all stacks"])
def test_nothing_is_deployed_that_a_policy_stops(command: Command, environment: Environment, limits: str) -> None:
    """What is served costs together is told at the end of an update: by then it serves. A first preview cannot be."""
    finding = {**STOPPED, "policyName": "serving-budget", "message": "840 USD, more than 100 USD"}
    project = environment(east=IN_PREVIEW.format(f"event '{json.dumps({'policyEvent': finding})}'; exit 255"))
    if limits == "of the stack":
        project.write("prod-east", foundation="prod", policies={"serving-budget": {"maxUsdPerMonth": 100}})
    else:
        pack = project.folder / "infra" / "policies"
        pack.mkdir(parents=True)
        (pack / "limits.json").write_text("{}")
    answer = command("up", "prod", "--yes")
    assert answer.status == 1
    assert not [call for call in project.calls("up") if "--stack prod-east " in call]
    assert any("840 USD, more than 100 USD" in line for line in answer.lines)
    assert "updated" in result(answer.lines, "prod-west")


def test_a_stack_that_goes_on_from_its_own_model_is_not_begun_where_its_preview_failed(
    command: Command, project: Project
) -> None:
    urn = "urn:pulumi:dev::shop::gcp:storage/bucket:Bucket::data"
    moves = {"op": "create", "urn": urn, "type": "gcp:storage/bucket:Bucket", "new": {"custom": True}}
    shows = f"event '{json.dumps({'resOutputsEvent': {'metadata': moves}})}'; fails 'no such model'"
    more = {"triage": {"continueFrom": {"stack": "dev", "model": "support"}}}
    project.stack("dev", IN_PREVIEW.format(shows), models=more)
    (project.books / "dev" / "up").touch()
    answer = command("up", "dev", "--yes")
    assert answer.status == 1
    assert "dev: not begun, since its preview failed:" in answer.lines
    assert project.calls("up") == []


def test_a_file_that_cannot_be_read_is_the_failure_of_its_stack_alone(
    command: Command, environment: Environment
) -> None:
    project = environment()
    stacks = project.folder / "stacks"
    (stacks / "Pulumi.dev.yaml").write_text("config: {")
    (stacks / "Pulumi.prod-west.yaml").write_text("config:\n  tunestack:foundation: prod\n  tunestack:labels: [")
    answer = command(*UP)
    assert answer.status == 1
    assert "updated" in result(answer.lines, "prod-east")
    assert "failed" in result(answer.lines, "prod-west")
    assert f"prod-west: {stacks / 'Pulumi.prod-west.yaml'}:3: this is no YAML: " in answer.out
    assert not (project.books / "prod-west" / "begun").exists()
    assert any(line.startswith("left out: dev, since ") for line in answer.lines)


def test_up_tells_of_regions_that_a_mistyped_or_renamed_file_has_lost(
    command: Command, environment: Environment
) -> None:
    project = environment()
    project.write("prod-east", foundation="porter")
    (project.books / "prod-west" / "up").touch()
    (project.folder / "stacks" / "Pulumi.prod-west.yaml").unlink()
    lines = command(*UP).lines
    assert "prod-east is a region of porter, and there is no stack of that name" in lines
    assert any(line.startswith("left out: prod-west, which is up and has no file; ") for line in lines)


def test_without_their_foundation_regions_are_not_begun(command: Command, environment: Environment) -> None:
    project = environment(prod='fails "no quota"\n')
    answer = command(*UP)
    assert answer.status == 1
    assert "not begun" in result(answer.lines, "prod-east")
    assert "prod-east and prod-west: not begun: prod comes first" in answer.lines
    assert not (project.books / "prod-east" / "begun").exists()


def test_what_endpoints_cost(command: Command, environment: Environment) -> None:
    project = environment()
    for name, price in (("prod-east", 1.25), ("prod-west", None)):
        endpoint = {"state": "SERVING", "machineType": "g2-standard-12", "estimatedHourlyCostUsd": price}
        (project.books / name / "outputs").write_text(json.dumps({"endpoints": {"support": endpoint}}))
    lines = command(*UP).lines
    assert result(lines, "prod-east").endswith("support serving on g2-standard-12            1.25")
    assert result(lines, "prod-west").split()[-1] == "unknown"
    assert result(lines, "all").endswith("at least 1.25"), "a part is not a total"
    assert [each["hourlyCostUsd"] for each in command(*UP, "--json").json] == [0, 1.25, None]


def test_a_region_whose_model_is_not_tuned_yet_is_pending(command: Command, environment: Environment) -> None:
    project = environment()
    (project.books / "prod-east" / "outputs").write_text(json.dumps({"endpoints": {"support": {"state": "PENDING"}}}))
    answer = command(*UP)
    assert answer.status == 0, "nothing failed"
    assert "pending" in result(answer.lines, "prod-east")
    assert any(line.startswith("prod-east: an endpoint waits for its model;") for line in answer.lines)


def test_a_stack_that_the_backend_lacks_is_made_there(command: Command, environment: Environment) -> None:
    project = environment()
    file = project.write("prod-north", foundation="prod")
    file.write_text(f"secretsprovider: gcpkms://key\n{file.read_text()}")
    answer = command("up", "prod", "--only", "prod-north", "--yes", "--skip-preview")
    assert "stack prod-north is new in the backend" in answer.lines
    (made,) = project.calls("init")
    assert made.split()[:6] == ["stack", "init", "prod-north", "--no-select", "--secrets-provider", "gcpkms://key"]


def interrupt_when(*seen: Path) -> threading.Thread:
    """Sends this process a Ctrl-C for each of some files, once it is there."""

    def wait_and_send() -> None:
        for each in seen:
            deadline = time.monotonic() + 120
            while not each.exists():
                if time.monotonic() > deadline:
                    return
                time.sleep(0.02)
            os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=wait_and_send)
    thread.start()
    return thread


WORKS = "touch $stack/works\nwhile :; do sleep 0.05; done\n"
"""Comes after a trap: before it, an interrupt would end the shell."""
GENTLE = f"trap 'fails \"update canceled\"' INT\n{WORKS}"
STUBBORN = f"trap 'trap - INT; touch prod/asked' INT\n{WORKS}"


def test_one_interrupt_ends_runs_gently_and_begins_no_others(command: Command, environment: Environment) -> None:
    project = environment(prod=GENTLE)
    sending = interrupt_when(project.books / "prod" / "works")
    answer = command(*UP)
    sending.join()
    assert answer.status == 130
    assert any(line.startswith("stopping: no other stack is begun") for line in answer.lines)
    assert "stopped" in result(answer.lines, "prod")
    assert "prod: stopped; what was done is in its state, and `tunestack up prod` goes on from there." in answer.lines
    assert "not begun" in result(answer.lines, "prod-east")
    assert not (project.books / "prod-east" / "begun").exists()


@pytest.mark.parametrize("error", ["git says nothing", ""], ids=["cut off", "at its end"])
def test_a_look_at_a_plan_that_was_interrupted_is_no_failure(environment: Environment, error: str) -> None:
    project = environment()
    files = [file for name, file in read_all().items() if name == "prod"]
    work = Round(ProjectFile.find(), files, Request(["prod"], (), True, True, False, 8, False))

    def look(stack: str) -> None:
        work.running.interrupt()
        if error:
            raise StackError(f"{stack}: {error}")

    (outcome,) = work.up(Options(), plan_of=look, left_out={})
    assert (outcome.result, outcome.why) == (Result.HELD_BACK, "stopped before it was begun")
    assert work.finish([outcome], "tunestack up prod", ()) == 130
    assert project.calls("up") == []


@pytest.mark.parametrize(("left", "says"), [(["urn"], "stopped"), ([], "destroyed")])
def test_a_destroy_that_was_stopped_before_it_began_has_destroyed_nothing(
    command: Command, environment: Environment, left: list[str], says: str
) -> None:
    """The engine says that it succeeded."""
    project = environment(east=f"trap 'exit 0' INT\n{WORKS}")
    (project.books / "prod-east" / "up").touch()
    resources = [{"urn": each} for each in left]
    (project.books / "prod-east" / "state").write_text(json.dumps({"deployment": {"resources": resources}}))
    sending = interrupt_when(project.books / "prod-east" / "works")
    answer = command("destroy", "prod-east", "--yes", "--skip-preview")
    sending.join()
    assert answer.status == 130
    assert says in result(answer.lines, "prod-east")


def test_a_second_interrupt_reaches_the_engine(command: Command, environment: Environment) -> None:
    project = environment(prod=STUBBORN)
    sending = interrupt_when(project.books / "prod" / "works", project.books / "prod" / "asked")
    answer = command(*UP)
    sending.join()
    assert answer.status == 130
    assert (project.books / "prod" / "asked").exists(), "the first interrupt came to it, too"
    assert "ending the engines at once" in answer.lines
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_terminals_interrupt_comes_to_an_engine_by_way_of_us_alone(environment: Environment) -> None:
    """A terminal sends it to all processes of its foreground group, and of an engine the second one is the end."""
    project = environment(prod=f"echo $$ > prod/pid\n{GENTLE}")
    works = project.books / "prod" / "works"
    tunestack = [sys.executable, "-c", "from tunestack.cli import main; main()", *UP]
    with subprocess.Popen(tunestack, start_new_session=True, stdout=subprocess.PIPE, text=True) as started:
        deadline = time.monotonic() + 120
        while not works.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        group = os.getpgid(int(works.with_name("pid").read_text()))
        os.killpg(started.pid, signal.SIGINT)
        printed, _ = started.communicate(timeout=120)
    assert group != started.pid
    assert started.returncode == 130, printed


def test_destroy_begins_with_the_regions(command: Command, environment: Environment) -> None:
    late = '[ -e prod-east/up ] || [ -e prod-west/up ] && fails "a region still stands on it"\n'
    project = environment(prod=late)
    for name in ("prod", "prod-east", "prod-west"):
        (project.books / name / "up").touch()
    answer = command("destroy", "prod", "--yes", "--skip-preview")
    assert answer.status == 0, answer.out
    assert "order: prod-east and prod-west, then prod" in answer.lines
    assert all("destroyed" in result(answer.lines, name) for name in ("prod", "prod-east", "prod-west"))


def test_what_is_protected_is_not_even_begun(command: Command, environment: Environment) -> None:
    """The engine would delete what stands before it: an endpoint would stay, with nothing deployed to it."""
    project = environment()
    for name in ("prod", "prod-east", "prod-west"):
        (project.books / name / "up").touch()
    endpoint = {"urn": "urn:pulumi:prod-east::shop::gcp:vertex/aiEndpoint:AiEndpoint::support", "protect": True}
    (project.books / "prod-east" / "state").write_text(json.dumps({"deployment": {"resources": [endpoint]}}))
    refused = command("destroy", "prod", "--yes", "--skip-preview")
    assert refused.status == 1
    assert "prod-east is protected: gcp:vertex:AiEndpoint support. " in refused.err
    assert "with `tunestack up prod-east`" in refused.err
    assert all((project.books / name / "up").exists() for name in ("prod", "prod-east", "prod-west"))


def test_buckets_that_a_destroy_would_fail_of_are_told_before(command: Command, environment: Environment) -> None:
    project = environment()
    (project.books / "prod-east" / "up").touch()
    kind = "gcp:storage/bucket:Bucket"
    made = {"type": kind, "urn": f"urn:pulumi:prod-east::shop::{kind}::output", "id": "kept"}
    goes = {**made, "id": "goes", "inputs": {"forceDestroy": True}}
    others = {**made, "id": "others", "external": True}
    state = {"deployment": {"resources": [made, goes, others]}}
    (project.books / "prod-east" / "state").write_text(json.dumps(state))
    answer = command("destroy", "prod", "--only", "prod-east", "--yes", "--skip-preview")
    assert answer.status == 0, "it may be empty"
    (told,) = [line for line in answer.lines if "forceDestroy" in line]
    assert told.startswith("prod-east: kept goes only when empty; ")
    assert told.endswith("Pulumi.prod-east.yaml and bring that up with `tunestack up prod-east`")


@pytest.mark.parametrize("lost", ["no file", "a broken file", "a mistyped foundation"])
def test_a_foundation_stays_while_a_region_does_of_which_no_file_tells(
    command: Command, environment: Environment, lost: str
) -> None:
    project = environment()
    for name in ("prod", "prod-east"):
        (project.books / name / "up").touch()
    (project.books / "prod-east" / "outputs").write_text('{"foundation": "acme/shop/prod"}')
    file = project.folder / "stacks" / "Pulumi.prod-east.yaml"
    if lost == "no file":
        file.unlink()
    elif lost == "a broken file":
        file.write_text("config: {")
    else:
        project.write("prod-east", foundation="porter")
    refused = command("destroy", "prod", "--yes", "--skip-preview")
    assert refused.status == 1
    by_hand = "; prod-east has no file here: `pulumi destroy --stack prod-east`" if lost == "no file" else ""
    assert f"prod-east stands on prod, for its outputs: destroy prod-east first{by_hand}\n" in refused.err
    assert (project.books / "prod" / "up").exists()


def test_a_foundation_stays_while_a_region_does(command: Command, environment: Environment) -> None:
    project = environment(east='fails "the bucket is not empty"\n')
    for name in ("prod", "prod-east", "prod-west"):
        (project.books / name / "up").touch()
    refused = command("destroy", "prod", "--only", "prod", "--yes", "--skip-preview")
    assert refused.status == 1
    assert "error: prod-east and prod-west stand on prod" in refused.err
    assert project.calls("destroy") == []

    answer = command("destroy", "prod", "--yes", "--skip-preview")
    assert answer.status == 1
    assert "destroyed" in result(answer.lines, "prod-west")
    assert "not begun" in result(answer.lines, "prod")
    assert (project.books / "prod" / "up").exists()


def test_nothing_to_destroy(command: Command, environment: Environment) -> None:
    project = environment()
    answer = command("destroy", "prod", "--yes")
    assert (answer.status, answer.lines[0]) == (0, "prod: has nothing to destroy")
    assert project.calls("destroy") == []


def test_who_took_models_from_what_goes_is_told(command: Command, environment: Environment) -> None:
    project = environment()
    project.stack("dev")
    project.stack("prod", models={"support": {"promote": {"from": "dev", "model": "support"}}})
    for name in ("dev", "prod"):
        (project.books / name / "up").touch()
    told = command("destroy", "dev", "--yes", "--skip-preview").lines
    assert "prod takes models from dev: what it has copied stays, but its next preview will miss dev" in told


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("up", "prd"), "there is no stack prd: did you mean prod? There are prod, prod-east, prod-west"),
        (("up", "prod", "--only", "dev"), "--only dev: this is none of the stacks of prod: prod, prod-east, prod-west"),
        (("up", "prod", "--skip-preview"), "If so, add --yes"),
        (("destroy", "prod", "--skip-preview"), "If so, add --yes"),
    ],
)
def test_what_is_refused(command: Command, environment: Environment, arguments: tuple[str, ...], says: str) -> None:
    project = environment()
    (project.books / "prod" / "up").touch()
    answer = command(*arguments)
    assert answer.status == 1
    assert says in answer.err
    assert project.calls("up") == project.calls("destroy") == []


def test_somebody_is_asked(command: Command, environment: Environment) -> None:
    project = environment()
    declined = command("up", "prod", "--skip-preview", stdin=b"n\n", terminal=True)
    assert declined.status == 1
    assert "Update prod, prod-east, prod-west?" in declined.err
    assert project.calls("up") == []
    assert command("up", "prod", "--skip-preview", stdin=b"y\n", terminal=True).status == 0


def test_a_plan_that_was_not_reviewed_is_not_applied(command: Command, environment: Environment) -> None:
    project = environment()
    (project.folder / "plans").mkdir()
    answer = command("up", "prod", "--only", "prod", "--reviewed", "plans")
    assert answer.status == 1
    assert "has no reviewed plan" in answer.out
    assert project.calls("up") == []

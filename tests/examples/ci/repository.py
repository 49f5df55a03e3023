"""A user's repository: a small program, a foundation with a region, their state in a folder, and a remote to clone."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.key_server import SECRETS_PROVIDER

CHECKOUT = Path(__file__).resolve().parents[3]
PROJECT = "shop-prod"
FOUNDATION, REGION = "prod", "prod-europe-west4"

PROGRAM = """
import pulumi
import tunestack

config = pulumi.Config("tunestack")
if foundation := config.get("foundation"):
    trained = pulumi.StackReference("foundation", stack_name=f"organization/shop/{foundation}").get_output("content")
    pulumi.export("served", trained)
else:
    provider = tunestack.Provider(
        "google", project=config.require("project"), location=config.require("location"),
        api_endpoint=config.require("apiEndpoint"),
    )
    tickets = tunestack.Dataset(
        "tickets",
        training=config.require("training"),
        bucket="shop-data",
        opts=pulumi.ResourceOptions(provider=provider),
    )
    pulumi.export("content", tickets.content_hash)
for name in ("project", "location", "apiEndpoint"):
    pulumi.export(name, config.require(name))
"""


@dataclass
class Repository:
    """A repository that has tunestack's layout.

    Attributes:
        folder: with a checked-out branch, as its developer has it.
    """

    folder: Path

    @classmethod
    def made(cls, folder: Path, emulator: str, *, region: bool = True) -> Repository:
        files = {
            "Pulumi.yaml": yaml.safe_dump(
                {
                    "name": "shop",
                    "runtime": {"name": "python", "options": {"toolchain": "pip", "virtualenv": ".venv"}},
                    "main": "infra/",
                    "stackConfigDir": "stacks",
                    "plugins": {"providers": [{"name": "tunestack", "path": ".venv/bin"}]},
                }
            ),
            "infra/__main__.py": PROGRAM,
            ".gitignore": "/.venv\n",
            # What stands for the installation of packages: the environment that runs these tests.
            "bootstrap/environment.sh": f'ln -s "{CHECKOUT}/.venv" .venv\n',
            "Makefile": "environment:\n\t@sh bootstrap/environment.sh\n",
            "data/train.jsonl": "".join(tickets(20)),
        }
        stacks = {FOUNDATION: {"location": "us-central1", "training": "data/train.jsonl"}}
        if region:
            stacks[REGION] = {"location": "europe-west4", "foundation": FOUNDATION}
        for name, own in stacks.items():
            config = {"project": PROJECT, "apiEndpoint": emulator, **own}
            files[f"stacks/Pulumi.{name}.yaml"] = yaml.safe_dump(
                {"config": {f"tunestack:{key}": value for key, value in config.items()}}
            )
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(content)
        made = cls(folder)
        made.git("init", "-q", "-b", "main")
        return made

    def git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false")
        done = subprocess.run(
            ["git", *identity, *arguments], cwd=self.folder, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def init_stacks(self, environment: Mapping[str, str]) -> None:
        """Makes the stacks in the backend, as `tunestack stack new` has done for a repository."""
        keys = ("--secrets-provider", SECRETS_PROVIDER)
        for file in (self.folder / "stacks").iterdir():
            name = file.name.split(".")[1]
            subprocess.run(
                ["pulumi", "stack", "init", name, "--no-select", "--non-interactive", *keys],
                cwd=self.folder,
                env=environment,
                check=True,
                capture_output=True,
            )

    def commit(self, message: str) -> str:
        self.git("add", "--all")
        self.git("commit", "-qm", message)
        return self.git("rev-parse", "HEAD")

    def merge(self, branch: str, data: str) -> tuple[str, str]:
        """Changes the data on a branch and merges it; returns the branch's commit, and the one that merges it."""
        self.git("checkout", "-qb", branch)
        (self.folder / "data" / "train.jsonl").write_text(data)
        head = self.commit(branch)
        self.git("checkout", "-q", "main")
        self.git("merge", "-q", "--no-ff", "-m", f"Merge {branch}", branch)
        return head, self.git("rev-parse", "HEAD")

    def clone(self, commit: str, folder: Path, depth: int) -> None:
        """Does what a runner's checkout does: so many commits, and no branch."""
        self.git("update-ref", "refs/ci/run", commit)
        git = ["git", "-C", str(folder)]
        depths = [f"--depth={depth}"] if depth else []
        folder.mkdir()
        for command in (
            [*git, "init", "-q"],
            [*git, "fetch", "-q", *depths, f"file://{self.folder}", "refs/ci/run"],
            [*git, "checkout", "-q", "FETCH_HEAD"],
        ):
            subprocess.run(command, check=True, capture_output=True)

    def copy(self, part: str, to: str) -> None:
        shutil.copytree(CHECKOUT / "examples" / "ci" / part, self.folder / to, dirs_exist_ok=True)


def tickets(count: int) -> list[str]:
    return (CHECKOUT / "examples" / "tickets" / "train.jsonl").read_text().splitlines(keepends=True)[:count]

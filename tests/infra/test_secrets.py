"""What the configuration keeps as a secret stays one: in the preview, in a plan, in the state, in the outputs."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.engine

SECRETS = {
    "serving.support.container.env.TOKEN": "hidden-token",
    "serving.support.smokePrompt": "hidden-prompt",
    "serving.support.heldOut": "hidden-file.jsonl",
    "models.tickets.description": "hidden-description",
    "labels.team": "hidden-team",
    "quota.contactEmail": "hidden@example.com",
}


@pytest.fixture
def vertex() -> dict[str, float]:
    """The job never ends here: what is deployed behind it waits, with all that it was given."""
    return {"tuningCapacity": 600.0}


def test_no_secret_of_the_configuration_is_ever_readable(program: Any) -> None:
    program.configure(
        datasets={"tickets": {"training": "examples/tickets/validation.jsonl"}},
        models={
            "tickets": {
                "dataset": "tickets",
                "baseModel": "google/gemma3@gemma-3-1b-it",
                "mode": "FULL",
                "epochs": 1,
                "wait": False,
            }
        },
        serving={
            "support": {
                "model": "tickets",
                "machineType": "g2-standard-12",
                "acceleratorType": "NVIDIA_L4",
                "container": {"imageUri": "us-docker.pkg.dev/p/serve:1"},
            }
        },
    )
    hidden = [part for path, secret in SECRETS.items() for part in ("--secret", f"tunestack:{path}={secret}")]
    program.pulumi("config", "set-all", "--path", *hidden)
    shown = [
        program.pulumi("preview", "--json", "--save-plan", "plan.json"),
        program.pulumi("preview", "--diff"),
        program.pulumi("up", "--yes", "--skip-preview"),
        program.pulumi("stack", "export"),
        program.pulumi("stack", "output", "--json"),
        (program.folder / "plan.json").read_text(),
    ]
    readable = [text[max(text.find("hidden") - 200, 0) :][:300] for text in shown if "hidden" in text]
    assert not readable
    decrypted = program.pulumi("stack", "export", "--show-secrets")
    assert [secret for secret in SECRETS.values() if secret not in decrypted] == [], "they were passed on"

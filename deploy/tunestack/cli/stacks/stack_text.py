"""A stack's file as people read it: the keys in a good order, each with what it is for."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

import yaml

from tunestack.cli.stacks.new_stack import Draft

_WIDTH = 116

_COMMENTS = {
    "foundation": "The stack whose models are served here; its agents, account and APIs are used, too.",
    "emulator": "Everything goes to the emulator on this machine.",
    "quota": "What the project should have: accelerators to serve, and some for the next checkpoint as it takes over.",
    "serving": "Endpoints, by names of your own.",
    "protect": "The engine deletes neither buckets nor endpoints before this is false.",
}
_PROMOTION = "Models of other stacks, copied and not tuned again. `run: JOB-ID` in one goes back to an earlier run."
_EXAMPLE = """\
What to tune and where to serve it, for example:
tunestack:datasets:
  tickets: {training: examples/tickets/train.jsonl}
tunestack:models:
  support: {dataset: tickets, baseModel: google/gemma3@gemma-3-1b-it, mode: FULL, epochs: 3}
tunestack:serving:
  support: {model: support, machineType: g2-standard-12, acceleratorType: NVIDIA_L4}
"""


def written(draft: Draft) -> str:
    """Returns the text of the file."""
    lines = [f"# {line}" for line in textwrap.wrap(draft.about, _WIDTH)]
    lines += ["# docs/configuration.md describes every key."]
    if draft.secrets_provider:
        lines.append(f"secretsprovider: {draft.secrets_provider}")
    lines += ["config:", *(f"  {line}" for line in _keys(draft.config))]
    if draft.salt:
        lines += ["", "# Of the constant passphrase of the emulator's stacks, which hold no secret."]
        lines.append(f"encryptionsalt: {draft.salt}")
    return "\n".join(lines) + "\n"


def _keys(config: Any) -> Iterator[str]:
    for key, value in config.items():
        if comment := _COMMENTS.get(key):
            yield f"# {comment}"
        if key == "models" and any("promote" in model for model in value.values()):
            yield f"# {_PROMOTION}"
        text = yaml.safe_dump({f"tunestack:{key}": value}, sort_keys=False, allow_unicode=True, width=_WIDTH)
        yield from text.rstrip("\n").split("\n")
    if not config.keys() & {"foundation", "models"}:
        yield from (f"# {line}" for line in _EXAMPLE.splitlines())

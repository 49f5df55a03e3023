"""A few cases of the campaign, of every kind and every run; `make campaign` walks them all."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.campaign import case, plan
from tests.campaign.lane import Lane
from tests.campaign.phases import PHASES
from tests.campaign.reference import learn

SEED = 1
PAIRS = (
    ("up", "kill-cli"),
    ("roll", "kill-tunestack"),
    ("destroy", "ctrl-c"),
    ("destroy", "kill-gcp"),
    ("destroy", "ctrl-c-twice"),
    ("destroy", "kill-emulator"),
)


@pytest.mark.engine
@pytest.mark.timeout(600)
def test_a_sample_of_the_campaign(tmp_path: Path) -> None:
    lane = Lane(tmp_path / "lane", None)
    try:
        references = learn(lane, 1, [phase for phase in PHASES if phase.name in {"up", "roll", "destroy"}])
        walk = [each for each in plan.walk(references, SEED) if each.call.changes]
        random = Random(SEED)  # noqa: S311 (repeatable on purpose)
        outcomes = []
        for number, (phase, kind) in enumerate(PAIRS):
            drawn = random.choice([each for each in walk if (each.phase.name, each.kind) == (phase, kind)])
            outcomes.append(case.run(drawn, lane, references[phase], SEED, tmp_path / f"{number}.log"))
    finally:
        lane.close()
    assert not [f"{outcome}; {outcome.log}" for outcome in outcomes if outcome.failed]
    assert all(outcome.applicable for outcome in outcomes)

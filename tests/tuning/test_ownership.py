"""Labels are the only way to find a job again, and to know whose it is."""

from __future__ import annotations

import re

from tunestack.tuning.ownership import Owner

OWN = Owner("urn:pulumi:local::tunestack::infra:index:Tuning$tunestack:index:TuningJob::tickets")
RENAMED = Owner("urn:pulumi:local::tunestack::infra:index:Tuning$tunestack:index:TuningJob::other")
OTHER_STACK = Owner("urn:pulumi:dev::tunestack::infra:index:Tuning$tunestack:index:TuningJob::tickets")


def test_labels_are_what_the_service_takes() -> None:
    for key, value in OWN.labels("0123456789abcdef").items():
        assert re.fullmatch(r"[a-z][a-z0-9_-]{0,62}", key)
        assert re.fullmatch(r"[a-z0-9_-]{0,63}", value)


def test_an_owner_knows_its_own_and_its_stacks_jobs() -> None:
    labels = OWN.labels("spec")
    assert OWN.owns(labels)
    assert not RENAMED.owns(labels)
    assert RENAMED.shares_stack(labels)
    assert not OTHER_STACK.owns(labels)
    assert not OTHER_STACK.shares_stack(labels)


def test_foreign_labels_are_nobodys() -> None:
    assert not OWN.owns({"team": "support"})
    assert not OWN.shares_stack({})


def test_a_name_is_the_last_part_of_the_urn() -> None:
    assert OWN.name == "tickets"
    assert Owner("urn:pulumi:local::tunestack::tunestack:index:TuningJob::a::b").name == "a::b"

"""`tunestack state new`: what it wants, the plan, the question, and what to commit afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from tunestack.cli import terminal
from tunestack.cli.calls import RefusedError
from tunestack.cli.place import find
from tunestack.cli.stack import StackError
from tunestack.cli.state import secrets_key, state_bucket
from tunestack.cli.state.step import Step
from tunestack.connection import Connection
from tunestack.data.storage.bucket_access import Binding, bind, is_bound
from tunestack.service_errors import explain

_MEMBER = re.compile(r"(user|group|serviceAccount|domain):\S+|principal(Set)?://\S+")
"""Source: https://cloud.google.com/iam/docs/principal-identifiers; everybody is left out on purpose."""

APPLIES = ("roles/storage.objectUser", "roles/cloudkms.cryptoKeyEncrypterDecrypter")
"""What an up needs of bucket and key: it writes states, locks and history, and decrypts the stack's own key."""

READS = ("roles/storage.objectViewer", "roles/cloudkms.cryptoKeyDecrypter")
"""What a preview needs: it takes no lock and writes nothing."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A place for state, and who may use it.

    Attributes:
        connection: to its project and location.
        bucket: its name.
        key: its resource name.
        is_own_key: whether the key is made where it is missing.
        rights: members with their roles on bucket and key.
    """

    connection: Connection
    bucket: str
    key: str
    is_own_key: bool
    rights: tuple[tuple[str, tuple[str, str]], ...]

    @classmethod
    def checked(
        cls, project: str, location: str, bucket: str, key: str, members: Sequence[str], readers: Sequence[str]
    ) -> Wanted:
        """Reads what the user asked for.

        Raises:
            StackError: a key or a member is none.
        """
        if key and not secrets_key.NAME.fullmatch(key.removeprefix("gcpkms://")):
            raise StackError(f"{key!r} is no key: it is projects/…/locations/…/keyRings/…/cryptoKeys/…")
        for member in (*members, *readers):
            if not _MEMBER.fullmatch(member):
                raise StackError(
                    f"{member!r} is no member that could be given the state: it is user:…, group:…, serviceAccount:…, "
                    "domain:…, principal://… or principalSet://…; everybody is none"
                )
        ring = f"projects/{project}/locations/{location}/keyRings/{secrets_key.RING}"
        applies = [(member, APPLIES) for member in members]
        reads = [(member, READS) for member in readers if member not in members]
        return cls(
            find("", project, location).connection,
            bucket or f"{project.replace(':', '-').replace('.', '-')}-pulumi-state",
            key.removeprefix("gcpkms://") or f"{ring}/cryptoKeys/{secrets_key.KEY}",
            not key,
            (*applies, *reads),
        )

    @property
    def backend(self) -> str:
        """Where the engine is told to keep states."""
        return f"gs://{self.bucket}"

    @property
    def secrets_provider(self) -> str:
        """What the engine is told to encrypt with."""
        return f"gcpkms://{self.key}"


def run(wanted: Wanted, *, is_sure: bool, only_look: bool, as_json: bool) -> None:
    """Shows what is to be done, asks, does it, and says what to commit.

    Raises:
        StackError: it cannot be done, or nobody is there to ask.
    """
    try:
        planned = list(steps(wanted))
        to_do = [step for step in planned if step.do]
        if not as_json:
            terminal.print_lines(_plan(wanted, planned))
        if to_do and not only_look:
            if not is_sure:
                terminal.confirm("Do this?" if len(to_do) == 1 else f"Do these {len(to_do)} things?")
            for step in to_do:
                if step.do:
                    step.do()
                if not as_json:
                    terminal.print_lines([f"done: {step.says}"])
    except Exception as error:
        # Storage answers by its library's exceptions, the other services by ours.
        told = str(error) if isinstance(error, RefusedError) else explain(error)
        if told is None:
            raise
        raise StackError(
            f"{told}\nRun the command again once that is settled: it goes on where it was. It needs "
            "roles/storage.admin and roles/cloudkms.admin, and roles/serviceusage.serviceUsageAdmin to enable the API, "
            f"in {wanted.connection.project}"
        ) from error
    if as_json:
        done = [step.says for step in to_do]
        terminal.print_json(
            {
                "backend": wanted.backend,
                "secretsProvider": wanted.secrets_provider,
                "planned" if only_look else "done": done,
                "there": [step.says for step in planned if not step.do],
            }
        )
    elif not only_look:
        terminal.print_lines(_to_commit(wanted))


def steps(wanted: Wanted) -> Iterator[Step]:
    """Yields all that is to be done, and what is so already."""
    connection = wanted.connection
    bucket = state_bucket.find(connection, wanted.bucket)
    yield from state_bucket.steps(connection, wanted.bucket, bucket)
    yield from (key := list(secrets_key.steps(connection, wanted.key, is_own=wanted.is_own_key)))
    policy = {} if any(step.do for step in key) else secrets_key.policy(connection, wanted.key)
    for member, (bucket_role, key_role) in wanted.rights:
        binding = Binding(wanted.bucket, bucket_role, member)
        if bucket is not None and is_bound(connection.storage, binding):
            yield Step(f"{member} has {bucket_role} on gs://{wanted.bucket}")
        else:
            yield Step(
                f"give {member} {bucket_role} on gs://{wanted.bucket}", partial(bind, connection.storage, binding)
            )
        if secrets_key.holds(policy, key_role, member):
            yield Step(f"{member} has {key_role} on the key")
        else:
            give = partial(secrets_key.bind, connection, wanted.key, key_role, member)
            yield Step(f"give {member} {key_role} on the key", give)


def _plan(wanted: Wanted, planned: Sequence[Step]) -> Iterator[str]:
    place = wanted.connection
    yield f"For the state of stacks, in project {place.project}, {place.location}:"
    for step in planned:
        yield terminal.styled(f"  {'+' if step.do else '='} {step.says}", "green" if step.do else None)
    if not wanted.rights:
        yield "  nobody is given rights: name who applies stacks with --member, who only previews with --reader"


def _to_commit(wanted: Wanted) -> Iterator[str]:
    yield from (
        "",
        "In Pulumi.yaml, to be committed; PULUMI_BACKEND_URL goes over it, so local stacks stay where they are:",
        "",
        "  backend:",
        f"    url: {wanted.backend}",
        "",
        "A new stack, whose file then names the key; secrets in that file are ciphertexts:",
        "",
        f"  tunestack stack new NAME --location REGION --secrets-provider {wanted.secrets_provider}",
        "",
        "Stacks that are somewhere else already: docs/state.md tells how to move them.",
    )

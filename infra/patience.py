"""Patience with what Google Cloud has made and does not know everywhere yet: for every gcp resource, in one place.

pulumi-gcp itself repeats what is busy and, for half a minute, what meets another change. It does not wait for a
service account that is named too early, nor for an API that was enabled a moment ago. After each failure the engine
asks a hook.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar

import pulumi
import tenacity

from tunestack.late_identities import GRANT_SECONDS, NOBODYS_PROJECTS, Kind, Late, recognise

T = TypeVar("T")

_PAUSES_SECONDS = (1.0, 2.0, 4.0, 8.0, 15.0)
"""After the first, second … failure. Short enough that 100 attempts, which is all that the engine makes, last."""

_REPEATABLE = frozenset(
    {
        "gcp:projects/iAMMember:IAMMember",
        "gcp:projects/service:Service",
        "gcp:projects/serviceIdentity:ServiceIdentity",
        "gcp:serviceaccount/iAMMember:IAMMember",
        "gcp:storage/bucketIAMMember:BucketIAMMember",
    }
)
"""What may be created twice without harm. All else has a name that a second create would find taken, unless it is told
to take what is there; with that refusal the engine would forget what the first create has made."""

LOOK_PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0)
"""After looks that got no answer."""

UNANSWERED = (
    r"\bEOF\b|connection reset|use of closed network connection|broken pipe|i/o timeout|deadline exceeded"
    r"|Client\.Timeout|handshake timeout|GOAWAY"
)
"""What Go's HTTP client says when an answer is lost; a change that meets this pulumi-gcp does not repeat (seen with
9.35)."""

_BUSY = re.compile(rf"\berror (?:429|500|502|503|504)\b|connection refused|{UNANSWERED}", re.IGNORECASE)
"""What pulumi-gcp, or the stand-in, says when it has given up repeating."""

_PLUGIN_GONE = re.compile(r"error reading from server|Error while dialing|exited prematurely", re.IGNORECASE)
"""What the engine says of a plugin that has died, which it does not start again in the same run."""

_BUSY_SECONDS = 120.0
"""How long more a service may be busy: as long again as what is created otherwise is repeated."""

_STRANGER_SECONDS = 60.0
"""How long an account may take that somebody else makes, such as whoever reads the checkpoints: it may have just been
made, and is more likely to be misspelt."""

_AFTER_CREATION = re.compile(r"error (?:when )?(?:reading|waiting|setting)|after creation", re.IGNORECASE)
"""What pulumi-gcp says when a look at what it has just made fails."""

_GRANTS = frozenset({"gcp:projects/iAMMember:IAMMember", "gcp:serviceaccount/iAMMember:IAMMember"})
_ACCOUNT = "gcp:serviceaccount/account:Account"
_BUCKET = "gcp:storage/bucket:Bucket"
_HOOK = "late-identities"


class Patience:
    """What is worth a wait in this run, and the hooks that wait.

    Args:
        project: the Google Cloud project's id.
        apis: hosts of the APIs that the program enables; for others nobody will.
    """

    def __init__(self, project: str, apis: Collection[str]) -> None:
        self._project = project
        self._project_number: str | None = None
        self._apis = frozenset(apis)
        self._made: dict[str, float] = {}
        self._first_seen: dict[tuple[str, str], float] = {}
        self._advised: set[str] = set()

    def attach(self) -> None:
        """Gives the hooks to every gcp resource that is declared from now on."""
        waits = pulumi.ErrorHook(_HOOK, self._on_error)
        remembers = pulumi.ResourceHook(f"{_HOOK}-made", self._on_created)

        def with_hooks(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
            if not args.type_.startswith("gcp:"):
                return None
            hooks = pulumi.ResourceHookBinding(on_error=[waits])
            if args.type_ in _GRANTS or args.type_ in (_ACCOUNT, _BUCKET):
                hooks = pulumi.ResourceHookBinding(on_error=[waits], after_create=[remembers])
            options = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(hooks=hooks))
            return pulumi.ResourceTransformationResult(args.props, options)

        pulumi.runtime.register_stack_transformation(with_hooks)

    def know_number(self, number: str) -> None:
        """Takes the project's number, by which messages may name it."""
        self._project_number = number

    def look_up(
        self,
        name: str,
        function: str,
        arguments: Mapping[str, Any],
        kind: type[T],
        *,
        parent: pulumi.Resource,
        after: Sequence[pulumi.CustomResource],
    ) -> pulumi.Output[T]:
        """Returns what a function of the provider finds, asked again while its API has not spread: no hook does that.

        Args:
            name: what is looked up, for the messages.
            function: the function's token.
            arguments: under their names on the wire.
            kind: of the result.
            parent: whose provider to ask.
            after: what must exist first.
        """

        # A failed Output would end the program, whoever has caught it; a failed coroutine does not.
        async def ask(_: Any) -> Any:
            attempt = 0
            while True:
                try:
                    opts = pulumi.InvokeOptions(parent=parent)
                    return await pulumi.runtime.invoke_async(function, arguments, opts, kind)
                except Exception as error:
                    attempt += 1
                    # A preview enables nothing, so it waits for nothing but an answer.
                    is_worth_it = sign_of_busy(str(error)) or not pulumi.runtime.is_dry_run()
                    if not is_worth_it or not await self._waited(name, "", {}, str(error), attempt):
                        raise

        return pulumi.Output.all(*(resource.id for resource in after)).apply(ask)

    def awaited(self, kind: str, inputs: Mapping[str, Any], refusal: str) -> tuple[str, float] | None:
        """Returns what a refused operation waits for and for how long at most, in seconds; None where that is no use.

        Args:
            kind: the resource's type; empty for a function.
            inputs: of the resource.
            refusal: the provider's message.
        """
        is_repeatable = not kind or kind in _REPEATABLE or inputs.get("createIgnoreAlreadyExists") is True
        if not is_repeatable and _AFTER_CREATION.search(refusal):
            return None
        late = recognise(refusal)
        if late is None:
            busy = sign_of_busy(refusal) if is_repeatable else ""
            return (f"the service, which is busy: {busy}", _BUSY_SECONDS) if busy else None
        if late.kind is Kind.ACCOUNT:
            account = _account_awaited(late, inputs)
            if not account:
                return None
            seconds = _STRANGER_SECONDS if self._is_strangers(account, inputs) else late.seconds
            return str(Late(Kind.ACCOUNT, seconds, account)), seconds
        return (str(late), late.seconds) if self._is_ours(late) else None

    def _is_ours(self, late: Late) -> bool:
        """Says whether what is missing is likely to be what this program has just made."""
        match late.kind:
            case Kind.API:
                return late.subject in self._apis and self._is_here(late.project)
            case Kind.PERMISSION if late.subject.startswith("iam.serviceAccounts."):
                return self._was_made(_ACCOUNT) or any(map(self._was_made, _GRANTS))
            case Kind.PERMISSION | Kind.ACT_AS | Kind.GRANT:
                return any(map(self._was_made, _GRANTS))
            case Kind.NEW_BUCKET:
                return self._was_made(_BUCKET) or any(map(self._was_made, _GRANTS))
        return True

    def _is_strangers(self, account: str, inputs: Mapping[str, Any]) -> bool:
        """Says whether a binding lets in an account that this program does not make, nor Google for it."""
        domain = account.partition("@")[2]
        return "serviceAccountId" not in inputs and not domain.startswith(("gcp-sa-", f"{self._project}."))

    def _is_here(self, project: str) -> bool:
        if project in NOBODYS_PROJECTS:
            return False
        if project.isdigit():
            return self._project_number in (None, project)
        return _may_be(project, self._project)

    def _was_made(self, kind: str) -> bool:
        """Says whether this run has made such a resource, so short a time ago that it may not be known everywhere."""
        return time.monotonic() - self._made.get(kind, -GRANT_SECONDS) < GRANT_SECONDS

    def _on_created(self, args: pulumi.ResourceHookArgs) -> None:
        self._made[args.type] = time.monotonic()

    async def _on_error(self, failure: pulumi.ErrorHookArgs) -> bool:
        refusal = failure.errors[0] if failure.errors else ""
        inputs = failure.new_inputs or failure.old_inputs or {}
        return await self._waited(failure.name, failure.type, inputs, refusal, len(failure.errors))

    async def _waited(self, name: str, kind: str, inputs: Mapping[str, Any], refusal: str, attempt: int) -> bool:
        """Waits before the next attempt, or says that there is none."""
        late = self.awaited(kind, inputs, refusal)
        if late is None:
            self._advise(name, refusal)
            return False
        what, most = late
        now = time.monotonic()
        waited = now - self._first_seen.setdefault((kind, name), now)
        if waited > most:
            pulumi.log.error(f"{name} gave up after {waited:.0f} s of waiting for {what}")
            self._advise(name, refusal)
            return False
        pulumi.log.info(f"{name} waits for {what}: {waited:.0f} s of at most {most:.0f} s")
        await asyncio.sleep(_PAUSES_SECONDS[min(attempt, len(_PAUSES_SECONDS)) - 1])
        return True

    def _advise(self, name: str, refusal: str) -> None:
        """Says what to do about a refusal that does not pass, once: all resources may meet the same."""
        advice = self.advice(refusal)
        if advice and advice not in self._advised:
            self._advised.add(advice)
            pulumi.log.error(f"{name}: {advice}")

    def advice(self, refusal: str) -> str:
        """Returns what to do about a refusal that does not pass, empty where the message says it itself."""
        late = recognise(refusal)
        if late is not None and late.project in NOBODYS_PROJECTS:
            return (
                "calls are charged to a project of Google's own, in which nobody can enable an API; run gcloud auth "
                f"application-default set-quota-project {self._project}"
            )
        return late.advice if late else ""


def looking_again() -> dict[str, Any]:
    """Returns the arguments of a tenacity loop for a look that may get no answer, which pulumi-gcp does not repeat."""
    return {
        "retry": tenacity.retry_if_exception(lambda error: bool(sign_of_busy(str(error)))),
        "wait": tenacity.wait_chain(*map(tenacity.wait_fixed, LOOK_PAUSES_SECONDS)),
        "stop": tenacity.stop_after_attempt(len(LOOK_PAUSES_SECONDS) + 1),
        "reraise": True,
    }


def sign_of_busy(refusal: str) -> str:
    """Returns what in a message says that the same may work in a moment, empty where nothing does."""
    busy = _BUSY.search(refusal)
    return busy[0] if busy and not _PLUGIN_GONE.search(refusal) else ""


def _account_awaited(late: Late, inputs: Mapping[str, Any]) -> str | None:
    """Returns the account that a binding names and that the refusal is about.

    Agents come into being some time after their API is enabled, and a new account is known to IAM before it is known
    everywhere. Until then a binding is refused: with a 400 where the account is the member, with a 404 where it is what
    the policy is of.
    """
    account = str(inputs.get("serviceAccountId") or inputs.get("member", ""))
    address = account.rpartition("/")[2].rpartition(":")[2]
    return address if not late.subject or _may_be(late.subject, address) else None


def _may_be(told: str, known: str) -> bool:
    """Says whether a message means something that is known.

    The engine masks every secret that it knows in a message, and pulumi-gcp makes secrets of the values of labels: a
    project's name may well contain one.
    """
    return re.fullmatch(".+".join(re.escape(part) for part in told.split("[secret]")), known) is not None

"""Asking a deployed model."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import tenacity

from tunestack.retries import http_code, retrying
from tunestack.service_errors import refusal
from tunestack.serving import asked_endpoint, shapes
from tunestack.serving.asked_endpoint import AskedEndpoint
from tunestack.serving.shapes import Question, Shape

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from tunestack.connection import Connection

ANSWER_SECONDS = 300.0
"""How long one answer may take: the first prompts to a cold endpoint take minutes (seed: open-model tuning)."""

COLD_SECONDS = 600.0
"""How long a cold endpoint is asked again: a replica with an accelerator takes minutes to start and load weights."""

_WRONG_SHAPE = frozenset({400, 404, 405, 415, 422, 501})
"""HTTP codes by which endpoints refuse what they do not understand; 404 where a container lacks the route."""


class MisaskedError(Exception):
    """The endpoint cannot answer what it was asked as it was asked; the message says what would."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an endpoint answered.

    Attributes:
        text: of the model.
        shape: in which it was asked.
        address: where.
        reply: the whole answer as it came.
        attempts: how often it was asked.
        seconds: from the first time until the answer.
    """

    text: str
    shape: Shape
    address: str
    reply: dict[str, Any] = field(repr=False)
    attempts: int = 1
    seconds: float = 0.0

    @property
    def end(self) -> str:
        """Why it ended, in the service's own word; empty where unknown."""
        return shapes.end(self.shape, self.reply)


def answer(
    connection: Connection, endpoint: str, prompt: str, *, max_tokens: int = 200, temperature: float = 0.0
) -> str:
    """Returns what the endpoint's model answers to a prompt; for containers of open models, which take instances.

    Args:
        connection: in the endpoint's region.
        endpoint: resource name.
        prompt: as the training examples have it.
        max_tokens: tokens of the answer at the most.
        temperature: 0 takes the likeliest token each time.
    """
    question = Question(prompt, max_tokens=max_tokens, temperature=temperature)
    with connection.http() as session:
        asked = asked_endpoint.look(connection, session, endpoint)
        return retrying()(_once, connection, session, asked, question, "instances").text


def ask(
    connection: Connection,
    endpoint: str,
    question: Question,
    *,
    shape: Shape | None = None,
    waits: Callable[[str], None] = lambda _: None,
    cold_seconds: float = COLD_SECONDS,
) -> Answer:
    """Asks an endpoint, again and again while it is cold.

    Args:
        connection: in the endpoint's region.
        endpoint: resource name.
        question: what to ask.
        shape: in which; by default the one that the endpoint takes.
        waits: told before each pause what is waited for.
        cold_seconds: for how long at the most.

    Raises:
        MisaskedError: the endpoint does not take that shape, or nothing is deployed there.
        UnreadableAnswerError: its answer holds no text.
        google.api_core.exceptions.GoogleAPICallError: it refused, or is cold for longer than that.
    """
    begun = time.monotonic()
    with connection.http() as session:
        asked = asked_endpoint.look(connection, session, endpoint)
        chosen: Shape = shape or (*asked_endpoint.taken(connection, session, asked), "instances")[0]
        if question.system and chosen == "instances":
            raise MisaskedError(
                "instances have no place for a system text: ask with --shape chat, or put it into the prompt"
            )
        attempts = _patiently(begun, waits, cold_seconds)
        try:
            found = attempts(_once, connection, session, asked, question, chosen)
        except Exception as error:
            if http_code(error) in _WRONG_SHAPE and (reason := _misfit(connection, session, asked, chosen)):
                said = str(getattr(error, "message", error)).rstrip(".")
                raise MisaskedError(f"{said}; {reason}") from error
            raise
    attempted = attempts.statistics.get("attempt_number", 1)
    return Answer(found.text, chosen, found.address, found.reply, attempted, time.monotonic() - begun)


def _once(
    connection: Connection, session: requests.Session, asked: AskedEndpoint, question: Question, shape: Shape
) -> Answer:
    base, headers = asked.address(connection)
    address = f"{base}{shapes.path(shape, asked.name)}"
    response = session.post(address, json=shapes.body(shape, question), headers=headers, timeout=ANSWER_SECONDS)
    if not response.ok:
        raise refusal(response)
    try:
        reply: dict[str, Any] = response.json()
    except ValueError:
        raise shapes.UnreadableAnswerError(f"the endpoint's answer is not JSON: {response.text[:300]}") from None
    told = f"https://{asked.dedicated_dns}{shapes.path(shape, asked.name)}" if asked.dedicated_dns else address
    return Answer(shapes.text(shape, question, reply), shape, told, reply)


def _misfit(connection: Connection, session: requests.Session, asked: AskedEndpoint, shape: Shape) -> str:
    """Returns what would get an answer instead, empty where that is not known."""
    if not asked.has_traffic:
        return "nothing on this endpoint takes requests: deploy a model to it first, as pulumi up does"
    takes = asked_endpoint.taken(connection, session, asked)
    return asked_endpoint.told(takes) if takes and shape not in takes else ""


def _patiently(begun: float, waits: Callable[[str], None], cold_seconds: float) -> tenacity.Retrying:
    told = ""

    def tell(state: tenacity.RetryCallState) -> None:
        nonlocal told
        error = state.outcome.exception() if state.outcome else None
        cause = _cause(error) if error is not None else ""
        # The service's own words once: they are long, and mostly the same each time.
        what, told = ("the same again" if cause == told else cause), cause
        waits(f"{what}; waited {time.monotonic() - begun:.0f} s of at most {cold_seconds:.0f} s")

    return retrying(cold_seconds).copy(before_sleep=tell)


def _cause(error: BaseException) -> str:
    """Says what a refusal that passes is likely to wait for, and what the service said."""
    code = http_code(error)
    said = " ".join(str(getattr(error, "message", None) or error).split())[:200]
    match code:
        case None:
            return f"no answer ({type(error).__name__}): the endpoint may be loading its weights"
        case 429:
            return f"the endpoint is cold or its capacity is used up (429: {said})"
        case 502 | 503 | 504:
            return f"the endpoint is cold: no replica answers yet ({code}: {said})"
    return f"the endpoint failed, which may pass ({code}: {said})"

"""What is sent again, when, and what an answer means: decided here once, without touching the network.

`exchange` is a generator: it yields what is to be done (`Send`, `Pause`) and is sent what came of it. The two drivers
do nothing else, one of them with `await`.
"""

import email.utils
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from sgate_sdk._requests import Answer, Request
from sgate_sdk.errors import ConnectionFailed, SGateError, UnexpectedAnswer, error_of

T = TypeVar("T")

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 8.0
LONGEST_RETRY_AFTER_S = 60.0
"""A server that asks for a longer wait is obeyed by giving the caller the error: a payment page cannot hang so long."""

RATE_LIMITED = 429
FIRST_SERVER_ERROR = 500


@dataclass(frozen=True)
class Send:
    """Send this; the outcome is an `Answer`, or the failure to get one."""

    request: Request[Any]


@dataclass(frozen=True)
class Pause:
    """Wait so many seconds; the outcome is None."""

    seconds: float


Outcome = Answer | ConnectionFailed | None
Conversation = Generator[Send | Pause, Outcome, T]


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a decision depends on beside the answer: dice from 0 to 1, and the time of day in Unix seconds."""

    dice: Callable[[], float]
    now: Callable[[], float]


def exchange(request: Request[T], max_retries: int, around: Surroundings) -> Conversation[T]:
    """Send until there is an answer to keep, at most `max_retries` times more than once.

    Raises:
        SGateError: what went wrong, the last time it was tried.
    """
    attempt, max_retries = 0, 0 if request.once else max_retries
    while True:
        outcome = yield Send(request)
        failure = failure_of(outcome, around.now())
        if failure is None:
            return understood(request, outcome)
        pause_s = pause_before_next(failure, attempt, max_retries, around.dice)
        if pause_s is None:
            raise failure
        yield Pause(pause_s)
        attempt += 1


def failure_of(outcome: Outcome, now: float) -> SGateError | None:
    """What is wrong with an outcome; None for a success."""
    if isinstance(outcome, Answer):
        return None if outcome.status_code // 100 == 2 else _refusal(outcome, now)  # noqa: PLR2004 - any success
    return outcome or ConnectionFailed("Nothing was sent.", code="connection_failed")


def _refusal(answer: Answer, now: float) -> SGateError:
    request_id = answer.headers.get("x-request-id")
    if answer.status_code // 100 == 3:  # noqa: PLR2004 - redirects: following one would carry the API key elsewhere
        target = answer.headers.get("location", "nowhere")
        return UnexpectedAnswer(
            f"The server sends us on to {target}. Redirects are not followed: set the base URL to where it really is.",
            status_code=answer.status_code,
            request_id=request_id,
        )
    return error_of(
        answer.status_code,
        answer.body,
        request_id=request_id,
        retry_after_s=retry_after_of(answer.headers.get("retry-after"), now),
    )


def understood(request: Request[T], answer: Outcome) -> T:
    """What a success says.

    Raises:
        UnexpectedAnswer: if it is not what was asked for.
    """
    assert isinstance(answer, Answer)  # noqa: S101 - a success is an answer
    try:
        return request.read(answer.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnexpectedAnswer(
            f"The answer to {request.method} {request.path} is not sGate's. Does the base URL lead to sGate? {error}",
            status_code=answer.status_code,
            request_id=answer.headers.get("x-request-id"),
        ) from None


def pause_before_next(failure: SGateError, attempt: int, max_retries: int, dice: Callable[[], float]) -> float | None:
    """How long to wait before the next attempt; None if there is to be none. `attempt` counts from 0."""
    if attempt >= max_retries or not may_pass(failure):
        return None
    if failure.retry_after_s is None:
        return backoff_s(attempt, dice())
    if failure.retry_after_s > LONGEST_RETRY_AFTER_S:
        return None
    return failure.retry_after_s + dice() * FIRST_PAUSE_S


def may_pass(failure: SGateError) -> bool:
    """Whether the same request may succeed later. A POST carries its idempotency key, so it has its effect once."""
    return (
        isinstance(failure, ConnectionFailed)
        or failure.code == "idempotency_in_progress"
        or failure.status_code == RATE_LIMITED
        or (failure.status_code or 0) >= FIRST_SERVER_ERROR
    )


def backoff_s(attempt: int, dice: float) -> float:
    """Twice as long each time, half of it by chance, so that many who failed together do not come back together."""
    longest_s = min(FIRST_PAUSE_S * 2 ** min(attempt, 10), LONGEST_PAUSE_S)
    return longest_s * (0.5 + dice / 2)


def retry_after_of(text: str | None, now: float) -> float | None:
    """Seconds from now, from a `Retry-After` in seconds or as a date; None if it says nothing."""
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, OverflowError):  # no date, or one of a year that no clock knows
        return None

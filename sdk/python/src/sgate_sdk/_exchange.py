"""Retries and error handling, without I/O.

`exchange` is a generator: it yields the next step, `Send` or `Pause`, and receives the outcome of the step. The two
drivers only perform the steps; the async driver does so with `await`.
"""

import email.utils
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from sgate_sdk._requests import Answer, Request
from sgate_sdk.errors import SGateConnectionError, SGateError, SGateUnexpectedResponseError, error_of

T = TypeVar("T")

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 8.0
LONGEST_RETRY_AFTER_S = 60.0
"""The longest `Retry-After` after which a request is retried. If it is longer, the call fails at once, because a
checkout cannot block for minutes.
"""

RATE_LIMITED = 429
FIRST_SERVER_ERROR = 500


@dataclass(frozen=True)
class Send:
    """The step of sending a request. The outcome is an `Answer`, or the error if there is no response."""

    request: Request[Any]


@dataclass(frozen=True)
class Pause:
    """The step of waiting. The outcome is None."""

    seconds: float


Outcome = Answer | SGateConnectionError | None
Conversation = Generator[Send | Pause, Outcome, T]


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """An injected random source, which returns numbers from 0 to 1, and clock, which returns Unix seconds."""

    random: Callable[[], float]
    now: Callable[[], float]


def exchange(request: Request[T], max_retries: int, around: Surroundings) -> Conversation[T]:
    """Send a request, retry it at most `max_retries` times, and return the decoded response.

    Raises:
        SGateError: if the last attempt failed.
    """
    attempt, max_retries = 0, 0 if request.once else max_retries
    while True:
        outcome = yield Send(request)
        error = error_for(outcome, around.now())
        if error is None:
            return decoded(request, outcome)
        delay_s = retry_delay_s(error, attempt, max_retries, around.random)
        if delay_s is None:
            raise error
        yield Pause(delay_s)
        attempt += 1


def error_for(outcome: Outcome, now: float) -> SGateError | None:
    """Return the error that an outcome represents, or None if the request succeeded."""
    if isinstance(outcome, Answer):
        return None if outcome.status_code // 100 == 2 else _error_response(outcome, now)  # noqa: PLR2004 - any success
    return outcome or SGateConnectionError("Nothing was sent.", code="connection_failed")


def _error_response(answer: Answer, now: float) -> SGateError:
    request_id = answer.headers.get("x-request-id")
    if answer.status_code // 100 == 3:  # noqa: PLR2004 - a followed redirect would send the API key elsewhere
        target = answer.headers.get("location", "nowhere")
        return SGateUnexpectedResponseError(
            f"The server redirects to {target}. Redirects are not followed: set the base URL to the final address.",
            status_code=answer.status_code,
            request_id=request_id,
        )
    return error_of(
        answer.status_code,
        answer.body,
        request_id=request_id,
        retry_after_s=parse_retry_after(answer.headers.get("retry-after"), now),
    )


def decoded(request: Request[T], answer: Outcome) -> T:
    """Return the decoded body of a successful response.

    Raises:
        SGateUnexpectedResponseError: if the body is not an object of the expected type.
    """
    assert isinstance(answer, Answer)  # noqa: S101 - only an answer is a success
    try:
        return request.read(answer.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise SGateUnexpectedResponseError(
            f"The response to {request.method} {request.path} is not sGate's. Check the base URL. {error}",
            status_code=answer.status_code,
            request_id=answer.headers.get("x-request-id"),
        ) from None


def retry_delay_s(error: SGateError, attempt: int, max_retries: int, random: Callable[[], float]) -> float | None:
    """Return the delay before the next attempt, or None if there is none. `attempt` counts from 0."""
    if attempt >= max_retries or not is_transient(error):
        return None
    if error.retry_after_s is None:
        return backoff_s(attempt, random())
    if error.retry_after_s > LONGEST_RETRY_AFTER_S:
        return None
    return error.retry_after_s + random() * FIRST_PAUSE_S


def is_transient(error: SGateError) -> bool:
    """Return whether the same request may succeed later.

    A POST can be repeated safely, because each repetition has the same idempotency key.
    """
    return (
        isinstance(error, SGateConnectionError)
        or error.code == "idempotency_in_progress"
        or error.status_code == RATE_LIMITED
        or (error.status_code or 0) >= FIRST_SERVER_ERROR
    )


def backoff_s(attempt: int, random: float) -> float:
    """Return an exponential back-off with jitter.

    Half of the back-off is random, so that clients that failed at the same time do not all retry at the same time.
    """
    longest_s = min(FIRST_PAUSE_S * 2 ** min(attempt, 10), LONGEST_PAUSE_S)
    return longest_s * (0.5 + random / 2)


def parse_retry_after(text: str | None, now: float) -> float | None:
    """Return the seconds to wait according to a `Retry-After` header, which contains a number or a date.

    Returns None if the header is absent or invalid.
    """
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, OverflowError):  # not a date, or a date outside the range of timestamps
        return None

"""Decorators that turn one description of an API call into a sync and an async method.

Each method of a resource returns the `Request` to send. The decorators bind the method to the resource's driver: on
`SGate`, the bound method blocks and returns the result; on `AsyncSGate`, it is awaited. `__get__` has an overload for
each type of driver, so type checkers see the right return type. The parameters of the method are unchanged.
"""

import functools
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from sgate_sdk._drivers import AsyncDriver, SyncDriver
from sgate_sdk._requests import ListAnswer, Request
from sgate_sdk.paging import AsyncListing, Page

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")
D = TypeVar("D", SyncDriver, AsyncDriver)


class Resource(Generic[D]):
    """The API calls for one kind of object."""

    def __init__(self, driver: D) -> None:
        self._driver = driver

    @property
    def driver(self) -> D:
        """The driver that sends the requests."""
        return self._driver


class _Operation(Generic[P, R]):
    """An API call, identified by its `operationId` in the OpenAPI document."""

    def __init__(self, operation_id: str, describe: Callable[Concatenate[Any, P], R]) -> None:
        self.operation_id = operation_id
        self.describe = describe
        self.__doc__ = describe.__doc__

    def _bound(self, resource: Any, act: Callable[[R], object]) -> Callable[P, Any]:
        @functools.wraps(self.describe)
        def call(*args: P.args, **kwargs: P.kwargs) -> object:
            return act(self.describe(resource, *args, **kwargs))

        return call


class Call(_Operation[P, Request[T]]):
    """A call with one request and one response."""

    @overload
    def __get__(self, resource: Resource[SyncDriver], owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, resource: Resource[AsyncDriver], owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    @overload
    def __get__(self, resource: None, owner: type) -> Self: ...
    def __get__(self, resource: Any, owner: type) -> Any:
        """Return the call bound to its resource."""
        return self if resource is None else self._bound(resource, resource.driver.perform)


class Listing(_Operation[P, Request[ListAnswer[T]]]):
    """A call that returns a list, which is fetched page by page."""

    @overload
    def __get__(self, resource: Resource[SyncDriver], owner: type) -> Callable[P, Page[T]]: ...
    @overload
    def __get__(self, resource: Resource[AsyncDriver], owner: type) -> Callable[P, AsyncListing[T]]: ...
    @overload
    def __get__(self, resource: None, owner: type) -> Self: ...
    def __get__(self, resource: Any, owner: type) -> Any:
        """Return the call bound to its resource."""
        if resource is None:
            return self
        driver = resource.driver
        if isinstance(driver, SyncDriver):
            return self._bound(resource, lambda request: Page(driver, request, driver.perform(request)))
        return self._bound(resource, lambda request: AsyncListing(driver, request))


class Streaming(_Operation[P, Request[T]]):
    """A call that returns a stream."""

    @overload
    def __get__(self, resource: Resource[SyncDriver], owner: type) -> Callable[P, Generator[T]]: ...
    @overload
    def __get__(self, resource: Resource[AsyncDriver], owner: type) -> Callable[P, AsyncGenerator[T]]: ...
    @overload
    def __get__(self, resource: None, owner: type) -> Self: ...
    def __get__(self, resource: Any, owner: type) -> Any:
        """Return the call bound to its resource."""
        return self if resource is None else self._bound(resource, resource.driver.stream)


def call(operation_id: str) -> Callable[[Callable[Concatenate[Any, P], Request[T]]], Call[P, T]]:
    """Turn a method that returns a request into a call."""
    return lambda describe: Call(operation_id, describe)


def listing(operation_id: str) -> Callable[[Callable[Concatenate[Any, P], Request[ListAnswer[T]]]], Listing[P, T]]:
    """Turn a method that returns the request for a list into a listing."""
    return lambda describe: Listing(operation_id, describe)


def streaming(operation_id: str) -> Callable[[Callable[Concatenate[Any, P], Request[T]]], Streaming[P, T]]:
    """Turn a method that returns the request for a stream into a streaming call."""
    return lambda describe: Streaming(operation_id, describe)

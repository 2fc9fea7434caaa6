"""A call of the API is written once and works in both ways.

A method of a resource says what to send, as a `Request`. The decorators here make of it what callers see: on a resource
of `SGate` a method that answers, on one of `AsyncSGate` one that is awaited. Types follow: `__get__` is overloaded by
the resource's driver, and the parameters are those of the method.
"""

import functools
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from sgate_sdk._drivers import AsyncDriver, SyncDriver
from sgate_sdk._requests import ListAnswer, Request
from sgate_sdk.paging import AsyncPaging, Page

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")
D = TypeVar("D", SyncDriver, AsyncDriver)


class Resource(Generic[D]):
    """One kind of object, with the calls about it."""

    def __init__(self, driver: D) -> None:
        self._driver = driver

    @property
    def driver(self) -> D:
        """The way over the network."""
        return self._driver


class _Operation(Generic[P, R]):
    """A call by its name in the OpenAPI document."""

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
    """One request, one answer."""

    @overload
    def __get__(self, resource: Resource[SyncDriver], owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, resource: Resource[AsyncDriver], owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    @overload
    def __get__(self, resource: None, owner: type) -> Self: ...
    def __get__(self, resource: Any, owner: type) -> Any:
        """The call as a method of its resource."""
        return self if resource is None else self._bound(resource, resource.driver.perform)


class Listing(_Operation[P, Request[ListAnswer[T]]]):
    """A page of a list, from which all that follow can be walked."""

    @overload
    def __get__(self, resource: Resource[SyncDriver], owner: type) -> Callable[P, Page[T]]: ...
    @overload
    def __get__(self, resource: Resource[AsyncDriver], owner: type) -> Callable[P, AsyncPaging[T]]: ...
    @overload
    def __get__(self, resource: None, owner: type) -> Self: ...
    def __get__(self, resource: Any, owner: type) -> Any:
        """The call as a method of its resource."""
        if resource is None:
            return self
        driver = resource.driver
        if isinstance(driver, SyncDriver):
            return self._bound(resource, lambda request: Page(driver, request, driver.perform(request)))
        return self._bound(resource, lambda request: AsyncPaging(driver, request))


class Streaming(_Operation[P, Request[T]]):
    """What happens, as it happens."""

    @overload
    def __get__(self, resource: Resource[SyncDriver], owner: type) -> Callable[P, Generator[T]]: ...
    @overload
    def __get__(self, resource: Resource[AsyncDriver], owner: type) -> Callable[P, AsyncGenerator[T]]: ...
    @overload
    def __get__(self, resource: None, owner: type) -> Self: ...
    def __get__(self, resource: Any, owner: type) -> Any:
        """The call as a method of its resource."""
        return self if resource is None else self._bound(resource, resource.driver.stream)


def call(operation_id: str) -> Callable[[Callable[Concatenate[Any, P], Request[T]]], Call[P, T]]:
    """Make a method of what describes a request."""
    return lambda describe: Call(operation_id, describe)


def listing(operation_id: str) -> Callable[[Callable[Concatenate[Any, P], Request[ListAnswer[T]]]], Listing[P, T]]:
    """Make a method of what describes the request of a list."""
    return lambda describe: Listing(operation_id, describe)


def streaming(operation_id: str) -> Callable[[Callable[Concatenate[Any, P], Request[T]]], Streaming[P, T]]:
    """Make a method of what describes the request of a stream."""
    return lambda describe: Streaming(operation_id, describe)

"""Lists. A page holds what was asked for; iterating over it goes on through all pages that follow."""

from collections.abc import AsyncIterator, Generator, Iterator, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from sgate_sdk._drivers import AsyncDriver, SyncDriver
from sgate_sdk._requests import ListAnswer, Request, in_walking_order, next_page

T = TypeVar("T")


class _Shown(Generic[T]):
    """What a page shows of itself."""

    def __init__(self, request: Request[ListAnswer[T]], answer: ListAnswer[T]) -> None:
        self._request = request
        self._answer = answer

    @property
    def data(self) -> Sequence[T]:
        """The objects of this page, newest first."""
        return self._answer.data

    @property
    def has_more(self) -> bool:
        """Whether more follow, in the direction of the walk."""
        return self._answer.has_more

    @property
    def limit(self) -> int | None:
        """The most objects of a page."""
        return self._answer.limit

    @property
    def total(self) -> int | None:
        """How many objects there are, if the list was asked for by page number; counted up to 10,000."""
        return self._answer.total

    @property
    def total_is_exact(self) -> bool | None:
        """Whether `total` is all there are."""
        return self._answer.total_is_exact

    @property
    def page(self) -> int | None:
        """The number of this page, if the list was asked for by page number."""
        return self._answer.page

    @property
    def pages(self) -> int | None:
        """How many pages there are, if the list was asked for by page number."""
        return self._answer.pages

    def to_dict(self) -> dict[str, Any]:
        """This page as JSON has it."""
        shown = msgspec.to_builtins(self._answer)
        return {name: value for name, value in shown.items() if value is not None}


class Page(_Shown[T]):
    """A page of a list: `page.data` is what it holds, `for item in page` goes through all that follow too."""

    def __init__(self, driver: SyncDriver, request: Request[ListAnswer[T]], answer: ListAnswer[T]) -> None:
        super().__init__(request, answer)
        self._driver = driver

    def __iter__(self) -> Iterator[T]:
        """All objects from here on, fetching page after page."""
        request: Request[ListAnswer[T]] | None = self._request
        answer = self._answer
        while request is not None:
            yield from in_walking_order(request, answer)
            request = next_page(request, answer)
            if request is not None:
                answer = self._driver.perform(request)

    def next_page(self) -> "Page[T] | None":
        """The page that follows; None at the end."""
        request = next_page(self._request, self._answer)
        return None if request is None else Page(self._driver, request, self._driver.perform(request))


class AsyncPage(_Shown[T]):
    """A page of a list: `page.data` is what it holds, `async for item in page` goes through all that follow too."""

    def __init__(self, driver: AsyncDriver, request: Request[ListAnswer[T]], answer: ListAnswer[T]) -> None:
        super().__init__(request, answer)
        self._driver = driver

    async def __aiter__(self) -> AsyncIterator[T]:
        """All objects from here on, fetching page after page."""
        request: Request[ListAnswer[T]] | None = self._request
        answer = self._answer
        while request is not None:
            for item in in_walking_order(request, answer):
                yield item
            request = next_page(request, answer)
            if request is not None:
                answer = await self._driver.perform(request)

    async def next_page(self) -> "AsyncPage[T] | None":
        """The page that follows; None at the end."""
        request = next_page(self._request, self._answer)
        return None if request is None else await AsyncPaging(self._driver, request)


class AsyncPaging(Generic[T]):
    """A list that is not asked for yet: `await` it for its first page, or `async for` through all objects at once."""

    def __init__(self, driver: AsyncDriver, request: Request[ListAnswer[T]]) -> None:
        self._driver = driver
        self._request = request

    def __await__(self) -> Generator[Any, Any, AsyncPage[T]]:
        """The first page."""
        return self._first().__await__()

    async def __aiter__(self) -> AsyncIterator[T]:
        """All objects, fetching page after page."""
        async for item in await self._first():
            yield item

    async def _first(self) -> AsyncPage[T]:
        return AsyncPage(self._driver, self._request, await self._driver.perform(self._request))

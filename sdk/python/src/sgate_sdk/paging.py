"""Lists. A page contains one part of a list. Iteration over a page continues through all pages that follow."""

import contextlib
import itertools
from collections.abc import AsyncGenerator, Generator, Iterator, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from sgate_sdk._drivers import AsyncDriver, SyncDriver
from sgate_sdk._requests import ListAnswer, Request, in_iteration_order, next_page

T = TypeVar("T")


class _Shown(Generic[T]):
    """The fields of a page."""

    def __init__(self, request: Request[ListAnswer[T]], answer: ListAnswer[T]) -> None:
        self._request = request
        self._answer = answer

    @property
    def data(self) -> Sequence[T]:
        """The objects of this page, newest first."""
        return self._answer.data

    @property
    def has_more(self) -> bool:
        """Whether another page follows in the direction of iteration."""
        return self._answer.has_more

    @property
    def limit(self) -> int | None:
        """The maximum number of objects per page."""
        return self._answer.limit

    @property
    def total(self) -> int | None:
        """The number of objects, counted up to 10,000. None unless the list was requested by page number."""
        return self._answer.total

    @property
    def total_is_exact(self) -> bool | None:
        """Whether `total` counts all objects. None unless the list was requested by page number."""
        return self._answer.total_is_exact

    @property
    def page(self) -> int | None:
        """The number of this page. None unless the list was requested by page number."""
        return self._answer.page

    @property
    def pages(self) -> int | None:
        """The number of pages. None unless the list was requested by page number."""
        return self._answer.pages

    def to_dict(self) -> dict[str, Any]:
        """Return this page as JSON-compatible data."""
        shown = msgspec.json.decode(msgspec.json.encode(self._answer))
        return {name: value for name, value in shown.items() if value is not None}


class Page(_Shown[T]):
    """A page of a list. `page.data` contains the objects of the page.

    `for item in page` iterates over these objects and then over the objects of the pages that follow.
    """

    def __init__(self, driver: SyncDriver, request: Request[ListAnswer[T]], answer: ListAnswer[T]) -> None:
        super().__init__(request, answer)
        self._driver = driver

    def __iter__(self) -> Iterator[T]:
        """Yield the objects of this page and of all pages that follow."""
        for page in self.iter_pages():
            yield from in_iteration_order(self._request, page.data)

    def iter_pages(self) -> "Iterator[Page[T]]":
        """Yield this page and all pages that follow."""
        page: Page[T] | None = self
        while page is not None:
            yield page
            page = page.next_page()

    def next_page(self) -> "Page[T] | None":
        """Fetch the next page. Return None if there is no next page."""
        request = next_page(self._request, self._answer)
        return None if request is None else Page(self._driver, request, self._driver.perform(request))

    def to_list(self, *, limit: int) -> list[T]:
        """Return at most `limit` objects of this page and of the pages that follow."""
        return list(itertools.islice(self, max(limit, 0)))


class AsyncPage(_Shown[T]):
    """A page of a list. `page.data` contains the objects of the page.

    `async for item in page` iterates over these objects and then over the objects of the pages that follow.
    """

    def __init__(self, driver: AsyncDriver, request: Request[ListAnswer[T]], answer: ListAnswer[T]) -> None:
        super().__init__(request, answer)
        self._driver = driver

    async def __aiter__(self) -> AsyncGenerator[T]:
        """Yield the objects of this page and of all pages that follow."""
        async for page in self.iter_pages():
            for item in in_iteration_order(self._request, page.data):
                yield item

    async def iter_pages(self) -> "AsyncGenerator[AsyncPage[T]]":
        """Yield this page and all pages that follow."""
        page: AsyncPage[T] | None = self
        while page is not None:
            yield page
            page = await page.next_page()

    async def next_page(self) -> "AsyncPage[T] | None":
        """Fetch the next page. Return None if there is no next page."""
        request = next_page(self._request, self._answer)
        return None if request is None else await AsyncListing(self._driver, request)

    async def to_list(self, *, limit: int) -> list[T]:
        """Return at most `limit` objects of this page and of the pages that follow."""
        found: list[T] = []
        async with contextlib.aclosing(self.__aiter__()) as items:
            while len(found) < limit:
                try:
                    found.append(await anext(items))
                except StopAsyncIteration:
                    break
        return found


class AsyncListing(Generic[T]):
    """A list that is not yet fetched. `await` it to get the first page, or use `async for` to get all objects."""

    def __init__(self, driver: AsyncDriver, request: Request[ListAnswer[T]]) -> None:
        self._driver = driver
        self._request = request

    def __await__(self) -> Generator[Any, Any, AsyncPage[T]]:
        """Return the first page."""
        return self._first().__await__()

    async def __aiter__(self) -> AsyncGenerator[T]:
        """Yield all objects. Pages are fetched as they are needed."""
        async for item in await self._first():
            yield item

    async def iter_pages(self) -> AsyncGenerator[AsyncPage[T]]:
        """Yield all pages."""
        async for page in (await self._first()).iter_pages():
            yield page

    async def to_list(self, *, limit: int) -> list[T]:
        """Return at most `limit` objects from the start of the list."""
        return await (await self._first()).to_list(limit=limit) if limit > 0 else []

    async def _first(self) -> AsyncPage[T]:
        return AsyncPage(self._driver, self._request, await self._driver.perform(self._request))


AsyncPaging = AsyncListing
"""Deprecated alias of `AsyncListing`."""

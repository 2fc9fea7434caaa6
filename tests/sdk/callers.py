"""Makes the calls of the cases with both clients. Neither needs `await`, so that one runner serves both."""

import asyncio
import contextlib
import itertools

from sgate_sdk import AsyncSGate, SGate, SGateError

ERROR_FIELDS = ("type", "code", "param", "status_code", "request_id", "doc_url", "details", "retry_after_s", "message")
WAYS = ("sync", "async")


class Refused(Exception):
    """The call raised an error of the SDK; `fields` are the fields of that error."""

    def __init__(self, error):
        super().__init__(str(error))
        self.fields = {name: getattr(error, name) for name in ERROR_FIELDS}


class _Caller:
    def __init__(self, base_url, api_key):
        self.base_url, self.api_key = base_url, api_key

    def call(self, name, args, options, take=None):
        """Return the result as JSON-compatible data, or a list of the first `take` items of an iteration.

        Raises:
            Refused: if the SDK raised an `SGateError`.
        """
        key = {"idempotency_key": options["idempotency_key"]} if "idempotency_key" in options else {}
        rules = {each: options[each] for each in ("timeout_s", "max_retries") if each in options}
        args = dict(args)
        positional = [args.pop(each) for each in ("id", "content") if each in args]
        try:
            answer = self._call(options.get("api_key", self.api_key), rules, name, positional, {**args, **key}, take)
        except SGateError as error:
            raise Refused(error) from error
        return [each.to_dict() for each in answer] if take is not None else answer.to_dict()


class SyncCaller(_Caller):
    """Calls with `SGate`."""

    def _call(self, api_key, rules, name, positional, args, take):
        with SGate(api_key, base_url=self.base_url) as client:
            answer = _method(client.with_options(**rules), name)(*positional, **args)
            return answer if take is None else list(itertools.islice(answer, take))

    def close(self):
        """Do nothing: the client of each call is closed already."""


class AsyncCaller(_Caller):
    """Calls with `AsyncSGate`, in its own event loop."""

    def __init__(self, base_url, api_key):
        super().__init__(base_url, api_key)
        self._runner = asyncio.Runner()

    def _call(self, *arguments):
        return self._runner.run(self._acall(*arguments))

    async def _acall(self, api_key, rules, name, positional, args, take):
        async with AsyncSGate(api_key, base_url=self.base_url) as client:
            answer = _method(client.with_options(**rules), name)(*positional, **args)
            if take is None:
                return await answer
            items = []
            async with contextlib.aclosing(aiter(answer)) as found:
                async for item in found:
                    items.append(item)
                    if len(items) == take:
                        break
            return items

    def close(self):
        self._runner.close()


def caller_of(way, base_url, api_key):
    return (SyncCaller if way == "sync" else AsyncCaller)(base_url, api_key)


def _method(client, name):
    resource, _, method = name.partition(".")
    return getattr(getattr(client, resource), method)

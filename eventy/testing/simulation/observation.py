"""Sees each attempt that a consumer makes at a message: opened around it, where the consumer's scope would be."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext
from types import TracebackType

from eventy.consumer.options import ConsumerOptions, is_exactly_once
from eventy.emitter.collection import Collection, collecting
from eventy.handler.scope import Scope
from eventy.message.headers import CE_ID
from eventy.message.record import place_of
from eventy.serializer.base import BaseEventSerializer
from eventy.testing.simulation.promises import Promises, Setup
from eventy.testing.simulation.trace import Trace


class Observation:
    """Tells promises and trace what becomes of messages.

    Parameters
        who: the process.
        name: of the consumer.
        scope: the consumer's own, opened inside.
    """

    def __init__(
        self,
        promises: Promises,
        trace: Trace,
        *,
        who: str,
        name: str,
        group: str | None,
        options: ConsumerOptions,
        serializer: BaseEventSerializer,
        scope: Scope | None,
    ) -> None:
        setup = Setup(
            is_exactly_once=is_exactly_once(options, group),
            replays=options.replay_emits,
            passes=options.on_exhausted != "stop",
            serializer=serializer,
        )
        self.audience = promises.audience(f"group {group}" if group is not None else f"{who}, {name}", setup)
        self.trace = trace
        self.who = who
        self.scope: Scope = scope if scope is not None else nullcontext

    def __call__(self) -> AbstractAsyncContextManager[object]:
        return ObservedAttempt(self)


class ObservedAttempt(AbstractAsyncContextManager[object]):
    """One attempt."""

    def __init__(self, observation: Observation) -> None:
        self._observation = observation
        self._inner = observation.scope()

    async def __aenter__(self) -> object:
        context = collecting.get()
        assert context is not None
        self._context: Collection = context
        self._note(f"attempt {context.attempt} at {place_of(context.record)} for {self._observation.audience.name}")
        self._observation.audience.begins(context)
        return await self._inner.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        context = self._context
        try:
            is_swallowed = await self._inner.__aexit__(kind, error, trace)
        except BaseException as failure:
            error = failure
            raise
        finally:
            if error is None:
                ids = [_id(send.record.headers) for send in context.sends]
                self._note(f"has handled {place_of(context.record)}")
                self._observation.audience.handled(context, ids)
            else:
                self._note(f"fails at {place_of(context.record)}: {type(error).__name__}")
                self._observation.audience.failed(context)
        return is_swallowed

    def _note(self, what: str) -> None:
        self._observation.trace.note(self._observation.who, what)


def _id(headers: tuple[tuple[str, bytes | None], ...]) -> str:
    return next(value.decode() for name, value in headers if name == CE_ID and value is not None)

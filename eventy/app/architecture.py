"""The architecture of an application as a page: which messages and requests go where, and what is made of what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from eventy.app.composition import composition
from eventy.app.diagram import Diagram
from eventy.app.examination import Examination
from eventy.consumer.base import BaseEventConsumer
from eventy.event.registry import Registration
from eventy.handler.dispatch import handlers_of
from eventy.http.routes import Called, called_by, in_order
from eventy.http.server import SanicServer
from eventy.injection.asked import Asked, asked_by, asked_by_route
from eventy.injection.dependencies import last_override
from eventy.injection.paths import Paths


def page(examination: Examination, name: str) -> str:
    """Return the page, in Markdown; the same application has the same one, whatever its settings.

    Parameters
        examination: of an application without mistakes, its routes not compiled.
        name: where the container comes from.
    """
    return f"""# Architecture

`eventy graph` has written this page, from `{name}`. Write it anew rather than change it.

## Messages and requests

A consumer delivers whatever its topics have; the name of a message decides who handles it. Behind each handler and
route is what it asks for.

```mermaid
{messages(examination)}
```

## The container

What each object is built with. The application starts its components in the order of their numbers, and stops them in
reverse.

```mermaid
{composition(examination)}
```
"""


def messages(examination: Examination) -> Diagram:
    """Return topics, consumers, messages, handlers, routes, and what these ask for."""
    diagram, paths = Diagram(), examination.paths
    registry = "messages, by their names"
    for path, consumer, provider in _consumers(examination):
        group = getattr(consumer, "group", None)
        position = provider.kwargs.get("position")
        about = [
            f"group {group}" if group else "no group",
            *([f"from {position}"] if isinstance(position, str) else []),
        ]
        diagram.box(path, path, ", ".join(about))
        for topic in _topics(consumer):
            diagram.box(("topic", topic), topic, shape="store", group="topics")
            diagram.arrow(("topic", topic), path)
        diagram.box(registry, registry, shape="hexagon")
        diagram.arrow(path, registry)
    for registration in (*examination.registry, *examination.registry.tombstones):
        diagram.box(registry, registry, shape="hexagon")
        _draw_registration(diagram, registration, registry, examination)
    for called in _routes(examination):
        asked = asked_by_route(called.handler, examination.container, called.given, called.passed)
        diagram.box(("route", called.label), called.label, shape="round", group="routes")
        _draw_asked(diagram, ("route", called.label), asked, paths)
    return diagram


def _draw_registration(diagram: Diagram, registration: Registration, registry: str, examination: Examination) -> None:
    named = f"tombstones of {registration.pattern}" if registration.is_for_tombstones else registration.pattern
    for handler in handlers_of(registration):
        asked = asked_by(handler, examination.container, registration.cls)
        key = ("handler", asked.label, asked.providers)  # partials of one function may ask for something else each
        diagram.box(key, asked.label, group="handlers")
        diagram.arrow(registry, key, named)
        _draw_asked(diagram, key, asked, examination.paths)


def _draw_asked(diagram: Diagram, key: object, asked: Asked, paths: Paths) -> None:
    for provider in asked.providers:
        name = paths.of(provider)
        diagram.box(("provider", name), name, shape="round", group="what they ask for")
        diagram.arrow(key, ("provider", name))


def _consumers(examination: Examination) -> Iterator[tuple[str, Any, Any]]:
    for path, provider, made in examination.singletons():
        if isinstance(made, BaseEventConsumer) and any(made is one for one in examination.components):
            yield path, made, last_override(provider)


def _topics(consumer: Any) -> tuple[str, ...]:
    subscription = getattr(consumer, "subscription", None)
    patterns = (f"like {pattern.pattern}" for pattern in getattr(subscription, "patterns", ()))
    return (*getattr(subscription, "names", ()), *patterns)


def _routes(examination: Examination) -> Iterator[Called]:
    for server in examination.components:
        if isinstance(server, SanicServer):
            for route in in_order(server.sanic.router.routes):
                yield from called_by(route)

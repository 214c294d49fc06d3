"""A chart of what is made of what: the providers of a container, and those that each is built with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dependency_injector import providers

from eventy.app.create import create
from eventy.app.diagram import Diagram
from eventy.app.examination import VARIABLES_OF_FIELDS, Examination
from eventy.injection.dependencies import CALLING, dependencies, last_override
from eventy.injection.kept import is_shared
from eventy.injection.lookup import CONFIGURATION
from eventy.injection.paths import Paths, name_of
from eventy.injection.products import maker


def composition(examination: Examination) -> Diagram:
    """Return the providers of a container, framed by the containers that declare them."""
    diagram, paths = Diagram(), examination.paths
    frames = _frames(paths)
    drawn = [(path, provider) for path, provider in paths if _is_drawn(provider)]
    for path, provider in drawn:
        diagram.box(id(provider), path, *_about(last_override(provider)), group=frames[id(provider)])
    for _, provider in drawn:
        order = _numbers(last_override(provider))
        for needed in _named(provider, diagram):
            diagram.arrow(id(provider), id(needed), order.get(id(needed), ""))
    return diagram


def _frames(paths: Paths) -> dict[int, str]:
    """Return who declares each provider: the innermost container that has it."""
    frames = {}
    for prefix, one in paths.containers:
        declared = getattr(one, "declarative_parent", None)
        title = declared.__name__ if declared is not None else type(one).__name__
        for provider in one.providers.values():
            frames[id(provider)] = f"{prefix.rstrip('.')}: {title}" if prefix else title
    return frames


def _is_drawn(provider: providers.Provider[Any]) -> bool:
    left_out = (*CONFIGURATION, providers.Dependency, providers.DependenciesContainer, providers.Self)
    return not isinstance(provider, left_out)


def _about(one: Any) -> Iterator[str]:
    """Yield what a provider makes, and by which settings."""
    if isinstance(one, CALLING) and one.provides is not create and not isinstance(one.provides, providers.Provider):
        yield name_of(maker(one)) + ("" if is_shared(one) else ", a new one each time")
    options = [part for part in dependencies(one) if isinstance(part, CONFIGURATION)]
    variables = [VARIABLES_OF_FIELDS[key].name for key in map(_key, options) if key in VARIABLES_OF_FIELDS]
    if variables:
        yield ", ".join(variables)


def _key(option: Any) -> str:
    option = option.option if isinstance(option, providers.TypedConfigurationOption) else option
    return str(option.get_name()).partition(".")[2]


def _numbers(one: Any) -> dict[int, str]:
    """Return the places of an application's components."""
    components = one.kwargs.get("components") if isinstance(one, CALLING) else None
    if not isinstance(components, providers.List):
        return {}
    return {id(_filled(part)): str(number) for number, part in enumerate(components.args, start=1)}


def _named(provider: providers.Provider[Any], diagram: Diagram) -> Iterator[providers.Provider[Any]]:
    """Yield what a provider is built with, and, in place of what has no box, what that is built with."""
    for needed in map(_filled, dependencies(last_override(provider))):
        if id(needed) in diagram:
            yield needed
        elif not isinstance(needed, CONFIGURATION):
            yield from _named(needed, diagram)


def _filled(provider: providers.Provider[Any]) -> providers.Provider[Any]:
    """Return what fills a placeholder."""
    return last_override(provider) if isinstance(provider, providers.Dependency) else provider

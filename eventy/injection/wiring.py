"""Walks through a container as its handlers and singletons use it, and tells what is wrong.

The library's own `traverse()` has no stable order, and its calls end in a RecursionError where there is a circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from dependency_injector import providers

from eventy.errors import ConfigurationError, EventyError
from eventy.injection.dependencies import (
    OF_INSTANCE,
    PART,
    Provider,
    arguments,
    circle_of_overrides,
    dependencies,
    last_override,
    mentioned,
    unfolded,
)
from eventy.injection.kept import is_shared, ways_to_shorter
from eventy.injection.lookup import CONFIGURATION
from eventy.injection.options import FindSetting, Options
from eventy.injection.parameters import unbound
from eventy.injection.paths import Paths
from eventy.injection.products import in_force, way_in_force, wholes
from eventy.injection.rules import (
    ABSTRACT,
    expects_class,
    of_class,
    of_kept,
    of_needed,
    of_opened,
    of_override,
    of_placeholder,
    of_provider,
)

Way = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Flaw:
    """A mistake in a container.

    Parameters
        path: from whoever is affected to the provider that is meant.
        text: what was found, what was expected, and what to do.
        error: what was raised, if anything was.
    """

    path: Way
    text: str
    error: BaseException | None = None

    def __str__(self) -> str:
        return f"{' → '.join(self.path)}: {self.text}"

    @property
    def exit_status(self) -> int:
        """The status of a process that ends by it: 1 for what another start may not meet any more."""
        if isinstance(self.error, EventyError):
            return self.error.exit_status
        return EventyError.exit_status if isinstance(self.error, OSError) else ConfigurationError.exit_status


class Wiring:
    """What was walked through, and its flaws in the order in which they were found.

    Parameters
        paths: what the providers are called.
        find_setting: the variable behind a key of `config`, for messages.
    """

    def __init__(self, paths: Paths, find_setting: FindSetting) -> None:
        self.flaws: list[Flaw] = []
        #: The providers with the way to each, those first that others are built with.
        self.walked: list[tuple[Provider, Way]] = []
        #: The singletons that are built, with what they are.
        self.built: list[tuple[Provider, object]] = []
        self._made: dict[int, object] = {}
        self._paths = paths
        self._options = Options(paths, find_setting)
        self._way: list[Provider] = []
        self._seen: set[int] = set()
        self._called: set[int] = set()
        self._said: set[tuple[int, str]] = set()
        self._broken: set[int] = set()

    def is_sound(self, provider: Provider) -> bool:
        """Return whether neither a provider has a flaw nor anything that it is built with."""
        return id(provider) not in self._broken

    def is_called(self, provider: Provider) -> bool:
        """Return whether a provider will be called: somebody gets what it makes, or it is shared."""
        return id(provider) in self._called

    def keep(self, provider: Provider, made: object) -> None:
        """Note what a singleton is, now that it is built."""
        if not self.is_built(provider):
            self.built.append((provider, made))
            self._made[id(provider)] = made

    def is_built(self, provider: Provider) -> bool:
        """Return whether a singleton is built."""
        return id(provider) in self._made

    def made(self, provider: Provider) -> object | None:
        """Return the object of a singleton that is built, or leads to one that is; None for all others."""
        return next((self._made[id(one)] for one in way_in_force(provider) if self.is_built(one)), None)

    def unused(self) -> Iterator[tuple[str, object]]:
        """Yield the singletons that nothing is built with, with what they are called."""
        used = {id(one) for provider, _ in self.walked for one in mentioned(last_override(provider))}
        for provider, made in self.built:
            if id(provider) not in used:
                yield self._paths.of(provider), made

    def spoil(self, provider: Provider, *flaws: Flaw) -> None:
        """Note that nothing can be made by a provider, and why, unless that is told already."""
        self._broken.add(id(provider))
        for flaw in flaws:
            if (id(provider), flaw.text) not in self._said:
                self._said.add((id(provider), flaw.text))
                self.flaws.append(flaw)

    def walk(self, provider: Provider, asker: str | None = None, *, takes_class: bool = False) -> None:
        """Look at a provider and at all that it is built with.

        Parameters
            asker: the handler or route that gets what it makes; None: nobody may.
            takes_class: whether that is to be a class, not an instance.
        """
        if asker is not None:
            self._visit(provider, (asker,), is_asked=True)
            owner, entered = self._paths.of(provider), {id(in_force(whole)) for whole in wholes(provider)}
            for part in unfolded(provider):
                here = self._path_to(provider, (asker,))
                here = here if part is provider else self._path_to(part, here)
                for whole, path in self._wholes(part, here):
                    self._say(whole, path, of_needed(whole))
                    if whole is not part or not takes_class:
                        self._say(whole, path, of_override(whole))
                    if id(in_force(whole)) not in entered:
                        self._say(provider, path, of_opened(owner, whole, self._paths.of(whole)))
        elif not isinstance(last_override(provider), (providers.Dependency, *ABSTRACT)):
            self._visit(provider, (), is_asked=False)

    def _visit(self, provider: Provider, path: Way, *, is_asked: bool) -> None:
        here = self._path_to(provider, path)
        if any(provider is one for one in self._way):
            self._say_circle(provider, here)
            return
        one = last_override(provider)
        if (is_asked or is_shared(one)) and not self.is_called(provider):
            self._called.add(id(provider))
            self._say(provider, here, unbound(one))
        if id(provider) in self._seen:
            return
        self._seen.add(id(provider))
        if circle := circle_of_overrides(provider):
            self._say_overrides(circle, here)
        elif isinstance(one, CONFIGURATION):
            self._say(provider, here, self._options.flaws(provider))
        else:
            self._say(provider, here, of_provider(one, self._paths))
            self._say(provider, here, of_placeholder(provider))
            self._visit_parts(provider, one, here)
        self.walked.append((provider, here))

    def _visit_parts(self, provider: Provider, one: Provider, here: Way) -> None:
        self._way.append(provider)
        for needed in dependencies(one):
            self._visit(needed, here, is_asked=True)
        self._way.pop()
        for needed in arguments(one):
            self._look_at_argument(provider, one, needed, self._path_to(needed, here))
        if isinstance(one, providers.MethodCaller):
            self._look_at_owner(provider, one, here)
        if not all(map(self.is_sound, dependencies(one))):
            self.spoil(provider)

    def _look_at_argument(self, provider: Provider, one: Provider, needed: Provider, there: Way) -> None:
        if isinstance(needed, CONFIGURATION):
            if self.is_sound(needed):
                self._say(provider, there, self._options.misfits(one, needed))
            return
        if not expects_class(one, needed):
            self._say(needed, there, of_override(needed))
        owner = self._paths.of(provider)
        for whole, path in self._wholes(needed, there):
            self._say(whole, path, of_needed(whole))
            self._say(provider, path, of_opened(owner, whole, self._paths.of(whole)))
        for way in ways_to_shorter(needed) if is_shared(one) else ():
            self._say(provider, self._along(way, there), of_kept(owner, way[-1], self._paths.of(way[-1])))
        self._say(provider, there, of_class(one, needed))

    def _look_at_owner(self, provider: Provider, caller: Any, here: Way) -> None:
        """Look at what has the method that a provider calls."""
        owner = self._paths.of(provider)
        for whole, path in self._wholes(caller.provides, self._path_to(caller.provides, here)):
            self._say(provider, path, of_opened(owner, whole, self._paths.of(whole)))

    def _wholes(self, part: Provider, there: Way) -> Iterator[tuple[Provider, Way]]:
        """Yield a provider with its path, and what it is a part of with those."""
        for whole in wholes(part):
            yield whole, there if whole is part else self._path_to(whole, there)

    def _along(self, way: Sequence[Provider], path: Way) -> Way:
        """Return a path to the first of a way with the rest of it at its end; what a part belongs to is in its name."""
        for before, provider in pairwise(way):
            if not (isinstance(before, OF_INSTANCE) and isinstance(provider, PART)):
                path = self._path_to(provider, path)
        return path

    def _path_to(self, provider: Provider, path: Way) -> Way:
        """Return the path with a provider at its end; a list without a name would say nothing."""
        return path if self._paths.is_plain(provider) else (*path, self._paths.of(provider))

    def _say(self, provider: Provider, path: Way, texts: Iterable[str]) -> None:
        for text in texts:
            self.spoil(provider, Flaw(path, text))

    def _say_overrides(self, circle: Sequence[Provider], here: Way) -> None:
        """Add a flaw for a circle of overrides, once for all that are in it or lead to it."""
        *before, _ = circle
        if all(map(self.is_sound, before)):
            names = " → ".join(map(self._paths.of, circle))
            text = f"overrides go round in a circle, {names}, so nothing is made: undo one of them"
            self.spoil(before[0], Flaw(here, text))
        for provider in before:
            self.spoil(provider)

    def _say_circle(self, provider: Provider, here: Way) -> None:
        name = self._paths.of(provider)
        begin = here.index(name) if name in here else 0
        circle = " → ".join(here[begin:])
        text = (
            "is built with itself, so nothing in the circle can be the first: have one of them take another one's "
            f"provider ({name}.provider), to call it later"
        )
        self.spoil(provider, Flaw((*here[:begin], circle), text))

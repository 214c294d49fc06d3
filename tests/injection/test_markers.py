"""Markers that stand where they mark nothing, or too many of them."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from dependency_injector import wiring
from dependency_injector.wiring import Closing

from eventy.errors import InjectionError
from eventy.event.base import BaseEvent
from eventy.injection import Provide, compile_handler
from tests.injection.application import ApplicationContainer, Repository, a_container, run

DRAFT = Provide["draft"]


def _says(annotation: Any, default: Any = ...) -> str:
    async def handler(event: BaseEvent, draft: Any) -> None: ...

    handler.__annotations__["draft"] = annotation
    handler.__defaults__ = None if default is ... else (default,)
    with pytest.raises(InjectionError) as raised:
        compile_handler(handler, a_container(), object())
    return str(raised.value)


@pytest.mark.parametrize(
    "annotation",
    [
        DRAFT,  # as an annotation of its own it would be overlooked, and the parameter filled by its name
        "DRAFT",
        list[Annotated[Repository, DRAFT]],
        Annotated[list[Annotated[Repository, DRAFT]], "documentation"],
        dict[str, Annotated[Repository, Closing["draft"]]],
        type[Annotated[Repository, DRAFT]],
    ],
)
def test_marker_that_marks_nothing_is_refused(annotation: Any) -> None:
    said = _says(annotation)
    assert "a marker stands inside " in said
    assert said.endswith('where it marks nothing: write Annotated[Type, Provide["name"]] around the whole of it')


@pytest.mark.parametrize(
    ("annotation", "default"),
    [
        (Annotated[Repository, DRAFT], Provide["payment_repository"]),
        (Annotated[Repository, DRAFT, Provide["payment_repository"]], ...),
        (Annotated[Repository, DRAFT] | Annotated[None, Provide["payment_repository"]], ...),
    ],
)
def test_two_markers_are_refused(annotation: Any, default: Any) -> None:
    assert "it has 2 markers, Provide['draft'] and Provide['payment_repository']: leave one" in _says(
        annotation, default
    )


def test_marker_of_a_class_of_containers_is_refused_wherever_it_stands() -> None:
    for marker in (Provide[ApplicationContainer.draft], Provide[ApplicationContainer.payment.repository]):
        for said in (_says(Annotated[Repository, marker]), _says(Repository, marker)):
            assert "names a provider of a class of containers, not of this application's container" in said


@pytest.mark.parametrize("path", ["", ".", "payment.", ".draft", "payment..repository", "draft "])
def test_path_that_is_none_is_refused(path: str) -> None:
    assert "correct the marker or add the provider" in _says(Annotated[Repository, Provide[path]])


@pytest.mark.parametrize(
    ("path", "found"), [("topic.", "''"), (".topic", "''"), ("topic ", "'topic '"), ("topic.0", "'0'")]
)
def test_attribute_that_is_no_name_is_refused(path: str, found: str) -> None:
    path = f"event_emitter.provided.{path}"
    assert _says(Annotated[object, Provide[path]]).endswith(
        f"Provide['{path}'] has {found} behind `provided`, expected the name of an attribute: correct the marker"
    )


@pytest.mark.parametrize("parts", ["send.call()", "topics[0]", "topics['a.b'].name"])
def test_call_or_item_in_a_path_is_refused(parts: str) -> None:
    said = _says(Annotated[object, Provide[f"event_emitter.provided.{parts}"]])
    assert said.endswith(
        f'expected the name of an attribute: calls and items are written Provide["event_emitter", provided().{parts}], '
        "with `provided` of dependency_injector.wiring"
    )


class Items:
    """Compares its items, as arrays do."""

    def __eq__(self, other: object) -> bool:
        raise ValueError("the truth value of an array is ambiguous")

    __hash__ = None  # type: ignore[assignment]  # as what can't be compared


async def test_default_that_cannot_be_compared_is_no_marker() -> None:
    default, seen = Items(), []

    async def handler(event: BaseEvent, items: Items = default) -> None:
        seen.append(items)

    await run(compile_handler(handler, a_container(), object()))
    assert seen[0] is default


def test_marker_is_the_librarys_own() -> None:
    assert Provide is wiring.Provide

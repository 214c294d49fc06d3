"""Where the value of a parameter comes from."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from dependency_injector import providers
from dependency_injector.wiring import Closing, Provider, as_, as_int, provided

from eventy.errors import InjectionError
from eventy.event.base import BaseEvent
from eventy.injection import Provide, compile_handler, compile_handlers
from eventy.message.context import Context
from tests.injection.application import (
    APP,
    ApplicationContainer,
    ARecord,
    Emitter,
    Repository,
    SqlRepository,
    a_container,
    run,
    said_of,
)

seen: list[Any] = []


@pytest.fixture(autouse=True)
def nothing_seen() -> None:
    seen.clear()


class CreatePayment(BaseEvent):
    async def execute(self, corr_id: str, payment_repository: Repository, event_emitter: Emitter) -> None:
        seen.extend((self, corr_id, payment_repository, event_emitter))


async def test_method_gets_its_event_and_what_it_names() -> None:
    container, event = a_container(), CreatePayment({})
    call = compile_handler(CreatePayment.execute, container, APP)
    await call(event, Context(ARecord()))
    assert seen == [event, "c-1", container.payment_repository(), container.event_emitter()]


async def test_function_gets_the_event_first() -> None:
    async def handler(event: BaseEvent, app: object, context: Context) -> None:
        seen.extend((event, app, context.message_id))

    event = BaseEvent({})
    await compile_handler(handler, a_container(), APP)(event, Context(ARecord()))
    assert seen == [event, APP, "m-1"]


async def test_marker_in_the_annotation() -> None:
    async def handler(event: BaseEvent, where: Annotated[Repository, Provide["payment_repository"]]) -> None:
        seen.append(where)

    container = a_container()
    await run(compile_handler(handler, container, APP))
    assert seen == [container.payment_repository()]


async def test_marker_inside_an_optional_annotation() -> None:
    async def handler(event: BaseEvent, where: Annotated[Repository, Provide["payment_repository"]] | None) -> None:
        seen.append(where)

    container = a_container()
    await run(compile_handler(handler, container, APP))
    assert seen == [container.payment_repository()]


async def test_marker_as_the_default() -> None:
    async def handler(event: BaseEvent, where: Repository = Provide["payment_repository"]) -> None:
        seen.append(where)

    container = a_container()
    await run(compile_handler(handler, container, APP))
    assert seen == [container.payment_repository()]


async def test_marker_reaches_into_nested_containers() -> None:
    async def handler(event: BaseEvent, where: Repository = Provide["payment.repository"]) -> None:
        seen.append(where)

    container = a_container()
    await run(compile_handler(handler, container, APP))
    assert seen == [container.payment.repository()]


async def test_marker_reads_configuration() -> None:
    async def handler(
        event: BaseEvent,
        amount: int = Provide["config.limits.amount"],
        timeout: int = Provide["config.timeout", as_int()],
        nested: str = Provide["payment.config.timeout"],
        nothing: object = Provide["config.nothing"],
    ) -> None:
        seen.extend((amount, timeout, nested, nothing))

    await run(compile_handler(handler, a_container(), APP))
    assert seen == [100, 30, "30", None]


async def test_marker_reaches_an_attribute_of_the_instance() -> None:
    async def handler(
        event: BaseEvent,
        path: object = Provide["event_emitter.provided.topic"],
        modifier: object = Provide["event_emitter", provided().topic],
    ) -> None:
        seen.extend((path, modifier))

    await run(compile_handler(handler, a_container(), APP))
    assert seen == ["payment-events"] * 2


async def test_default_is_kept_though_a_provider_has_the_name() -> None:
    async def handler(event: BaseEvent, draft: object = 10) -> None:
        seen.append(draft)

    await run(compile_handler(handler, a_container(), APP))
    assert seen == [10]


async def test_message_names_win_over_defaults() -> None:
    async def handler(event: BaseEvent, corr_id: str = "default") -> None:
        seen.append(corr_id)

    await run(compile_handler(handler, a_container(), APP))
    assert seen == ["c-1"]


async def test_marker_wins_over_what_comes_with_a_message() -> None:
    async def handler(
        event: BaseEvent,
        app: Annotated[Repository, Provide["draft"]],
        corr_id: Annotated[int, Provide["config.limits.amount"]],
        context: Annotated[Emitter, Provide["event_emitter"]],
    ) -> None:
        seen.extend((type(app), corr_id, context))

    container = a_container()
    await run(compile_handler(handler, container, APP))
    assert seen == [Repository, 100, container.event_emitter()]


async def test_any_number_of_arguments_are_not_filled() -> None:
    async def handler(event: BaseEvent, *args: Any, **kwargs: Any) -> None:
        seen.extend((args, kwargs))

    await run(compile_handler(handler, a_container(), APP))
    assert seen == [(), {}]


async def test_positional_only_parameters() -> None:
    async def handler(event: BaseEvent, limit: int = 3, draft: Repository = Provide["draft"], /) -> None:
        seen.extend((limit, type(draft)))

    await run(compile_handler(handler, a_container(), APP))
    assert seen == [3, Repository]


async def test_factory_gives_each_message_its_own_object() -> None:
    async def handler(event: BaseEvent, draft: Repository) -> None:
        seen.append(draft)

    call = compile_handler(handler, a_container(), APP)
    await run(call)
    await run(call)
    assert seen[0] is not seen[1]


async def test_one_object_for_all_parameters_of_a_message_that_ask_for_one_provider() -> None:
    async def first(event: BaseEvent, draft: Repository, same: Repository = Provide["draft"]) -> None:
        seen.extend((draft, same))

    async def second(event: BaseEvent, draft: Repository) -> None:
        seen.append(draft)

    await run(compile_handlers((first, second), a_container(), APP))
    assert len(seen) == 3
    assert len({id(draft) for draft in seen}) == 1


async def test_handlers_of_a_message_run_in_order() -> None:
    async def first(event: BaseEvent) -> None:
        seen.append("first")

    async def second(event: BaseEvent) -> None:
        seen.append("second")

    await run(compile_handlers((first, second), a_container(), APP))
    assert seen == ["first", "second"]


async def test_override_and_its_end_act_at_once() -> None:
    async def handler(event: BaseEvent, payment_repository: Repository) -> None:
        seen.append(payment_repository)

    container, fake = a_container(), Repository()
    call = compile_handler(handler, container, APP)
    with container.payment_repository.override(providers.Object(fake)):
        await run(call)
    await run(call)
    assert seen == [fake, container.payment_repository()]


async def test_override_acts_in_its_own_container_only() -> None:
    async def handler(event: BaseEvent, payment_repository: Repository) -> None:
        seen.append(payment_repository)

    one, other, fake = a_container(), a_container(), Repository()
    call = compile_handler(handler, other, APP)
    with one.payment_repository.override(providers.Object(fake)):
        await run(call)
    assert isinstance(seen[0], SqlRepository)


def test_unknown_name_is_refused_with_the_closest() -> None:
    class Reject(BaseEvent):
        async def handle(self, payment_repo: Repository) -> None: ...

    line = Reject.handle.__code__.co_firstlineno
    assert said_of(Reject.handle) == (
        f"test_unknown_name_is_refused_with_the_closest.<locals>.Reject.handle ({__file__}:{line}): "
        f"parameter 'payment_repo: Repository': "
        f"the root container has no provider 'payment_repo' (closest: 'payment_repository', 'payment'): "
        f'add it there, mark the parameter with Provide["name"], or give it a default'
    )


def test_every_parameter_that_cannot_be_filled_has_a_line() -> None:
    async def handler(event: BaseEvent, xyzzy: int, draft: Repository, plugh: str) -> None: ...

    lines = said_of(handler).splitlines()
    assert len(lines) == 2
    assert "parameter 'xyzzy: int'" in lines[0]
    assert "parameter 'plugh: str'" in lines[1]


def test_parameter_without_annotation_is_named_alone() -> None:
    async def handler(event, xyzzy):  # type: ignore[no-untyped-def]  # what is tested
        ...

    assert "parameter 'xyzzy': the root container has no provider 'xyzzy': add it there" in said_of(handler)


@pytest.mark.parametrize(
    ("name", "what", "instead"),
    [
        ("config", "configuration", "config.x"),
        ("timeout", "configuration", "config.x"),
        ("payment", "a container", "payment.x"),
        ("shapes", "an aggregate of providers", "shapes.x"),
    ],
)
def test_never_by_name(name: str, what: str, instead: str) -> None:
    namespace: dict[str, Any] = {}
    exec(f"async def handler(event, {name}): ...", namespace)
    assert (
        f'{name!r} is {what}, which is never injected by name: mark the parameter with Provide["{instead}"]'
    ) in said_of(namespace["handler"])


@pytest.mark.parametrize("is_marked", [False, True])
async def test_placeholder_is_what_fills_it_and_refused_while_nothing_does(is_marked: bool) -> None:
    async def handler(event: BaseEvent, placeholder: Repository) -> None:
        seen.append(placeholder)

    if is_marked:
        handler.__annotations__["placeholder"] = Annotated[Repository, Provide["placeholder"]]
    assert "is a dependency that nothing fills: pass it to its container" in said_of(handler)
    container = a_container()
    container.placeholder.set_default(container.draft)
    await run(compile_handler(handler, container, APP))
    with container.placeholder.override(container.payment_repository):
        await run(compile_handler(handler, container, APP))
    assert [type(one) for one in seen] == [Repository, SqlRepository]


@pytest.mark.parametrize(
    ("marker", "text"),
    [
        (Provide["paymant_repository"], "no provider 'paymant_repository' (closest: 'payment_repository'"),
        (Provide["payment.repo"], "'payment' has no provider 'repo' (closest: 'repository'): correct the marker"),
        (Provide["config.timeot"], "'config' has no value 'timeot' (closest: 'timeout'): correct the marker"),
        (Provide["config.limits.total"], "'config.limits' has no value 'total': correct the marker"),
        (Provide["payment.unfilled"], "Provide['payment.unfilled'] is a dependency that nothing fills"),
        (Provide["shapes"], "Provide['shapes'] is an aggregate of 'round', 'square': name one of them"),
        (Provide["config.flag", as_(bool)], 'as_(bool) makes True of any text, "False" too: leave it out'),
        (Provide["draft", as_int()], "is for configuration only: leave it out"),
        (Provide["config.limits", as_int()], "can't be read ("),
        (Provide[ApplicationContainer.draft], 'write its path, Provide["name"] or Provide["payment.name"]'),
        (Provide, 'isn\'t supported: write Provide["name"]'),
        (Provider["draft"], "Provider['draft'] isn't supported: write Provide[\"name\"]"),
        (Closing["draft"], "Closing['draft'] isn't supported: write Provide[\"name\"]"),
    ],
)
def test_marker_that_names_nothing_is_refused(marker: Any, text: str) -> None:
    async def handler(event: BaseEvent, it: object = marker) -> None: ...

    assert text in said_of(handler)


async def test_configuration_key_may_be_called_like_a_method() -> None:
    async def handler(event: BaseEvent, it: object = Provide["config.update"]) -> None:
        seen.append(it)

    container = a_container()
    container.config.from_dict({"update": 5})
    await run(compile_handler(handler, container, APP))
    assert seen == [5]


def test_marker_reaches_a_member_of_an_aggregate() -> None:
    async def handler(event: BaseEvent, it: Repository = Provide["shapes.round"]) -> None: ...

    compile_handler(handler, a_container(), APP)


def test_self_is_never_injected_by_name() -> None:
    async def handler(event: BaseEvent, me: object) -> None: ...

    class Container(ApplicationContainer):
        me: providers.Self[object] = providers.Self()

    assert "parameter 'me: object': the root container has no provider 'me'" in said_of(handler, Container())


@pytest.mark.parametrize("annotation", [str, "str | None", None, Any])
def test_setting_that_fits_its_annotation(annotation: Any) -> None:
    name = "nothing" if annotation is None else "timeout"
    compile_handler(_of_setting(name, annotation), a_container(), APP)


@pytest.mark.parametrize(
    ("name", "annotation", "text"),
    [
        ("nothing", str, "the setting has no value, expected str: set it, or write `str | None`"),
        ("timeout", int, "the setting is of type str, which is no int: correct the annotation, or have it read, "),
        ("limits", list, "the setting is of type dict, which is no list"),
        ("limits", Annotated[list[int], "at most"], "the setting is of type dict, which is no list[int]: correct the"),
    ],
)
def test_setting_that_does_not_fit_its_annotation_is_refused(name: str, annotation: Any, text: str) -> None:
    said = said_of(_of_setting(name, annotation))
    assert text in said
    assert "30" not in said.partition("parameter")[2]  # it may be a secret


def _of_setting(name: str, annotation: Any) -> Any:
    async def handler(event: BaseEvent, it: Any = Provide[f"config.{name}"]) -> None: ...

    handler.__annotations__["it"] = annotation
    return handler


@pytest.mark.parametrize("default", [None, 0, ""])
async def test_default_that_is_false_is_kept_too(default: object) -> None:
    async def handler(event: BaseEvent, draft: object = default) -> None:
        seen.append(draft)

    await run(compile_handler(handler, a_container(), APP))
    assert seen == [default]


async def test_one_object_for_a_name_and_the_path_that_it_stands_for() -> None:
    class Container(ApplicationContainer):
        session = ApplicationContainer.payment.draft

    async def handler(event: BaseEvent, session: Repository, same: Repository = Provide["payment.draft"]) -> None:
        seen.extend((session, same))

    await run(compile_handler(handler, Container(), APP))
    assert seen[0] is seen[1]


def test_nested_containers_are_not_searched_for_a_name() -> None:
    async def handler(event: BaseEvent, repository: object) -> None: ...

    with pytest.raises(InjectionError, match="no provider 'repository'"):
        compile_handler(handler, a_container(), APP)

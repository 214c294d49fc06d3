"""The pytest plugin, on a project that knows nothing of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.testing.project import ARGUMENTS, PYPROJECT, make_project

ROOT = Path(__file__).parents[2]
pytest_plugins = ["pytester"]

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a test module of a project that has a container."""
    monkeypatch.syspath_prepend(ROOT)

    def run(tests: str, *arguments: str, **project: str) -> pytest.RunResult:
        make_project(pytester, tests, **project)
        return pytester.runpytest_inprocess(*ARGUMENTS, *arguments)

    return run


@pytest.mark.parametrize(("mode", "mark"), [("auto", ""), ("strict", "@pytest.mark.asyncio")])
def test_application_runs_without_configuration_in_both_modes_of_pytest_asyncio(run: Run, mode: str, mark: str) -> None:
    tests = f"""
    {mark}
    async def test_one(eventy_app):
        await eventy_app.send(message(), "in")
        await eventy_app.settled()
        assert eventy_app.container.notes().calls == [("do", 1)]

    {mark}
    @pytest.mark.eventy(settings={{"consumer_max_retries": 3}})
    async def test_two(eventy_app, eventy_container):
        assert eventy_container.notes().calls == []  # each has its own
        assert eventy_container is eventy_app.container
        assert eventy_container.config.consumer_max_retries() == 3
    """
    run(tests, mode=mode).assert_outcomes(passed=2)


def test_settings_come_from_neither_the_environment_nor_a_file(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVENTY_CONSUMER_MAX_RETRIES", "3")
    (pytester.path / ".env").write_text("EVENTY_CONSUMER_RETRY_INTERVAL=5\nDATABASE_URL=sqlite+aiosqlite:///mine.db\n")
    result = run(
        """
    from pathlib import Path
    from eventy.app.settings import Settings

    def test_it(eventy_container, tmp_path):
        found, default = eventy_container.config, Settings()
        assert found.consumer_max_retries() == default.consumer_max_retries
        assert found.consumer_retry_interval() == default.consumer_retry_interval
        assert found.database_url() == f"sqlite+aiosqlite:///{tmp_path}/eventy.db"
        assert found.avro_schemas_folder() == str(Path(__file__).parent / "avro_schemas")
    """
    )
    result.assert_outcomes(passed=1)


def test_override_that_outlives_its_test_is_an_error_that_names_the_provider(run: Run) -> None:
    result = run(
        """
    from service import Container

    async def test_leaves_one(eventy_app):
        eventy_app.container.seen.override([])

    async def test_leaves_one_of_the_class(eventy_app):
        Container.notes.override(1)

    async def test_finds_nothing_of_it(eventy_app):
        with eventy_app.container.seen.override([]):
            assert eventy_app.container.notes().calls == []
    """
    )
    result.assert_outcomes(passed=3, errors=2)
    result.stdout.fnmatch_lines(["*OverrideError: *", "E *seen*", "*OverrideError: *", "E *notes*"])


def test_override_that_outlives_a_test_without_an_application_is_an_error_as_well(run: Run) -> None:
    result = run(
        """
    def test_leaves_one(eventy_container):
        eventy_container.seen.override([])

    def test_undoes_its_own(eventy_container):
        with eventy_container.seen.override([]):
            pass
    """
    )
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_leaves_one*", "*OverrideError: *", "E *seen*"])


def test_failure_of_the_test_ends_the_application_at_once_and_is_shown_alone(run: Run) -> None:
    result = run(
        """
    import asyncio

    async def test_fails_with_work_open(eventy_app):
        async def block(event, context, emitter):
            await asyncio.Event().wait()

        eventy_app.container.notes().then = {"do": block}
        await eventy_app.send(message(), "in")
        await eventy_app.advance(0)
        assert False, "of the test"

    @pytest.mark.eventy(settings={"consumer_max_retries": 0})
    async def test_fails_by_the_application(eventy_app):
        eventy_app.fail_next("do", ValueError("broken"))
        await eventy_app.send(message(), "in")
        await eventy_app.settled()

    @pytest.mark.eventy(settings={"consumer_max_retries": 0})
    async def test_does_not_look(eventy_app):
        eventy_app.fail_next("do", ValueError("broken"))
        await eventy_app.send(message(), "in")
    """
    )
    result.assert_outcomes(passed=1, failed=2, errors=1)
    result.stdout.fnmatch_lines(["*AssertionError: of the test*"])
    assert "ERROR at teardown of test_fails" not in result.stdout.str()
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_does_not_look*", "*HandlerError: *broken*"])


def test_what_is_asked_for_in_the_wrong_way_is_told(run: Run) -> None:
    result = run(
        """
    @pytest.mark.eventy(settings={"consumer_max_retrys": 3})
    async def test_setting(eventy_app): ...

    @pytest.mark.eventy(settings=3)
    async def test_kind(eventy_app): ...

    @pytest.mark.eventy(setting={})
    async def test_marker(eventy_app): ...

    @pytest.mark.eventy(app="service:create_conteiner")
    async def test_container(eventy_app): ...

    @pytest.mark.eventy(app="service:without_settings")
    async def test_function(eventy_app): ...

    @pytest.mark.eventy(settings={"EVENTY_CONSUMER_MAX_RETRIES": 3})
    async def test_variable(eventy_app): ...

    @pytest.mark.eventy(settings={"consumer_max_retries": -3})
    async def test_value(eventy_app): ...
    """
    )
    result.assert_outcomes(errors=7)
    result.stdout.fnmatch_lines(
        [
            "*settings that there aren't: 'consumer_max_retrys' (closest: 'consumer_max_retries')*",
            "*marker eventy of *test_kind has settings=3, expected settings={…}*",
            "*marker eventy of *test_marker has ?'setting'?, expected settings={…}*",
            "*of the marker eventy is 'service:create_conteiner', but *conteiner' (closest: 'create_container')*",
            "*service:without_settings can't be called with the settings of the test*: write it as*",
            "*settings that there aren't: 'EVENTY_CONSUMER_MAX_RETRIES' (closest: 'consumer_max_retries')*",
            "*EVENTY_CONSUMER_MAX_RETRIES is -3, expected a whole number, at least 0: *",
        ]
    )
    result.stdout.no_fnmatch_line("E *Error: *")  # nor the way through pytest and eventy


def test_mistake_of_the_wiring_is_shown_without_the_way_to_it(run: Run) -> None:
    result = run(
        """
    from eventy.event.registry import Registry, on

    async def misspelt(event, notse): ...

    @pytest.fixture
    def eventy_container(eventy_container):
        with eventy_container.registry.override(Registry([on("do", misspelt)])):
            yield eventy_container

    async def test_it(eventy_app): ...
    """
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["1 mistake was found:", "  misspelt (*test_it.py:*): parameter 'notse': * (closest: 'notes'*"]
    )
    result.stdout.no_fnmatch_line("E *Error: *")
    result.stdout.no_fnmatch_line("During handling*")


@pytest.mark.parametrize("other", ["asyncio_default_fixture_loop_scope", "asyncio_default_test_loop_scope"])
def test_fixture_whose_loop_is_not_the_tests_is_told_what_to_set(run: Run, other: str) -> None:
    result = run(
        """
    async def test_it(eventy_app):
        await eventy_app.send(message(), "in")
    """,
        "-o",
        f"{other}=session",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *the harness was entered in another event loop *: with pytest-asyncio *"])


def test_project_without_a_container_is_told_what_to_write(run: Run) -> None:
    result = run("async def test_it(eventy_app): ...", pyproject=PYPROJECT.replace("[tool.eventy]", "[tool.other]"))
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*which application is meant? *pyproject.toml has no app of *: pass --eventy-app *, or say it there *"]
    )


OTHER = """
def test_it(eventy_container):
    assert eventy_container.config.consumer_max_retries() == 7

@pytest.mark.eventy(app="service:create_container")
def test_marker_comes_first(eventy_container):
    assert eventy_container.config.consumer_max_retries() != 7
"""


@pytest.mark.parametrize("pyproject", [PYPROJECT, PYPROJECT.replace("[tool.eventy]", "[tool.other]")])
def test_option_names_the_container_of_all_tests_that_do_not_name_their_own(run: Run, pyproject: str) -> None:
    run(OTHER, "--eventy-app", "service:create_other", pyproject=pyproject).assert_outcomes(passed=2)


def test_option_that_names_nothing_is_told(run: Run) -> None:
    result = run("def test_it(eventy_container): ...", "--eventy-app=service:create_othr")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*--eventy-app is 'service:create_othr', but *(closest: 'create_other')*"])


def test_without_pytest_asyncio_the_error_says_what_to_install(run: Run) -> None:
    result = run(
        """
    import sys

    def test_it(monkeypatch):
        from eventy.testing import plugin

        monkeypatch.setitem(sys.modules, "pytest_asyncio", None)

        def eventy_app(): ...

        with pytest.raises(pytest.UsageError, match="eventy_app needs pytest-asyncio.*install 'eventy.testing.'"):
            plugin._async_fixture(loop_scope="session")(eventy_app).__wrapped__()
    """
    )
    result.assert_outcomes(passed=1)

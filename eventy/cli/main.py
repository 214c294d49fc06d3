"""The `eventy` command: `eventy check` and `eventy graph`."""

from __future__ import annotations

import argparse
import inspect
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eventy.app.architecture import page
from eventy.app.check import made_by
from eventy.app.examination import Examination, examine
from eventy.app.located import Located, NotLocatedError, located_app
from eventy.app.loop import inside_loop
from eventy.errors import ConfigurationError, EventyError
from eventy.injection.singletons import raised_at
from eventy.telemetry.logging import is_debug_asked
from eventy.words import counted, described

_FAILED, _USAGE = 1, 2


class UsageError(ConfigurationError):
    """The command is called in a way that it can't be."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0; 1 mistakes, told on stderr; 2 it is called in a wrong way.

    Parameters
        arguments: what follows the command's name; None: those of the process.
    """
    parser = _parser()
    parsed = parser.parse_args(arguments)
    try:
        parsed.run(parsed)
    except (UsageError, NotLocatedError) as error:
        return _told(str(error), _USAGE)
    except EventyError as error:
        return _told(str(error), _FAILED)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("eventy", description="Checks or draws an application without starting it.")
    commands = parser.add_subparsers(required=True, metavar="command")
    check = _command(commands, "check", "find what is wrong with settings, schemas, container, handlers and routes")
    check.set_defaults(run=_check)
    graph = _command(commands, "graph", "draw the container, and who handles which messages, as a page in Markdown")
    graph.set_defaults(run=_graph)
    graph.add_argument("--output", metavar="FILE", help="the page; by default it is printed")
    return parser


def _command(commands: Any, name: str, meaning: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name, help=meaning, description=f"{meaning[0].upper()}{meaning[1:]}."
    )
    command.add_argument(
        "--app",
        metavar="MODULE:FUNCTION",
        help="what makes the container; by default app of [tool.eventy] in pyproject.toml",
    )
    return command


def _check(parsed: argparse.Namespace) -> None:
    app = _located(parsed)
    found = _examined(app)
    for note in found.notes:
        print(f"eventy: note: {note}", file=sys.stderr)
    print(f"{app.name}: no mistakes in {counted(found.providers, 'provider')} and {counted(found.handlers, 'handler')}")


def _graph(parsed: argparse.Namespace) -> None:
    app = _located(parsed)
    text = page(_examined(app, with_routes=False), app.name)
    if parsed.output is None:
        print(text, end="")
        return
    try:
        Path(parsed.output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--output: {parsed.output} can't be written ({error.strerror}): name another file") from error


def _located(parsed: argparse.Namespace) -> Located:
    app = located_app(parsed.app, Path.cwd(), named_by="--app")
    try:
        inspect.signature(app.function).bind()
    except TypeError as error:
        raise UsageError(f"{app.name} can't be called without arguments ({error}): give them defaults") from error
    except ValueError:
        pass  # a builtin without a signature
    return app


def _examined(app: Located, *, with_routes: bool = True) -> Examination:
    """Return what was found of a sound application. Raises EventyError with everything that is wrong otherwise."""
    examination = inside_loop(lambda: examine(_made(app), with_routes=with_routes))
    examination.look_at_log()
    examination.drop_tasks()
    examination.raise_any()
    return examination


def _made(app: Located) -> Any:
    try:
        return made_by(app.function)
    except EventyError:
        raise
    except (Exception, SystemExit) as error:
        raise EventyError(f"{app.name} failed: {described(error)}{raised_at(error)}") from error


def _told(text: str, status: int) -> int:
    if is_debug_asked():
        traceback.print_exc()
    print(f"eventy: {text}", file=sys.stderr)
    return status

"""The `curl` lines of the README, sent to the running sample service."""

from __future__ import annotations

import shlex
from functools import partial
from pathlib import Path

import httpx

from tests.docs.pages import README, blocks
from tests.service.process import Process, service

ADDRESS = "http://127.0.0.1:8000"


async def test_requests_of_the_readme_are_answered(tmp_path: Path) -> None:
    lines = [line for block in blocks(README) if block.language == "sh" for line in block.text.splitlines()]
    commands = [line for line in lines if line.startswith("curl ")]
    assert commands
    async with service(tmp_path) as process:
        await process.ready()
        payment_id = ""
        for command in commands:
            request = partial(send, process, command.replace("<id>", payment_id))
            answer = await process.until(request, lambda answer: answer[0] != httpx.codes.NOT_FOUND)  # not yet handled
            assert answer[0] < 400, (command, answer)
            payment_id = payment_id or answer[1]["id"]


async def send(process: Process, command: str) -> tuple[int, dict[str, str]]:
    """Send what `curl [-X METHOD] URL [-d BODY]` would, and return status and body of the answer."""
    words = shlex.split(command)[1:]
    body = words[words.index("-d") + 1] if "-d" in words else None
    method = words[words.index("-X") + 1] if "-X" in words else "GET" if body is None else "POST"
    url = next(word for word in words if word.startswith(ADDRESS))
    answer = await process.http.request(method, url.removeprefix(ADDRESS), content=body)
    return answer.status_code, answer.json()

"""Runs the sample service: `make run`, or `python main.py`."""

from __future__ import annotations

from containers.application import ApplicationContainer, create_container
from eventy.app.check import build_app
from eventy.app.process import run
from eventy.app.settings import Settings
from eventy.http.server import SanicServer

TRY = """
The service is at {url}, its pages at {url}/docs. Try:

  curl -X POST {url}/payments -d '{{"contract_id": "c1", "amount": 1250, "currency": "EUR"}}'
  curl '{url}/payments?contract_id=c1'
  curl -X POST {url}/sms -d '{{"from": "+33612345678", "text": "PAY <id>"}}'
  curl -X PUT {url}/contracts/c1/status -d '{{"status": "suspended"}}'
"""


def build(settings: Settings | None = None) -> ApplicationContainer:
    """Return the service, to say at its start what can be tried."""
    container = create_container(settings)
    build_app(container).add_task(say_what_to_try(container.http_server()))
    return container


async def say_what_to_try(server: SanicServer) -> None:
    print(TRY.format(url=server.url), flush=True)  # noqa: T201 - for whoever started it


if __name__ == "__main__":
    run(build)

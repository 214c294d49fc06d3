"""Request → command → event with eventy: a blueprint and a command."""

from __future__ import annotations

from typing import ClassVar

from dependency_injector import providers
from sanic import Blueprint, HTTPResponse, Request
from sanic.response import empty

from bench.contestant import Payments, Task
from bench.latency.service import task_and_port
from bench.service import Service, create_service
from eventy.app.eventy import Eventy
from eventy.app.process import run
from eventy.command.base import BaseCommand
from eventy.emitter.base import BaseEventEmitter
from eventy.event.base import BaseEvent
from eventy.http.server import SanicServer

routes = Blueprint("payments")


class PaymentCreated(BaseEvent):
    """A payment is stored."""

    @classmethod
    def name(cls) -> str:
        return "bench.event.PaymentCreated"


class CreatePayment(BaseCommand):
    """Store a payment, and say so."""

    topic: ClassVar[str]
    out: ClassVar[str]

    @classmethod
    def name(cls) -> str:
        return "bench.command.CreatePayment"

    async def execute(self, payments: Payments, event_emitter: BaseEventEmitter) -> None:
        await payments.add(self.data)
        await event_emitter.send(PaymentCreated(self.data), self.out, key=self.data["payment_id"])


@routes.post("/payments")
async def create(request: Request, event_emitter: BaseEventEmitter) -> HTTPResponse:
    await event_emitter.send(CreatePayment(request.json), CreatePayment.topic, key=request.json["payment_id"])
    return empty(202)


def build(task: Task, port: int) -> Service:
    CreatePayment.topic, CreatePayment.out = task.topic, task.out
    service = create_service(task, CreatePayment, PaymentCreated)
    server = SanicServer(
        host="127.0.0.1", port=port, access_log=False, debug=False, clock=service.clock(), blueprints=(routes,)
    )
    components = providers.List(service.event_emitter, service.commands, providers.Object(server))
    service.app.override(providers.Singleton(Eventy, container=service, components=components))
    return service


if __name__ == "__main__":
    what, number = task_and_port()
    run(lambda: build(what, number))

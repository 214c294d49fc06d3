"""Request → command → event by hand: a route of Sanic, a consumer beside it, as one service."""

from __future__ import annotations

from types import SimpleNamespace

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from sanic import Config, HTTPResponse, Request, Sanic
from sanic.response import empty

from bench.avro import COMMAND, EVENT
from bench.cloud_events import now, of_answer, of_first
from bench.contestant import Payments, Task
from bench.latency.service import task_and_port

Service = Sanic[Config, SimpleNamespace]


def build(task: Task) -> Service:
    app: Service = Sanic("by_hand", configure_logging=False)
    app.config.MOTD = False
    app.config.ACCESS_LOG = False
    payments = Payments(task.count)
    producer: AIOKafkaProducer
    consumer: AIOKafkaConsumer

    @app.before_server_start
    async def connect(app: Service) -> None:
        nonlocal producer, consumer
        producer = AIOKafkaProducer(bootstrap_servers=task.bootstrap, acks="all", enable_idempotence=True)
        consumer = AIOKafkaConsumer(
            task.topic,
            bootstrap_servers=task.bootstrap,
            group_id=task.group,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        await producer.start()
        await consumer.start()
        app.add_task(consume(), name="consumer")

    @app.after_server_stop
    async def disconnect(app: Service) -> None:
        await consumer.stop()
        await producer.stop()

    @app.post("/payments")
    async def create(request: Request) -> HTTPResponse:
        data = request.json
        headers = of_first(data["payment_id"], data["correlation_id"], now())
        await producer.send_and_wait(task.topic, COMMAND.encode(data), key=data["payment_id"].encode(), headers=headers)
        return empty(202)

    async def consume() -> None:
        while True:
            for records in (await consumer.getmany(timeout_ms=1000)).values():
                for record in records:
                    payment = COMMAND.decode(record.value)
                    await payments.add(payment)
                    headers = of_answer(record, now())
                    await producer.send_and_wait(task.out, EVENT.encode(payment), key=record.key, headers=headers)
            await consumer.commit()

    return app


if __name__ == "__main__":
    what, port = task_and_port()
    build(what).run(host="127.0.0.1", port=port, single_process=True)

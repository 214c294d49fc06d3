import asyncio


class MyTask:

    async def run(self):
        try:
            print('task runs', flush=True)
            await asyncio.Event().wait()
        finally:
            print('task ends', flush=True)


myTask = MyTask()

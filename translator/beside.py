"""Work beside other work."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager


@asynccontextmanager
async def beside(work: Coroutine[None, None, None]) -> AsyncGenerator[None, None]:
    """Run `work` in a task of its own while the body runs, and cancel it when the body ends.

    What the body raises comes out as it is, where a task group would wrap it. `work` answers for
    its own errors: one that escapes cancels the body and comes out in a group.
    """
    failure: BaseException | None = None
    async with asyncio.TaskGroup() as group:
        task = group.create_task(work)
        try:
            yield
        except BaseException as error:  # raised below, outside the group
            failure = error
        finally:
            task.cancel()
    if failure is not None:
        raise failure

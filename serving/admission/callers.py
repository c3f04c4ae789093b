"""Whether the caller of a request is still there. Knows ASGI only."""

import asyncio
from typing import Any


async def while_there(app: Any, scope: Any, body: bytes, receive: Any, send: Any) -> None:
    """Run `app` on a request whose body was read, and cancel it once the caller has gone.

    What it has in a thread is finished; what waits for one is not begun.
    """
    work, gone = asyncio.current_task(), asyncio.ensure_future(receive())
    answered = replayed = False

    async def replay() -> Any:
        nonlocal replayed
        if replayed:
            return await asyncio.shield(gone)
        replayed = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def watched(message: Any) -> None:
        nonlocal answered
        answered = message["type"] == "http.response.body" and not message.get("more_body", False)
        await send(message)

    def give_up(gone: Any) -> None:
        if work is not None and not (answered or gone.cancelled()):
            work.cancel()

    gone.add_done_callback(give_up)
    try:
        await app(scope, replay, watched)
    except asyncio.CancelledError:
        if not gone.done() or gone.cancelled() or work is None:
            raise
        work.uncancel()
    finally:
        gone.cancel()

"""A small HTTP server that speaks the OpenAI chat protocol, and misbehaves in the ways that real ones do."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[["Handler", dict[str, Any]], None]


@dataclass
class ChatServer:
    """`answers` are used in turn, the last one for ever; `asked` and `headers` are what came in."""

    answers: list[Answer]
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    def next(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    chat: ChatServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.chat.asked.append(body)
        self.chat.headers.append({name.lower(): value for name, value in self.headers.items()})
        with suppress(ConnectionError):
            self.chat.next()(self, body)

    def log_message(self, *_: Any) -> None:
        pass

    def send(self, status: int, body: bytes, more: dict[str, str] | None = None) -> None:
        self.send_response(status)
        headers = {"content-type": "application/json", "content-length": str(len(body)), **(more or {})}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def completion(text: str, read: int = 7, written: int = 3, **choice: Any) -> bytes:
    told = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}, **choice}
    usage = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
    return json.dumps({"id": "c", "object": "chat.completion", "choices": [told], "usage": usage}).encode()


def says(text: str | Callable[[dict[str, Any]], str], **more: Any) -> Answer:
    """A good answer: the text, or what it makes of the request."""
    return lambda handler, body: handler.send(200, completion(text if isinstance(text, str) else text(body), **more))


def fails(status: int, body: bytes = b'{"error": {"message": "no"}}', **headers: str) -> Answer:
    return lambda handler, _: handler.send(
        status, body, {name.replace("_", "-"): value for name, value in headers.items()}
    )


def sends(body: bytes, kind: str = "application/json") -> Answer:
    return lambda handler, _: handler.send(200, body, {"content-type": kind})


def _without_end(handler: Handler, piece: bytes, pause: float) -> None:
    handler.send_response(200)
    handler.send_header("content-type", "application/json")
    handler.send_header("transfer-encoding", "chunked")
    handler.end_headers()
    while True:
        handler.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        handler.wfile.flush()
        time.sleep(pause)


def trickles(handler: Handler, _: dict[str, Any]) -> None:
    """A byte now and then, without end."""
    _without_end(handler, b" ", 0.02)


def floods(handler: Handler, _: dict[str, Any]) -> None:
    """As much as goes through, without end."""
    _without_end(handler, b" " * 65_536, 0.0)


def hangs(handler: Handler, _: dict[str, Any]) -> None:
    """Nothing, until the other side hangs up."""
    handler.connection.settimeout(30)
    with suppress(OSError):
        handler.rfile.read(1)
    handler.close_connection = True


@contextmanager
def serving(*answers: Answer) -> Iterator[ChatServer]:
    """The server on a free port of this machine."""
    chat = ChatServer(list(answers))
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (Handler,), {"chat": chat}))
    server.daemon_threads = True
    chat.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield chat
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

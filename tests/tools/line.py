"""A bad line: a TCP proxy that delays, throttles and breaks connections, all by its seed.

Each connection gets a fate once so many bytes went up: `cut` ends it, `reset` ends it as a broken router does, `mute` lets it hang for the
service while the client hears that it broke, `deaf` delivers the request whole and cuts the answer.
"""

import queue
import random
import socket
import struct
import threading
import time

PIECE_BYTES = 8 * 1024
#: What the line itself holds of one connection before it stops taking more, besides what is in the air.
SOCKET_BYTES = 32 * 1024
FATES = ("cut", "reset", "mute", "deaf")
#: Bytes a second and milliseconds there and back, of the lines that people have; what is in the air at once stays within some 45 KiB.
WEATHERS = ((300_000, 300), (600_000, 150), (1_500_000, 60), (4_000_000, 20))
MUTE_SECS = (0.3, 1.5)


def photographs(chance):
    """Bytes after which a line breaks that carries photographs."""
    return chance.randint(60_000, 1_500_000)


class BadLine:
    """Listens on a free port of this machine and passes bytes to one of `targets`, another for each connection; `budget` draws the bytes
    after which one breaks."""

    def __init__(self, targets, seed, budget=photographs):
        self.targets, self.budget = targets, budget
        self.chance = random.Random(seed)
        self.rate, rtt_ms = self.chance.choice(WEATHERS)
        self.delay = rtt_ms / 2_000
        #: What the client sent, heads of requests and what never arrived included.
        self.sent_bytes = 0
        self.cuts = {fate: 0 for fate in FATES}
        self.open, self.lock = [], threading.Lock()
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BYTES)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        """Ends the line, and with it every connection that hangs."""
        self.listener.close()
        with self.lock:
            for end in self.open:
                end.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
                server = socket.create_connection(self.chance.choice(self.targets))
            except OSError:
                if self.listener.fileno() == -1:
                    return
                client.close()  # nobody is there: the service was killed
                continue
            with self.lock:
                self.open += [client, server]
            Connection(self, client, server).start()


class Connection:
    """One connection of a line, with its fate."""

    def __init__(self, line, client, server):
        self.line, self.client, self.server = line, client, server
        self.fate = line.chance.choice(FATES)
        self.budget = line.budget(line.chance)
        self.mute_secs = line.chance.uniform(*MUTE_SECS)
        self.up_bytes, self.over = 0, threading.Event()

    def start(self):
        for work in (self._up, self._down):
            threading.Thread(target=work, daemon=True).start()

    def _up(self):
        air = self._air(self.server)
        for data in pieces(self.client):
            self.up_bytes += len(data)
            with self.line.lock:
                self.line.sent_bytes += len(data)
            time.sleep(len(data) / self.line.rate)
            if self.over.is_set():
                return
            air.put((time.monotonic() + self.line.delay, data))
            if self._is_due() and self.fate in ("cut", "reset", "mute"):
                self._break()
                return
        air.put((0, None))

    def _down(self):
        air = self._air(self.client)
        for data in pieces(self.server):
            if self.over.is_set():
                return
            if self._is_due() and self.fate == "deaf":
                self._break()
                return
            air.put((time.monotonic() + self.line.delay, data))
        air.put((0, None))

    def _is_due(self):
        return self.up_bytes >= self.budget

    def _break(self):
        """What is in the air is lost."""
        self.line.cuts[self.fate] += 1
        self.over.set()
        if self.fate == "mute":
            time.sleep(self.mute_secs)
            shut(self.client)
            return
        if self.fate == "reset":
            for end in (self.client, self.server):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        for end in (self.client, self.server):
            shut(end)
            if self.fate == "reset":
                end.close()

    def _air(self, target):
        """A way to `target` that takes its time; it holds as much as a real one would."""
        held = queue.Queue(maxsize=max(4, int(self.line.rate * self.line.delay / PIECE_BYTES) + 1))

        def carry():
            while not self.over.is_set():
                due, data = held.get()
                time.sleep(max(0, due - time.monotonic()))
                if self.over.is_set():
                    return
                try:
                    if data is None:
                        target.shutdown(socket.SHUT_WR)
                        return
                    target.sendall(data)
                except OSError:
                    return

        threading.Thread(target=carry, daemon=True).start()
        return held


def pieces(end):
    """What comes from a socket until it ends, however it ends."""
    try:
        while data := end.recv(PIECE_BYTES):
            yield data
    except OSError:
        pass


def shut(end):
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass

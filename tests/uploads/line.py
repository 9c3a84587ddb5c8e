"""A bad line: a TCP proxy that breaks each connection after some hundred kilobytes from the client."""

import random
import socket
import threading


class BadLine:
    """Listens on a free port of this machine and passes bytes to `target` until it breaks the connection."""

    def __init__(self, target, seed, least=150_000, most=600_000):
        self.target, self.least, self.most = target, least, most
        self.chance = random.Random(seed)
        self.cuts = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            budget = self.chance.randint(self.least, self.most)
            threading.Thread(target=self._serve, args=(client, budget), daemon=True).start()

    def _serve(self, client, budget):
        with client, socket.create_connection(self.target) as server:
            threading.Thread(target=self._back, args=(server, client), daemon=True).start()
            while budget > 0:
                try:
                    data = client.recv(min(16_384, budget))
                    if not data:
                        return
                    server.sendall(data)
                except OSError:
                    return
                budget -= len(data)
            self.cuts += 1
            for end in (client, server):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    @staticmethod
    def _back(server, client):
        try:
            while data := server.recv(16_384):
                client.sendall(data)
        except OSError:
            pass

"""Ports of this machine that are free at the moment, and that no connection out of it takes before they are listened on, or again after a kill."""

import random
import socket

#: Below those that the kernel gives to whoever connects (net.ipv4.ip_local_port_range begins at 32768).
PORTS = range(20_000, 32_000)


def free_ports(count):
    found = []
    while len(found) < count:
        port = random.SystemRandom().choice(PORTS)
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        if port not in found:
            found.append(port)
    return found

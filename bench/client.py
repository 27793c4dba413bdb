"""The load: requests over kept-alive connections, each connection one request after the other.

A process of its own, so that its work is not the server's. It reads a line of JSON
(``port`` and ``lanes``: for each connection a list of requests, HTTP as text) and answers with
one (``seconds``, ``requests``, ``refused``: the first answer that was no success).
"""

from __future__ import annotations

import json
import socket
import sys
import time
from dataclasses import dataclass
from threading import Thread
from typing import Any


def request(method: str, path: str, token: str, body: Any = None) -> str:
    """One HTTP request as text."""
    data = "" if body is None else json.dumps(body)
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {token}"]
    if data:
        lines += ["Content-Type: application/json", f"Content-Length: {len(data)}"]
    return "\r\n".join([*lines, "", data])


@dataclass
class Lane:
    """One connection and what it has to ask."""

    port: int
    requests: list[bytes]
    refused: str | None = None

    def run(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for asked in self.requests:
                connection.sendall(asked)
                answer = receive(connection)
                if answer[9:10] != b"2":
                    self.refused = answer[:2000].decode(errors="replace")
                    return


def receive(connection: socket.socket) -> bytes:
    """One whole answer; every server here gives its length."""
    data = connection.recv(262_144)
    while b"\r\n\r\n" not in data:
        data += connection.recv(262_144)
    head, _blank, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    missing = length - len(body)
    while missing > 0:
        part = connection.recv(min(missing, 262_144))
        if not part:
            raise ConnectionError("the server closed the connection in an answer")
        missing -= len(part)
        data += part
    return data


def burst(port: int, lanes: list[list[str]]) -> dict[str, Any]:
    """Ask everything, all lanes at once."""
    found = [Lane(port, [text.encode() for text in texts]) for texts in lanes]
    threads = [Thread(target=lane.run) for lane in found]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {
        "seconds": time.perf_counter() - began,
        "requests": sum(len(lane.requests) for lane in found),
        "refused": next((lane.refused for lane in found if lane.refused), None),
    }


def main() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(burst(asked["port"], asked["lanes"])), flush=True)


if __name__ == "__main__":
    main()

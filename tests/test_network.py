"""The guard in `conftest` holds: a test that reaches for another machine fails."""

from __future__ import annotations

import asyncio
import socket
import threading

import httpx2
import pytest

from tests.conftest import NetworkForbidden

ELSEWHERE = "192.0.2.1"
"""An address that belongs to nobody (RFC 5737)."""


def test_connecting_elsewhere_is_refused() -> None:
    with socket.socket() as sock, pytest.raises(NetworkForbidden):
        sock.connect((ELSEWHERE, 80))


def test_connecting_elsewhere_without_an_exception_is_refused() -> None:
    with socket.socket() as sock, pytest.raises(NetworkForbidden):
        sock.connect_ex((ELSEWHERE, 80))


def test_a_datagram_elsewhere_is_refused() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as sock, pytest.raises(NetworkForbidden):
        sock.sendto(b"", (ELSEWHERE, 53))


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_connecting_elsewhere_by_ipv6_is_refused() -> None:
    with socket.socket(socket.AF_INET6) as sock, pytest.raises(NetworkForbidden):
        sock.connect(("2001:db8::1", 80))


def test_looking_up_a_name_is_refused() -> None:
    with pytest.raises(NetworkForbidden):
        socket.getaddrinfo("api.telegram.org", 443)


async def test_asyncio_is_guarded_too() -> None:
    with pytest.raises(NetworkForbidden):
        await asyncio.open_connection(ELSEWHERE, 80)


async def test_an_http_client_is_guarded_too() -> None:
    async with httpx2.AsyncClient() as client:
        with pytest.raises(NetworkForbidden):
            await client.get("http://example.org/")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_may_be_reached(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        greeter = threading.Thread(target=lambda: server.accept()[0].close())
        greeter.start()
        with socket.create_connection((host, server.getsockname()[1]), timeout=5) as sock:
            assert sock.recv(1) == b""
        greeter.join()

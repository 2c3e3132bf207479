"""What runs in the namespaces of tests/kit/two_ways.py, each in an interpreter of its own: with few
imports, so that it starts at once."""

import ctypes
import fcntl
import os
import random
import select
import signal
import socket
import struct
import threading
import time
from collections import deque

ADDRESS = "10.99.0.1"
TUNSETIFF, TUNSETCARRIER, TUN_WITHOUT_HEADER = 0x400454ca, 0x400454e2, 0x1001
RADIO_S = (0.015, 0.040)  # what a packet takes by LTE, one way: 30 to 80 ms there and back


def answer_names(address):
    """DNS on port 53: the broker's address, and nothing else. Runs in a router."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((address, 53))
        print("ready", flush=True)
        while True:
            question, peer = s.recvfrom(512)
            end = question.index(b"\0", 12) + 5
            kind = struct.unpack("!H", question[end - 4:end - 2])[0]
            found = [socket.inet_aton(ADDRESS)] if kind == 1 else []
            s.sendto(question[:2] + struct.pack("!HHHHH", 0x8180, 1, len(found), 0, 0)
                     + question[12:end] + b"".join(
                         struct.pack("!HHHIH", 0xc00c, 1, 1, 60, 4) + a for a in found), peer)


def answer_logins(port):
    """A captive portal, once the broker's address is the router's own."""
    with socket.create_server(("", port)) as s:
        print("ready", flush=True)
        while True:
            client, _ = s.accept()
            threading.Thread(target=_login, args=(client,), daemon=True).start()


def _login(client):
    with client:
        client.recv(4096)
        client.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://portal/\r\n\r\n")


def radio(there):
    """A modem in raw-ip mode: wwan0 here and `inside` in the network namespace at that path, neither with
    ARP. SIGUSR1 detaches it from its cell, SIGUSR2 attaches it again."""
    near = _raw_ip("wwan0")
    with open(there, "rb") as space:
        assert ctypes.CDLL(None, use_errno=True).setns(space.fileno(), 0) == 0, os.strerror(ctypes.get_errno())
    far = _raw_ip("inside")
    attached = [True]

    def attach(is_attached):
        attached[0] = is_attached
        fcntl.ioctl(near, TUNSETCARRIER, struct.pack("i", is_attached))
    signal.signal(signal.SIGUSR1, lambda *_: attach(False))
    signal.signal(signal.SIGUSR2, lambda *_: attach(True))
    print("ready", flush=True)
    air = {near: (far, deque()), far: (near, deque())}
    while True:
        for source in select.select([near, far], [], [], 0.002)[0]:
            packets = air[source][1]
            last = packets[-1][0] if packets else 0  # none overtakes another
            packets.append((max(last, time.monotonic() + random.uniform(*RADIO_S)), os.read(source, 65536)))
        for sink, packets in air.values():
            while packets and packets[0][0] <= time.monotonic():
                _by_air(sink, packets.popleft()[1], attached[0])


def _by_air(sink, packet, attached):
    try:
        if attached:
            os.write(sink, packet)
    except OSError:
        pass  # that interface is down


def _raw_ip(name):
    fd = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), TUN_WITHOUT_HEADER))
    return fd


def carry(near, port):
    """From a listening socket of another namespace to the broker. Runs in the broker's."""
    listener = socket.socket(fileno=near)
    while True:
        client, _ = listener.accept()
        threading.Thread(target=_carry_one, args=(client, port), daemon=True).start()


def _carry_one(client, port):
    with client, socket.create_connection((ADDRESS, port)) as far:
        back = threading.Thread(target=_pump, args=(far, client), daemon=True)
        back.start()
        _pump(client, far)
        back.join()


def _pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    finally:
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

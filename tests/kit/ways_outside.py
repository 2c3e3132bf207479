"""What runs in the namespaces of tests/kit/two_ways.py, each in an interpreter of its own: with few
imports, so that it starts at once."""

import socket
import struct
import threading

ADDRESS = "10.99.0.1"


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

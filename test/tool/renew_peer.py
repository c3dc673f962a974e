# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""A broker's side of renewal that answers as a test wants, also as no broker should:  renew_peer.py FOLDER CHAIN KEY CA
Writes its port to FOLDER/port, a line "SHA256 CLIENT-ID" for each connection to FOLDER/clients, and the last request to
FOLDER/request.der. The answers to a question are the files of FOLDER/QUESTION (due, request, chain-1, anchor-1) in their order:
1-issued is published to .../issued, 2-chain-1 to .../chain/1. No files: no answer; for chain and anchor an empty one. FOLDER/denied
lists the fingerprints of certificates whose CONNECT is denied."""
import hashlib
import os
import socket
import ssl
import sys
import threading

TOPIC = "$CONTROL/certguard/v1/renew"
folder, chain, key, ca = sys.argv[1:]


def varint(read):
    value = shift = 0
    while True:
        octet = read(1)[0]
        value |= (octet & 127) << shift
        shift += 7
        if octet < 128:
            return value


def encoded(number):
    out = b""
    while True:
        number, octet = number >> 7, number & 127
        out += bytes([octet | (128 if number else 0)])
        if not number:
            return out


class Cursor:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self):
        return int.from_bytes(self.take(2), "big")


class Client:
    def __init__(self, sock):
        self.sock = sock
        self.cert = sock.getpeercert(binary_form=True)

    def read(self, count):
        data = b""
        while len(data) < count:
            more = self.sock.recv(count - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def packet(self):
        first = self.read(1)[0]
        return first, Cursor(self.read(varint(self.read)))

    def send(self, first, body):
        self.sock.sendall(bytes([first]) + encoded(len(body)) + body)

    def connect(self, packet):
        packet.take(packet.number() + 4)  # protocol name, level, flags, keepalive
        packet.take(varint(packet.take))
        name = packet.take(packet.number()).decode()
        sha256 = hashlib.sha256(self.cert).hexdigest()
        with open(f"{folder}/clients", "a") as log:
            log.write(f"{sha256} {name}\n")
        denied = os.path.exists(f"{folder}/denied") and sha256 in open(f"{folder}/denied").read()
        self.send(0x20, bytes([0, 0x87 if denied else 0, 0]))
        if denied:
            raise EOFError

    def publish(self, topic, payload):
        topic = topic.encode()
        self.send(0x30, len(topic).to_bytes(2, "big") + topic + b"\0" + payload)

    def answer(self, payload):
        if payload[:1] == b"\x30":
            with open(f"{folder}/request.new", "wb") as out:
                out.write(payload)
            os.replace(f"{folder}/request.new", f"{folder}/request.der")
            question = "request"
        else:
            question = payload.decode().replace(" ", "-") or "due"
        place = f"{folder}/{question}"
        if os.path.isdir(place):
            for name in sorted(os.listdir(place)):
                topic = name.split("-", 1)[1].replace("-", "/")
                self.publish(f"{TOPIC}/{topic}", open(f"{place}/{name}", "rb").read())
        elif question not in ("due", "request"):
            self.publish(f"{TOPIC}/" + question.replace("-", "/"), b"")

    def published(self, first, packet):
        topic = packet.take(packet.number()).decode()
        if first & 6:
            self.send(0x40, packet.take(2))
        packet.take(varint(packet.take))
        if topic == TOPIC:
            self.answer(packet.data[packet.at:])

    def serve(self):
        while True:
            first, packet = self.packet()
            kind = first & 0xf0
            if kind == 0x10:
                self.connect(packet)
            elif kind == 0x30:
                self.published(first, packet)
            elif kind == 0xc0:
                self.send(0xd0, b"")
            elif kind == 0xe0:
                return


def serve(context, sock):
    try:
        Client(context.wrap_socket(sock, server_side=True)).serve()
    except (EOFError, OSError):
        pass
    finally:
        sock.close()


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    context.load_verify_locations(ca)
    context.verify_mode = ssl.CERT_REQUIRED
    server = socket.create_server(("127.0.0.1", 0))
    with open(f"{folder}/port.new", "w") as out:
        out.write(str(server.getsockname()[1]))
    os.replace(f"{folder}/port.new", f"{folder}/port")
    while True:
        threading.Thread(target=serve, args=(context, server.accept()[0]), daemon=True).start()


main()

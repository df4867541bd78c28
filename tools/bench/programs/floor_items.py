"""The floor of a stream: items of a count, a frame each, on fd 4; how many is a line on fd 3."""

import json.encoder
import signal
import socket
import struct

HEADER = struct.Struct('<IBBHQ')
ITEM = 4


def items(count):
    yield from range(count)


def main():
    # Ctrl-C reaches the whole process group; Node ends us by ending requests.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests = socket.socket(fileno=3).makefile('r')
    send = socket.socket(fileno=4).sendall
    encode = json.encoder.c_make_encoder(
        None, None, json.encoder.c_encode_basestring, None, ':', ',', False, False, True
    )
    pack = HEADER.pack
    for line in requests:
        for item in items(int(line)):
            envelope = ''.join(encode((item,), 0)).encode()
            send(pack(len(envelope), ITEM, 0, 0, 1) + envelope)


main()

"""The floor: echo framed JSON, requests on fd 3, replies on fd 4, until requests end."""

import json
import json.encoder
import signal
import socket
import struct


def echo(text):
    return text


FUNCTIONS = {'echo': echo}
HEADER = struct.Struct('<IBBHQ')
RESULT = 2


def main():
    # Ctrl-C reaches the whole process group; Node ends us by ending requests.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    receive = socket.socket(fileno=3).recv_into
    send = socket.socket(fileno=4).send
    # What json.loads and json.dumps call in the end, made once.
    scan = json.JSONDecoder().scan_once
    encode = json.encoder.c_make_encoder(
        None, None, json.encoder.c_encode_basestring, None, ':', ',', False, False, True
    )
    buffer = bytearray(4096)
    view = memoryview(buffer)
    unpack, pack = HEADER.unpack_from, HEADER.pack
    while True:
        have = receive(view)
        if have == 0:
            return
        while have < 16:
            have += receive(view[have:])
        size, _type, _flags, _count, call_id = unpack(buffer)
        while have < 16 + size:
            have += receive(view[have:])
        (name, args), _end = scan(str(view[16:16 + size], 'utf-8'), 0)
        reply = ''.join(encode(FUNCTIONS[name](*args), 0)).encode()
        send(pack(len(reply), RESULT, 0, 0, call_id) + reply)


main()

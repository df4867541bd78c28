"""The floor for many calls at once: as floor.py, for as many frames as a read brings, with a send for each result."""

import json
import json.encoder
import signal
import socket
import struct


def echo(value):
    return value


FUNCTIONS = {'echo': echo}
HEADER = struct.Struct('<IBBHQ')
HEADER_BYTES = HEADER.size
RESULT = 2


def main():
    # Ctrl-C reaches the whole process group; Node ends us by ending requests.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    receive = socket.socket(fileno=3).recv_into
    send = socket.socket(fileno=4).sendall
    # What json.loads and json.dumps call in the end, made once.
    scan = json.JSONDecoder().scan_once
    encode = json.encoder.c_make_encoder(
        None, None, json.encoder.c_encode_basestring, None, ':', ',', False, False, True
    )
    buffer = bytearray(1 << 16)
    view = memoryview(buffer)
    unpack, pack = HEADER.unpack_from, HEADER.pack
    begin = end = 0
    while True:
        if begin == end:
            begin = end = 0
        elif end == len(buffer) or begin > len(buffer) // 2:
            buffer[:end - begin] = buffer[begin:end]
            begin, end = 0, end - begin
        got = receive(view[end:])
        if got == 0:
            return
        end += got
        while end - begin >= HEADER_BYTES:
            size, _type, _flags, _count, call_id = unpack(buffer, begin)
            after = begin + HEADER_BYTES + size
            if end < after:
                break
            (name, args), _end = scan(str(view[begin + HEADER_BYTES:after], 'utf-8'), 0)
            begin = after
            reply = ''.join(encode(FUNCTIONS[name](*args), 0)).encode()
            send(pack(len(reply), RESULT, 0, 0, call_id) + reply)


main()

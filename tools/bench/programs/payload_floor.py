"""The floor of large payloads: a length and so many bytes on fd 3, a copy of them on fd 4, until requests end."""

import signal
import socket
import struct

try:
    import numpy
except ImportError:
    copied = bytes
else:

    def copied(payload):
        return numpy.frombuffer(payload, 'u1').copy()


HEADER = struct.Struct('<Q')


def main():
    # Ctrl-C reaches the whole process group; Node ends us by ending requests.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    receive = socket.socket(fileno=3).recv_into
    send = socket.socket(fileno=4).sendmsg
    header = bytearray(HEADER.size)
    payload = bytearray()
    while fill(receive, header):
        (size,) = HEADER.unpack(header)
        if size != len(payload):
            payload = bytearray(size)  # and the next of that size is received into it, too
        fill(receive, payload)
        parts = [memoryview(header), memoryview(copied(payload))]  # a new array, as the handlers return
        while parts:
            sent = send(parts)
            while parts and sent >= len(parts[0]):
                sent -= len(parts.pop(0))
            if sent:
                parts[0] = parts[0][sent:]


def fill(receive, memory):
    view = memoryview(memory)
    while view:
        received = receive(view)
        if received == 0:
            return False
        view = view[received:]
    return True


main()

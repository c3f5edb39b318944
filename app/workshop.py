"""Images are decoded in processes of their own, so that none can take more than its share of time or memory."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from queue import LifoQueue
from typing import Any

from PIL import Image

from app import bench
from app.errors import ApiError
from app.pictures import Picture
from app.rasters import RasterSketch
from model.preprocess import PreprocessConfig
from model.tracing import Tracing

SECONDS = 4  # of computing that an image may take; the largest photos take about one

_PATIENCE = 5  # times as long may pass on a machine that is busy with something else
_BENCHES = 2
_START = 60.0  # s that a process may take to start
_PACKAGES = Path(__file__).resolve().parents[1]
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MALLOC_ARENA_MAX"), "1")
_Answer = tuple[dict[str, Any], bytes]  # a header, and a frame
_log = logging.getLogger(__name__)


class Workshop:
    """Two benches, each a process that decodes one image at a time. The second starts after the first image.

    It takes as long as an import of OpenCV, so wait for it with warm_up() before images are accepted.
    """

    def __init__(self, config: PreprocessConfig, max_pixels: int, seconds: int = SECONDS) -> None:
        self._config = config
        self._benches = [_Bench(bench.memory_limit(max_pixels), seconds) for _ in range(_BENCHES)]
        self._free: LifoQueue[_Bench] = LifoQueue()  # the last used is used next, so the others may never have to start
        for each in self._benches:
            self._free.put(each)
        self._threads = ThreadPoolExecutor(_BENCHES, "workshop")
        self._benches[-1].start()

    def warm_up(self) -> None:
        """Decode a first image, which takes longer than all others."""
        buffer = io.BytesIO()
        picture = Image.new("L", (64, 64), 255)
        picture.paste(0, (16, 16, 48, 48))
        picture.save(buffer, "PNG")
        sketch = RasterSketch(buffer.getvalue(), 64 * 64)
        self._benches[-1].ask(bench.order("picture", sketch, self._config), sketch.data)

    def close(self) -> None:
        """Finish what was begun, then end the processes."""
        self._threads.shutdown(cancel_futures=True)
        for each in self._benches:
            each.end()

    async def picture(self, sketch: RasterSketch) -> Picture:
        """sketch.picture(), elsewhere. Raises what that raises, and ApiError image_too_costly."""
        return bench.picture_of(*await self._ask("picture", sketch))

    async def traced(self, sketch: RasterSketch) -> Tracing:
        """sketch.traced(), elsewhere. Raises what that raises, and ApiError image_too_costly."""
        return bench.tracing_of((await self._ask("traced", sketch))[0])

    async def _ask(self, task: str, sketch: RasterSketch) -> _Answer:
        header = bench.order(task, sketch, self._config)
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._asked, header, sketch.data)

    def _asked(self, header: bytes, data: bytes) -> _Answer:
        free = self._free.get()
        try:
            return free.ask(header, data)
        finally:
            self._free.put(free)
            self._benches[0].start()


class _Bench:
    """One process, replaced by a new one whenever an image was too much for it. Used by one thread at a time."""

    def __init__(self, limit: int, seconds: int) -> None:
        self._limit, self._seconds = limit, seconds
        self._starting = threading.Lock()
        self._server: Connection | None = None
        self._ready = False

    def ask(self, header: bytes, data: bytes) -> _Answer:
        """The answer to an order. Raises what the image is refused for."""
        try:
            server = self._begin()
            server.send_bytes(header)
            server.send_bytes(data)
            _wait(server, _PATIENCE * self._seconds)
            answer, frame = json.loads(server.recv_bytes()), server.recv_bytes()
        except (OSError, EOFError, TimeoutError) as error:
            _log.warning("an image of %s bytes was too much for the process that decodes: %r", len(data), error)
            self.end()
            self.start()
            raise _too_costly(self._seconds) from None
        refused = answer.get("refused")
        if refused == bench.TOO_COSTLY:
            raise _too_costly(self._seconds)
        if refused:
            raise bench.REFUSALS[refused](answer["message"])
        return answer, frame

    def start(self) -> None:
        """Start the process if there is none; it says by itself when it has imported what it needs."""
        with self._starting:
            if self._server is None:
                self._start()

    def _start(self) -> None:
        self._server, child = Pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-m", bench.__name__, str(child.fileno()), str(self._limit), str(self._seconds)],
            cwd=_PACKAGES,
            env=os.environ | _ONE_THREAD,
            stdin=subprocess.DEVNULL,
            pass_fds=[child.fileno()],
            start_new_session=True,  # Ctrl-C is for the server, which then closes the socket
        )
        child.close()
        self._ready = False

    def end(self) -> None:
        """End the process, whatever it is doing."""
        if self._server is not None:
            self._process.kill()
            self._process.wait()
            self._server.close()
            self._server = None

    def _begin(self) -> Connection:
        """The way to a process that is ready."""
        self.start()
        assert self._server is not None
        if not self._ready:
            _wait(self._server, _START)
            self._server.recv_bytes()
            self._ready = True
        return self._server


def _wait(server: Connection, seconds: float) -> None:
    if not server.poll(seconds):
        raise TimeoutError(f"nothing within {seconds:g} s")


def _too_costly(seconds: int) -> ApiError:
    message = f"image takes too much to decode: expected one that needs less than {seconds} s, and no more memory"
    return ApiError(422, "image_too_costly", f"{message} than an image of the most pixels does")

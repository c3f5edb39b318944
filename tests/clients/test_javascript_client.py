"""The JavaScript client under Node.js: tests/clients/javascript_client.mjs has what is tested."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.clients.conftest import Served
from tests.support.sketch_files import sketch_file

PROGRAM = Path(__file__).with_name("javascript_client.mjs")


def test_the_client_in_node(node: str, served: Served, tmp_path: Path) -> None:
    sketch = tmp_path / "sketch.png"
    sketch.write_bytes(sketch_file(3))
    environment = {"ADDRESS": served.address, "KEY": served.key, "FEED": served.feed.decode(), "SKETCH": str(sketch)}
    done = subprocess.run(
        [node, "--test", str(PROGRAM)], env=os.environ | environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr

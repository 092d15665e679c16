"""A real `mlflow server` on loopback."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def wait_for(address: str, process: subprocess.Popen[bytes], log: Path, *, seconds: int = 240) -> None:
    """Until the address answers; raises with the log when the process ends first."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            if process.poll() is not None:
                break
            time.sleep(0.3)
    raise RuntimeError(f"{address} does not answer\n{log.read_text()[-3000:]}")


@contextmanager
def running(command: list[str], folder: Path, health: str, environment: dict[str, str] | None = None) -> Iterator[None]:
    """A server in `folder`, until the block ends."""
    log = folder / "server.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=folder, stdout=file, stderr=file, start_new_session=True,
            env=environment or dict(os.environ),
        )  # fmt: skip
        try:
            wait_for(health, process, log)
            yield
        finally:
            os.killpg(process.pid, 15)
            process.wait()


@contextmanager
def mlflow_server(folder: Path) -> Iterator[str]:
    """An MLflow server whose store and artifacts lie in `folder`; yields its address."""
    address = f"http://127.0.0.1:{(port := free_port())}"
    command = ["mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/server.db", "--artifacts-destination", str(folder / "kept")]
    # Without the eight processes that wait for MLflow's own jobs.
    environment = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with running(command, folder, f"{address}/health", environment):
        yield address

"""`python -m emulator serve|start|stop|status|capacity --data DIR`."""

from __future__ import annotations

import argparse
import http.client
import json
import logging
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from emulator import server
from emulator.settings import SettingsError, load

if TYPE_CHECKING:
    from starlette.applications import Starlette

LOG_FILE: Final = "emulator.log"
_START_LIMIT: Final = 30.0  # seconds; a start takes well under two, the rest is for a loaded machine
_STOP_LIMIT: Final = 10.0  # seconds, above the server's own grace


def main(arguments: list[str] | None = None) -> int:
    """Runs one command and returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m emulator", description="A small Google Cloud on 127.0.0.1.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, summary in (
        ("serve", "run in the foreground"),
        ("start", "run in the background, if it is not running, and wait until it is healthy"),
        ("stop", "end it; its state stays"),
        ("status", "say whether it runs, and where"),
    ):
        command = commands.add_parser(name, help=summary)
        command.add_argument("--data", type=Path, required=True, metavar="DIR", help="the folder of its state")
        if name in {"serve", "start"}:
            command.add_argument("--port", type=int, help="by default the one of the last time")
            command.add_argument("--settings", type=Path, metavar="FILE", help="JSON; see emulator/settings.py")
    command = commands.add_parser("capacity", help="take machines away in a region, or give them back")
    command.add_argument("--data", type=Path, required=True, metavar="DIR", help="the folder of its state")
    command.add_argument("change", choices=("take", "give"))
    command.add_argument("region", metavar="REGION")
    command.add_argument("machine", metavar="MACHINE", nargs="?", default="", help="all of them when left out")
    options = parser.parse_args(arguments)
    data: Path = options.data.resolve()
    try:
        if options.command == "serve":
            return _serve(data, options.port, options.settings)
        if options.command == "start":
            return _start(data, options.port, options.settings)
        if options.command == "capacity":
            return _change_capacity(data, options.region, options.machine, available=options.change == "give")
        return _stop(data) if options.command == "stop" else _status(data)
    except (server.ServerError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 1


def _serve(data: Path, port: int | None, settings: Path | None) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    data.mkdir(parents=True, exist_ok=True)
    loaded = load(data, settings)

    def create() -> Starlette:
        from emulator.application import create_application

        return create_application(loaded)

    server.serve(create, data, port)
    return 0


def _start(data: Path, port: int | None, settings: Path | None) -> int:
    if _healthy(data):
        print(f"The emulator is running at {server.address(data)['url']}.")
        return 0
    data.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "emulator", "serve", "--data", str(data)]
    command += ["--port", str(port)] if port is not None else []
    command += ["--settings", str(settings.resolve())] if settings is not None else []
    with (data / LOG_FILE).open("ab") as log:
        begin = log.tell()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    deadline = time.monotonic() + _START_LIMIT
    while time.monotonic() < deadline:
        if _healthy(data):
            print(f"The emulator has started at {server.address(data)['url']}.")
            return 0
        # Where another start was faster, its process is the one to wait for.
        if process.poll() is not None and not server.running(data):
            break
        time.sleep(0.02)
    said = (data / LOG_FILE).read_bytes()[begin:].decode(errors="replace").strip()
    message = f"The emulator did not start. Its log, {data / LOG_FILE}, says:\n{said or '(nothing)'}"
    raise server.ServerError(message)


def _stop(data: Path) -> int:
    if not server.running(data):
        print("The emulator is not running.")
        return 0
    pid = server.address(data)["pid"]
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_LIMIT
    while server.running(data):
        if time.monotonic() > deadline:
            message = (
                f"The emulator (process {pid}) did not end within {_STOP_LIMIT:.0f} s; end it with `kill -9 {pid}`."
            )
            raise server.ServerError(message)
        time.sleep(0.02)
    print("The emulator has ended; its state stays.")
    return 0


def _status(data: Path) -> int:
    if _healthy(data):
        noted = server.address(data)
        print(f"The emulator is running at {noted['url']}, process {noted['pid']}, since {noted['started']}.")
        return 0
    print("The emulator is not running.")
    return 1


def _change_capacity(data: Path, region: str, machine: str, *, available: bool) -> int:
    if not _healthy(data):
        print("The emulator is not running.", file=sys.stderr)
        return 1
    body = json.dumps({"region": region, "machine": machine, "available": available}).encode()
    request = urllib.request.Request(  # noqa: S310 - the emulator's own address
        f"{server.address(data)['url']}/emulator/capacity", body, {"Content-Type": "application/json"}
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=10) as answer:
        taken = json.load(answer)["taken"]
    listed = ", ".join(f"{each['machine'] or 'all machines'} in {each['region']}" for each in taken)
    print(f"Cannot be had now: {listed or 'nothing; every machine can be'}.")
    return 0


def _healthy(data: Path) -> bool:
    """Whether the emulator of this very folder answers; at its old address there may be another program."""
    url = server.address(data).get("url")
    if url is None:
        return False
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/emulator/health", timeout=2) as answer:
            return bool(json.load(answer)["data"] == str(data))
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError, KeyError, TypeError):
        return False


if __name__ == "__main__":
    sys.exit(main())

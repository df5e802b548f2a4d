"""Drives Undream from Python, without a server and without dependencies.

`MemoryTool` runs `undream memory-tool`, `Mcp` runs `undream mcp`; both talk to their child process
over its standard input and output, a line of JSON each way, and may be used from several threads.
What the child says on standard error goes to that of this process.

    from undream_client import Mcp

    with Mcp("--author", "agent:scribe", db="notes.undream") as memory:
        memory.call("add", key="facts/city", text="The office is in Lisbon.")
        print(memory.call("recall", query="office")["memories"])
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from contextlib import contextmanager
from typing import Any, Iterator, Optional

#: The version of the Model Context Protocol that `Mcp` speaks.
PROTOCOL = "2025-06-18"


class UndreamError(Exception):
    """A refusal or failure. `kind` is one of Undream's error kinds, such as `not found`, `stale` or
    `blocked`; `io` also where the child process has ended."""

    def __init__(self, kind: str, message: str, what_to_do: Optional[str] = None) -> None:
        super().__init__(message if what_to_do is None else f"{message} ({what_to_do})")
        self.kind = kind
        self.what_to_do = what_to_do


class _Child:
    """A child process that is sent lines and answers with lines."""

    def __init__(self, words: list[str], db: Optional[str], program: Optional[str]) -> None:
        self._command = [program or os.environ.get("UNDREAM", "undream")]
        if db is not None:
            self._command += ["--db", os.fspath(db)]
        self._command += words
        self._lock = threading.Lock()
        self._child = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        )

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One question and its answer. Where an interrupt comes in between, the child is killed: its
        late answer would be taken for that of the next question."""
        with self._lock:
            try:
                yield
            except UndreamError:
                raise
            except BaseException:
                self._child.kill()
                self._child.wait()
                raise

    def _send(self, message: dict[str, Any]) -> None:
        try:
            line = json.dumps(message, allow_nan=False) + "\n"
        except (TypeError, ValueError) as error:
            raise UndreamError("invalid", f"this cannot be sent as JSON: {error}") from error
        try:
            self._child.stdin.write(line)
            self._child.stdin.flush()
        except (BrokenPipeError, ValueError) as error:
            raise self._ended() from error

    def _receive(self) -> dict[str, Any]:
        line = self._child.stdout.readline()
        if not line.endswith("\n"):
            raise self._ended()
        return json.loads(line)

    def _ended(self) -> UndreamError:
        # It may be closing its output just before it ends.
        code = self._child.wait(timeout=10)
        return UndreamError("io", f"`{' '.join(self._command)}` has ended with exit code {code}")

    def close(self) -> None:
        """Lets the child finish and waits for it."""
        with self._lock:
            if not self._child.stdin.closed:
                try:
                    self._child.stdin.close()
                except BrokenPipeError:
                    pass  # It has ended already.
            self._child.wait()
            self._child.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_failure: object) -> None:
        self.close()


class MemoryTool(_Child):
    """The memory tool `memory_20250818`. Further words are options of `undream memory-tool`, such as
    "--author", "agent:scribe", "--session", "chat-812", "--prefix", "agents/scribe"."""

    def __init__(self, *words: str, db: Optional[str] = None, program: Optional[str] = None) -> None:
        super().__init__(["memory-tool", "--lines", *words], db, program)

    def run(self, command: dict[str, Any]) -> tuple[str, bool]:
        """Runs a command as the model sent it. Returns the content of the tool's result, and whether
        it is an error."""
        with self._turn():
            self._send(command)
            reply = self._receive()
        return reply["content"], reply["is_error"]

    def clear(self) -> str:
        """Removes all files, in one commit; the model has no such command. Returns what was done."""
        command = [word for word in self._command if word != "--lines"] + ["--clear"]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise UndreamError("io", done.stderr.strip())
        return json.loads(done.stdout)["content"]


class Mcp(_Child):
    """A client of `undream mcp`. Further words are its options, such as "--branch", "agents/scribe",
    "--from", "main"."""

    def __init__(self, *words: str, db: Optional[str] = None, program: Optional[str] = None) -> None:
        super().__init__(["mcp", *words], db, program)
        self._number = 0
        client = {"name": "undream-python", "version": "0"}
        try:
            with self._turn():
                self._request(
                    "initialize",
                    {"protocolVersion": PROTOCOL, "capabilities": {}, "clientInfo": client},
                )
                self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        except BaseException:
            self.close()
            raise

    def _request(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        self._number += 1
        self._send({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params})
        while True:
            answer = self._receive()
            if "method" in answer:
                continue  # A notification.
            unread = answer.get("id") is None and "error" in answer
            if answer.get("id") != self._number and not unread:
                continue  # Late, of a request that was given up.
            if "error" in answer:
                raise UndreamError("invalid", answer["error"]["message"])
            return answer["result"]

    def tools(self) -> list[dict[str, Any]]:
        """The tools that the server offers, with their schemas."""
        with self._turn():
            return self._request("tools/list", {})["tools"]

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Calls a tool and returns its structured result. An argument that is None is left out.
        Raises `UndreamError` where the tool refuses or fails."""
        given = {name: value for name, value in arguments.items() if value is not None}
        with self._turn():
            result = self._request("tools/call", {"name": tool, "arguments": given})
        data = result.get("structuredContent") or {}
        if result.get("isError"):
            error = data.get("error")
            if not isinstance(error, dict):
                texts = [part.get("text", "") for part in result.get("content", [])]
                raise UndreamError("invalid", " ".join(texts))
            raise UndreamError(error["kind"], error["message"], error.get("what_to_do"))
        return data

    def pages(self, tool: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        """Calls a tool again and again until its last page."""
        cursor = None
        while True:
            page = self.call(tool, cursor=cursor, **arguments)
            yield page
            cursor = page.get("next_cursor")
            if cursor is None:
                return

"""Undream as the memory of the Anthropic SDK's tool runner.

    import anthropic
    from undream_memory_tool import UndreamMemoryTool

    memory = UndreamMemoryTool("--author", "agent:scribe", "--session", "chat-812")
    runner = anthropic.Anthropic().beta.messages.tool_runner(..., tools=[memory])
"""

from __future__ import annotations

import asyncio
from typing import Any, Optional

from anthropic.lib.tools import ToolError
from anthropic.tools import BetaAbstractMemoryTool, BetaAsyncAbstractMemoryTool

from undream_client import MemoryTool, UndreamError


def _answer(tool: MemoryTool, command: Any) -> str:
    """Runs a command of the SDK; an error is raised as the SDK wants it."""
    content, is_error = tool.run(command.to_dict())
    if is_error:
        raise ToolError(content)
    return content


def _cleared(tool: MemoryTool) -> str:
    """Removes all files; a failure is raised as the SDK wants it."""
    try:
        return tool.clear()
    except UndreamError as error:
        raise ToolError(str(error)) from error


class UndreamMemoryTool(BetaAbstractMemoryTool):
    """The memory tool on an Undream database; words are options of `undream memory-tool`."""

    def __init__(self, *words: str, db: Optional[str] = None, program: Optional[str] = None, **sdk: Any):
        super().__init__(**sdk)
        self._tool = MemoryTool(*words, db=db, program=program)

    def _run(self, command: Any) -> str:
        return _answer(self._tool, command)

    view = create = str_replace = insert = delete = rename = _run

    def clear_all_memory(self) -> str:
        """Removes all files, in one commit."""
        return _cleared(self._tool)

    def close(self) -> None:
        """Ends the child process."""
        self._tool.close()


class UndreamAsyncMemoryTool(BetaAsyncAbstractMemoryTool):
    """The same for the SDK's asynchronous clients."""

    def __init__(self, *words: str, db: Optional[str] = None, program: Optional[str] = None, **sdk: Any):
        super().__init__(**sdk)
        self._tool = MemoryTool(*words, db=db, program=program)

    async def _run(self, command: Any) -> str:
        return await asyncio.to_thread(_answer, self._tool, command)

    view = create = str_replace = insert = delete = rename = _run

    async def clear_all_memory(self) -> str:
        """Removes all files, in one commit."""
        return await asyncio.to_thread(_cleared, self._tool)

    def close(self) -> None:
        """Ends the child process."""
        self._tool.close()

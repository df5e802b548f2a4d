"""The clients in examples/python with the real packages, on a real database.

    UNDREAM=PROGRAM python test_examples.py

`tests/python/run` calls it in an environment that has the packages.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "examples", "python"))

from anthropic.lib.tools import ToolError  # noqa: E402
from langgraph.store.base import GetOp, PutOp, SearchOp  # noqa: E402
from langgraph.store.memory import InMemoryStore  # noqa: E402

from undream_client import Mcp, MemoryTool, UndreamError  # noqa: E402
from undream_memory_tool import UndreamAsyncMemoryTool, UndreamMemoryTool  # noqa: E402
from undream_store import UndreamStore, decode, encode  # noqa: E402

UNDREAM = os.path.abspath(os.environ["UNDREAM"])
# Built with the feature, it looks for the database (1); without, it does not know what to do (2).
PROBE = [UNDREAM, "mcp", "--db", os.path.join(HERE, "no-such-database")]
HAS_MCP = subprocess.run(PROBE, capture_output=True, stdin=subprocess.DEVNULL).returncode == 1


class WithDatabase(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.db = os.path.join(folder.name, "db")
        self.undream("init", "--quiet")

    def undream(self, *words: str) -> str:
        command = [UNDREAM, *words, "--db", self.db]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def log(self) -> list[dict]:
        return json.loads(self.undream("log", "--json"))["commits"]

    def keys(self) -> list[str]:
        return [memory["key"] for memory in json.loads(self.undream("ls", "--json"))["memories"]]

    def started(self, client):
        self.addCleanup(client.close)
        return client


class TestMemoryTool(WithDatabase):
    def test_commands_are_answered_and_committed_in_their_session(self) -> None:
        words = ("--author", "agent:scribe", "--session", "chat-7")
        tool = self.started(MemoryTool(*words, db=self.db, program=UNDREAM))
        path = "/memories/ä.md"
        content, is_error = tool.run({"command": "create", "path": path, "file_text": "tea\u2028\n"})
        self.assertFalse(is_error, content)
        content, is_error = tool.run({"command": "view", "path": path})
        self.assertEqual(content.partition("\n")[2], "     1\ttea\u2028\n     2\t")
        self.assertTrue(tool.run({"command": "view"})[1])
        self.assertEqual([commit["session"] for commit in self.log()], ["chat-7"])

    def test_a_child_that_has_ended_is_an_error(self) -> None:
        tool = self.started(MemoryTool("--branch", "none", db=self.db, program=UNDREAM))
        with self.assertRaises(UndreamError) as raised:
            tool.run({"command": "view", "path": "/memories"})
            tool.run({"command": "view", "path": "/memories"})
        self.assertEqual(raised.exception.kind, "io")
        self.assertIn("exit code 1", str(raised.exception))

    def test_an_interrupt_ends_the_child_so_no_later_answer_is_taken_for_another(self) -> None:
        tool = self.started(MemoryTool(db=self.db, program=UNDREAM))
        tool.run({"command": "create", "path": "/memories/a", "file_text": "one"})
        receive = tool._receive

        def interrupted():
            raise KeyboardInterrupt

        tool._receive = interrupted
        with self.assertRaises(KeyboardInterrupt):
            tool.run({"command": "view", "path": "/memories/a"})
        tool._receive = receive
        with self.assertRaises(UndreamError) as raised:
            tool.run({"command": "view", "path": "/memories"})
        self.assertEqual(raised.exception.kind, "io")
        self.assertIn("ended", str(raised.exception))

    def test_what_is_no_json_is_refused_and_the_next_question_is_answered(self) -> None:
        tool = self.started(MemoryTool(db=self.db, program=UNDREAM))
        for value in (float("nan"), float("inf"), {1, 2}):
            with self.assertRaises(UndreamError) as raised:
                tool.run({"command": "view", "path": "/memories", "view_range": [value, 1]})
            self.assertEqual(raised.exception.kind, "invalid")
        content, is_error = tool.run({"command": "view", "path": "/memories"})
        self.assertFalse(is_error, content)

    def test_all_files_are_removed_in_one_commit(self) -> None:
        words = ("--author", "agent:scribe", "--session", "chat-7", "--prefix", "own")
        tool = self.started(MemoryTool(*words, db=self.db, program=UNDREAM))
        self.undream("put", "other", "x", "--author", "ana")
        for path in ("a", ".hidden/b", "c/d"):
            tool.run({"command": "create", "path": f"/memories/{path}", "file_text": "x"})
        tool.clear()
        self.assertEqual(self.keys(), ["other"])
        self.assertEqual(len(self.log()), 5)
        self.assertEqual(self.log()[0]["session"], "chat-7")
        content, is_error = tool.run({"command": "create", "path": "/memories/a", "file_text": "y"})
        self.assertFalse(is_error, content)

    def test_threads_get_their_own_answers(self) -> None:
        tool = self.started(MemoryTool(db=self.db, program=UNDREAM))
        wrong = []

        def work(name: int) -> None:
            for number in range(20):
                path = f"/memories/{name}/{number}"
                content, _ = tool.run({"command": "create", "path": path, "file_text": "x"})
                if path not in content:
                    wrong.append(content)

        threads = [threading.Thread(target=work, args=[name]) for name in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
        self.assertEqual(len(self.log()), 80)


class TestSdk(WithDatabase):
    STORY = [
        {"command": "create", "path": "/memories/a/b.md", "file_text": "one\ntwo\n"},
        {"command": "str_replace", "path": "/memories/a/b.md", "old_str": "two", "new_str": "2"},
        {"command": "insert", "path": "/memories/a/b.md", "insert_line": 0, "insert_text": "top"},
        {"command": "rename", "old_path": "/memories/a", "new_path": "/memories/c"},
        {"command": "view", "path": "/memories/c/b.md", "view_range": [2, -1]},
    ]
    END = "     2\tone\n     3\t2\n     4\t"

    def test_the_sdk_runs_the_tool(self) -> None:
        tool = self.started(UndreamMemoryTool("--author", "agent:sdk", db=self.db, program=UNDREAM))
        self.assertEqual(tool.to_dict(), {"type": "memory_20250818", "name": "memory"})
        answers = [tool.call(command) for command in self.STORY]
        self.assertEqual(answers[-1].partition("\n")[2], self.END)
        self.assertEqual(len(self.log()), 4)
        with self.assertRaises(ToolError) as raised:
            tool.call({"command": "view", "path": "/memories/../etc/passwd"})
        self.assertIn("`..`", str(raised.exception))
        tool.call({"command": "delete", "path": "/memories/c"})
        with self.assertRaises(ToolError):
            tool.call({"command": "delete", "path": "/memories/c"})

    def test_the_asynchronous_sdk_runs_the_tool(self) -> None:
        tool = self.started(UndreamAsyncMemoryTool(db=self.db, program=UNDREAM))

        async def story() -> str:
            for command in self.STORY:
                answer = await tool.call(command)
            return answer

        self.assertEqual(asyncio.run(story()).partition("\n")[2], self.END)
        self.assertTrue(asyncio.run(tool.clear_all_memory()))
        self.assertEqual(self.keys(), [])

    def test_the_sdk_clears_all_memory(self) -> None:
        tool = self.started(UndreamMemoryTool(db=self.db, program=UNDREAM))
        for path in ("/memories/a/b.md", "/memories/.hidden"):
            tool.call({"command": "create", "path": path, "file_text": "x"})
        self.assertIsInstance(tool.clear_all_memory(), str)
        self.assertEqual(self.keys(), [])
        self.assertTrue(tool.clear_all_memory(), "also where nothing is")
        read_only = self.started(UndreamMemoryTool("--read-only", db=self.db, program=UNDREAM))
        with self.assertRaises(ToolError):
            read_only.clear_all_memory()


class TestNames(unittest.TestCase):
    def test_every_name_is_one_part_of_a_key_and_comes_back(self) -> None:
        names = ["", ".", "..", "~", "a/b", "a\\b", "~2E", "%2e", "e\u0301", "é", "a\u200bb", "\n", "日本"]
        parts = [encode(name) for name in names]
        self.assertEqual([decode(part) for part in parts], names)
        self.assertEqual(len(set(parts)), len(names))
        for part in parts:
            self.assertNotIn(part, ("", ".", ".."))
            self.assertNotRegex(part, r"[/\\%\n\u200b\u0301]")


class Erasing:
    """A client whose server has erased the text at a key, until another memory stands there."""

    def __init__(self, client: Mcp, key: str) -> None:
        self.client, self.key, self.erased = client, key, False

    def call(self, tool: str, **arguments):
        if self.erased and arguments.get("key") == self.key and tool == "update":
            raise UndreamError("redacted", "the text was erased")
        result = self.client.call(tool, **arguments)
        if tool == "forget":
            self.erased = False
        return result

    def pages(self, tool: str, **arguments):
        for page in self.client.pages(tool, **arguments):
            for memory in [page["memory"]] if tool == "get" else page["memories"]:
                if self.erased and memory["key"] == self.key:
                    memory["erased"] = True
                    memory.pop("text", None)
                    memory["line"] = None
            yield page


@unittest.skipUnless(HAS_MCP, "this undream was built without `mcp`")
class TestStore(WithDatabase):
    def setUp(self) -> None:
        super().setUp()
        self.client = self.started(Mcp("--author", "agent:graph", db=self.db, program=UNDREAM))
        self.store = UndreamStore(self.client)

    def test_the_client_calls_tools_and_is_told_of_refusals(self) -> None:
        self.assertIn("recall", {tool["name"] for tool in self.client.tools()})
        written = self.client.call("add", key="facts/city", text="The office is in Lisbon.", why=None)
        self.assertTrue(written["changed"])
        found = self.client.call("recall", query="office")["memories"]
        self.assertEqual(found[0]["text"], "The office is in Lisbon.")
        with self.assertRaises(UndreamError) as raised:
            self.client.call("get", key="facts/none")
        self.assertEqual(raised.exception.kind, "not found")
        with self.assertRaises(UndreamError):
            self.client.call("no_such_tool")

    def test_items_are_put_got_changed_and_deleted(self) -> None:
        users = ("users", "ana")
        self.assertIsNone(self.store.get(users, "drink"))
        value = {"text": "Ana drinks oolong.\u2028\x07", "n": 3, "deep": {"list": [1, None, "日本"]}}
        self.store.put(users, "drink", value)
        first = self.store.get(users, "drink")
        self.assertEqual((first.value, first.key, first.namespace), (value, "drink", users))
        self.store.put(users, "drink", {"text": "Ana drinks coffee."})
        second = self.store.get(users, "drink")
        self.assertEqual(second.value, {"text": "Ana drinks coffee."})
        self.assertEqual(second.created_at, first.created_at)
        self.assertGreater(second.updated_at, first.updated_at)
        self.store.delete(users, "drink")
        self.store.delete(users, "drink")
        self.assertIsNone(self.store.get(users, "drink"))
        self.assertEqual(len(self.log()), 3)

    def test_an_item_and_a_namespace_may_have_one_name(self) -> None:
        for namespace, key in [(("a",), "b"), (("a", "b"), "c"), (("a", "b.json"), "d"), (("a",), "b.json")]:
            # `put` refuses periods in namespaces, `batch` does not.
            self.store.batch([PutOp(namespace, key, {"at": [*namespace, key]})])
        self.assertEqual(self.store.get(("a",), "b").value, {"at": ["a", "b"]})
        dotted = self.store.batch([GetOp(("a", "b.json"), "d")])[0]
        self.assertEqual(dotted.value, {"at": ["a", "b.json", "d"]})
        self.assertEqual(len(self.store.search(("a",))), 4)

    def test_a_value_longer_than_an_answer_comes_back_whole(self) -> None:
        value = {"text": "é oolong " * 9_000}
        self.store.put(("long",), "one", value)
        self.assertEqual(self.store.get(("long",), "one").value, value)
        self.assertEqual(self.store.search((), query="oolong")[0].value, value)

    def test_a_search_finds_words_and_filters(self) -> None:
        for number, text in enumerate(["green tea", "black tea", "coffee", "tea and tea"]):
            self.store.put(("drinks",), f"{number}", {"text": text, "n": number})
        self.store.put(("other",), "0", {"text": "tea elsewhere", "n": 0})
        found = self.store.search(("drinks",), query="tea")
        self.assertEqual({item.key for item in found}, {"0", "1", "3"})
        self.assertEqual([item.score for item in found], sorted((item.score for item in found), reverse=True))
        found = self.store.search(("drinks",), query="tea", filter={"n": {"$gte": 1, "$lt": 3}})
        self.assertEqual([item.key for item in found], ["1"])
        self.assertEqual(self.store.search(("drinks",), query="water"), [])
        with self.assertRaises(ValueError):
            self.store.search(("drinks",), filter={"n": {"$near": 1}})

    def test_the_asynchronous_calls_do_the_same(self) -> None:
        async def story():
            await self.store.aput(("a",), "k", {"v": 1})
            return await self.store.abatch([GetOp(("a",), "k"), SearchOp(("a",)), PutOp(("a",), "k", None)])

        got, found, deleted = asyncio.run(story())
        self.assertEqual((got.value, [item.key for item in found], deleted), ({"v": 1}, ["k"], None))
        self.assertIsNone(self.store.get(("a",), "k"))

    def test_what_the_store_cannot_do_is_refused(self) -> None:
        with self.assertRaises(ValueError):
            self.store.put(("a",), "k", {"v": 1}, index=False)
        with self.assertRaises(NotImplementedError):
            self.store.put(("a",), "k", {"v": 1}, ttl=5)
        self.assertIsNone(self.store.get(("a",), "k"))

    def test_a_store_without_a_prefix_does_what_one_with_a_prefix_does(self) -> None:
        for prefix in ("", "/", "deep/er/"):
            store = UndreamStore(self.client, prefix=prefix)
            store.batch([PutOp((), "top", {"n": 0}), PutOp(("a", "b"), "k", {"n": 1, "text": "tea"})])
            self.assertEqual(store.get(("a", "b"), "k").value["n"], 1)
            self.assertEqual(store.batch([GetOp((), "top")])[0].value, {"n": 0})
            found = {(item.namespace, item.key) for item in store.search(("a",))}
            self.assertEqual(found, {(("a", "b"), "k")})
            self.assertEqual(store.search((), query="tea")[0].key, "k")
            self.assertIn(("a", "b"), store.list_namespaces())
            store.delete(("a", "b"), "k")
            store.batch([PutOp((), "top", None)])
            self.assertEqual(store.search(()), [])

    def test_a_value_that_is_no_json_is_refused_and_writes_nothing(self) -> None:
        with self.assertRaises(ValueError):
            self.store.put(("a",), "k", {"v": float("nan")})
        self.assertIsNone(self.store.get(("a",), "k"))

    def test_an_item_that_was_erased_is_none_and_can_be_put_anew(self) -> None:
        server = Erasing(self.client, "langgraph/a/k.json")
        store = UndreamStore(server)
        store.put(("a",), "k", {"text": "tea"})
        server.erased = True
        self.assertIsNone(store.get(("a",), "k"))
        self.assertEqual(store.search(("a",)), [])
        self.assertEqual(store.list_namespaces(), [])
        store.put(("a",), "k", {"text": "coffee"})
        self.assertEqual(store.get(("a",), "k").value, {"text": "coffee"})
        server.erased = True
        store.delete(("a",), "k")
        self.assertIsNone(store.get(("a",), "k"))
        self.assertEqual(self.client.call("list", prefix="langgraph")["memories"], [])

    def test_other_memories_are_left_alone(self) -> None:
        self.client.call("add", key="langgraph/readme.md", text="tea, and no item")
        self.client.call("add", key="langgraph/a/readme", text="tea, and no item")
        self.store.put(("a",), "k", {"text": "tea"})
        self.assertEqual([item.key for item in self.store.search((), query="tea")], ["k"])
        self.assertEqual(self.store.list_namespaces(), [("a",)])

    def test_random_calls_do_what_langgraphs_own_store_does(self) -> None:
        chance, own = random.Random(7), InMemoryStore()
        names, keys = ["a", "b", "a json", "é", "x/y"], ["a", "b", "a.json", "..", "é", ""]
        for number in range(150):
            namespace = tuple(chance.choice(names) for _ in range(chance.randint(1, 3)))
            key, value = chance.choice(keys), {"n": number % 5, "s": chance.choice(names)}
            act = chance.choice(["put", "put", "put", "delete", "search", "list"])
            if act == "search":
                wanted = chance.choice([None, {"n": 3}, {"n": {"$gt": 2}}, {"s": {"$ne": "a"}}])
                both = [
                    sorted((i.namespace, i.key, i.value["n"]) for i in store.search(
                        namespace[:1], filter=wanted, limit=500))
                    for store in (self.store, own)
                ]  # fmt: skip
            elif act == "list":
                options = chance.choice(
                    [{}, {"max_depth": 1}, {"prefix": namespace[:1]}, {"suffix": ("*", "b")}, {"prefix": ("*", "é")},
                     {"limit": 2, "offset": 1}]
                )  # fmt: skip
                both = [store.list_namespaces(**options) for store in (self.store, own)]
                if not options.get("limit"):
                    # There, a namespace stays listed when its last item has gone.
                    shorter = "max_depth" in options
                    held = {item.namespace for item in own.search((), limit=500)}
                    held = {name[:1] for name in held} if shorter else held
                    both[1] = [name for name in both[1] if name in held]
            else:
                for store in (self.store, own):
                    store.put(namespace, key, value) if act == "put" else store.delete(namespace, key)
                both = [getattr(store.get(namespace, key), "value", None) for store in (self.store, own)]
            if act == "list" and options.get("limit"):
                self.assertLessEqual(len(both[0]), 2)
            else:
                self.assertEqual(both[0], both[1], (number, act, namespace, key))


if __name__ == "__main__":
    if not HAS_MCP:
        print("skipped: the LangGraph store, since this undream was built without `mcp`")
    unittest.main()

"""A LangGraph `BaseStore` on Undream: long-term memory with history, review and revert.

    from undream_client import Mcp
    from undream_store import UndreamStore

    store = UndreamStore(Mcp("--author", "agent:graph", db="notes.undream"))
    store.put(("users", "ana"), "drink", {"text": "Ana drinks oolong."})
    graph = builder.compile(store=store)

An item is a memory at `PREFIX/NAMESPACE/.../KEY.json`; its text is JSON with the value and the times.
Each put and delete is a commit. A search with a query is `recall`: it finds items by their words.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from typing import Any, Optional

from langgraph.store.base import (
    BaseStore,
    GetOp,
    Item,
    ListNamespacesOp,
    MatchCondition,
    Op,
    PutOp,
    Result,
    SearchItem,
    SearchOp,
)

from undream_client import Mcp, UndreamError

#: The end of an item's name, which no name of a namespace has: so no item is a namespace too.
ITEM = ".json"
#: How often a put is tried while others change the same item.
TRIES = 16
#: The most items that a search ranks, as `recall` does.
RANKED_MAX = 1_000

#: What cannot be seen, by categories of Unicode.
_UNSEEN = ("Cc", "Cf", "Cn", "Co", "Zl", "Zp")


#: What shows as nothing though it is a letter or a mark.
_EMPTY = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0d\uffa0\U000e0100-\U000e01ef]"
)


def _hides(sign: str) -> bool:
    """Whether the server escapes a sign, since something may hide in it."""
    unseen = unicodedata.category(sign) in _UNSEEN and sign != "\n"
    return unseen or _EMPTY.match(sign) is not None


def encode(name: str) -> str:
    """A name as one part of a key: what no key can hold becomes `~` and the hexadecimal bytes."""
    if name in ("", ".", ".."):
        return name.replace(".", "~2E") or "~"
    whole = unicodedata.normalize("NFC", name) == name
    parts = []
    for sign in name:
        fits = sign not in "/\\~%" and unicodedata.category(sign) not in _UNSEEN
        if fits and (whole or sign.isascii()):
            parts.append(sign)
        else:
            parts.extend(f"~{byte:02X}" for byte in sign.encode())
    return "".join(parts)


def decode(part: str) -> str:
    """The name that was encoded."""
    if part == "~":
        return ""
    head, *codes = part.split("~")
    data = head.encode()
    for code in codes:
        data += bytes([int(code[:2], 16)]) + code[2:].encode()
    return data.decode()


def _folder(name: str) -> str:
    part = encode(name)
    return part[: -len(ITEM)] + "~2Ejson" if part.endswith(ITEM) else part


def _matches(condition: MatchCondition, namespace: tuple[str, ...]) -> bool:
    wanted = condition.path
    if len(wanted) > len(namespace):
        return False
    if condition.match_type == "prefix":
        given = namespace[: len(wanted)]
    else:
        given = namespace[len(namespace) - len(wanted) :]
    return all(want in ("*", have) for want, have in zip(wanted, given))


_COMPARE = {
    "$eq": lambda have, want: have == want,
    "$ne": lambda have, want: have != want,
    "$gt": lambda have, want: have > want,
    "$gte": lambda have, want: have >= want,
    "$lt": lambda have, want: have < want,
    "$lte": lambda have, want: have <= want,
}


def _admits(wanted: Optional[dict[str, Any]], value: dict[str, Any]) -> bool:
    """Whether an item's value passes a filter: equal values, or operators such as `$gt`."""
    for name, want in (wanted or {}).items():
        have = value.get(name)
        if isinstance(want, dict) and any(key.startswith("$") for key in want):
            for operator, bound in want.items():
                if operator not in _COMPARE:
                    raise ValueError(f"{operator} is no operator; they are {', '.join(_COMPARE)}")
                ordered = operator not in ("$eq", "$ne")
                if (have is None and ordered) or not _COMPARE[operator](have, bound):
                    return False
        elif have != want:
            return False
    return True


class UndreamStore(BaseStore):
    """Items of LangGraph as memories of an Undream database, by way of `undream mcp`. All of them
    stand under `prefix`; other memories of the database are left alone."""

    def __init__(self, client: Mcp, prefix: str = "langgraph") -> None:
        self._client = client
        self._prefix = prefix.strip("/")

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Does the operations one after the other; each sees what those before it wrote."""
        return [self._do(op) for op in ops]

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """The same without holding up the event loop."""
        return await asyncio.to_thread(self.batch, list(ops))

    def _do(self, op: Op) -> Result:
        if isinstance(op, GetOp):
            found = self._read(self._key(op.namespace, op.key))
            return None if found is None else found[1]
        if isinstance(op, PutOp):
            return self._put(op)
        if isinstance(op, SearchOp):
            return self._search(op)
        if isinstance(op, ListNamespacesOp):
            return self._namespaces(op)
        raise ValueError(f"{type(op).__name__} is no operation of a store")

    def _path(self, namespace: tuple[str, ...]) -> str:
        return self._joined(map(_folder, namespace))

    def _key(self, namespace: tuple[str, ...], key: str) -> str:
        return self._joined([*map(_folder, namespace), encode(key) + ITEM])

    def _joined(self, parts: Iterable[str]) -> str:
        return "/".join([self._prefix, *parts] if self._prefix else parts)

    def _place(self, key: str) -> Optional[tuple[tuple[str, ...], str]]:
        """The namespace and name of the item at a key; None if it is a memory of another kind."""
        inside = key[len(self._prefix) + 1 :] if self._prefix else key
        *folders, name = inside.split("/")
        if not name.endswith(ITEM):
            return None
        return tuple(map(decode, folders)), decode(name[: -len(ITEM)])

    def _read(self, key: str) -> Optional[tuple[str, Optional[Item]]]:
        """The record that stands at a key and the item it holds, if it holds one: a text that was
        erased is none."""
        text = ""
        try:
            for page in self._client.pages("get", key=key):
                record = page["memory"]["record"]
                text += page["memory"].get("text", "")
        except UndreamError as error:
            if error.kind == "not found":
                return None
            raise
        return record, self._item(key, text)

    def _item(self, key: str, text: str, kind: type = Item, **more: Any) -> Optional[Item]:
        """The item a memory holds; None if somebody else wrote something there that is none."""
        namespace, name = self._place(key)
        try:
            held = json.loads(text)
            return kind(
                namespace=namespace,
                key=name,
                value=held["value"],
                created_at=datetime.fromisoformat(held["created_at"]),
                updated_at=datetime.fromisoformat(held["updated_at"]),
                **more,
            )
        except (ValueError, KeyError, TypeError):
            return None

    def _put(self, op: PutOp) -> None:
        if op.index is not None:
            raise ValueError("every item can be searched by all its words; leave `index` out")
        key = self._key(op.namespace, op.key)
        for _ in range(TRIES):
            try:
                return self._put_once(key, op.value)
            except UndreamError as error:
                if error.kind not in ("stale", "not found"):
                    raise
        raise UndreamError("stale", f"others kept changing `{key}`", "put it again")

    def _put_once(self, key: str, value: Optional[dict[str, Any]]) -> None:
        found = self._read(key)
        if value is None:
            if found is not None:
                self._client.call("forget", key=key, record=found[0])
            return
        now = datetime.now(timezone.utc)
        created = now if found is None or found[1] is None else found[1].created_at
        held = {"value": dict(value), "created_at": created.isoformat(), "updated_at": now.isoformat()}
        text = json.dumps(held, ensure_ascii=False, indent=1, allow_nan=False)
        if any(_hides(sign) for sign in text):
            # What cannot be seen would come back escaped in another way.
            text = json.dumps(held, indent=1, allow_nan=False)
        try:
            if found is None:
                self._client.call("add", key=key, text=text)
            else:
                self._client.call("update", key=key, record=found[0], text=text)
        except UndreamError as error:
            if error.kind != "redacted":
                raise
            # What was erased has no next version: another memory takes its place.
            self._client.call("forget", key=key, record=found[0])
            self._client.call("add", key=key, text=text)

    def _search(self, op: SearchOp) -> list[SearchItem]:
        found = self._ranked(op) if op.query else self._all(op)
        items = (item for item in found if _admits(op.filter, item.value))
        kept = list(itertools.islice(items, op.offset + op.limit))
        return kept[op.offset :]

    def _ranked(self, op: SearchOp) -> Iterator[SearchItem]:
        """Items that a search for words finds, the best first."""
        seen = 0
        pages = self._client.pages(
            "recall", query=op.query, prefix=self._path(op.namespace_prefix), limit=50
        )
        for page in pages:
            for hit in page["memories"]:
                if self._place(hit["key"]) is None:
                    continue
                if hit.get("truncated"):
                    found = self._read(hit["key"])
                    if found is None or found[1] is None:
                        continue  # It was deleted meanwhile, or is none of ours.
                    item = found[1]
                    yield SearchItem(**{n: getattr(item, n) for n in Item.__slots__}, score=hit["score"])
                else:
                    item = self._item(hit["key"], hit["text"], SearchItem, score=hit["score"])
                    if item is not None:
                        yield item
            seen += 50
            if seen >= RANKED_MAX:
                return

    def _all(self, op: SearchOp) -> Iterator[SearchItem]:
        """All items under a namespace, in order of their keys."""
        for key in self._keys(op.namespace_prefix):
            found = self._read(key)
            if found is not None and found[1] is not None:
                yield SearchItem(**{n: getattr(found[1], n) for n in Item.__slots__})

    def _keys(self, namespace: tuple[str, ...]) -> Iterator[str]:
        for page in self._client.pages("list", prefix=self._path(namespace), limit=200):
            for memory in page["memories"]:
                if self._place(memory["key"]) is not None and not memory.get("erased"):
                    yield memory["key"]

    def _namespaces(self, op: ListNamespacesOp) -> list[tuple[str, ...]]:
        found = {self._place(key)[0] for key in self._keys(())}
        wanted = op.match_conditions or ()
        found = {name for name in found if all(_matches(want, name) for want in wanted)}
        if op.max_depth is not None:
            found = {name[: op.max_depth] for name in found}
        return sorted(found)[op.offset : op.offset + op.limit]

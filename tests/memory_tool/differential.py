"""Compares `undream memory-tool` with the reference backend of the official Python SDK.

Random sequences of commands go to both. After each command the kinds of outcome must be equal, and so
must listings, numbered lines and the lines around an edit; after each sequence the trees must be equal
too: every path with its text. Where the two differ on purpose, `Differences` says so one by one with
the reason, and checks what Undream does instead.

    python differential.py --undream PROGRAM [--sequences N] [--seed S] [--only SEQUENCE]

`tests/python/run` calls it in an environment that has the SDK.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unicodedata

from anthropic.lib.tools import ToolError
from anthropic.tools import BetaLocalFilesystemMemoryTool

#: After so many sequences both sides begin with nothing again, in other folders.
FRESH_AFTER = 40
NAMES = ["a", "b", "c", "a.md", "b.md", "notes.txt", ".hidden", "sp ace", "é", "Upper", "a-b", "ab", "..."]
DECOMPOSED = "e\u0301"
WORDS = ["tea", "oolong", "Lisbon", "office", "tea", "x", "é", "日本", "\t", "a", "aa", ""]
ENDS = ["\n", "\n", "\n", "\r\n", "\n\n", " "]
DIRECTORY_SIZE = re.compile(r"^[^\t]*\t(.*/)$")


class Reference:
    """The SDK's backend, in a folder."""

    def __init__(self, folder: str) -> None:
        self.tool = BetaLocalFilesystemMemoryTool(folder)
        self.root = str(self.tool.memory_root)

    def run(self, command: dict) -> tuple[str, str]:
        """The kind of outcome, and what the model is told."""
        try:
            outcome = "done", self.tool.call(command)
        except ToolError as error:
            outcome = kind_of_refusal(str(error)), str(error)
        except (OSError, ValueError, UnicodeError) as error:
            outcome = "failed", str(error)
        self.prune()
        return outcome

    def prune(self) -> None:
        """Difference: a directory ends with its last file, since keys have no folders of their own."""
        for folder, _, _ in os.walk(self.root, topdown=False):
            if folder != self.root and not os.listdir(folder):
                os.rmdir(folder)

    def has(self, path: str) -> bool:
        """Whether anything is at a path under /memories."""
        path = unicodedata.normalize("NFC", path)
        return os.path.exists(os.path.normpath(self.root + path[len("/memories") :]))

    def tree(self) -> dict[str, str]:
        found = {}
        for folder, _, files in os.walk(self.root):
            for name in files:
                path = os.path.join(folder, name)
                with open(path, encoding="utf-8", newline="") as file:
                    found[os.path.relpath(path, self.root)] = file.read()
        return found

    def clear(self) -> None:
        for name in os.listdir(self.root):
            path = os.path.join(self.root, name)
            shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)


#: What the reference says, and the kind of outcome that it is.
REFUSALS = [
    ("Cannot ", "root"),
    ("does not exist", "missing"),
    ("already exists", "exists"),
    ("is not a file", "not a file"),
    ("did not appear", "no match"),
    ("Multiple occurrences", "matches"),
    ("insert_line", "range"),
    ("Path must start", "path"),
    ("would escape", "path"),
    ("line limit", "limit"),
]
#: The same for Undream. What a file system refuses by itself is "failed" in the reference.
REFUSED = [
    ("itself cannot be", "root"),
    ("there is no file or directory", "missing"),
    ("is a file already", "exists"),
    ("is a directory; name", "exists"),
    ("is beneath the file", "failed"),
    ("lies in ", "failed"),
    ("is a directory, not a file", "not a file"),
    ("does not stand there", "no match"),
    ("more than once", "matches"),
    ("nothing is inserted", "range"),
    ("the path ", "path"),
    ("can be shown", "limit"),
    ("`view_range` is", "range"),
    ("the text has", "limit"),
]


def kind_of_refusal(text: str, table: list = REFUSALS) -> str:
    for words, kind in table:
        if words in text:
            return kind
    raise AssertionError(f"a refusal of no known kind: {text}")


class Undream:
    """`undream memory-tool --lines` on a database of its own."""

    def __init__(self, program: str, folder: str) -> None:
        self.program, self.db = program, os.path.join(folder, "db")
        subprocess.run([program, "init", "--quiet", "--db", self.db], check=True)
        words = [program, "memory-tool", "--lines", "--db", self.db, "--author", "agent:random"]
        self.child = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        )

    def run(self, command: dict) -> tuple[str, str]:
        self.child.stdin.write(json.dumps(command) + "\n")
        self.child.stdin.flush()
        reply = json.loads(self.child.stdout.readline())
        content = reply["content"]
        return (kind_of_refusal(content, REFUSED) if reply["is_error"] else "done"), content

    def tree(self) -> dict[str, str]:
        words = [self.program, "export", "-", "--db", self.db]
        lines = subprocess.run(words, check=True, capture_output=True, encoding="utf-8").stdout
        entries = [json.loads(line) for line in lines.splitlines()]
        return {entry["key"]: entry["text"] for entry in entries if "key" in entry}

    def clear(self, tree: dict[str, str]) -> None:
        for name in {path.split("/")[0] for path in tree}:
            outcome = self.run({"command": "delete", "path": f"/memories/{name}"})
            assert outcome[0] == "done", outcome

    def close(self) -> None:
        self.child.stdin.close()
        assert self.child.wait() == 0


class Differences:
    """Where Undream differs on purpose: each kind with its reason, counted where it is met."""

    REASONS = {
        "not a whole part": "the reference takes /memoriesX for /memories/X",
        "dots": "`..` is refused, also where it would stay inside",
        "backslash": "no key holds one",
        "encoded": "another program might decode it",
        "unprintable": "no key holds control or format characters",
        "too deep": "a key has 32 segments at most",
        "long name": "a file system has shorter names than keys",
        "too long": "a text has 1 MiB at most",
        "no new text": "str_replace without new_str deletes; the reference fails",
        "odd range": "a view_range of other than two numbers is refused; the reference shows all",
        "one name": "names that look the same are one key; a file system may keep two files",
        "two faults": "there is nothing to rename, and a path leads through a file or into itself too",
    }

    def __init__(self) -> None:
        self.met = collections.Counter()

    def refused_here(self, command: dict) -> list[tuple[str, str]]:
        """The differences for which Undream refuses the command, and the kinds of those refusals."""
        found = []
        for path in (command[name] for name in ("path", "old_path", "new_path") if name in command):
            inside = path.split("/")
            if path.startswith("/memories") and path[9:10] not in ("", "/"):
                found.append(("not a whole part", "path"))
            if ".." in inside:
                found.append(("dots", "path"))
            if "\\" in path:
                found.append(("backslash", "path"))
            if re.search("%2e|%2f|%5c", path, re.IGNORECASE):
                found.append(("encoded", "path"))
            if path.startswith("/memories") and "\x07" in path:
                found.append(("unprintable", "path"))
            if len([part for part in inside if part not in ("", ".")]) > 33:
                found.append(("too deep", "path"))
        texts = [command.get(name, "") for name in ("file_text", "new_str", "insert_text")]
        if any(len(text) > 1 << 20 for text in texts):
            found.append(("too long", "limit"))
        if len(command.get("view_range") or [1, 2]) != 2:
            found.append(("odd range", "range"))
        return found

    def meet(self, name: str) -> None:
        assert name in self.REASONS
        self.met[name] += 1

    def for_reference(self, command: dict) -> dict:
        """The command as the reference has to be asked for the same to happen."""
        command = dict(command)
        for name in ("path", "old_path", "new_path"):
            path = command.get(name, "")
            if path != unicodedata.normalize("NFC", path):
                self.meet("one name")
                command[name] = unicodedata.normalize("NFC", path)
        if command["command"] == "str_replace" and "new_str" not in command:
            self.meet("no new text")
            command["new_str"] = ""
        return command


class Writer:
    """Makes up commands."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def text(self) -> str:
        chance = self.chance
        parts = []
        for _ in range(chance.choice([0, 1, 2, 3, 5, 9])):
            parts += [chance.choice(WORDS), chance.choice(ENDS)]
        text = "".join(parts)
        if chance.random() < 0.08:
            text *= chance.choice([40, 200, 1_000])
        if chance.random() < 0.002:
            text = "x" * ((1 << 20) + 1)
        return text

    def name(self) -> str:
        return DECOMPOSED if self.chance.random() < 0.02 else self.chance.choice(NAMES)

    def odd_path(self) -> str:
        name = self.name()
        return self.chance.choice(
            ["", "/", "memories/a", "/etc/passwd", "/memoriesX", f"/memories-{name}/a", "/memories/..",
             f"/memories/{name}/../b", "/memories/../../etc", "/memories/a\\b", "/memories/%2e%2e/a",
             "/memories/a%2Fb", "/memories/a\x07b", "/memories/" + "d/" * 33 + "x",
             "/memories", "/memories/", "/memories/.", f"//memories/{name}", f"/memories//{name}",
             f"/memories/./{name}", f"/memories/{name}/", f"/memories/{name}/.",
             "/memories/" + "n" * 300]
        )  # fmt: skip

    def path(self, tree: list[str], edited: bool = False) -> str:
        chance = self.chance
        if edited and tree and chance.random() < 0.7:
            return "/memories/" + chance.choice(tree)
        if chance.random() < 0.06:
            return self.odd_path()
        if tree and chance.random() < 0.55:
            parts = chance.choice(tree).split("/")
            return "/memories/" + "/".join(parts[: chance.randint(1, len(parts))])
        return "/memories/" + "/".join(self.name() for _ in range(chance.choice([1, 1, 2, 2, 3, 4])))

    def old_text(self, text: str) -> str:
        chance = self.chance
        if text and chance.random() < 0.8:
            start = chance.randrange(len(text))
            return text[start : start + chance.choice([1, 2, 5, 12, 60])]
        return chance.choice(WORDS)

    def command(self, tree: dict[str, str]) -> dict:
        chance, paths = self.chance, sorted(tree)
        name = chance.choice(["view"] * 4 + ["create"] * 5 + ["str_replace"] * 4 + ["insert"] * 3
                             + ["delete"] + ["rename"] * 2)  # fmt: skip
        if name == "rename":
            return {"command": name, "old_path": self.path(paths), "new_path": self.path(paths)}
        path = self.path(paths, name in ("str_replace", "insert"))
        command = {"command": name, "path": path}
        if name == "view":
            if chance.random() < 0.3:
                command["path"] = "/memories"
            if chance.random() < 0.4:
                ends = [chance.randint(-3, 12), chance.choice([-1, chance.randint(-3, 14)])]
                command["view_range"] = ends if chance.random() < 0.97 else ends[:1] * chance.choice([1, 3])
        elif name == "create":
            command["file_text"] = self.text()
        elif name == "str_replace":
            command["old_str"] = self.old_text(tree.get(path[len("/memories/") :], ""))
            if chance.random() < 0.9:
                command["new_str"] = self.text() if chance.random() < 0.5 else chance.choice(WORDS)
        elif name == "insert":
            command["insert_line"] = chance.randint(-1, 9)
            command["insert_text"] = self.text()
        return command


def shown(command: dict, content: str) -> str:
    """What must be equal of an answer: all but words that are free."""
    if command["command"] in ("view", "str_replace"):
        head, _, body = content.partition("\n")
        lines = body.split("\n")
        if command["command"] == "view" and not lines[0].startswith(" " * 5):
            # The size of a directory is the file system's matter there, and that of its memories here.
            lines[0] = lines[0].partition("\t")[2]
            lines = [DIRECTORY_SIZE.sub(r"\1", line) for line in lines]
            # The path is shown as it was given.
            lines = [unicodedata.normalize("NFC", line) for line in lines]
        return "\n".join(lines)
    return ""


def places(content: str) -> list[str]:
    """The first lines that a refusal for several matches names."""
    named = re.search(r"in lines: ([\d, ]+)", content[content.rindex("in lines: ") :])
    return [line for line in re.split(r",\s*", named.group(1).strip(" ,")) if line][:20]


class Comparison:
    def __init__(self, program: str) -> None:
        self.program = program
        self.differences = Differences()
        self.outcomes = collections.Counter()
        memory = "/dev/shm"
        self.home = tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else None)
        self.reference = self.undream = None

    def begin(self) -> None:
        if self.undream is not None:
            self.undream.close()
        shutil.rmtree(self.home)
        os.makedirs(self.home)
        self.reference = Reference(os.path.join(self.home, "reference"))
        self.undream = Undream(self.program, self.home)

    def end(self) -> None:
        if self.undream is not None:
            self.undream.child.stdin.close()
            self.undream.child.wait()
        shutil.rmtree(self.home)

    def command(self, command: dict) -> None:
        refusals = self.differences.refused_here(command)
        ours, said = self.undream.run(command)
        kinds = {kind for _, kind in refusals}
        # A text too long is found out last: the command may be refused before, as in the reference.
        if refusals and (kinds != {"limit"} or ours == "limit"):
            for name, _ in refusals:
                self.differences.meet(name)
            assert ours in kinds, (refusals, ours, said)
            return
        theirs, told = self.reference.run(self.differences.for_reference(command))
        paths = [command.get(name, "") for name in ("path", "old_path", "new_path")]
        if "nnn" in "".join(paths) and theirs == "failed":
            self.differences.meet("long name")
            undo = {"create": "path", "rename": "new_path"}.get(command["command"])
            if ours == "done" and command["command"] == "create":
                self.undream.run({"command": "delete", "path": command["path"]})
            elif ours == "done" and undo:
                back = {"old_path": command["new_path"], "new_path": command["old_path"]}
                self.undream.run({"command": "rename", **back})
            return
        if command["command"] == "rename" and {theirs, ours} == {"failed", "missing"}:
            if not self.reference.has(command["old_path"]):
                self.differences.meet("two faults")
                ours = theirs
        self.outcomes[f"{command['command']}: {ours}"] += 1
        assert ours == theirs, (ours, said, theirs, told)
        if ours == "done":
            mine, wanted = shown(command, said), shown(command, told)
            assert mine == wanted, (mine, wanted)
        elif ours == "matches":
            assert places(said) == places(told), (said, told)
        elif ours == "range":
            assert re.findall(r"\[0, \d+\]", said) == re.findall(r"\[0, \d+\]", told), (said, told)

    def sequence(self, seed: str) -> None:
        chance = random.Random(seed)
        writer, story = Writer(chance), []
        try:
            for _ in range(chance.randint(8, 30)):
                story.append(writer.command(self.reference.tree()))
                self.command(story[-1])
            theirs, ours = self.reference.tree(), self.undream.tree()
            assert ours == theirs, (ours, theirs)
            self.undream.clear(ours)
            self.reference.clear()
        except (AssertionError, json.JSONDecodeError):
            print(f"sequence {seed}:")
            for command in story:
                print("   ", json.dumps(command)[:400])
            raise


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--undream", required=True, metavar="PROGRAM")
    parser.add_argument("--sequences", type=int, default=200)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--only", type=int, metavar="SEQUENCE")
    asked = parser.parse_args()
    numbers = range(asked.sequences) if asked.only is None else [asked.only]
    comparison = Comparison(os.path.abspath(asked.undream))
    try:
        for done, number in enumerate(numbers):
            if done % FRESH_AFTER == 0:
                if done > 0:
                    print(f"{done} sequences", file=sys.stderr, flush=True)
                comparison.begin()
            comparison.sequence(f"{asked.seed}:{number}")
    finally:
        comparison.end()
    total = sum(comparison.outcomes.values())
    print(f"{len(numbers)} sequences, {total} commands: equal outcomes, listings, lines and trees")
    for outcome, count in sorted(comparison.outcomes.items()):
        print(f"  {count:>7}  {outcome}")
    print("on purpose different:")
    for name, reason in Differences.REASONS.items():
        print(f"  {comparison.differences.met[name]:>7}  {name}: {reason}")


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""A small curator: proposes to remember what users said after `TODO:`.

It reads the header, the memory and the sessions as JSON Lines on standard input and writes one
proposal per line to standard output. docs/dreaming.md describes the protocol.
"""

import json
import re
import sys

PROTOCOL = 1


def todos(event):
    """What a user says after `TODO:`, line by line."""
    if event["role"] == "user":
        for line in event["content"].splitlines():
            found = re.search(r"\bTODO:\s*(.+)", line)
            if found:
                yield found.group(1).strip()


def key_of(text):
    """A key of the text's first words; None if it has no letters or digits to make one of."""
    words = re.findall(r"[a-z0-9]+", text.lower())[:6]
    return "todo/" + "-".join(words)[:80] if words else None


def main():
    header = json.loads(sys.stdin.readline())
    if header.get("undream_curator") != PROTOCOL:
        sys.exit(f"this curator speaks protocol {PROTOCOL}")
    found = {}
    for line in sys.stdin:
        session = json.loads(line).get("session")
        if session is None:
            continue
        for number, event in enumerate(session["events"]):
            for text in todos(event):
                key = key_of(text)
                if key:
                    cite = {"session": session["session_id"], "events": [number, number]}
                    found.setdefault(key, (text, []))[1].append(cite)
    best_first = sorted(found.items(), key=lambda item: (-len(item[1][1]), item[0]))
    for key, (text, evidence) in best_first:
        times = len(evidence)
        proposal = {
            "kind": "other",
            "title": f"To do: {text[:80]}",
            "rationale": f"A user said so {times} time{'s' if times > 1 else ''}.",
            "confidence": times / (times + 2),
            "changes": [{"put": {"key": key, "text": text, "kind": "note", "labels": ["todo"]}}],
            "evidence": evidence,
        }
        print(json.dumps(proposal))


if __name__ == "__main__":
    main()

#!/bin/sh
# A small curator: proposes to remember what users said after `TODO:`. Needs jq.
# docs/dreaming.md describes the protocol; todo.py does the same in Python.
set -eu

exec jq --compact-output --null-input '
  def todos: select(.role == "user") | .content | splits("\r?\n")
    | capture("\\bTODO:\\s*(?<text>.+)") | .text | sub("\\s+$"; "");
  def key_of: [ascii_downcase | match("[a-z0-9]+"; "g") | .string][:6]
    | if length == 0 then empty else "todo/" + (join("-")[:80]) end;

  [ inputs | .session | select(. != null) | . as $session
    | .events | to_entries[] | . as $event
    | .value | todos | . as $text | key_of
    | { key: ., text: $text,
        cite: { session: $session.session_id, events: [$event.key, $event.key] } } ]
  | group_by(.key)
  | sort_by(-length, .[0].key)[]
  | length as $times
  | { kind: "other",
      title: ("To do: " + .[0].text[:80]),
      rationale: "A user said so \($times) time\(if $times > 1 then "s" else "" end).",
      confidence: ($times / ($times + 2)),
      changes: [{ put: { key: .[0].key, text: .[0].text, kind: "note", labels: ["todo"] } }],
      evidence: map(.cite) }
'

#!/usr/bin/env bash
# Runs the protocol's own conformance suite and the inspector against a built program.
#
#   tests/mcp/conformance.sh [PROGRAM]
#
# Needs npm, and a registry that it can reach; where there is none it says so and ends well, or fails
# if UNDREAM_REQUIRE=1 asks for it. What it installs goes to a folder of its own, which
# UNDREAM_MCP_TOOLS can name to keep it.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
program="$(realpath "${1:-$here/../../target/release/undream}")"

node_version=22.23.3
conformance_version=0.2.0-alpha.12
inspector_version=2.12.0

skip() {
    echo "conformance: NOTHING WAS CHECKED: $1" >&2
    [ "${UNDREAM_REQUIRE-}" != 1 ] || { echo "conformance: UNDREAM_REQUIRE=1 asks for it" >&2; exit 1; }
    exit 0
}
command -v npm >/dev/null || skip "there is no npm"
[ -x "$program" ] || { echo "conformance: there is no program $program"; exit 1; }

work="$(mktemp -d)"
bridge=
# The bridge ends its servers.
trap '[ -z "$bridge" ] || kill "$bridge" 2>/dev/null || true; rm -rf "$work"' EXIT

tools="${UNDREAM_MCP_TOOLS:-$work/tools}"
stamp="$node_version $conformance_version $inspector_version"
if [ "$(cat "$tools/stamp" 2>/dev/null)" != "$stamp" ]; then
    mkdir -p "$tools"
    (cd "$tools" && npm init -y && timeout 100 npm install --no-audit --no-fund \
        "node@$node_version" \
        "@modelcontextprotocol/conformance@$conformance_version" \
        "@modelcontextprotocol/inspector@$inspector_version") >"$work/install" 2>&1 \
        || { tail -3 "$work/install"; skip "the suite could not be installed"; }
    echo "$stamp" >"$tools/stamp"
fi
export PATH="$tools/node_modules/.bin:$PATH"
node --version | grep -q '^v2[2-9]' || skip "Node 22 or newer cannot be run here"

database="$work/db"
export HOME="$work" UNDREAM_AUTHOR=ana
"$program" init --db "$database" --quiet
"$program" put facts/city "The office is in Lisbon." --db "$database" --quiet
"$program" put facts/tea "The office drinks oolong tea." --db "$database" --quiet

node "$here/bridge.mjs" 0 "$program" mcp --db "$database" --allow review >"$work/port" &
bridge=$!
for _ in $(seq 100); do [ -s "$work/port" ] && break; sleep 0.1; done
url="http://127.0.0.1:$(cat "$work/port")/mcp"

failed=0
check() {
    local name="$1"
    shift
    if timeout 60 "$@" >"$work/out" 2>&1; then
        echo "ok      $name"
    else
        echo "FAILED  $name"
        sed 's/^/    /' "$work/out"
        failed=1
    fi
}

# The scenarios that need no fixture tools, resources or prompts, and that are not about HTTP.
older="server-initialize ping tools-list resources-list prompts-list"
newest="tools-list resources-list prompts-list sep-2164-resource-not-found caching"
for scenario in $older; do
    check "2025-11-25 $scenario" \
        conformance server --url "$url" --scenario "$scenario" --spec-version 2025-11-25
done
for scenario in $newest; do
    check "2026-07-28 $scenario" \
        conformance server --url "$url" --scenario "$scenario" --spec-version 2026-07-28
done

# One scenario has checks of all three sorts. Of it, these may fail: what compares HTTP headers and
# what a server behind HTTP does with a greeting, and what calls fixture tools.
unmet="sep-2575-http-server-header-mismatch-400 sep-2575-http-server-method-not-found-404-initialize
sep-2575-server-rejects-undeclared-capability sep-2575-missing-capability-http-400
sep-2575-http-server-no-independent-requests-on-stream sep-2575-server-no-log-without-loglevel"
only_unmet() {
    NO_COLOR=1 conformance server --url "$url" --scenario server-stateless \
        --spec-version 2026-07-28 >"$work/stateless" 2>&1 || true
    sed -i 's/\x1b\[[0-9;]*m//g' "$work/stateless"
    local passed
    passed="$(grep -c ' SUCCESS ' "$work/stateless")"
    grep ' FAILURE ' "$work/stateless" | sed 's/.*\[\(sep-[a-z0-9-]*\) *\].*/\1/' | sort -u |
        grep -vxF "$(tr ' ' '\n' <<<"$unmet")" && return 1
    [ "$passed" -ge 19 ] || { echo "only $passed checks passed"; cat "$work/stateless"; return 1; }
}
if only_unmet >"$work/out" 2>&1; then
    echo "ok      2026-07-28 server-stateless, but for HTTP and fixture tools"
else
    echo "FAILED  2026-07-28 server-stateless"
    sed 's/^/    /' "$work/out"
    failed=1
fi

inspect() {
    local name="$1" want="$2"
    shift 2
    check "inspector $name" mcp-inspector --cli "$program" mcp --db "$database" --allow review "$@"
    grep -q "$want" "$work/out" || { echo "FAILED  inspector $name: no $want"; cat "$work/out"; failed=1; }
}
inspect "tools/list" '"recall"' --method tools/list
inspect "tools/list --strict" '"recall"' --method tools/list --strict
inspect "recall" 'oolong' --method tools/call --tool-name recall --tool-arg query=tea
inspect "resources/list" 'undream://default/facts/tea' --method resources/list
inspect "resources/read" 'oolong' --method resources/read --uri undream://default/facts/tea
inspect "resources/templates/list" 'dreams/{n}' --method resources/templates/list
inspect "prompts/get" 'oolong' --method prompts/get --prompt-name start-session

[ "$failed" -eq 0 ] && echo "conformance: all as it should be"
exit "$failed"

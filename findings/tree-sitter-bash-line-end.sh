#!/usr/bin/env bash
# tree-sitter-bash reads two commands as one, without an error, where the second begins with a backslash (`\curl`, which
# passes an alias by), and loses the `$` of `$url/$1`.
#
# Versions: tree-sitter-bash 0.25.1 with tree-sitter 0.26.1 (PyPI), Python 3.11.
# Expected: a line end that no backslash precedes ends a command, and `$1` is an expansion behind a slash, too: the shell
#   reads both so. What cannot be read is marked as an error in the tree.
# Seen: `echo one` and `\echo two` in two lines are one command with four words. After an assignment in a line of its own
#   it is worse: `x=1` becomes a part of the command in the next line. `$url/$1` is an expansion, a word `/$` and a number.
#   `has_error` is false each time, so that a program that edits scripts by this tree puts text between the wrong words.
# Needs: python3 with venv, PyPI, and bash.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/pip" install --quiet --disable-pip-version-check tree-sitter==0.26.1 tree-sitter-bash==0.25.1

cat > "$work/probe.py" <<'PYTHON'
import tree_sitter, tree_sitter_bash

parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))

def seen(script):
    root = parser.parse(script.encode()).root_node
    commands, expansions = [], 0
    nodes = [root]
    while nodes:
        node = nodes.pop()
        nodes += node.children
        commands += [node.text.decode()] if node.type == "command" else []
        expansions += node.type == "simple_expansion"
    print(f"{len(commands)} command(s), {expansions} expansion(s), error: {root.has_error}")

seen("echo one\necho two\n")
seen("echo one\n\\echo two\n")
seen("x=1\n\\echo two\n")
seen("echo $url/$1\n")
PYTHON
trees=$("$work/python/bin/python" "$work/probe.py")
shell=$(bash -c 'url=u; set -- first; echo one
\echo two
echo $url/$1')
echo "$trees"
echo "bash: $(echo $shell)"
[ "$trees" = "2 command(s), 0 expansion(s), error: False
1 command(s), 0 expansion(s), error: False
1 command(s), 0 expansion(s), error: False
1 command(s), 1 expansion(s), error: False" ] && [ "$shell" = "one
two
u/first" ] || { echo "this has changed" >&2; exit 1; }

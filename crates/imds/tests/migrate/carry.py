"""Runs the scripts that a file carries, as its carrier would: `carry KIND FILE`.

It shares no code with what it tests: YAML is read by PyYAML, MIME by Python's own parser.
What is not known before a real run, such as a stack's name, is the word `thing`.
"""

import email
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile

import yaml

THING = "thing"


def main(kind, name):
    with open(name, newline="") as file:
        text = file.read()
    sys.stdout.reconfigure(line_buffering=True)
    CARRIERS[kind](text)


def call(*words):
    """Starts a program; one that is missing or fails ends nothing."""
    try:
        subprocess.run(words, check=False)
    except OSError as error:
        print(f"{words[0]}: {error.strerror}")


def execute(script, *interpreter):
    """Runs a script from a file: by its first line, unless an interpreter is given."""
    if not interpreter and not script.startswith("#!"):
        interpreter = ("sh",)
    with tempfile.TemporaryDirectory(dir=os.environ["STAGE"]) as folder:
        path = os.path.join(folder, "script")
        with open(path, "w", newline="") as file:
            file.write(script)
        os.chmod(path, 0o755)
        call(*interpreter, path)


# cloud-init: https://docs.cloud-init.io/en/latest/reference/modules.html


def cloud_config(text):
    config = yaml.safe_load(text)
    for file in config.get("write_files", []):
        written(file["path"], file["content"])
    for key in ("bootcmd", "runcmd"):
        commands = config.get(key, [])
        lines = [c if isinstance(c, str) else shlex.join(map(str, c)) for c in commands]
        if lines:
            execute("#!/bin/sh\n" + "\n".join(lines) + "\n")


def written(path, content):
    """What is written for others to run is run at once."""
    if path.endswith(".service"):
        unit(content)
    else:
        execute(content)


def mime(text):
    for part in email.message_from_string(text).walk():
        body = part.get_payload(decode=True)
        if part.get_content_type() == "text/x-shellscript":
            execute(body.decode())
        elif part.get_content_type() == "text/cloud-config":
            cloud_config(body.decode())


# CloudFormation's functions, in both spellings.


class Template(yaml.SafeLoader):
    pass


def function(loader, tag, node):
    """`!Sub x` is `Fn::Sub: x`."""
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {tag if tag == "Ref" else f"Fn::{tag}": value}


Template.add_multi_constructor("!", function)


def resolve(value):
    if isinstance(value, list):
        return [resolve(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((name, argument),) = value.items()
        argument = resolve(argument)
        if name == "Fn::Base64":
            return argument
        if name == "Fn::Join":
            return argument[0].join(argument[1])
        if name == "Fn::Sub":
            return substitute(argument if isinstance(argument, str) else argument[0])
        if name == "Ref" or name.startswith("Fn::"):
            return THING
    return {key: resolve(item) for key, item in value.items()}


def substitute(text):
    return re.sub(r"\$\{(!?)([^}]*)\}", lambda m: "${%s}" % m[2] if m[1] else THING, text)


def cloud_formation(text):
    for node in below(resolve(yaml.load(text, Template))):
        if "UserData" in node:
            execute(node["UserData"])
        for config in node.get("AWS::CloudFormation::Init", {}).values():
            for _, step in sorted(config.get("commands", {}).items()):
                call("sh", "-c", step["command"])
            for path, file in config.get("files", {}).items():
                written(path, file["content"])


def below(value):
    """Every map in a document, outer ones first."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from below(item)


# Other documents.


def github(text):
    for node in below(yaml.safe_load(text)):
        if "run" in node:
            execute(re.sub(r"\$\{\{.*?\}\}", THING, node["run"]), "bash", "-e")


def gitlab(text):
    for job in yaml.safe_load(text).values():
        if isinstance(job, dict):
            lines = [job.get("before_script", []), job.get("script", [])]
            lines = [[part] if isinstance(part, str) else part for part in lines]
            execute("set -eo pipefail\n" + "\n".join(sum(lines, [])) + "\n", "bash")


def ansible(text):
    for node in below(yaml.safe_load(text)):
        for name, task in node.items():
            name = name.removeprefix("ansible.builtin.")
            if name == "shell":
                call("/bin/sh", "-c", task)
            elif name == "command":
                call(*(task["argv"] if isinstance(task, dict) else shlex.split(task)))
            elif name == "uri":
                call("curl", "-s", task["url"])


def compose(text):
    """No variable is set."""
    text = re.sub(r"\$\$|\$\{\w+\}|\$\w+", lambda found: "$" if found[0] == "$$" else "", text)
    for service in yaml.safe_load(text)["services"].values():
        command = service.get("command", [])
        call(*(shlex.split(command) if isinstance(command, str) else command))
        kind, *words = service.get("healthcheck", {}).get("test", ["NONE"])
        if kind == "CMD-SHELL":
            call("/bin/sh", "-c", *words)
        elif kind == "CMD":
            call(*words)


def kubernetes(text):
    for node in below(yaml.safe_load(text)):
        if "image" in node:
            call(*node.get("command", []), *node.get("args", []))


def packer(text):
    for node in below(json.loads(text)):
        if "inline" in node:
            execute("#!/bin/sh -e\n" + "\n".join(node["inline"]) + "\n")


def ssm(text):
    for step in json.loads(text)["mainSteps"]:
        execute("\n".join(step["inputs"]["runCommand"]) + "\n")


def package(text):
    for script in json.loads(text)["scripts"].values():
        call("sh", "-c", script)


def terraform(text):
    """Here-documents, `inline` and `command`; all that the cases have."""
    for dash, end, body in re.findall(r"<<(-?)(\w+)\n(.*?)^[ \t]*\2$", text, re.S | re.M):
        lines = body.splitlines(keepends=True)
        indent = min((len(l) - len(l.lstrip()) for l in lines if l.strip()), default=0)
        execute(interpolate("".join(line[indent:] if dash else line for line in lines)))
    string = r'"((?:[^"\\]|\\.)*)"'
    for inline in re.findall(r"inline\s*=\s*\[(.*?)\n?\s*\]\n", text, re.S):
        lines = [interpolate(json.loads(f'"{line}"')) for line in re.findall(string, inline)]
        execute("#!/bin/sh -e\n" + "\n".join(lines) + "\n")
    for command in re.findall(rf"command\s*=\s*{string}", text):
        call("/bin/sh", "-c", interpolate(json.loads(f'"{command}"')))


def interpolate(text):
    text = re.sub(r"^%\{.*?\}\n", "", text, flags=re.M)
    base = "http://169.254.169.254" if "base" in text else THING
    text = re.sub(r"(?<!\$)\$\{[^}]*\}", base, text)
    return text.replace("$${", "${")


# Files of lines.


def dockerfile(text):
    lines = iter(text.split("\n"))
    for line in lines:
        while line.endswith("\\"):
            following = next(lines)
            while following.lstrip().startswith("#"):
                following = next(lines)
            line = line[:-1] + following
        instruction, _, rest = line.strip().partition(" ")
        if instruction == "HEALTHCHECK":
            rest = rest[rest.index("CMD") + 4 :]
        if instruction not in ("RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK"):
            continue
        if heredoc := re.fullmatch(r"<<-?[\"']?(\w+)[\"']?", rest):
            body = iter(lambda: next(lines), heredoc[1])
            execute("\n".join(body) + "\n", "/bin/sh")
        elif rest.startswith("["):
            call(*json.loads(rest))
        else:
            call("/bin/sh", "-c", rest)


def unit(text):
    """https://www.freedesktop.org/software/systemd/man/systemd.service.html, COMMAND LINES"""
    for line in re.sub(r"\\\n", " ", text).splitlines():
        key, _, value = line.partition("=")
        if key.startswith("Exec"):
            words = shlex.shlex(value.lstrip("-@:+!"), posix=True, punctuation_chars=False)
            words.whitespace_split, words.commenters, words.escapedquotes = True, "", "\"'"
            call(*(word for word in map(variables, words) if word is not None))


def variables(word):
    """No variable is set: a word that is one is no word."""
    if re.fullmatch(r"\$\w+", word):
        return None
    word = word.replace("%%", "%")
    return re.sub(r"\$\$|\$\{\w+\}", lambda found: "$" if found[0] == "$$" else "", word)


CARRIERS = {
    "ansible": ansible,
    "cloud-config": cloud_config,
    "cloudformation": cloud_formation,
    "compose": compose,
    "dockerfile": dockerfile,
    "github": github,
    "gitlab": gitlab,
    "kubernetes": kubernetes,
    "mime": mime,
    "package": package,
    "packer": packer,
    "ssm": ssm,
    "terraform": terraform,
    "unit": unit,
}

if __name__ == "__main__":
    main(*sys.argv[1:])

"""Asks for every route of the console's API, and validates each response against its OpenAPI document."""

import http.client
import json
import os

import boto3
import jsonschema

ADDRESS = os.environ["CONSOLE"]
ID = "i-1234567890abcdef0"


def send(method, path, body=None, headers=None, cookie=True):
    """The response's status, media type and connection, whose body is still to be read."""
    connection = http.client.HTTPConnection(ADDRESS, timeout=30)
    fields = {"Cookie": os.environ["COOKIE"]} if cookie else {}
    content = None if body is None else json.dumps(body)
    connection.request(method, path, content, {**fields, **(headers or {})})
    response = connection.getresponse()
    media = response.headers["Content-Type"].split(";")[0]
    return response.status, media, response


DOCUMENT = json.loads(send("GET", "/api/v1/openapi.json")[2].read())
asked = set()


def validate(schema, value):
    """The document is the root, so that references into it can be followed."""
    root = {**DOCUMENT, "$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    jsonschema.validate(value, root, jsonschema.Draft202012Validator)


def follow(part):
    """What a `$ref` leads to."""
    while "$ref" in part:
        target = DOCUMENT
        for step in part["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        part = target
    return part


def ask(method, route, expected, path=None, body=None, **options):
    """Asks for a route, whose response must be one that the document has."""
    operation = DOCUMENT["paths"][route][method.lower()]
    is_right = expected in (200, 201)
    if body is not None and is_right:
        validate(operation["requestBody"]["content"]["application/json"]["schema"], body)
    status, media, response = send(method, path or route, body, **options)
    assert status == expected, (method, path or route, status, response.read())
    described = follow(operation["responses"][str(status)])["content"]
    assert media in described, (method, route, status, media)
    asked.add((method, route, status))
    if media == "text/event-stream":
        return response
    text = response.read().decode()
    if media == "application/json":
        value = json.loads(text)
        validate(described[media]["schema"], value)
        return value
    return text


assert DOCUMENT["openapi"].startswith("3.1")
for name in DOCUMENT["components"]["schemas"]:
    jsonschema.Draft202012Validator.check_schema(DOCUMENT["components"]["schemas"][name])

INSTANCE = "/api/v1/instances/{id}"
OPTIONS = f"{INSTANCE}/metadata-options"
METADATA = f"{INSTANCE}/metadata"


def of(route, query="", instance=ID):
    return route.replace("{id}", instance) + query


ask("GET", "/api/v1/openapi.json", 200)
assert ask("GET", "/api/v1/regions", 200) == {"regions": ["us-east-1"], "default": "us-east-1"}
page = ask("GET", "/api/v1/instances", 200)
assert [one["id"] for one in page["instances"]] == [ID] and page["instances"][0]["name"] == "web-1"
assert ask("GET", "/api/v1/instances", 200, "/api/v1/instances?region=eu-west-1")["instances"] == []
ask("GET", "/api/v1/instances", 400, "/api/v1/instances?region=x")
ask("GET", INSTANCE, 200, of(INSTANCE))
missing = ask("GET", INSTANCE, 404, of(INSTANCE, instance="i-00000000"))
assert missing["error"]["code"] == "InvalidInstanceID.NotFound", missing
ask("GET", INSTANCE, 400, of(INSTANCE, instance="x"))

change = {"http_tokens": "optional", "http_put_response_hop_limit": 3}
changed = ask("PATCH", OPTIONS, 200, of(OPTIONS), change)
assert changed["http_tokens"] == "optional" and changed["state"] == "pending", changed
ask("PATCH", OPTIONS, 200, of(OPTIONS), {})
refused = ask("PATCH", OPTIONS, 400, of(OPTIONS), {"http_put_response_hop_limit": 65})
assert refused["error"]["code"] == "InvalidParameterValue", refused
ask("PATCH", OPTIONS, 400, of(OPTIONS), {"hop_limit": 2})
ask("PATCH", OPTIONS, 404, of(OPTIONS, instance="i-00000000"), change)

kinds = set()
# Only an object states what is to change: not a list of values, and nothing else.
for body in [[], ["optional"], None, "optional", 1, [{"http_tokens": "optional"}]]:
    for route, method in [(OPTIONS, "PATCH"), ("/api/v1/defaults", "PATCH"), ("/api/v1/faults", "POST"),
                          (f"{INSTANCE}/events", "POST"), (f"{INSTANCE}/events/x/end", "POST")]:
        status, _, response = send(method, of(route), body)
        error = json.loads(response.read())["error"]
        assert status == 400 and "JSON object" in error["message"], (method, route, body, status, error)

for path in ["", "latest/meta-data/", "latest/meta-data/mac", "latest/meta-data/public-keys",
             "latest/meta-data/iam/security-credentials/my-role", "latest/dynamic/instance-identity/rsa2048"]:
    status = send("GET", of(METADATA, f"?path={path}"))[0]
    if status == 200:
        kinds.add(ask("GET", METADATA, 200, of(METADATA, f"?path={path}"))["content"]["kind"])
assert {"listing", "value", "hidden"} <= kinds, kinds
ask("GET", METADATA, 404, of(METADATA, "?path=latest/nothing"))

EVENTS = f"{INSTANCE}/events"
EVENT = f"{EVENTS}/{{event}}"
END = f"{EVENT}/end"


def event(route, id, query=""):
    return of(route, query).replace("{event}", id)


assert ask("GET", EVENTS, 200, of(EVENTS)) == {"events": []}
added = ask("POST", EVENTS, 201, of(EVENTS), {"kind": "spot-interruption", "what": "stop", "in_seconds": 600})
assert (added["id"], added["what"], added["stage"]) == ("spot-interruption", "stop", "pending"), added
words = {"description": "a new disk", "lasts_seconds": 60}
added = ask("POST", EVENTS, 201, of(EVENTS), {"kind": "maintenance", "what": "instance-stop", **words})
assert added["stage"] == "active" and added in ask("GET", EVENTS, 200, of(EVENTS))["events"], added
ask("POST", EVENTS, 400, of(EVENTS), {"kind": "reboot"})
ask("POST", EVENTS, 404, of(EVENTS, instance="i-00000000"), {"kind": "rebalance"})
ask("GET", EVENTS, 400, of(EVENTS, instance="x"))
ask("GET", EVENTS, 404, of(EVENTS, "?region=eu-west-1"))
for _ in range(99):
    send("POST", of(EVENTS), {"kind": "maintenance"})
ask("POST", EVENTS, 409, of(EVENTS), {"kind": "maintenance"})
for one in ask("GET", EVENTS, 200, of(EVENTS))["events"]:
    if one["kind"] == "maintenance" and one["id"] != added["id"]:
        send("DELETE", event(EVENT, one["id"]))
ask("POST", END, 200, event(END, added["id"]), {"outcome": "canceled"})
ask("POST", END, 409, event(END, added["id"]), {"outcome": "completed"})
ask("POST", END, 400, event(END, added["id"]), {"outcome": "over"})
ask("POST", END, 404, event(END, added["id"], "?region=eu-west-1"), {"outcome": "completed"})
assert [one["stage"] for one in ask("GET", EVENTS, 200, of(EVENTS))["events"]] == ["pending", "canceled"]
ask("DELETE", EVENT, 200, event(EVENT, added["id"]))
ask("DELETE", EVENT, 404, event(EVENT, added["id"]))
ask("DELETE", EVENT, 400, event(EVENT, "spot-interruption", "?region=x"))
ask("DELETE", EVENT, 200, event(EVENT, "spot-interruption"))
assert ask("GET", EVENTS, 200, of(EVENTS)) == {"events": []}

DEFAULTS = "/api/v1/defaults"
assert set(ask("GET", DEFAULTS, 200).values()) == {"us-east-1", None}
ask("GET", DEFAULTS, 400, f"{DEFAULTS}?region=x")
change = {"http_tokens": "required", "http_put_response_hop_limit": 2}
changed = ask("PATCH", DEFAULTS, 200, body=change)
assert changed == ask("GET", DEFAULTS, 200) and change.items() <= changed.items(), changed
assert ask("GET", DEFAULTS, 200, f"{DEFAULTS}?region=eu-west-1")["http_tokens"] is None
refused = ask("PATCH", DEFAULTS, 400, body={"http_tokens": "enabled"})
assert refused["error"]["code"] == "InvalidParameterValue", refused
back = {"http_tokens": "no-preference", "http_put_response_hop_limit": -1}
assert set(ask("PATCH", DEFAULTS, 200, body=back).values()) == {"us-east-1", None}

TEMPLATES = "/api/v1/launch-templates"
VERSIONS = f"{TEMPLATES}/{{id}}/versions"
LAUNCH = f"{VERSIONS}/{{version}}/launch"
ec2 = boto3.client("ec2", region_name="us-east-1")


def launch(version, query="", template=None):
    return of(LAUNCH, query, template or TEMPLATE).replace("{version}", version)


assert ask("GET", TEMPLATES, 200) == {"region": "us-east-1", "launch_templates": [], "next": None}
data = {"ImageId": page["instances"][0]["image_id"], "MetadataOptions": {"HttpTokens": "required"}}
made = ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data, VersionDescription="first")
TEMPLATE = made["LaunchTemplate"]["LaunchTemplateId"]
more = {"InstanceType": "t3.micro", "MetadataOptions": {"HttpPutResponseHopLimit": 3}}
ec2.create_launch_template_version(LaunchTemplateId=TEMPLATE, SourceVersion="1", LaunchTemplateData=more)
ec2.create_launch_template_version(LaunchTemplateId=TEMPLATE, LaunchTemplateData={"InstanceType": "t3.micro"})
(listed,) = ask("GET", TEMPLATES, 200)["launch_templates"]
assert (listed["id"], listed["name"], listed["default_version"], listed["latest_version"]) == (TEMPLATE, "web", 1, 3)
assert ask("GET", TEMPLATES, 200, f"{TEMPLATES}?region=eu-west-1")["launch_templates"] == []
ask("GET", TEMPLATES, 400, f"{TEMPLATES}?region=x")
versions = ask("GET", VERSIONS, 200, of(VERSIONS, instance=TEMPLATE))
assert versions["launch_template"] == listed, versions
assert [(it["version"], it["is_default"]) for it in versions["versions"]] == [(3, False), (2, False), (1, True)]
third, second, first = (it["metadata_options"] for it in versions["versions"])
assert (first["http_tokens"], first["http_put_response_hop_limit"]) == ("required", None), first
assert (second["http_tokens"], second["http_put_response_hop_limit"]) == ("required", 3), second
assert set(third.values()) == {None} and versions["versions"][2]["description"] == "first", versions
ask("GET", VERSIONS, 404, of(VERSIONS, instance="lt-0123456789abcdef0"))
ask("GET", VERSIONS, 404, of(VERSIONS, "?region=eu-west-1", TEMPLATE))
ask("GET", VERSIONS, 400, of(VERSIONS, instance="x"))

# What decides each option; a launch then gets just that.
ask("PATCH", DEFAULTS, 200, body={"instance_metadata_tags": "enabled", "http_put_response_hop_limit": 5})
options = ask("GET", LAUNCH, 200, launch("2"))["metadata_options"]
assert options["http_tokens"] == {"value": "required", "stated_by": "launch-template"}, options
assert options["http_put_response_hop_limit"] == {"value": 3, "stated_by": "launch-template"}, options
assert options["instance_metadata_tags"] == {"value": "enabled", "stated_by": "account"}, options
assert options["http_endpoint"] == {"value": "enabled", "stated_by": "ec2"}, options
given = {"LaunchTemplateId": TEMPLATE, "Version": "2"}
(made,) = ec2.run_instances(LaunchTemplate=given, MinCount=1, MaxCount=1)["Instances"]
found = ask("GET", INSTANCE, 200, of(INSTANCE, instance=made["InstanceId"]))["metadata_options"]
assert {name: it["value"] for name, it in options.items()} == {name: found[name] for name in options}, found
assert ask("GET", LAUNCH, 200, launch("$Default")) == ask("GET", LAUNCH, 200, launch("1"))
# The third has no AMI.
refused = ask("GET", LAUNCH, 400, launch("$Latest"))
assert refused["error"]["code"] == "MissingParameter" and "ImageId" in refused["error"]["message"], refused
images = ec2.describe_images(Owners=["amazon"], Filters=[{"Name": "name", "Values": ["al2023-ami-*x86_64"]}])
image = images["Images"][0]["ImageId"]
options = ask("GET", LAUNCH, 200, launch("3", f"?image_id={image}"))["metadata_options"]
assert options["http_tokens"] == {"value": "required", "stated_by": "image"}, options
assert options["http_put_response_hop_limit"] == {"value": 5, "stated_by": "account"}, options
ask("GET", LAUNCH, 404, launch("4"))
ask("GET", LAUNCH, 404, launch("1", template="lt-0123456789abcdef0"))
back = {"instance_metadata_tags": "no-preference", "http_put_response_hop_limit": -1}
ask("PATCH", DEFAULTS, 200, body=back)
ec2.terminate_instances(InstanceIds=[made["InstanceId"]])

HISTORY = "/api/v1/history"
found = ask("GET", HISTORY, 200, f"{HISTORY}?hours=3")
assert sum(one["v1_rejected"] for one in found["intervals"]) == 1, found
assert sum(one["v1"] for one in ask("GET", HISTORY, 200)["intervals"]) == 1
ask("GET", HISTORY, 400, f"{HISTORY}?hours=361")

callers = ask("GET", "/api/v1/callers", 200)
assert callers["rejected"] == 1, callers

FAULTS = "/api/v1/faults"
FAULT = f"{FAULTS}/{{id}}"
number = ask("POST", FAULTS, 201, body={"fault": "credentials,status=503,share=30%,for=1h"})["id"]
ask("POST", FAULTS, 400, body={"fault": "status=502"})
ask("POST", FAULTS, 404, body={"fault": "reset,instance=i-00000000"})
assert len(ask("GET", FAULTS, 200)["faults"]) == 1
ask("DELETE", FAULT, 200, of(FAULT, instance=str(number)))
ask("DELETE", FAULT, 404, of(FAULT, instance=str(number)))
ask("POST", FAULTS, 201, body={"fault": "user-data,lost"})
assert len(ask("DELETE", FAULTS, 200)["faults"]) == 1
# There are at most 100.
for _ in range(100):
    send("POST", FAULTS, {"fault": "user-data,reset"})
ask("POST", FAULTS, 409, body={"fault": "user-data,reset"})
ask("DELETE", FAULTS, 200)

REQUESTS = "/api/v1/requests"
assert ask("GET", REQUESTS, 200)["requests"][0]["status"] == 401
assert ask("GET", REQUESTS, 200, f"{REQUESTS}?imds=v2")["requests"] == []
ask("GET", REQUESTS, 400, f"{REQUESTS}?imds=v3")
EXPORT = f"{REQUESTS}/export"
for line in ask("GET", EXPORT, 200).splitlines():
    validate({"$ref": "#/components/schemas/Request"}, json.loads(line))
ask("GET", EXPORT, 400, f"{EXPORT}?status=x")

LIVE = f"{REQUESTS}/live"
viewers = [ask("GET", LIVE, 200, headers={"Last-Event-ID": "0"}) for _ in range(16)]
lines = iter(viewers[0].readline, b"")
data = next(line for line in lines if line.startswith(b"data: "))
validate({"$ref": "#/components/schemas/Request"}, json.loads(data.removeprefix(b"data: ")))
ask("GET", LIVE, 503)

for route, methods in DOCUMENT["paths"].items():
    for method in methods:
        asking = {"path": of(route), "body": {} if method in ("post", "patch") else None}
        ask(method.upper(), route, 401, cookie=False, **asking)
        forged = ask(method.upper(), route, 403, headers={"Origin": "http://a.example"}, **asking)
        assert forged["error"]["code"] == "Forbidden", forged
        if asking["body"] is not None:
            ask(method.upper(), route, 413, **{**asking, "body": {"x": "x" * (64 << 10)}})

status, _, response = send("PUT", FAULTS)
assert status == 405 and response.headers["Allow"] == "GET, POST, DELETE"
for path in ["/api/v1/nothing", "/api/v1/", "/api/v1", "/api/v2/faults", "/api"]:
    status, media, response = send("GET", path)
    assert (status, media) == (404, "application/json") and "error" in json.loads(response.read()), path

ask("DELETE", "/api/v1/session", 200)
ask("GET", "/api/v1/regions", 401)

described = {
    (method.upper(), route, int(status))
    for route, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
    for status in operation["responses"]
}
assert described == asked, described ^ asked

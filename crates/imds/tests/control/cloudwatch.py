"""CloudWatch, as scripts ask who still uses IMDSv1: in each protocol that botocore knows, and by the AWS CLI."""

import datetime
import json
import os
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from lab import REGION, ask, client, eventually, image, refused, running, token

PROTOCOLS = ["json", "query", "smithy-rpc-v2-cbor"]
DEFAULT = "i-1234567890abcdef0"
ADDRESS = "172.31.0.77"
NAMES = ["MetadataNoToken", "MetadataNoTokenRejected"]
EC2 = "AWS/EC2"

ec2 = client()
cloudwatch = boto3.client("cloudwatch", region_name=REGION)
# Sends what the SDK would not.
unchecked = boto3.client("cloudwatch", region_name=REGION, config=Config(parameter_validation=False))
assert cloudwatch.meta.endpoint_url == os.environ["AWS_ENDPOINT_URL_CLOUDWATCH"], cloudwatch.meta.endpoint_url

# Two instances: one takes IMDSv1, the other refuses it.
launch = {"ImageId": image(ec2, "al2023-ami-*"), "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
options = {"HttpTokens": "optional"}
(made,) = ec2.run_instances(PrivateIpAddress=ADDRESS, MetadataOptions=options, **launch)["Instances"]
ONE = running(ec2, made["InstanceId"])["InstanceId"]
for _ in range(3):
    assert ask("GET", "/latest/meta-data/ami-id", source=ADDRESS)[0] == 200
for _ in range(2):
    assert ask("GET", "/latest/meta-data/ami-id")[0] == 401
# Neither of these counts.
assert ask("GET", "/latest/meta-data/none", source=ADDRESS)[0] == 404
assert ask("GET", "/latest/meta-data/ami-id", {"X-aws-ec2-metadata-token": token()})[0] == 200


def minute(offset):
    now = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0)
    return now + datetime.timedelta(minutes=offset)


def dimensions(instance):
    return [{"Name": "InstanceId", "Value": instance}] if instance else []


RANGE = {"StartTime": minute(-60), "EndTime": minute(60)}
WHOLE = {**RANGE, "Period": 7200}
STATISTICS = ["Sum", "Maximum", "Minimum", "Average", "SampleCount"]


def asked(name, instance, **changes):
    return {"Namespace": EC2, "MetricName": name, "Dimensions": dimensions(instance), "Statistics": STATISTICS, **WHOLE, **changes}


def total(name, instance, **changes):
    found = cloudwatch.get_metric_statistics(**asked(name, instance, **changes))
    assert found["Label"] == name, found
    return sum(point["Sum"] for point in found["Datapoints"])


# What was sent is what is counted: at once, by instance and in all.
for name, instance, expected in [
    (NAMES[0], ONE, 3),
    (NAMES[1], ONE, 0),
    (NAMES[0], DEFAULT, 0),
    (NAMES[1], DEFAULT, 2),
    (NAMES[0], None, 3),
    (NAMES[1], None, 2),
]:
    assert total(name, instance) == expected, (name, instance)
    assert total(name, instance, Period=60, StartTime=minute(-60), EndTime=minute(5)) == expected
    assert total(name, instance, Unit="Count") == expected

# A data point has what was asked for, and its statistics fit together.
(point,) = cloudwatch.get_metric_statistics(**asked(NAMES[0], ONE))["Datapoints"]
assert point["Timestamp"] == RANGE["StartTime"] and point["Unit"] == "Count", point
assert point["SampleCount"] >= 1 and point["Average"] == point["Sum"] / point["SampleCount"], point
assert point["Minimum"] <= point["Maximum"] <= point["Sum"] == 3, point
(point,) = cloudwatch.get_metric_statistics(**asked(NAMES[0], ONE, Statistics=["Sum"]))["Datapoints"]
assert sorted(point) == ["Sum", "Timestamp", "Unit"], point
minutes = cloudwatch.get_metric_statistics(**asked(NAMES[0], ONE, Period=60, EndTime=minute(5)))["Datapoints"]
times = [point["Timestamp"] for point in minutes]
assert times == sorted(times) and all(time.second == 0 for time in times), times

# What was never measured has no values: that is not an error.
for changes in [
    {"Namespace": "AWS/Lambda"},
    {"MetricName": "CPUUtilization"},
    {"Dimensions": dimensions("i-00000000")},
    {"Dimensions": dimensions("no instance")},
    {"Dimensions": [{"Name": "ImageId", "Value": "ami-1"}]},
    {"Unit": "Bytes"},
    {"StartTime": minute(-600), "EndTime": minute(-500)},
]:
    empty = cloudwatch.get_metric_statistics(**asked(NAMES[0], ONE, **changes))
    assert empty["Datapoints"] == [], (changes, empty)
elsewhere = boto3.client("cloudwatch", region_name="ap-northeast-1")
assert elsewhere.get_metric_statistics(**asked(NAMES[0], ONE))["Datapoints"] == []
assert elsewhere.list_metrics()["Metrics"] == []

# Errors have the codes and words that scripts know.
statistics = unchecked.get_metric_statistics
for code, words, changes in [
    ("InvalidParameterCombination", "You have requested up to 7200 datapoints, which exceeds the limit of 1440", {"Period": 1}),
    ("InvalidParameterCombination", "At least one of the parameters", {"Statistics": []}),
    ("InvalidParameterValue", "Period must be", {"Period": 61}),
    ("InvalidParameterValue", "StartTime must be less than", {"StartTime": minute(60), "EndTime": minute(-60)}),
    ("InvalidParameterValue", "The value Median", {"Statistics": ["Median"]}),
    ("InvalidParameterValue", "p99", {"Statistics": [], "ExtendedStatistics": ["p99"]}),
    ("InvalidParameterValue", "The parameter Unit must be a value in the set [ Seconds, ", {"Unit": "Zork"}),
    ("ValidationError", "Period must be greater than 0", {"Period": 0}),
    ("ValidationError", "Period must be less than or equal to 2147483647.", {"Period": 1 << 62}),
]:
    refused(code, statistics, words=words, **asked(NAMES[0], ONE, **changes))
for name in ["Namespace", "MetricName", "StartTime", "EndTime", "Period"]:
    parameters = asked(NAMES[0], ONE)
    del parameters[name]
    refused("MissingParameter", statistics, words=f"The parameter {name} is required.", **parameters)
try:
    statistics(**asked(NAMES[0], ONE, Period=1))
except cloudwatch.exceptions.InvalidParameterCombinationException as error:
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400, error.response
    assert error.response["Error"]["Type"] == "Sender", error.response
refused("InvalidAction", cloudwatch.describe_alarms, words="Could not find operation DescribeAlarms")


# Many metrics at a time.
def query(number, name, instance, *, period=60, stat="Sum", **more):
    metric = {"Namespace": EC2, "MetricName": name, "Dimensions": dimensions(instance)}
    return {"Id": f"q{number}", "MetricStat": {"Metric": metric, "Period": period, "Stat": stat}, **more}


def in_unit(unit):
    asked_for = query(0, NAMES[0], ONE)
    return {**asked_for, "MetricStat": {**asked_for["MetricStat"], "Unit": unit}}


queries = [
    query(0, NAMES[0], ONE),
    query(1, NAMES[1], DEFAULT, stat="Maximum", period=7200, Label="refused"),
    query(2, "CPUUtilization", ONE),
    query(3, NAMES[0], None),
    query(4, NAMES[0], ONE, ReturnData=False),
]
found = cloudwatch.get_metric_data(MetricDataQueries=queries, **RANGE)["MetricDataResults"]
assert [(it["Id"], it["Label"]) for it in found] == [("q0", NAMES[0]), ("q1", "refused"), ("q2", "CPUUtilization"), ("q3", NAMES[0])], found
assert all(it["StatusCode"] == "Complete" for it in found), found
assert sum(found[0]["Values"]) == sum(found[3]["Values"]) == 3, found
assert found[1]["Timestamps"] == [RANGE["StartTime"]] and found[1]["Values"][0] <= 2, found
assert found[2]["Values"] == [], found
assert found[0]["Timestamps"] == sorted(found[0]["Timestamps"], reverse=True)
upwards = cloudwatch.get_metric_data(MetricDataQueries=queries[:1], ScanBy="TimestampAscending", **RANGE)
assert upwards["MetricDataResults"][0]["Timestamps"] == sorted(found[0]["Timestamps"])


def counts(pages):
    """How many values there are of each query, and the most that a page has."""
    values, most = {}, 0
    for page in pages:
        results = page["MetricDataResults"]
        most = max(most, sum(len(it["Values"]) for it in results))
        for it in results:
            values[it["Id"]] = values.get(it["Id"], 0) + len(it["Values"])
    return values, most


def page_by_page():
    """Whether it is the same in pages of one value; a minute may begin in between."""
    whole, _ = counts([cloudwatch.get_metric_data(MetricDataQueries=queries, **RANGE)])
    pages = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries, PaginationConfig={"PageSize": 1}, **RANGE
    )
    return counts(pages) == (whole, 1) and sum(whole.values()) >= 3


eventually("pages have what the whole has", page_by_page)
data = unchecked.get_metric_data
refused("ValidationError", data, words="must not equal", MetricDataQueries=queries, StartTime=minute(0), EndTime=minute(0))
refused("MissingParameter", data, words="MetricDataQueries", **RANGE)
refused("InvalidNextToken", data, MetricDataQueries=queries, NextToken="x", **RANGE)
for words, wrong in [
    ("are not unique: q0", [queries[0], queries[0]]),
    ("expressions", [{"Id": "m", "Expression": "SEARCH('{AWS/EC2,InstanceId}', 'Sum', 60)"}]),
    ("expected pattern", [query(0, NAMES[0], ONE) | {"Id": "Q0"}]),
    ("size greater than 500", [query(number, NAMES[0], ONE) for number in range(501)]),
    ("either a MetricStat", [{"Id": "m"}]),
    ("p99", [query(0, NAMES[0], ONE, stat="p99")]),
    ("Unit must be a value in the set [ Seconds, ", [in_unit("Zork")]),
]:
    refused("ValidationError", data, words=words, MetricDataQueries=wrong, **RANGE)


# Only the unit of the metric has values.
for unit, total_of_unit in [("Count", 3), ("Bytes", 0)]:
    (found,) = data(MetricDataQueries=[in_unit(unit)], **RANGE)["MetricDataResults"]
    assert sum(found["Values"]) == total_of_unit, (unit, found)


# Which metrics there are.
def listed(**filters):
    metrics = cloudwatch.get_paginator("list_metrics").paginate(**filters).build_full_result()["Metrics"]
    assert all(it["Namespace"] == EC2 for it in metrics), metrics
    return [(it["MetricName"], it["Dimensions"][0]["Value"] if it["Dimensions"] else None) for it in metrics]


ids = sorted([ONE, DEFAULT])
both = [(name, instance) for name in NAMES for instance in [None, *ids]]
assert listed() == listed(Namespace=EC2, RecentlyActive="PT3H") == both, listed()
assert listed(MetricName=NAMES[0]) == both[:3]
assert listed(Dimensions=dimensions(ONE)) == [(name, ONE) for name in NAMES]
assert listed(Dimensions=[{"Name": "InstanceId"}]) == [it for it in both if it[1]]
assert listed(Namespace="AWS/S3") == listed(MetricName="CPUUtilization") == listed(Dimensions=[{"Name": "ImageId"}]) == []
refused("InvalidParameterValue", unchecked.list_metrics, words="NextToken", NextToken="x")
refused("InvalidParameterValue", unchecked.list_metrics, words="PT3H", RecentlyActive="PT1H")

# The three protocols say the same. botocore itself speaks the first that it prefers.
model = cloudwatch.meta.service_model
assert model.resolved_protocol == "json", model.resolved_protocol
key = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])


def sent(protocol, operation, parameters, credentials=key):
    """What a protocol of botocore's makes of a response; status and parsed document."""
    operation = model.operation_model(operation)
    serialized = create_serializer(protocol, include_validation=False).serialize_to_request(parameters, operation)
    url = cloudwatch.meta.endpoint_url + serialized["url_path"]
    body = serialized["body"]
    if protocol == "query":
        body = urllib.parse.urlencode(body).encode()
    request = AWSRequest("POST", url, dict(serialized["headers"]), body)
    if credentials:
        SigV4Auth(credentials, "monitoring", REGION).add_auth(request)
    request = request.prepare()
    plain = urllib.request.Request(url, request.body, dict(request.headers), method="POST")
    try:
        with urllib.request.urlopen(plain, timeout=10) as answer:
            status, headers, body = answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        status, headers, body = error.code, error.headers, error.read()
    assert headers["x-amzn-requestid"], headers.items()
    lower = {name.lower(): value for name, value in headers.items()}
    answer = {"status_code": status, "headers": lower, "body": body, "context": {"operation_name": operation.name}}
    parsed = create_parser(protocol).parse(answer, operation.output_shape)
    parsed.pop("ResponseMetadata")
    if status >= 300:
        parsed = {"Error": {name: parsed["Error"][name] for name in ("Code", "Message")}}
    return status, parsed


def is_the_same(operation, parameters):
    """Whether all protocols say the same; a minute may begin in between."""
    answers = [sent(protocol, operation, parameters) for protocol in PROTOCOLS]
    one, *others = [json.dumps(answer, default=str, sort_keys=True) for answer in answers]
    return all(other == one for other in others)


cases = [
    ("GetMetricStatistics", asked(NAMES[0], ONE, Statistics=["Sum", "Maximum"])),
    ("GetMetricStatistics", asked("CPUUtilization", None)),
    ("GetMetricStatistics", asked(NAMES[0], ONE, Period=1)),
    ("GetMetricData", {"MetricDataQueries": queries, **RANGE}),
    ("GetMetricData", {"MetricDataQueries": queries, "NextToken": "x", **RANGE}),
    ("ListMetrics", {}),
    ("ListMetrics", {"Dimensions": dimensions(ONE)}),
]
for case in cases:
    eventually(f"the same {case[0]} in all protocols", lambda case=case: is_the_same(*case))
for protocol in PROTOCOLS:
    for credentials, code in [
        (None, "MissingAuthenticationToken"),
        (Credentials("AKIAIOSFODNN7EXAMPLE", "wrong"), "InvalidClientTokenId"),
    ]:
        status, parsed = sent(protocol, "ListMetrics", {}, credentials)
        assert (status, parsed["Error"]["Code"]) == (403, code), (protocol, status, parsed)

# What is too long to be read is refused in words as well.
for protocol in set(PROTOCOLS) - {"query"}:
    status, parsed = sent(protocol, "ListMetrics", {"NextToken": "x" * (1 << 20)})
    assert (status, parsed["Error"]["Code"]) == (413, "RequestEntityTooLarge"), (protocol, status, parsed)

# The AWS CLI, with the lines that people type.
line = ["aws", "cloudwatch", "get-metric-statistics", "--namespace", EC2, "--metric-name", NAMES[0]]
line += ["--dimensions", f"Name=InstanceId,Value={ONE}", "--statistics", "Sum", "--period", "3600"]
line += ["--start-time", minute(-60).isoformat(), "--end-time", minute(60).isoformat()]
line += ["--query", "sum(Datapoints[].Sum)", "--output", "text"]
assert subprocess.check_output(line, text=True).strip() == "3.0"
line = ["aws", "cloudwatch", "list-metrics", "--namespace", EC2, "--metric-name", NAMES[1], "--output", "text"]
line += ["--query", "Metrics[].Dimensions[].Value"]
assert subprocess.check_output(line, text=True).split() == ids

# A key that may only look may look here.
made = subprocess.check_output(["imds", "access-key", "create", "--read-only"], text=True)
made = dict(line.removeprefix("export ").replace("'", "").split("=") for line in made.splitlines())
reader = {"aws_access_key_id": made["AWS_ACCESS_KEY_ID"], "aws_secret_access_key": made["AWS_SECRET_ACCESS_KEY"]}
assert boto3.client("cloudwatch", region_name=REGION, **reader).list_metrics()["Metrics"]

# An instance that is gone keeps what it did.
ec2.terminate_instances(InstanceIds=[ONE])
assert total(NAMES[0], ONE) == 3 and (NAMES[0], ONE) in listed()

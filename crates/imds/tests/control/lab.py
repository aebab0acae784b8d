"""What the scripts beside this one share: a client of the service under test, and requests to it."""

import http.client
import os
import re
import time
import xml.etree.ElementTree as ElementTree

import boto3
from botocore.exceptions import ClientError

REGION = os.environ["AWS_REGION"]
DEADLINE = 20


def client(region=REGION, **settings):
    """A client that takes endpoint, keys and Region from the environment, as any program does."""
    made = boto3.client("ec2", region_name=region, **settings)
    made.meta.events.register("response-received.ec2", nothing_is_lost)
    return made


def nothing_is_lost(response_dict, parsed_response, **_):
    """Asserts that the SDK's parser finds everything that an answer has: it skips what it does not know."""
    sent = leaves(ElementTree.fromstring(response_dict["body"]))
    if response_dict["status_code"] < 300:
        found = {name: value for name, value in parsed_response.items() if name != "ResponseMetadata"}
        # The answer to what answers nothing is one element that the SDK does not look at.
        sent = [name for name in sent if name != "requestId" and (found or name != "return")]
        assert len(sent) == (count(found) if found else 0), (sent, parsed_response)
    else:
        assert sorted(sent) == ["Code", "Message", "RequestID"], sent
        assert parsed_response["Error"]["Code"] and parsed_response["Error"]["Message"], parsed_response


def leaves(element):
    """The names of the elements that have none inside."""
    name = re.sub("^{.*}", "", element.tag)
    return [leaf for child in element for leaf in leaves(child)] if len(element) else [name]


def count(parsed):
    """How many values a parsed answer has; an empty list is one."""
    inside = parsed.values() if isinstance(parsed, dict) else parsed
    return sum(map(count, inside)) if isinstance(parsed, (dict, list)) and parsed else 1


def refused(code, call, *, words="", **parameters):
    """Asserts that a call is refused with this code, and with these words among others."""
    try:
        answer = call(**parameters)
    except ClientError as error:
        said = error.response["Error"]
        assert said["Code"] == code, said
        assert len(said["Message"].encode()) <= 1024, "what was sent is repeated whole"
        assert words in said["Message"], said
        return error.response
    raise AssertionError(f"{call.__name__}({parameters}) was not refused with {code}: {answer}")


def replay(ec2, calls, found, keep):
    """Makes a tool's calls in their order: each has a name, what gives its parameters, and the code that it is to
    be refused with, if any. `keep` puts into `found` what later calls need of an answer. Yields names and answers."""
    for name, parameters, expected in calls:
        if name in ec2.waiter_names:
            ec2.get_waiter(name).wait(WaiterConfig={"Delay": 1}, **parameters(found))
            continue
        try:
            answer = getattr(ec2, name)(**parameters(found))
        except ClientError as error:
            assert error.response["Error"]["Code"] == expected, (name, error)
            continue
        assert expected is None, (name, answer)
        keep(found, answer)
        yield name, answer


def eventually(what, found):
    """Waits until `found` gives something that is true, and gives it back."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        value = found()
        if value:
            return value
        time.sleep(0.005)
    raise AssertionError(f"{what}: not within {DEADLINE} s")


def instance(ec2, instance_id):
    """An instance as `DescribeInstances` has it."""
    reservations = ec2.describe_instances(InstanceIds=[instance_id])["Reservations"]
    return reservations[0]["Instances"][0]


def running(ec2, instance_id):
    """Waits until an instance runs with the options it should have."""

    def is_applied():
        found = instance(ec2, instance_id)
        options = found["MetadataOptions"]
        return found if found["State"]["Name"] == "running" and options["State"] == "applied" else None

    return eventually(f"{instance_id} runs", is_applied)


def image(ec2, name, architecture="x86_64"):
    """The id of an image by a pattern of its name."""
    filters = [{"Name": "name", "Values": [name]}, {"Name": "architecture", "Values": [architecture]}]
    images = ec2.describe_images(Owners=["amazon"], Filters=filters)["Images"]
    assert len(images) == 1, images
    return images[0]["ImageId"]


def ask(method, path, headers=None, source=None):
    """One metadata request, from a source address if it matters; gives status and text."""
    host, port = os.environ["IMDS_ADDRESS"].rsplit(":", 1)
    from_address = (source, 0) if source else None
    connection = http.client.HTTPConnection(host, int(port), timeout=10, source_address=from_address)
    try:
        connection.request(method, path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def token(source=None):
    """A session token."""
    status, text = ask("PUT", "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "60"}, source)
    assert status == 200, (status, text)
    return text


def metadata(path, source=None):
    """A value of the metadata, asked for with a token; `None` where there is none, or nobody answers."""
    try:
        headers = {"X-aws-ec2-metadata-token": token(source)}
        status, text = ask("GET", f"/latest/meta-data/{path}", headers, source)
    except ConnectionError:
        return None
    assert status in (200, 404), (status, text)
    return text if status == 200 else None

import pulumi_aws as aws
from pulumi_aws.ec2 import LaunchTemplate

aws.ec2.Instance(
    "web",
    ami="ami-1",
    instance_type="t3.micro",
)
LaunchTemplate("workers", image_id="ami-1", metadata_options={"http_tokens": "required"})
LaunchTemplate("more", image_id="ami-1")
aws.ec2.Instance("other", arguments)

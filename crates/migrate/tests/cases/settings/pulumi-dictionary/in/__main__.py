import pulumi_aws as aws

aws.ec2.Instance("web", ami="ami-1", metadata_options={"http_put_response_hop_limit": 2})
aws.ec2.Instance("old", ami="ami-1", metadata_options={"http_tokens": "optional"})

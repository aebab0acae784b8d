from aws_cdk import aws_ec2 as ec2
ec2.Instance(self, "A", vpc=vpc, instance_type=t)
ec2.LaunchTemplate(self, "B", require_imdsv2=True)

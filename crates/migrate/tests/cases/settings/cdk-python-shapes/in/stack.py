from aws_cdk import aws_ec2 as ec2, aws_autoscaling
common = dict(require_imdsv2=True)
ec2.Instance(self, "x", **common)
ec2.Instance(self, "y", vpc=vpc, launch_template=lt)
props = ec2.InstanceProps(vpc=vpc)
ec2.Vpc(self, "v")
ec2.InstanceType("t3.micro")
ec2.Instance.from_id("x")
aws_autoscaling.AutoScalingGroup(self, "asg", launch_template=lt)
aws_autoscaling.AutoScalingGroup(
    self, "asg2",
    vpc=vpc,
    # no tokens
    instance_type=t,
)

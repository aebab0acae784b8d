from aws_cdk import aws_ec2 as ec2, aws_eks as eks, aws_autoscaling as autoscaling, Stack

class S(Stack):
    def __init__(self, scope, id, **kw):
        super().__init__(scope, id, **kw)
        host = ec2.Instance(self, "Host", instance_type=ec2.InstanceType("t3.micro"), vpc=vpc, machine_image=image)
        ng = eks.CfnNodegroup(self, "Ng", cluster_name="c", node_role="r", subnets=[])
        eks.Nodegroup(self, "Ng2", cluster=cluster)
        cluster.add_nodegroup_capacity("extra", instance_types=[])
        lt = ec2.LaunchTemplate(self, "LT", http_tokens=ec2.LaunchTemplateHttpTokens.OPTIONAL)
        lt2 = ec2.LaunchTemplate(self, "LT2", require_imdsv2=False)
        lt3 = ec2.LaunchTemplate(self, "LT3", require_imdsv2=True, http_put_response_hop_limit=1)

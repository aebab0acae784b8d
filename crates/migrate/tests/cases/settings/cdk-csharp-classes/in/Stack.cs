using Amazon.CDK.AWS.EC2; using Amazon.CDK.AWS.EKS;
class A { void F() {
  new Instance_(this, "a", new InstanceProps { });
  new LaunchTemplate(this, "b", new LaunchTemplateProps());
  new CfnLaunchTemplate(this, "c", new CfnLaunchTemplateProps { LaunchTemplateData = new CfnLaunchTemplate.LaunchTemplateDataProperty { ImageId = "x" } });
  new Nodegroup(this, "n", new NodegroupProps { Cluster = c });
  new CfnInstance(this, "d", new CfnInstanceProps { MetadataOptions = new CfnInstance.MetadataOptionsProperty { HttpTokens = "optional", HttpPutResponseHopLimit = 1 } });
  cluster.AddNodegroupCapacity("x", new NodegroupOptions { });
} }

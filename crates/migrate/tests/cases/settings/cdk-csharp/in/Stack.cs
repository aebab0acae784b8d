using Amazon.CDK;
using Amazon.CDK.AWS.EC2;

public class S : Stack {
  internal S(Construct scope, string id) : base(scope, id) {
    var host = new Instance_(this, "Host", new InstanceProps { Vpc = vpc, MachineImage = image });
    new LaunchTemplate(this, "Lt", new LaunchTemplateProps { RequireImdsv2 = false });
    new LaunchTemplate(this, "Lt2", new LaunchTemplateProps { RequireImdsv2 = true });
  }
}

import software.amazon.awscdk.services.ec2.Instance;
import software.amazon.awscdk.services.ec2.LaunchTemplate;
import software.amazon.awscdk.services.eks.CfnNodegroup;

public class S extends software.amazon.awscdk.Stack {
  public S(Construct scope, String id) {
    super(scope, id);
    Instance host = Instance.Builder.create(this, "Host")
        .vpc(vpc)
        .instanceType(type)
        .machineImage(image)
        .build();
    LaunchTemplate lt = LaunchTemplate.Builder.create(this, "Lt").requireImdsv2(false).build();
    new Instance(this, "X", InstanceProps.builder().vpc(vpc).build());
    LaunchTemplate good = LaunchTemplate.Builder.create(this, "Lt").requireImdsv2(true).build();
  }
}

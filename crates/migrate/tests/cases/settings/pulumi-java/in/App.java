package app;

import com.pulumi.Pulumi;
import com.pulumi.aws.ec2.Instance;
import com.pulumi.aws.ec2.InstanceArgs;

public class App {
  public static void main(String[] arguments) {
    Pulumi.run(context -> {
      var web = new Instance("web", InstanceArgs.builder()
          .ami("ami-1")
          .instanceType("t3.micro")
          .build());
    });
  }
}

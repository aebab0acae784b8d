import { Instance, BastionHostLinux } from "aws-cdk-lib/aws-ec2";
import { AutoScalingGroup } from "aws-cdk-lib/aws-autoscaling";
import { DatabaseInstance } from "aws-cdk-lib/aws-rds";

new Instance(this, "A", { vpc, machineImage });
new BastionHostLinux(this, "B", {});
new AutoScalingGroup(this, "C", {
  vpc,
  requireImdsv2: true,
});
new AutoScalingGroup(this, "D", props);
new DatabaseInstance(this, "E", { engine });

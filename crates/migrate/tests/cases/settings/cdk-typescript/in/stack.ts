import * as ec2 from "aws-cdk-lib/aws-ec2";
new ec2.Instance(this, "A", { vpc, machineImage });
new ec2.Instance(this, "B", { vpc, requireImdsv2: true });

import { App, Aspects } from "aws-cdk-lib";
import * as ec2 from "aws-cdk-lib/aws-ec2";

const app = new App();
Aspects.of(app).add(new ec2.InstanceRequireImdsv2Aspect());
new ec2.Instance(app, "A", { vpc, machineImage });

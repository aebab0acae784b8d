import * as ec2 from "aws-cdk-lib/aws-ec2";
import { CfnLaunchConfiguration } from "aws-cdk-lib/aws-autoscaling";

new ec2.CfnInstance(this, "Silent", { imageId, instanceType });
new ec2.CfnInstance(this, "Said", { imageId, metadataOptions: { httpTokens: "required" } });
new ec2.CfnInstance(this, "Inherits", { launchTemplate: { version: "1" } });
new ec2.CfnLaunchTemplate(this, "SilentTemplate", {
  launchTemplateName: "nodes",
  launchTemplateData: {
    imageId,
  },
});
new ec2.CfnLaunchTemplate(this, "MadeElsewhere", { launchTemplateData });
new CfnLaunchConfiguration(this, "Configuration", {
  imageId,
});

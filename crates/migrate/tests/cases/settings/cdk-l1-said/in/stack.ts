import { CfnLaunchTemplate } from "aws-cdk-lib/aws-ec2";
new CfnLaunchTemplate(this, "A", { launchTemplateData: { metadataOptions: { httpTokens: "required" } } });
new CfnLaunchTemplate(this, "B", { launchTemplateData: data });
new CfnLaunchTemplate(this, "C", props);

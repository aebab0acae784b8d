import * as aws from "@pulumi/aws";

const web = new aws.ec2.Instance("web", {
  ami: "ami-1",
  instanceType: "t3.micro",
});
new aws.ec2.LaunchTemplate("workers", { imageId: "ami-1", metadataOptions: { httpTokens: "required" } });
new aws.ec2.LaunchConfiguration("old", settings);
new aws.s3.Bucket("data", {});

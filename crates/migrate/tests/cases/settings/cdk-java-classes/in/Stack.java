import software.amazon.awscdk.services.ec2.*;
class A { void f() {
  Instance.Builder.create(this, "a").vpc(vpc).requireImdsv2(flag).build();
  LaunchTemplate.Builder.create(this, "b").build();
  Vpc.Builder.create(this, "v").build();
  Instance i = Instance.Builder
      .create(this, "c")
      .vpc(vpc)
      .build();
  CfnInstance.Builder.create(this, "d").imageId("x").build();
  CfnLaunchTemplate.Builder.create(this, "e").launchTemplateData(CfnLaunchTemplate.LaunchTemplateDataProperty.builder().imageId("x").build()).build();
} }

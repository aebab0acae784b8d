from aws_cdk import aws_ec2 as ec2

ec2.CfnInstance(self, "Silent", image_id=image)
ec2.CfnInstance(self, "Inherits", launch_template=template)
ec2.CfnLaunchTemplate(
    self,
    "SilentTemplate",
    launch_template_data=ec2.CfnLaunchTemplate.LaunchTemplateDataProperty(
        image_id=image,
    ),
)
ec2.CfnLaunchTemplate(self, "MadeElsewhere", launch_template_data=data)

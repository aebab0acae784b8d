using Pulumi;
using Aws = Pulumi.Aws;

class Stack : Pulumi.Stack
{
    public Stack()
    {
        var web = new Aws.Ec2.Instance("web", new Aws.Ec2.InstanceArgs
        {
            Ami = "ami-1",
            InstanceType = "t3.micro",
        });
        var said = new Aws.Ec2.LaunchTemplate("said", new Aws.Ec2.LaunchTemplateArgs
        {
            MetadataOptions = new Aws.Ec2.Inputs.LaunchTemplateMetadataOptionsArgs { HttpTokens = "required" },
        });
        var limited = new Aws.Ec2.LaunchTemplate("limited", new Aws.Ec2.LaunchTemplateArgs
        {
            MetadataOptions = new Aws.Ec2.Inputs.LaunchTemplateMetadataOptionsArgs { HttpPutResponseHopLimit = 2 },
        });
    }
}

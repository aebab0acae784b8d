package main
import ("github.com/aws/aws-cdk-go/awscdk/v2/awsec2"; "github.com/aws/jsii-runtime-go")
func f() {
	awsec2.NewInstance(stack, jsii.String("x"), props)
	awsec2.NewInstance(stack, jsii.String("x"), &awsec2.InstanceProps{Vpc: vpc, RequireImdsv2: flag})
	awsec2.NewBastionHostLinux(stack, jsii.String("b"), &awsec2.BastionHostLinuxProps{})
}

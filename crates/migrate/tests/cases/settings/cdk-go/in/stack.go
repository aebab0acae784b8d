package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/jsii-runtime-go"
)

func s(stack awscdk.Stack) {
	awsec2.NewInstance(stack, jsii.String("Host"), &awsec2.InstanceProps{
		Vpc: vpc,
	})
	awsec2.NewLaunchTemplate(stack, jsii.String("Lt"), &awsec2.LaunchTemplateProps{RequireImdsv2: jsii.Bool(false)})
	awsec2.NewLaunchTemplate(stack, jsii.String("Lt"), &awsec2.LaunchTemplateProps{RequireImdsv2: jsii.Bool(true)})
}

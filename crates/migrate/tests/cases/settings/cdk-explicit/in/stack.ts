import * as cdk from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as eks from 'aws-cdk-lib/aws-eks';
import { AutoScalingGroup } from 'aws-cdk-lib/aws-autoscaling';
import { CfnLaunchTemplate } from 'aws-cdk-lib/aws-ec2';

export class S extends cdk.Stack {
  constructor(scope: cdk.App, id: string) {
    super(scope, id);
    const a = new ec2.Instance(this, 'A', { vpc, requireImdsv2: false });
    new ec2.LaunchTemplate(this, 'B', { httpTokens: ec2.LaunchTemplateHttpTokens.OPTIONAL });
    new AutoScalingGroup(this, 'C', {
      vpc,
      instanceType: t,
    });
    new CfnLaunchTemplate(this, 'D', {
      launchTemplateData: { metadataOptions: { httpTokens: 'optional' } },
    });
    new eks.CfnNodegroup(this, 'E', { clusterName: 'x', nodeRole: 'r', subnets: [] });
    new eks.Nodegroup(this, 'F', { cluster });
    cluster.addNodegroupCapacity('G', { instanceTypes: [] });
    new ec2.CfnInstance(this, 'H', { metadataOptions: { httpPutResponseHopLimit: 1 } });
  }
}

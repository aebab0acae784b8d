import boto3
# http://169.254.169.254/latest/meta-data/
ec2 = boto3.client("ec2")

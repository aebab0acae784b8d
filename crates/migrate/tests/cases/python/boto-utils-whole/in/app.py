from boto.utils import get_instance_metadata, get_instance_identity
md = get_instance_metadata(timeout=2, num_retries=1)
region = get_instance_identity()['document']['region']
print(md['instance-id'], region)

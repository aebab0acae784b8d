import boto.utils

print(repr(boto.utils.get_instance_userdata()))

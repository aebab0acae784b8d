# What AWS's SDK for Ruby finds on an instance.
require "aws-sdk-core"

puts Aws::InstanceProfileCredentials.new.credentials.access_key_id

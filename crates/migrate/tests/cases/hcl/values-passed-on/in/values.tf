variable "ask" {
  default = "curl -s http://169.254.169.254/latest/meta-data/instance-id"
}

output "hint" {
  value = "curl -s http://169.254.169.254/latest/meta-data/placement/region"
}

resource "aws_wafv2_regex_pattern_set" "ssrf" {
  regular_expression {
    regex_string = "curl http://169.254.169.254/latest/meta-data"
  }
}

output "look" {
  value = "Run: curl http://169.254.169.254/latest/meta-data/"
}

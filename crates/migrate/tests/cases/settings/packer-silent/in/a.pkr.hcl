source "amazon-ebs" "a" {
  ami_name = "x"
}

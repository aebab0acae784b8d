resource "aws_instance" "web" { ami = "ami-1" }
resource "aws_launch_template" "empty" {}
  resource "aws_instance" "indented" { ami = "ami-1" }

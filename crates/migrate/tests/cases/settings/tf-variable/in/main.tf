variable "tokens" {
  type    = string
  default = "optional"
}

variable "metadata_http_tokens" {
  default = "no-preference"
}

variable "update_mode" {
  default = "optional"
}

resource "aws_instance" "web" {
  ami = "ami-1"
  metadata_options {
    http_tokens = var.tokens
  }
}

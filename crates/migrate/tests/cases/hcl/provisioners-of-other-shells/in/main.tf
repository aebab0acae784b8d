resource "null_resource" "a" {
  provisioner "local-exec" {
    interpreter = ["PowerShell", "-Command"]
    command     = "curl http://169.254.169.254/latest/meta-data/mac"
  }
  provisioner "local-exec" {
    interpreter = ["/bin/bash", "-c"]
    command     = "curl http://169.254.169.254/latest/meta-data/mac"
  }
  provisioner "local-exec" {
    interpreter = ["nu", "-c"]
    command     = "curl http://169.254.169.254/latest/meta-data/mac"
  }
  provisioner "local-exec" {
    interpreter = ["python3", "-c"]
    command     = "import urllib.request; print(urllib.request.urlopen('http://169.254.169.254/latest/meta-data/mac').read())"
  }
}

resource "null_resource" "windows" {
  connection {
    type = "winrm"
  }
  provisioner "remote-exec" {
    inline = ["curl http://169.254.169.254/latest/meta-data/mac"]
  }
}

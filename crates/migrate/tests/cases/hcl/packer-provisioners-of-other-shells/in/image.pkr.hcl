build {
  provisioner "powershell" {
    inline = ["curl http://169.254.169.254/latest/meta-data/mac"]
  }
  provisioner "windows-shell" {
    inline = ["curl http://169.254.169.254/latest/meta-data/mac"]
  }
  provisioner "shell" {
    inline_shebang = "/usr/bin/fish"
    inline         = ["curl http://169.254.169.254/latest/meta-data/mac"]
  }
  provisioner "shell" {
    inline = ["curl http://169.254.169.254/latest/meta-data/mac"]
  }
}

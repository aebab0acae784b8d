while ($true) {
  $r = Invoke-RestMethod http://169.254.169.254/latest/meta-data/spot/instance-action
  Start-Sleep 5
}

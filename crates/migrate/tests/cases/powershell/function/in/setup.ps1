function Get-Meta($path) {
    try {
        return Invoke-RestMethod -Uri "http://169.254.169.254/latest/meta-data/$path" -ErrorAction Stop
    } catch {
        return $null
    }
}
Get-Meta "instance-id"

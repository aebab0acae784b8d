{:ok, {_, _, id}} = :httpc.request('http://169.254.169.254/latest/meta-data/instance-id')
{zone, 0} = System.cmd("curl", ["-s", "http://169.254.169.254/latest/meta-data/placement/availability-zone"])
IO.puts([id, zone])

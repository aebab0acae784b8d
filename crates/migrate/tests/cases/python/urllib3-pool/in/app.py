import urllib3

pool = urllib3.PoolManager()
print(pool.request("GET", "http://169.254.169.254/latest/meta-data/instance-id").data)

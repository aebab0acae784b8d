import http.client
conn = http.client.HTTPConnection("169.254.169.254", timeout=1)
conn.request("GET", "/latest/meta-data/instance-id")
print(conn.getresponse().read())

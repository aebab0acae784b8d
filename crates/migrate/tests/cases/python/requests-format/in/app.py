import requests
URL = 'http://169.254.169.254/latest/{}'
doc = requests.get(URL.format('dynamic/instance-identity/document')).json()
print(doc['region'])
print(requests.get("%s/instance-id" % "http://169.254.169.254/latest/meta-data").text)

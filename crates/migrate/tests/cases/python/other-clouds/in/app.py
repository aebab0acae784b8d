import requests
requests.get("http://169.254.169.254/metadata/instance?api-version=2021-02-01", headers={"Metadata": "true"})
requests.get("http://169.254.169.254/computeMetadata/v1/", headers={"Metadata-Flavor": "Google"})
requests.get("http://169.254.170.2" + "/v2/credentials")
NO_PROXY = "169.254.169.254"
print("try http://169.254.169.254/latest/meta-data/")

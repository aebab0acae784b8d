TIMEOUT = 2
METADATA_URL = "http://169.254.169.254/latest/meta-data/instance-id"
CLOUDS = {"aws": "http://169.254.169.254/latest/meta-data/", "gcp": "http://metadata/computeMetadata"}

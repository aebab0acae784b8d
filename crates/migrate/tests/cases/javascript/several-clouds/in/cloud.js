const axios = require("axios");

module.exports = {
  aws: () => axios.get("http://169.254.169.254/latest/meta-data/instance-id"),
  gcp: () => axios.get("http://169.254.169.254/computeMetadata/v1/instance/id", { headers: { "Metadata-Flavor": "Google" } }),
  azure: () => axios.get("http://169.254.169.254/metadata/instance?api-version=2021-02-01", { headers: { Metadata: "true" } }),
};

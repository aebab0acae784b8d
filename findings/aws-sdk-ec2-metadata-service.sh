#!/usr/bin/env bash
# @aws-sdk/ec2-metadata-service (the metadata client of the AWS SDK for JavaScript v3): each value costs a token of its
# own and is asked for by a path with two slashes, and two of the standard settings have no effect.
#
# Versions: @aws-sdk/ec2-metadata-service 3.1164.0 (npm), Node.js 20.
# Expected: one token, valid for the six hours that were asked for, serves many requests; the path that `request` is given
#   is the one that is sent; AWS_EC2_METADATA_DISABLED=true and AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=IPv6 are obeyed, as
#   in the same SDK's credential provider.
# Seen: three values are three PUT and three GET. A PUT goes to "/latest/api/token", a GET to "//latest/…", so a service
#   that takes those for two paths gives out tokens and no values.
#   AWS_EC2_METADATA_DISABLED changes nothing. With _ENDPOINT_MODE=IPv6 and no endpoint it still asks the IPv4 address,
#   though the package reads that very variable's name; AWS_EC2_METADATA_SERVICE_ENDPOINT and _V1_DISABLED are obeyed.
# Needs: node, npm and its registry, and unshare: the client runs where nothing is but loopback, which has the two
#   metadata addresses there.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true, "type": "module"}' > package.json
npm install --silent --no-audit --no-fund @aws-sdk/ec2-metadata-service@3.1164.0 > /dev/null

cat > probe.js <<'JAVASCRIPT'
import { createServer } from "node:http";
import { once } from "node:events";
import { MetadataService } from "@aws-sdk/ec2-metadata-service";

const seen = [];
async function listen(host, port) {
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    response.end(request.method === "PUT" ? "a-token" : host);
  }).listen(port, host);
  await once(server, "listening");
  return server;
}

async function run(name, settings, paths) {
  seen.length = 0;
  Object.assign(process.env, settings);
  const service = new MetadataService({ retries: 0 });
  const values = [];
  for (const path of paths) values.push(await service.request(path, {}).catch((error) => error.message));
  for (const setting of Object.keys(settings)) delete process.env[setting];
  console.log(`${name}: ${seen.join(", ")} -> ${[...new Set(values)]}`);
}

const servers = [await listen("127.0.0.1", 8080), await listen("169.254.169.254", 80), await listen("fd00:ec2::254", 80)];
const here = { AWS_EC2_METADATA_SERVICE_ENDPOINT: "http://127.0.0.1:8080" };
const [id, type, zone] = ["instance-id", "instance-type", "placement/region"].map((it) => `/latest/meta-data/${it}`);
await run("three values", here, [id, type, zone]);
await run("disabled", { ...here, AWS_EC2_METADATA_DISABLED: "true" }, [id]);
await run("IPv6", { AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: "IPv6" }, [id]);
servers.forEach((server) => { server.closeAllConnections(); server.close(); });
JAVASCRIPT
export HOME="$work"
seen=$(unshare --map-root-user --net sh -c '
    ip link set lo up
    ip address add 169.254.169.254/32 dev lo
    ip address add fd00:ec2::254/128 dev lo nodad
    exec node probe.js')
echo "$seen"
[ "$seen" = "three values: PUT /latest/api/token, GET //latest/meta-data/instance-id, PUT /latest/api/token, GET //latest/meta-data/instance-type, PUT /latest/api/token, GET //latest/meta-data/placement/region -> 127.0.0.1
disabled: PUT /latest/api/token, GET //latest/meta-data/instance-id -> 127.0.0.1
IPv6: PUT /latest/api/token, GET //latest/meta-data/instance-id -> 169.254.169.254" ] || { echo "this has changed" >&2; exit 1; }

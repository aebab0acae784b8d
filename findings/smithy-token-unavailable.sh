#!/usr/bin/env bash
# @smithy/credential-provider-imds (AWS SDK for JavaScript v3): `maxRetries` holds for every request but the one for a
# token; if that one fails, credentials are asked for without a token.
#
# Versions: @smithy/credential-provider-imds 4.5.2 (npm), Node.js 20.
# Expected: with `maxRetries: 3` each request that fails is repeated, the first one too, and no token means an error.
# Seen: a "503 Service Unavailable" to a request for credentials is repeated. The same to the request for the token, or
#   a token that comes too late, is not: the rest of that load is IMDSv1, and succeeds where IMDSv1 is allowed. So whoever
#   counts IMDSv1 calls sees some of a client that makes none otherwise. `ec2MetadataV1Disabled` turns it into an error.
# Needs: node, npm and its registry, and unshare: the client runs where nothing but loopback is.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true, "type": "module"}' > package.json
npm install --silent --no-audit --no-fund @smithy/credential-provider-imds@4.5.2 > /dev/null

cat > probe.js <<'JAVASCRIPT'
import { createServer } from "node:http";
import { fromInstanceMetadata } from "@smithy/credential-provider-imds";

const role = JSON.stringify({
  Code: "Success", AccessKeyId: "ASIAEXAMPLE", SecretAccessKey: "x", Token: "x",
  Expiration: "2099-01-01T00:00:00Z",
});
const unavailable = (response) => response.writeHead(503).end();
const mute = () => {};

// Loads credentials from a service that does `fault` to the first request of this method.
async function run(name, method, fault, options = {}) {
  const seen = { PUT: 0, GET: 0 };
  const tokens = [];
  const server = createServer((request, response) => {
    seen[request.method] += 1;
    if (request.method === "GET") tokens.push("x-aws-ec2-metadata-token" in request.headers);
    if (request.method === method && seen[method] === 1) return fault(response);
    if (request.method === "PUT") return response.end("a-token");
    response.end(request.url.endsWith("/my-role") ? role : "my-role");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  process.env.AWS_EC2_METADATA_SERVICE_ENDPOINT = `http://127.0.0.1:${server.address().port}`;
  const load = fromInstanceMetadata({ maxRetries: 3, timeout: 1000, ...options });
  const outcome = await load().then((credentials) => credentials.accessKeyId, (error) => error.name);
  console.log(`${name}: ${seen.PUT} for a token; with a token: ${tokens}; ${outcome}`);
  server.closeAllConnections();
  server.close();
}

await run("credentials 503", "GET", unavailable);
await run("token 503", "PUT", unavailable);
await run("token late", "PUT", mute);
await run("IMDSv1 off", "PUT", unavailable, { ec2MetadataV1Disabled: true });
JAVASCRIPT
export HOME="$work"
seen=$(unshare --map-root-user --net sh -c 'ip link set lo up; exec node probe.js')
echo "$seen"
[ "$seen" = "credentials 503: 1 for a token; with a token: true,true,true; ASIAEXAMPLE
token 503: 1 for a token; with a token: false,false; ASIAEXAMPLE
token late: 1 for a token; with a token: false,false; ASIAEXAMPLE
IMDSv1 off: 1 for a token; with a token: ; InstanceMetadataV1FallbackError" ] || { echo "this has changed" >&2; exit 1; }

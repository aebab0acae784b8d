#!/usr/bin/env bash
# minio (npm): IamAwsProvider reads "AccessKeyID", which EC2 does not send, so no instance's role can be used with it.
#
# Versions: minio 8.0.7 (npm), Node.js 20.
# Expected: the provider, which is there for roles of EC2 instances, takes the document that EC2 serves: its members are
#   AccessKeyId, SecretAccessKey and Token.
# Seen: it asks for a token, the role and its credentials, and takes the secret key and the session token, but the access
#   key stays undefined. A client made with it fails on the first call, by a TypeError that names neither the role nor the
#   service. With the last letter of the member changed to a capital the same document works. The role's path has two
#   slashes: ".../security-credentials//my-role".
# Needs: node, npm and its registry, and unshare: the client runs where nothing but loopback is.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true, "type": "module"}' > package.json
npm install --silent --no-audit --no-fund minio@8.0.7 > /dev/null

cat > probe.js <<'JAVASCRIPT'
import { createServer } from "node:http";
import { once } from "node:events";
import { Client, IamAwsProvider } from "minio";

async function run(member) {
  const role = {
    Code: "Success", Type: "AWS-HMAC", LastUpdated: "2026-01-01T00:00:00Z", Expiration: "2099-01-01T00:00:00Z",
    [member]: "ASIAEXAMPLE", SecretAccessKey: "x", Token: "y",
  };
  const seen = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    if (request.method === "PUT") return response.end("a-token");
    response.end(request.url.endsWith("/my-role") ? JSON.stringify(role) : "my-role");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  const credentialsProvider = new IamAwsProvider({ customEndpoint: `http://127.0.0.1:${port}` });
  const { accessKey, secretKey, sessionToken } = await credentialsProvider.getCredentials();
  const client = new Client({ endPoint: "127.0.0.1", port: 1, useSSL: false, region: "us-east-1", credentialsProvider });
  const outcome = await client.listBuckets().catch((error) => `${error.name} ${error.code ?? error.message}`);
  console.log(`${member}: ${accessKey}, ${secretKey}, ${sessionToken}; ${outcome}`);
  server.closeAllConnections();
  server.close();
  return seen;
}

for (const request of await run("AccessKeyId")) console.log(request);
await run("AccessKeyID");
JAVASCRIPT
export HOME="$work"
seen=$(unshare --map-root-user --net sh -c 'ip link set lo up; exec node probe.js')
echo "$seen"
[ "$seen" = 'AccessKeyId: undefined, x, y; TypeError accessKey should be of type "string"
PUT /latest/api/token
GET /latest/meta-data/iam/security-credentials/
GET /latest/meta-data/iam/security-credentials//my-role
AccessKeyID: ASIAEXAMPLE, x, y; Error ECONNREFUSED' ] || { echo "this has changed" >&2; exit 1; }

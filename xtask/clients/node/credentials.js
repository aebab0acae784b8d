// Asks for the role's credentials as the AWS SDK for JavaScript does, and says that they came.
import { fromInstanceMetadata } from "@smithy/credential-provider-imds";

await fromInstanceMetadata()();
console.log("credentials");

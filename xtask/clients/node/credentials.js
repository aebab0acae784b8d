// Asks for the role's credentials as the AWS SDK for JavaScript does, and says whose they are.
import { fromInstanceMetadata } from "@smithy/credential-provider-imds";

const { accessKeyId } = await fromInstanceMetadata()();
console.log("credentials", accessKeyId);

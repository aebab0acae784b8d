//! `dynamic/`, and `user-data` beside it.

use super::category::Source::{Instance, Nothing};
use super::category::{ALWAYS, Category, NEVER, Value, text};
use crate::identity::{self, Proof};

const SINCE: &str = "2009-04-04";

pub(super) const CATEGORIES: &[Category] = &[
    Category {
        path: "dynamic/fws/instance-monitoring",
        since: SINCE,
        absent: NEVER,
        example: "disabled",
        source: Instance(|instance| text(instance.monitoring.as_str())),
    },
    Category {
        path: "dynamic/instance-identity/document",
        since: SINCE,
        absent: NEVER,
        example: r#"{
  "accountId" : "123456789012",
  "architecture" : "x86_64",
  "availabilityZone" : "us-east-1a",
  "billingProducts" : null,
  "devpayProductCodes" : null,
  "marketplaceProductCodes" : null,
  "imageId" : "ami-0abcdef1234567890",
  "instanceId" : "i-0123456789abcdef0",
  "instanceType" : "t3.medium",
  "kernelId" : null,
  "pendingTime" : "2023-06-09T08:57:07Z",
  "privateIp" : "10.0.0.10",
  "ramdiskId" : null,
  "region" : "us-east-1",
  "version" : "2017-09-30"
}"#,
        source: Instance(|instance| text(identity::document(instance))),
    },
    Category {
        path: "dynamic/instance-identity/dsa2048",
        since: SINCE,
        absent: "always: one listing of AWS's shows it, nothing says what is in it",
        example: "",
        source: Nothing,
    },
    Category {
        path: "dynamic/instance-identity/pkcs7",
        since: SINCE,
        absent: NEVER,
        example: "MIAGCSqGSIb3DQEHAqCA...",
        source: Instance(|_| Some(Value::Signed(Proof::Pkcs7))),
    },
    Category {
        path: "dynamic/instance-identity/rsa2048",
        since: SINCE,
        absent: NEVER,
        example: "MIAGCSqGSIb3DQEHAqCA...",
        source: Instance(|_| Some(Value::Signed(Proof::Rsa2048))),
    },
    Category {
        path: "dynamic/instance-identity/signature",
        since: SINCE,
        absent: NEVER,
        example: "AAAA...=",
        source: Instance(|_| Some(Value::Signed(Proof::Signature))),
    },
    Category {
        path: "user-data",
        since: ALWAYS,
        absent: "without user data, but listed all the same",
        example: "#!/bin/bash\necho hi\n",
        source: Instance(|instance| {
            let bytes = instance.user_data.as_deref();
            Some(bytes.map_or(Value::Absent, |bytes| Value::Binary(bytes.into())))
        }),
    },
];

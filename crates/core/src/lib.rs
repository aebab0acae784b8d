//! What the EC2 Instance Metadata Service answers, as pure functions.

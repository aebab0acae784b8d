//! The Linux kernel, as far as `imds` needs it: socket options, namespaces, links, capture.

//! The Linux kernel, as far as `imds` needs it: the home of `unsafe`.

pub mod socket;

//! The heap, as the C library manages it.

/// Gives pages of the heap back to the system that nothing is in. The C library does so by itself only at
/// the heap's end. Takes a few milliseconds for each 100 MB.
pub fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: it locks the heap as `free` does, and touches no memory that is in use.
    unsafe {
        libc::malloc_trim(0);
    }
}

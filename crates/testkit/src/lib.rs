//! What the tests stand on: the built binary, isolated networks, real clients.

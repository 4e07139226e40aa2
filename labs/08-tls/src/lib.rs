//! Lab 08: an echo server over TLS 1.2 or 1.3, and a client for it.

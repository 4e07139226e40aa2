//! Lab 09: messages out of a stream.

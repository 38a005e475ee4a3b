//! The self-signed certificate of the loopback listener.

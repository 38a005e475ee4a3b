//! The router and the loopback sockets on which sign-ins come back.

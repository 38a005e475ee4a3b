//! One TLS root set, CA, proxy and resolver for all clients.

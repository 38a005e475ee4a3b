//! The key under which tokens are sealed.

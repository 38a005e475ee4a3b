//! The only sender of a guest's requests.

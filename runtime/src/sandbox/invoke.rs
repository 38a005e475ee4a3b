//! One call in a fresh store, from instantiation to its end.

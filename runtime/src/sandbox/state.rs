//! What a guest can see: the only place where its world is made.

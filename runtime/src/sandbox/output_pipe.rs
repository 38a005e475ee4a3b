//! What a guest writes, kept up to a cap.

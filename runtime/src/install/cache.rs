//! The cache of package folders, by tree digest.

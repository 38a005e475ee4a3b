//! Compiled components in `home`, each sealed with a keyed MAC.

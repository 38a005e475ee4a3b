//! `pocket.lock`: the format, as plain data.

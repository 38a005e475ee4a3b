//! Brings the replies of token endpoints to the one form of RFC 6749 section 5.

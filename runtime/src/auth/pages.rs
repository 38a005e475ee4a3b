//! The pages a user sees while signing in, as HTML.

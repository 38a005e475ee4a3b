//! Which addresses a guest's request may go to.

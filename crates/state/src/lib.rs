//! The state of an account: vectors, merging, epochs, shared entries, cursors

//! The bus in one process, kept in SQLite

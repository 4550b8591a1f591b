//! What a mail says.

/// The parts of a mail that a person reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// One line without control characters; not encoded.
    pub subject: String,
    /// Plain text, lines ending with LF.
    pub text: String,
    /// The same as an HTML document. It refers to nothing outside but the links.
    pub html: String,
    /// In which language: a BCP 47 tag.
    pub language: &'static str,
}

/// A template failed on what it was given: only an operator's can, in a case that loading did not try.
#[derive(Debug, thiserror::Error)]
#[error("template {name} cannot be rendered")]
pub struct RenderError {
    pub(crate) name: String,
    #[source]
    pub(crate) source: minijinja::Error,
}
